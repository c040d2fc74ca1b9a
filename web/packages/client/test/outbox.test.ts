import { entityId, OPERATIONS, toHex } from "@theta/wire";
import { describe, expect, it } from "vitest";
import { InvalidOperationError, NotConnectedError, OutboxFullError, RefusedError } from "../src/errors";
import type { Operation } from "../src/types";
import { rest, until } from "./environment";
import { createJoined, createMeeting, ENTITY } from "./joined";

const PAINT: Operation = { type: "paint", entity: ENTITY, colour: [1, 0, 0.5] };
const RENAME: Operation = { type: "rename", entity: ENTITY, name: "Chair" };
const CREATE: Operation = { type: "create_primitive", kind: "cube", size: 1, name: "Cube", translation: [0, 0.5, 0] };

const STALE = { type: "PacketRefused", code: "Stale", reason: "too late", retryable: false, retryAfterMs: 0 } as const;

/** Notices when a promise settles. */
function watch<T>(promise: Promise<T>) {
  const seen: { value?: T; error?: unknown } = {};
  promise.then(
    (value) => (seen.value = value),
    (error: unknown) => (seen.error = error),
  );
  return seen;
}

type Joined = Awaited<ReturnType<typeof createJoined>>;

/** The room takes packet `count`: acknowledged, and in a commit. */
async function admit({ room, client }: Joined, count: number) {
  const packet = await room.packet(count);
  const actor = client.connection.phase === "online" ? client.connection.actor : 0n;
  room.commit([room.recordOf(packet, actor)], []);
  room.send({ type: "PacketAcknowledged", nonce: packet.nonce, seq: room.seq });
  return packet;
}

describe("performing", () => {
  it("CMD-3, CMD-4, CMD-5: names, stamps and signs", async () => {
    const joined = await createJoined();
    const { client, room, environment } = joined;
    const performed = client.perform([CREATE, PAINT]);
    const packet = await admit(joined, 1);
    expect(packet).toMatchObject({ nonce: 1n, seen: 3n });
    expect(await room.isRightlySigned(packet)).toBe(true);
    const body = room.bodyOf(packet);
    // The fake room's clock is 5 s ahead, and it has admitted Lamport times up to 40.
    expect(Number(body.timestampMs)).toBe(environment.nowMs() + 5000);
    expect(body.commands.map(({ number, lamport, gesture }) => [number, lamport, gesture])).toEqual([
      [1n, 41n, 1n],
      [2n, 42n, 1n],
    ]);
    expect(body.commands.map(({ typeId }) => typeId)).toEqual([
      OPERATIONS.create_primitive.typeId,
      OPERATIONS.paint.typeId,
    ]);
    const { names, created, seq } = await performed;
    expect(seq).toBe(4n);
    expect(names.map(({ number }) => number)).toEqual([1n, 2n]);
    expect(created).toEqual([toHex(entityId(names[0]!.actor, 1n))]);
  });

  it("resolves only when it is both on the disk and in the document here", async () => {
    const { client, room } = await createJoined();
    const first = watch(client.perform([PAINT]));
    const packet = await room.packet(1);
    room.send({ type: "PacketAcknowledged", nonce: packet.nonce, seq: room.seq + 1n });
    await rest();
    expect(first).toEqual({});
    expect(client.statistics.packetsPending).toBe(0);
    room.commit([room.headRecord()], []);
    await until(() => first.value !== undefined);

    const second = watch(client.perform([PAINT]));
    const next = await room.packet(2);
    expect(next).toMatchObject({ nonce: 2n, seen: 4n, chain: room.chain });
    room.commit([room.headRecord()], []);
    await rest();
    expect(second).toEqual({});
    room.send({ type: "PacketAcknowledged", nonce: 2n, seq: 5n });
    await until(() => second.value !== undefined);
  });

  it("waits with what is performed before the document is here: `seen` could not be told", async () => {
    const { client, room } = await createMeeting();
    room.script.sendsDocument = false;
    client.connect();
    await until(() => client.connection.phase === "online");
    watch(client.perform([PAINT]));
    await rest();
    expect(room.all("SubmitPacket")).toEqual([]);
    room.sendDocument();
    expect(await room.packet(1)).toMatchObject({ seen: 3n, chain: room.chain });
    client.close();
  });

  it("signs anew what was being signed when the session ended", async () => {
    const { client, room, environment } = await createJoined();
    room.script.resumes = false;
    watch(client.perform([PAINT]));
    room.drop();
    await until(() => client.connection.phase === "waiting");
    environment.advance(5000);
    expect(await room.isRightlySigned(await room.packet(1))).toBe(true);
    client.close();
  });

  it("keeps the packets of one gesture together, and others apart", async () => {
    const joined = await createJoined();
    const { client, room } = joined;
    const gesture = client.beginGesture();
    expect(gesture.number).toBe(null);
    watch(client.perform([PAINT], gesture));
    watch(client.perform([PAINT, PAINT], gesture));
    watch(client.perform([PAINT]));
    await room.packet(3);
    const gestures = room.all("SubmitPacket").map((packet) => room.bodyOf(packet).commands.map((command) => command.gesture));
    expect(gestures).toEqual([[1n], [1n, 1n], [4n]]);
    expect(gesture.number).toBe(1n);
    client.close();
  });

  it("tells corrections, with the promise when they come before it and as events", async () => {
    const joined = await createJoined();
    const { client, room } = joined;
    const events: string[] = [];
    client.on("corrected", ({ outcome, reason }) => events.push(`${outcome}: ${reason}`));
    const performed = client.perform([PAINT]);
    await room.packet(1);
    const { actor } = client.connection as { actor: bigint };
    room.send({ type: "Corrected", actor, number: 1n, gesture: 1n, outcome: "no-op", reason: "it is gone", against: [] });
    await admit(joined, 1);
    expect((await performed).corrections).toMatchObject([{ outcome: "no-op", name: { actor, number: 1n } }]);
    expect(events).toEqual(["no-op: it is gone"]);
  });

  it("rejects what no document could accept, and sends nothing", async () => {
    const { client, room } = await createJoined();
    const bad: [Operation[], string][] = [
      [[], "operations"],
      [Array<Operation>(101).fill(PAINT), "operations"],
      [[{ ...PAINT, type: "paint", colour: [0, 0, Number.NaN] }], "colour"],
      [[{ type: "rename", entity: ENTITY, name: "" }], "name"],
      [[{ type: "rename", entity: ENTITY, name: "a\u0007" }], "name"],
      [[{ type: "delete", entity: "chair" }], "entity"],
      [[{ type: "extrude_face", entity: ENTITY, face: ENTITY, distance: 0 }], "distance"],
      [[{ type: "transform", entity: ENTITY, translation: [0, 0, 0], rotation: [0, 0, 0, 2], scale: [1, 1, 1] }], "rotation"],
      [[{ type: "transform", entity: ENTITY, translation: [0, 0, 0], rotation: [0, 0, 0, 1], scale: [0, 1, 1] }], "scale"],
      [[{ type: "move_vertices", entity: ENTITY, vertices: [ENTITY, ENTITY], targets: new Float64Array(6), deltas: new Float64Array(6) }], "vertices"],
      [[{ type: "move_vertices", entity: ENTITY, vertices: [ENTITY], targets: new Float64Array(3), deltas: new Float64Array(2) }], "deltas"],
    ];
    for (const [operations, field] of bad) {
      const error: unknown = await client.perform(operations).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(InvalidOperationError);
      expect(error).toMatchObject({ field });
    }
    await rest();
    expect(room.all("SubmitPacket")).toEqual([]);
  });

  it("needs a room to have been joined", async () => {
    const { client } = await createMeeting();
    await expect(client.perform([PAINT])).rejects.toThrow(NotConnectedError);
  });

  it("stops taking more when 256 packets wait", async () => {
    const { client, room } = await createJoined();
    room.setReachable(false);
    room.drop();
    await until(() => client.connection.phase === "waiting");
    const waiting = Array.from({ length: 256 }, () => client.perform([PAINT]).catch(() => "left"));
    await expect(client.perform([PAINT])).rejects.toThrow(OutboxFullError);
    client.close();
    expect(await Promise.all(waiting)).toEqual(Array(256).fill("left"));
  });
});

describe("refusals", () => {
  it("CMD-10: a final one rejects with the room's own words and lets the next through", async () => {
    const joined = await createJoined();
    const { client, room } = joined;
    const first = watch(client.perform([PAINT]));
    const second = client.perform([RENAME]);
    await room.packet(2);
    room.send({ type: "PacketRefused", nonce: 1n, code: "NotAllowed", reason: "a viewer may look", retryable: false, retryAfterMs: 0 });
    await until(() => first.error !== undefined);
    expect(first.error).toBeInstanceOf(RefusedError);
    expect(first.error).toMatchObject({ code: "NotAllowed", reason: "a viewer may look" });
    await admit(joined, 2);
    expect((await second).names[0]!.number).toBe(2n);
  });

  it("WIRE-16: a room that cannot write says why, and the edit waits", async () => {
    const { client, room } = await createJoined();
    const reasons: string[] = [];
    client.on("readOnly", (reason) => reasons.push(reason));
    watch(client.perform([PAINT]));
    await room.packet(1);
    const reason = "the room is read-only: the disk is full";
    room.send({ type: "PacketRefused", nonce: 1n, code: "ReadOnly", reason, retryable: true, retryAfterMs: 5000 });
    await rest();
    expect(reasons).toEqual([reason]);
    expect(client.statistics.packetsPending).toBe(1);
  });

  it("CMD-6: after a retryable one the same bytes go again, in order, after the time named", async () => {
    const joined = await createJoined();
    const { client, room, environment } = joined;
    const all = Promise.all([client.perform([PAINT]), client.perform([RENAME])]);
    const [one, two] = [await room.packet(1), await room.packet(2)];
    const refusal = { type: "PacketRefused", reason: "", retryable: true } as const;
    room.send({ ...refusal, nonce: 1n, code: "RateLimited", retryAfterMs: 400 });
    room.send({ ...refusal, nonce: 2n, code: "Blocked", retryAfterMs: 0 });
    await rest();
    watch(client.perform([PAINT]));
    await rest();
    environment.advance(399);
    await rest();
    expect(room.all("SubmitPacket").length).toBe(2);
    environment.advance(1);
    await room.packet(5);
    const sent = room.all("SubmitPacket").slice(2);
    expect(sent.slice(0, 2)).toEqual([one, two]);
    expect(sent[2]!.nonce).toBe(3n);
    await admit(joined, 3);
    await admit(joined, 4);
    await all;
    client.close();
  });

  it("WIRE-38: stamps a packet that came too late anew, under the same names", async () => {
    const joined = await createJoined();
    const { client, room } = joined;
    const performed = client.perform([PAINT, RENAME]);
    const late = await room.packet(1);
    room.commit([room.headRecord()], []);
    await until(() => client.document.seq === 4n);
    room.send({ ...STALE, nonce: 1n });
    const next = await admit(joined, 2);
    expect(next).toMatchObject({ nonce: 2n, seen: 4n });
    expect(await room.isRightlySigned(next)).toBe(true);
    const [before, after] = [room.bodyOf(late).commands, room.bodyOf(next).commands];
    expect(after.map(({ number, gesture }) => [number, gesture])).toEqual(before.map(({ number, gesture }) => [number, gesture]));
    expect(after[0]!.lamport).toBeGreaterThan(before[1]!.lamport);
    expect((await performed).names.map(({ number }) => number)).toEqual([1n, 2n]);
  });

  it("keeps the order of what is too late after the session was taken up again", async () => {
    const joined = await createJoined();
    const { client, room, environment } = joined;
    const all = Promise.all([client.perform([PAINT]), client.perform([RENAME]), client.perform([CREATE])]);
    await room.packet(3);
    room.drop();
    await until(() => client.connection.phase === "waiting");
    environment.advance(5000);
    expect((await room.packet(4)).nonce).toBe(1n);
    room.send({ ...STALE, nonce: 1n });
    await admit(joined, 5);
    await admit(joined, 6);
    await admit(joined, 7);
    const sent = room.all("SubmitPacket").slice(4);
    expect(sent.map(({ nonce }) => nonce)).toEqual([4n, 5n, 6n]);
    expect(sent.map((packet) => room.bodyOf(packet).commands[0]!.number)).toEqual([1n, 2n, 3n]);
    expect((await all).map(({ names }) => names[0]!.number)).toEqual([1n, 2n, 3n]);
  });

  it("WIRE-38: sends what the room refuses behind a late packet again, in order", async () => {
    const joined = await createJoined();
    const { client, room } = joined;
    const all = Promise.all([client.perform([PAINT]), client.perform([RENAME]), client.perform([CREATE])]);
    await room.packet(3);
    for (const nonce of [1n, 2n, 3n]) room.send({ ...STALE, nonce });
    for (const count of [4, 5, 6]) await admit(joined, count);
    const sent = room.all("SubmitPacket").slice(3);
    expect(sent.map((packet) => [packet.nonce, room.bodyOf(packet).commands[0]!.number])).toEqual([[4n, 1n], [5n, 2n], [6n, 3n]]);
    expect((await all).map(({ names }) => names[0]!.number)).toEqual([1n, 2n, 3n]);
  });

  it("gives up a packet that is too late again and again", async () => {
    const { client, room, environment } = await createJoined();
    const performed = watch(client.perform([PAINT]));
    for (let count = 1; performed.error === undefined; count += 1) {
      const { nonce } = await room.packet(count);
      expect(nonce).toBe(BigInt(count));
      room.send({ ...STALE, nonce });
      await rest();
      environment.advance(250);
      await rest();
      expect(count).toBeLessThan(20);
    }
    expect(performed.error).toMatchObject({ name: "RefusedError", code: "Stale" });
    expect(client.statistics.packetsPending).toBe(0);
  });

  it("blames no other packet when the room names the one for which it closes", async () => {
    const joined = await createJoined();
    const { client, room, environment } = joined;
    const first = watch(client.perform([PAINT]));
    const second = client.perform([RENAME]);
    for (let count = 2; count <= 4; count += 2) {
      await room.packet(count);
      const { nonce } = room.all("SubmitPacket")[count - 2]!;
      if (count === 2) room.send({ type: "PacketRefused", nonce, code: "BadPayload", reason: "", retryable: false, retryAfterMs: 0 });
      room.drop(4423, "BadPayload");
      await until(() => client.connection.phase === "waiting");
      environment.advance(5000);
      if (count === 2) void client.perform([PAINT]).catch(() => undefined);
    }
    expect(first.error).toMatchObject({ code: "BadPayload" });
    await admit(joined, 5);
    expect((await second).names[0]!.number).toBe(2n);
    client.close();
  });

  it("gives up a packet for which the room closes the connection twice", async () => {
    const { client, room, environment } = await createJoined();
    const performed = watch(client.perform([PAINT]));
    await room.packet(1);
    room.drop(4423, "BadPayload: colour");
    await until(() => client.connection.phase === "waiting");
    environment.advance(5000);
    await room.packet(2);
    expect(performed).toEqual({});
    room.drop(4423, "BadPayload: colour");
    await until(() => performed.error !== undefined);
    expect(performed.error).toMatchObject({ name: "RefusedError", code: "closed 4423" });
  });
});

describe("a dropped connection", () => {
  it("SES-7: resends the very same packets when the session is resumed", async () => {
    const joined = await createJoined();
    const { client, room, environment } = joined;
    const all = Promise.all([client.perform([PAINT]), client.perform([RENAME])]);
    const before = [await room.packet(1), await room.packet(2)];
    room.drop();
    await until(() => client.connection.phase === "waiting");
    const third = client.perform([PAINT]);
    environment.advance(5000);
    await room.packet(3);
    await rest();
    expect(room.all("SubmitPacket").length).toBe(3);
    for (const count of [3, 4, 5]) await admit(joined, count);
    const after = room.all("SubmitPacket").slice(2);
    expect(after.slice(0, 2)).toEqual(before);
    expect(after[2]!.nonce).toBe(3n);
    await all;
    expect((await third).names[0]!.number).toBe(3n);
  });

  it("signs anew under a new session, with the same command names and later stamps", async () => {
    const joined = await createJoined();
    const { client, room, environment } = joined;
    room.script.resumes = false;
    const all = Promise.all([client.perform([PAINT]), client.perform([RENAME])]);
    const before = room.bodyOf(await room.packet(1));
    await room.packet(2);
    room.script.lamport = 90n;
    room.drop();
    await until(() => client.connection.phase === "waiting");
    environment.advance(5000);
    const [first, second] = [await room.packet(3), await room.packet(4)];
    expect([first.nonce, second.nonce]).toEqual([1n, 2n]);
    expect(await room.isRightlySigned(first)).toBe(true);
    const after = room.bodyOf(first);
    expect(after.commands[0]).toMatchObject({ number: 1n, gesture: 1n, lamport: 91n });
    expect(after.commands[0]!.payload).toEqual(before.commands[0]!.payload);
    await admit(joined, 3);
    await admit(joined, 4);
    expect((await all).map(({ names }) => names[0]!.number)).toEqual([1n, 2n]);
  });

  it("resolves what the room had taken before the connection broke", async () => {
    const { client, room, environment } = await createJoined();
    const performed = client.perform([PAINT]);
    const packet = await room.packet(1);
    room.drop();
    await until(() => client.connection.phase === "waiting");
    room.commit([room.headRecord()], []);
    environment.advance(5000);
    await room.packet(2);
    room.send({ type: "PacketAcknowledged", nonce: packet.nonce, seq: room.seq });
    expect((await performed).seq).toBe(4n);
  });
});
