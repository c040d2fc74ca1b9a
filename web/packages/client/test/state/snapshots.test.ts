import { blake2b128, concat, type Decompressor, type StateChunk } from "@theta/wire";
import { describe, expect, it } from "vitest";
import { RoomFaultError } from "../../src/errors";
import { createStateReceiver } from "../../src/state/receiving";
import { createSnapshotReceiver } from "../../src/state/snapshots";
import { countOf, createTestRoom, createTestSession, entity, labelled } from "./room";
import { createShown } from "./shown";

const TICK = 1;

/** Twelve cells of a room, in chunks: each with whole sections, but that of cell 3, which is in three parts. */
function createScene(decompressor: Pick<Decompressor, "decompress"> | null = null) {
  const session = createTestSession();
  const receiver = createStateReceiver(session);
  const room = createTestRoom();
  for (let index = 0; index < 60; index += 1) room.place(entity(index), index % 12, labelled(index, `number ${index}`));
  room.endTick();
  const sections = Array.from({ length: 12 }, (_, cell) => room.section(cell, 0));
  const long = sections[3]!;
  const cuts = [0, 40, 80, long.length];
  const pieces = [
    { part: 0, parts: 1, data: concat(...sections.slice(0, 3)) },
    ...[0, 1, 2].map((part) => ({ part, parts: 3, data: long.slice(cuts[part], cuts[part + 1]) })),
    { part: 0, parts: 1, data: concat(...sections.slice(4)) },
  ];
  const chunks = pieces.map(({ part, parts, data }, number): StateChunk => {
    const digest = blake2b128("theta-chunk", data);
    const { manifest } = session;
    return { type: "StateChunk", snapshot: 9, tick: TICK, number, count: pieces.length, part, parts, manifest, digest, size: data.length, data };
  });
  const shown = createShown(session);
  const snapshot = createSnapshotReceiver(session, receiver, () => decompressor);
  return { session, receiver, room, chunks, shown, snapshot };
}

function received(numbers: readonly number[]) {
  return { type: "StateChunksReceived", snapshot: 9, numbers };
}

describe("a snapshot", () => {
  it("REP-20: is taken in any order, parts put together", () => {
    const { receiver, chunks, shown, snapshot } = createScene();
    for (const number of [3, 4, 1]) snapshot.handleChunk(0, chunks[number]!);
    expect(receiver.cells).not.toContain(3);
    expect([snapshot.isComplete, snapshot.missing]).toEqual([false, 2]);
    for (const number of [2, 0]) snapshot.handleChunk(0, chunks[number]!);
    expect(receiver.cells).toContain(3);
    expect([snapshot.isComplete, snapshot.missing]).toEqual([true, 0]);
    shown.drain(receiver);
    expect(shown.shown.size).toBe(60);
  });

  it("REP-20: of no entities is one empty chunk", () => {
    const { session, receiver, chunks, snapshot } = createScene();
    const data = new Uint8Array(0);
    const empty = { ...chunks[0]!, count: 1, size: 0, data, digest: blake2b128("theta-chunk", data), manifest: session.manifest };
    snapshot.handleChunk(0, empty);
    expect([snapshot.isComplete, receiver.cells]).toEqual([true, []]);
    expect(snapshot.pollReceived()).toEqual(received([0]));
  });

  it("REP-20: made with other components is a mismatch", () => {
    const { receiver, chunks, snapshot } = createScene();
    const other = new Uint8Array(16);
    let found: unknown;
    try {
      snapshot.handleChunk(0, { ...chunks[0]!, manifest: other });
    } catch (error) {
      found = error;
    }
    expect((found as RoomFaultError).closeCode).toBe(4426);
    expect((found as RoomFaultError).message).toContain("0".repeat(32));
    expect([receiver.cells, snapshot.pollReceived()]).toEqual([[], null]);
  });

  it.each<[string, Partial<StateChunk>]>([
    ["a number over the count", { number: 9 }],
    ["no count", { count: 0 }],
    ["too many", { count: 20_000 }],
    ["a part that there is not", { part: 1 }],
    ["no parts", { parts: 0 }],
    ["parts beyond the last chunk", { parts: 50 }],
    ["a size over the limit", { size: 20_000 }],
    ["less than its size", { size: 100 }],
    ["another hash", { digest: new Uint8Array(16) }],
    ["other bytes", { data: Uint8Array.of(1, 2, 3) }],
    ["no bytes", { data: new Uint8Array(0) }],
    ["a body that is none, with its hash", { data: Uint8Array.of(0x80), size: 1, digest: blake2b128("theta-chunk", Uint8Array.of(0x80)) }],
  ])("REP-20: a chunk with %s is refused and changes nothing", (_, change) => {
    const { receiver, chunks, snapshot, shown } = createScene();
    snapshot.handleChunk(0, chunks[4]!);
    snapshot.handleChunk(0, chunks[2]!);
    const before = receiver.cells;
    expect(() => snapshot.handleChunk(0, { ...chunks[0]!, ...change })).toThrow(RoomFaultError);
    expect([receiver.cells, snapshot.missing]).toEqual([before, 3]);
    for (const chunk of chunks) snapshot.handleChunk(0, chunk);
    expect(snapshot.isComplete).toBe(true);
    shown.drain(receiver);
    expect(shown.shown.size).toBe(60);
  });

  it("REP-20: its hash is compared before anything is decompressed, and so is what comes out with its size", () => {
    const asked: number[] = [];
    const { chunks, snapshot } = createScene({
      decompress(_, bytesMax = 0) {
        asked.push(bytesMax);
        return chunks[0]!.data.slice(1);
      },
    });
    const data = Uint8Array.of(1, 2, 3);
    expect(() => snapshot.handleChunk(0, { ...chunks[0]!, data })).toThrow("hash");
    expect(asked).toEqual([]);
    const digest = blake2b128("theta-chunk", data);
    expect(() => snapshot.handleChunk(0, { ...chunks[0]!, data, digest })).toThrow(`${chunks[0]!.size - 1} bytes`);
    expect(asked).toEqual([chunks[0]!.size]);
  });

  it("REP-21: goes on after a lost connection with what is missing", () => {
    const { receiver, chunks, snapshot, shown } = createScene();
    expect([snapshot.resume(), snapshot.pollReceived()]).toEqual([null, null]);
    snapshot.handleChunk(0, chunks[4]!);
    snapshot.handleChunk(0, chunks[0]!);
    expect(snapshot.pollReceived()).toEqual(received([0, 4]));
    expect(snapshot.pollReceived()).toBeNull();
    snapshot.handleChunk(0, chunks[2]!);
    // The connection was lost before the room heard of the last one.
    expect(snapshot.resume()).toEqual(received([0, 2, 4]));
    expect(snapshot.pollReceived()).toBeNull();
    snapshot.handleChunk(0, chunks[1]!);
    snapshot.handleChunk(0, chunks[3]!);
    expect(snapshot.pollReceived()).toEqual(received([1, 3]));
    shown.drain(receiver);
    expect(shown.shown.size).toBe(60);
  });

  it("REP-21: a chunk that comes again is told again", () => {
    const { chunks, snapshot, receiver } = createScene();
    for (let time = 0; time < 2; time += 1) {
      snapshot.handleChunk(0, chunks[0]!);
      expect(snapshot.pollReceived()).toEqual(received([0]));
    }
    expect(receiver.counts.applied).toBe(3);
  });

  it("REP-21: another snapshot begins anew, and does not take parts of the one before", () => {
    const { chunks, snapshot, receiver, room } = createScene();
    snapshot.handleChunk(0, chunks[1]!);
    snapshot.handleChunk(0, chunks[2]!);
    const next = chunks.map((chunk) => ({ ...chunk, snapshot: 10 }));
    snapshot.handleChunk(0, next[3]!);
    expect([receiver.cells, snapshot.missing]).toEqual([[], 4]);
    for (const chunk of next) snapshot.handleChunk(0, chunk);
    expect(snapshot.isComplete).toBe(true);
    expect(snapshot.pollReceived()).toEqual({ ...received([0, 1, 2, 3, 4]), snapshot: 10 });
    // Its tick is a baseline.
    room.write(entity(3), countOf(99));
    room.endTick();
    expect(receiver.handleBody(0, TICK + 1, room.section(3, 1))).toBe(true);
  });
});
