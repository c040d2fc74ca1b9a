import { encodeMessage, loadZstd, createDecompressor, fromHex, toHex } from "@theta/wire";
import { describe, expect, it } from "vitest";
import { RoomFaultError } from "../../src/errors";
import { restoreBody } from "../../src/state/body-code";
import { createStateReceiver } from "../../src/state/receiving";
import { decodeObject, restoreField } from "../../src/state/schema";
import { createSnapshotReceiver } from "../../src/state/snapshots";
import { afterTheLastFrame, createVectorSession, messageOf, plainCell, replication } from "./vectors";

/** The last tick of the vectors' frames, and one. */
const NEXT_TICK = 71;

function cellsOf({ session, receiver }: ReturnType<typeof afterTheLastFrame>) {
  return Object.fromEntries(receiver.cells.map((cell) => [String(cell), plainCell(session.layouts, receiver.state(cell))]));
}

describe("the vectors that Python wrote", () => {
  it("REP-6, REP-7, REP-8: descriptors give Python's layouts", () => {
    const found = createVectorSession().layouts.map(({ name, scope, groups, naturalBytes, objects }) => ({
      name,
      scope,
      groups,
      natural_bytes: naturalBytes,
      objects: objects.length,
    }));
    expect(found).toEqual(replication.layouts);
  });

  it("REP-10 to REP-19, REP-24: frames make Python's cells, hashes and acknowledgements", () => {
    const session = createVectorSession();
    const receiver = createStateReceiver(session);
    for (const { title, frame, ack, counts, cells } of replication.frames) {
      receiver.handleFrame(0, messageOf("StateFrame", frame));
      const answer = receiver.pollAck();
      expect(answer && toHex(encodeMessage(answer)), title).toBe(ack);
      expect(receiver.counts, title).toEqual({ stale: 0, dropped: 0, ...counts });
      expect(cellsOf({ session, receiver }), title).toEqual(cells);
    }
  });

  it("REP-30: codes are restored to Python's bodies", () => {
    expect(replication.codes.told.length).toBeGreaterThan(256);
    for (const { body, code } of replication.codes.told) expect(toHex(restoreBody(fromHex(code)))).toBe(body);
  });

  it.each(replication.codes.refused)("REP-30: refuses $title, with Python's reason", ({ code, error }) => {
    expect(() => restoreBody(fromHex(code))).toThrow(new RoomFaultError(error));
  });

  it("REP-30: some of the vectors' frames are coded, and some are not", () => {
    const coded = replication.frames.map(({ frame }) => messageOf("StateFrame", frame).coded);
    expect(new Set(coded)).toEqual(new Set([true, false]));
  });

  it("REP-8: lanes are restored to Python's bytes", () => {
    const { session, receiver } = afterTheLastFrame();
    expect(replication.restored.length).toBeGreaterThan(0);
    for (const { cell, number, field: name, bytes } of replication.restored) {
      const layout = session.layouts[number]!;
      const field = layout.numbers.find((each) => each.name === name)!;
      const column = restoreField(layout, field, receiver.state(cell).components.get(number)!.words, 16);
      expect(toHex(new Uint8Array(column.buffer)), name).toBe(bytes);
    }
  });

  it("REP-14: object fields are read as what they are", () => {
    const { session, receiver } = afterTheLastFrame();
    const [author, text] = session.layouts[3]!.objects;
    const [authors, texts] = receiver.state(0).components.get(3)!.objects;
    expect(decodeObject(author!, authors![2]!)).toEqual(Uint8Array.of(2, 2, 2, 2));
    expect(decodeObject(text!, texts![2]!)).toBe("text 2");
    expect(decodeObject(author!, texts![2]!)).toBeNull();
    expect(decodeObject(text!, Uint8Array.of(0xff))).toBeNull();
    expect(decodeObject(text!, new Uint8Array(301).fill(65))).toBeNull();
  });

  it.each(replication.refused_after_the_last_frame)("REP-15: refuses $title, with Python's reason", ({ body, error }) => {
    const scene = afterTheLastFrame();
    const before = cellsOf(scene);
    const counts = { ...scene.receiver.counts };
    while (scene.receiver.pollUpdate() !== null);
    expect(() => scene.receiver.handleBody(0, NEXT_TICK, fromHex(body))).toThrow(new RoomFaultError(error));
    expect(cellsOf(scene)).toEqual(before);
    expect(scene.receiver.counts).toEqual(counts);
    expect(scene.receiver.pollUpdate()).toBeNull();
  });

  it("REP-20: chunks make Python's cells, compressed or not, in any order", async () => {
    const chunks = replication.snapshot.chunks.map((hex) => messageOf("StateChunk", hex));
    expect(chunks.some(({ data, size }) => data.length < size)).toBe(true);
    expect(chunks.some(({ data, size }) => data.length === size)).toBe(true);
    expect(chunks.some(({ parts }) => parts > 1)).toBe(true);
    const decompressor = createDecompressor(await loadZstd());
    for (const order of [chunks, chunks.toReversed(), [...chunks.slice(2), ...chunks.slice(0, 2)]]) {
      const session = createVectorSession();
      const receiver = createStateReceiver(session);
      const snapshot = createSnapshotReceiver(session, receiver, () => decompressor);
      for (const chunk of order) snapshot.handleChunk(0, chunk);
      expect(snapshot.isComplete).toBe(true);
      expect(toHex(encodeMessage(snapshot.pollReceived()!))).toBe(replication.snapshot.received);
      expect(cellsOf({ session, receiver })).toEqual(replication.snapshot.cells);
    }
  });

  it("REP-20: a snapshot over frames that are here makes the same cells", async () => {
    const scene = afterTheLastFrame();
    const decompressor = createDecompressor(await loadZstd());
    const snapshot = createSnapshotReceiver(scene.session, scene.receiver, () => decompressor);
    for (const hex of replication.snapshot.chunks) snapshot.handleChunk(0, messageOf("StateChunk", hex));
    const found = cellsOf(scene);
    for (const [cell, state] of Object.entries(replication.snapshot.cells)) expect(found[cell]).toEqual(state);
  });
});
