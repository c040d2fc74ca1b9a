import { loadZstd, OWNERSHIP_REPEAT_SECONDS, type OwnershipRow } from "@theta/wire";
import { describe, expect, it } from "vitest";
import { InvalidOperationError, NotConnectedError, RefusedError } from "../src/errors";
import { createRoomClient } from "../src/room-client";
import type { StateBody, StateChange, StateLoss } from "../src/state-types";
import { until } from "./environment";
import { createFakeRoom } from "./fake-room";
import { createJoined, createMeeting } from "./joined";
import { box, chunkOf, endOf, entity, frameOf, NO_TURN, poseIn, sectionOf, standardDescriptors } from "./state/standard-room";

type Joined = Awaited<ReturnType<typeof createJoined>>;

const BERT = 6n;
const [ONE, TWO] = [entity(1), entity(2)];
const BALL: StateBody = { shape: "sphere", size: [1, 1, 1], colour: [1, 0, 0], position: [0, 0, 0] };

/** In a room with two boxes. */
async function createInRoom() {
  const joined = await createJoined();
  joined.room.send(standardDescriptors());
  joined.room.send(frameOf(1, sectionOf(0, [box(1), box(2)])));
  await until(() => joined.client.state.entityCount === 2);
  const losses: StateLoss[] = [];
  joined.client.on("stateLost", (loss) => losses.push(loss));
  return { ...joined, losses, actor: actorIn(joined) };
}

function actorIn({ client }: Pick<Joined, "client">): bigint {
  if (client.connection.phase !== "online") throw new Error("not online");
  return client.connection.actor;
}

function rowOf(id: bigint, owner: bigint, ownership: number): OwnershipRow {
  return { entity: id, owner, ownership, authority: 0, grip: owner === 0n ? 0 : 2 };
}

/** The room says first that its state goes on. */
async function goOn(joined: Pick<Joined, "environment" | "room" | "client">): Promise<void> {
  await comeBack(joined);
  joined.room.send({ type: "CellsLeft", tick: 1, cells: [] });
}

async function comeBack({ environment, room, client }: Pick<Joined, "environment" | "room" | "client">): Promise<void> {
  room.drop();
  await until(() => client.connection.phase === "waiting");
  environment.advance(10_000);
  await until(() => client.connection.phase === "online");
}

describe("the room's state", () => {
  it("SES-4: is offered, and shown as the room tells it", async () => {
    const { client, room, environment } = await createJoined();
    expect(room.all("SessionHello")[0]!.capabilities).toContain("state");
    const changes: StateChange[] = [];
    client.on("state", (change) => changes.push(change));
    expect(client.state.sample(0).count).toBe(0);
    room.send(standardDescriptors());
    room.send(chunkOf(1, sectionOf(0, [box(1), box(2)])));
    room.send(frameOf(2, sectionOf(1, [box(3, [3, 4, 5])]), 0, 1));
    await until(() => client.state.entityCount === 3);
    const { revision } = client.state;
    expect(revision).toBeGreaterThan(0);
    const sample = client.state.sample(environment.monotonicMs());
    expect([sample.count, sample.changedCount, sample.reshapedCount]).toEqual([3, 3, 3]);
    expect(poseIn(sample, entity(3))!.position).toEqual([3, 4, 5]);
    expect(client.state.sample(environment.monotonicMs())).toBe(sample);
    expect(sample.changedCount).toBe(0);
    environment.advance(20);
    expect(changes).toEqual([{ appeared: 3, disappeared: 0 }]);
    room.send(frameOf(3, endOf(1, 0), 0, 2));
    await until(() => client.state.entityCount === 2);
    environment.advance(20);
    expect(changes.slice(1)).toEqual([{ appeared: 0, disappeared: 1 }]);
    expect(client.state.revision).toBeGreaterThan(revision);
    await room.rest();
    expect(room.all("StateChunksReceived")).toEqual([{ type: "StateChunksReceived", snapshot: 1, numbers: [0] }]);
    expect(room.all("StateAck").at(-1)).toEqual({ type: "StateAck", sequence: 2, received: 1n });
    environment.advance(2_000);
    await room.rest();
    expect(room.all("CellHashes").length).toBeGreaterThan(0);
    const { entities, drawn, received, stale, dropped, complete, bytesPerSecond } = client.state.statistics;
    expect({ entities, drawn, received, stale, dropped, complete }).toEqual({ entities: 2, drawn: 2, received: 3, stale: 0, dropped: 0, complete: true });
    expect(bytesPerSecond).toBe(0);
    room.send(frameOf(40, sectionOf(3, [box(9)]), 0, 3));
    await until(() => client.state.entityCount === 3);
    environment.advance(1_000);
    expect(client.state.statistics.bytesPerSecond).toBeGreaterThan(40);
  });

  it("drops frames that overtake the acknowledgement or the components", async () => {
    const { client, room, environment } = await createMeeting();
    client.connect();
    await until(() => room.all("SessionHello").length === 1);
    room.send(frameOf(1, sectionOf(0, [box(1)])));
    await until(() => client.document.status === "current");
    room.send(frameOf(2, sectionOf(0, [box(1)])));
    await room.rest();
    expect([client.connection.phase, client.state.entityCount]).toEqual(["online", 0]);
    expect(client.state.statistics.dropped).toBe(1);
    environment.advance(20);
    await room.rest();
    expect(room.all("StateAck")).toEqual([]);
  });

  it.each([
    ["a frame that is none", () => frameOf(2, Uint8Array.of(1, 2, 3))],
    ["components with a gap", () => ({ ...standardDescriptors(), first: 9 })],
    ["a chunk of other components", () => chunkOf(2, sectionOf(5, [box(9)]), { manifest: new Uint8Array(16) })],
    ["a compressed chunk without compression", () => chunkOf(2, sectionOf(5, [box(9)]), { size: 9_999 })],
    ["spawned entities that nobody asked for", () => ({ type: "EntitiesSpawned", request: 7, entities: new Uint8Array(8) }) as const],
    ["an end that nobody asked for", () => ({ type: "EntitiesDespawned", request: 7 }) as const],
  ])("breaks off at %s, and starts anew", async (_, message) => {
    const joined = await createInRoom();
    joined.room.send(message());
    await until(() => joined.room.closes.length > 0);
    expect([4400, 4426]).toContain(joined.room.closes[0]!.code);
    expect(joined.client.connection.phase === "online").toBe(false);
  });

  it("breaks off when a room tells of state that it did not agree to", async () => {
    const { client, room } = await createMeeting();
    room.script.capabilities = ["patches", "presence", "chat"];
    client.connect();
    await until(() => client.document.status === "current");
    const { state } = client;
    state.subscribeToRegion([0, 0, 0], 5);
    state.select([ONE]);
    expect(state.grab(ONE)).toBe(false);
    await expect(state.spawn([BALL])).rejects.toThrow(NotConnectedError);
    await expect(state.despawn([ONE])).rejects.toThrow(NotConnectedError);
    await room.rest();
    expect([room.all("SubscribeRegion"), room.all("SelectEntities")]).toEqual([[], []]);
    room.send(standardDescriptors());
    await until(() => room.closes.length > 0);
    expect(room.closes[0]!.code).toBe(4400);
  });

  it("REP-25: begins anew when the room tells of its components again", async () => {
    const { client, room, environment } = await createInRoom();
    room.send(frameOf(900, sectionOf(3, [box(3)]), 0, 2));
    room.send(frameOf(901, endOf(3, 0), 0, 3));
    await until(() => client.state.statistics.received === 3);
    room.send(standardDescriptors());
    await until(() => client.state.entityCount === 0);
    room.send(frameOf(1, sectionOf(0, [box(3)])));
    await until(() => client.state.entityCount === 1);
    expect(poseIn(client.state.sample(environment.monotonicMs()), entity(3))).not.toBeNull();
    expect(client.connection.phase).toBe("online");
  });

  it("REP-20: takes compressed chunks when compression was agreed on", async () => {
    const zstd = await loadZstd();
    const joined = await createMeeting({ loadZstd: () => Promise.resolve(zstd) });
    joined.client.connect();
    await until(() => joined.client.document.status === "current");
    const { compress } = await import("@bokuweb/zstd-wasm");
    const plain = sectionOf(0, Array.from({ length: 16 }, (_, at) => box(at + 1)));
    const data = compress(plain);
    expect(data.length).toBeLessThan(plain.length);
    joined.room.send(standardDescriptors());
    joined.room.send(chunkOf(1, data, { size: plain.length }));
    await until(() => joined.client.state.entityCount === 16);
  });
});

describe("a connection that is lost", () => {
  it("goes on in a session that is resumed: what is here stays, and is told", async () => {
    const joined = await createInRoom();
    const { client, room, environment } = joined;
    client.state.subscribeToRegion([1, 2, 3], 5);
    client.state.select([ONE]);
    room.send(chunkOf(1, sectionOf(3, [box(5)])));
    await until(() => client.state.entityCount === 3);
    environment.advance(200);
    await room.rest();
    const before = { regions: room.all("SubscribeRegion").length, chunks: room.all("StateChunksReceived").length };
    expect(before).toEqual({ regions: 1, chunks: 1 });
    await goOn(joined);
    await until(() => room.all("SubscribeRegion").length === 2);
    expect(client.state.entityCount).toBe(3);
    expect(room.all("SelectEntities")).toHaveLength(2);
    expect(room.all("StateChunksReceived").at(-1)).toEqual({ type: "StateChunksReceived", snapshot: 1, numbers: [0] });
    expect(room.all("CellHashes").at(-1)!.hashes.map(({ cell }) => cell)).toEqual([0, 3]);
    room.send(frameOf(2, sectionOf(1, [box(4)]), 0, 2));
    await until(() => client.state.entityCount === 4);
  });

  it("starts anew in another session: all is gone, and regions are said again", async () => {
    const joined = await createInRoom();
    const { client, room, environment, losses } = joined;
    const changes: StateChange[] = [];
    client.on("state", (change) => changes.push(change));
    client.state.subscribeToRegion([1, 2, 3], 5);
    client.state.select([ONE]);
    expect(client.state.grab(ONE)).toBe(true);
    environment.advance(200);
    await until(() => room.all("SelectEntities").length === 1);
    room.script.resumes = false;
    await comeBack(joined);
    await until(() => room.all("SubscribeRegion").length === 2);
    environment.advance(20);
    expect([client.state.entityCount, client.state.sample(environment.monotonicMs()).count]).toEqual([0, 0]);
    expect(changes.at(-1)).toEqual({ appeared: 0, disappeared: 2 });
    expect(losses).toEqual([{ entity: ONE, owner: null, reason: null }]);
    expect(client.state.held.size).toBe(0);
    expect(room.all("SelectEntities")).toHaveLength(1);
    room.send(standardDescriptors());
    room.send(frameOf(1, sectionOf(0, [box(7)])));
    await until(() => client.state.entityCount === 1);
    expect(poseIn(client.state.sample(environment.monotonicMs()), entity(7))!.position).toEqual([7, 0, 0]);
  });

  it("REP-25, REP-83: starts anew when it is told the first component again", async () => {
    const joined = await createInRoom();
    const { client, room, environment, losses } = joined;
    client.state.subscribeToRegion([1, 2, 3], 5);
    client.state.grab(ONE);
    await goOn(joined);
    await until(() => room.all("SubscribeRegion").length === 2);
    await until(() => room.all("ClaimOwnership").length > 1);
    room.send(standardDescriptors());
    await until(() => client.state.entityCount === 0);
    expect(losses).toEqual([{ entity: ONE, owner: null, reason: null }]);
    environment.advance(200);
    await until(() => room.all("SubscribeRegion").length === 3);
    room.send(frameOf(1, sectionOf(0, [box(7)])));
    await until(() => client.state.entityCount === 1);
  });

  it("REP-26: says nothing of what it had to a room that begins anew", async () => {
    const joined = await createInRoom();
    const { client, room, environment } = joined;
    room.send(chunkOf(1, sectionOf(3, [box(5)])));
    await until(() => client.state.entityCount === 3);
    environment.advance(3_000);
    await until(() => room.all("CellHashes").length > 0);
    await room.rest();
    const said = (): number[] => (["StateAck", "StateChunksReceived", "CellHashes"] as const).map((type) => room.all(type).length);
    const before = said();
    await comeBack(joined);
    // A datagram of the room's new count, which overtook the descriptors.
    room.send(frameOf(1, sectionOf(0, [box(7)])));
    environment.advance(3_000);
    await room.rest();
    expect(said()).toEqual(before);
    room.send(standardDescriptors());
    await until(() => client.state.entityCount === 0);
    await room.rest();
    expect(said()).toEqual(before);
    room.send(frameOf(1, sectionOf(0, [box(7)])));
    await until(() => client.state.entityCount === 1);
    environment.advance(100);
    await until(() => room.all("StateAck").length > before[0]!);
    expect(room.all("StateAck").at(-1)).toEqual({ type: "StateAck", sequence: 1, received: 0n });
  });

  it("keeps nothing for a room that is away, and lets go of nothing", async () => {
    const joined = await createInRoom();
    const { client, room, environment, actor } = joined;
    expect(client.state.grab(ONE)).toBe(true);
    room.send({ type: "OwnershipChanged", rows: [rowOf(ONE, actor, 1)] });
    await room.rest();
    room.drop();
    await until(() => client.connection.phase === "waiting");
    expect(client.state.grab(TWO)).toBe(false);
    for (let step = 1; step <= 50; step += 1) {
      client.state.moveTo(ONE, [1, step, 0], NO_TURN);
      environment.advance(1);
    }
    expect(poseIn(client.state.sample(environment.monotonicMs()), ONE)!.position).toEqual([1, 50, 0]);
    const sent = room.all("OwnedState").length;
    environment.advance(10_000);
    await until(() => client.connection.phase === "online");
    room.send({ type: "CellsLeft", tick: 1, cells: [] });
    await room.rest();
    environment.advance(40);
    await until(() => room.all("OwnedState").length > sent);
    expect(client.state.ownerOf(ONE)).toBe(actor);
  });

  it("forgets everything but its regions when another room is at its address", async () => {
    const { room, environment, keyStore } = await createMeeting();
    const other = await createFakeRoom(environment);
    let current = room;
    const client = createRoomClient(
      { url: "", name: "Ann", invite: "", keyStore },
      { environment, transport: (handlers) => current.transport(handlers), loadZstd: () => Promise.reject(new Error("not here")) },
    );
    client.connect();
    await until(() => client.document.status === "current");
    const region = client.state.subscribeToRegion([1, 2, 3], 5);
    room.send(standardDescriptors());
    room.send(frameOf(1, sectionOf(0, [box(1)])));
    await until(() => client.state.entityCount === 1);
    current = other;
    room.drop();
    await until(() => client.connection.phase === "waiting");
    environment.advance(5_000);
    await until(() => client.connection.phase === "refused");
    expect(client.state.entityCount).toBe(1);
    client.connect();
    expect(client.state.entityCount).toBe(0);
    await until(() => client.connection.phase === "online");
    environment.advance(200);
    await other.rest();
    client.state.moveRegion(region, [4, 5, 6], 5);
    environment.advance(200);
    await other.rest();
    expect(other.all("SubscribeRegion").map(({ centre }) => centre)).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });
});

describe("what this page does in it", () => {
  it("REP-61, REP-66: grabs, moves and lets go", async () => {
    const { client, room, environment, actor, losses } = await createInRoom();
    const { state } = client;
    expect(state.ownerOf(ONE)).toBeNull();
    expect(state.grab(ONE)).toBe(true);
    expect([state.ownerOf(ONE), state.heldRevision]).toEqual([actor, 1]);
    expect([...state.held]).toEqual([[ONE, actor]]);
    state.moveTo(ONE, [0, 1, 0], NO_TURN);
    await until(() => room.all("OwnedState").length === 1);
    expect(room.all("ClaimOwnership")).toEqual([{ type: "ClaimOwnership", entity: ONE, ownership: 1, authority: 0 }]);
    expect(poseIn(state.sample(environment.monotonicMs()), ONE)!.position).toEqual([0, 1, 0]);
    room.send({ type: "OwnershipChanged", rows: [rowOf(ONE, actor, 1)] });
    await room.rest();
    environment.advance(34);
    state.moveTo(ONE, [0, 2, 0], NO_TURN);
    environment.advance(34);
    state.release(ONE);
    await room.rest();
    environment.advance(34);
    await room.rest();
    const { sequence } = room.all("OwnedState").at(-1)!;
    expect(room.all("ReleaseOwnership")).toEqual([]);
    room.send(frameOf(30, sectionOf(0, [box(1, [0, 2, 0]), box(2)]), sequence, 2));
    await until(() => room.all("ReleaseOwnership").length === 1);
    room.send({ type: "OwnershipChanged", rows: [{ ...rowOf(ONE, 0n, 1), authority: 1 }] });
    await until(() => state.ownerOf(ONE) === null);
    environment.advance(2_000);
    expect(poseIn(state.sample(environment.monotonicMs()), ONE)!.position).toEqual([0, 2, 0]);
    expect(losses).toEqual([]);
  });

  it("REP-65: hears when the room decides otherwise, and asks again what was not answered", async () => {
    const { client, room, environment, losses } = await createInRoom();
    client.state.grab(ONE);
    environment.advance(1000 * OWNERSHIP_REPEAT_SECONDS);
    await until(() => room.all("ClaimOwnership").length === 2);
    room.send({ type: "OwnershipChanged", rows: [rowOf(ONE, BERT, 5)] });
    await until(() => losses.length === 1);
    expect(losses).toEqual([{ entity: ONE, owner: BERT, reason: null }]);
    expect(client.state.ownerOf(ONE)).toBe(BERT);
    client.state.grab(TWO);
    await room.rest();
    const { ownership, authority } = room.all("ClaimOwnership").at(-1)!;
    room.send({ type: "OwnershipRefused", ownership, authority, reason: "not-allowed", row: rowOf(TWO, 0n, 0) });
    await until(() => losses.length === 2);
    expect(losses[1]).toEqual({ entity: TWO, owner: null, reason: "not-allowed" });
    expect([...client.state.held]).toEqual([[ONE, BERT]]);
  });

  it("hears nothing of what others take after it let go", async () => {
    const { client, room, actor, losses } = await createInRoom();
    client.state.grab(ONE);
    room.send({ type: "OwnershipChanged", rows: [rowOf(ONE, actor, 1)] });
    await room.rest();
    client.state.release(ONE);
    room.send({ type: "OwnershipChanged", rows: [rowOf(ONE, BERT, 2)] });
    await until(() => client.state.ownerOf(ONE) === BERT);
    expect(losses).toEqual([]);
  });

  it("breaks off when what it asked for is answered with bytes that are no entities", async () => {
    const { client, room } = await createInRoom();
    const spawned = client.state.spawn([BALL]);
    await until(() => room.all("SpawnEntities").length === 1);
    const { request } = room.all("SpawnEntities")[0]!;
    room.send({ type: "EntitiesSpawned", request, entities: new Uint8Array(5) });
    await expect(spawned).rejects.toThrow(NotConnectedError);
    await until(() => client.connection.phase === "waiting");
  });

  it("REP-64: what ends in its hand is lost", async () => {
    const { client, room, losses } = await createInRoom();
    client.state.grab(ONE);
    room.send(frameOf(2, endOf(0, 0)));
    await until(() => losses.length === 1);
    expect(losses).toEqual([{ entity: ONE, owner: null, reason: "unknown-entity" }]);
    expect([client.state.held.size, client.state.entityCount]).toEqual([0, 1]);
  });

  it("takes nothing as a viewer, or what is not there", async () => {
    const { client, room, actor } = await createInRoom();
    expect(client.state.grab(entity(99))).toBe(false);
    const self = { actor, author: new Uint8Array(32), name: "Ann", colour: 1 };
    room.send({ type: "Roster", people: [{ ...self, role: "viewer" }] });
    await until(() => client.people.length === 1);
    expect(client.state.grab(ONE)).toBe(false);
    room.send({ type: "Roster", people: [{ ...self, role: "editor" }] });
    await until(() => client.people[0]?.role === "editor");
    expect(client.state.grab(ONE)).toBe(true);
  });

  it("REP-80, REP-81: regions and a selection are said, and taken back", async () => {
    const { client, room, environment } = await createInRoom();
    const region = client.state.subscribeToRegion([1, 2, 3], 5);
    await until(() => room.all("SubscribeRegion").length === 1);
    expect(room.all("SubscribeRegion")[0]).toEqual({ type: "SubscribeRegion", region, centre: [1, 2, 3], radius: 5 });
    client.state.moveRegion(region, [4, 5, 6], 7);
    client.state.select([TWO]);
    environment.advance(100);
    await until(() => room.all("SelectEntities").length === 1);
    expect(room.all("SubscribeRegion")[1]).toEqual({ type: "SubscribeRegion", region, centre: [4, 5, 6], radius: 7 });
    client.state.unsubscribe(region);
    environment.advance(100);
    await until(() => room.all("UnsubscribeRegion").length === 1);
    expect(() => client.state.subscribeToRegion([NaN, 0, 0], 5)).toThrow(InvalidOperationError);
  });

  it("REP-84, REP-85: entities come and go as the room says", async () => {
    const { client, room } = await createInRoom();
    const spawned = client.state.spawn([BALL, BALL]);
    await until(() => room.all("SpawnEntities").length === 1);
    const { request } = room.all("SpawnEntities")[0]!;
    const named = new Uint8Array(BigUint64Array.of(entity(8), entity(9)).buffer);
    room.send({ type: "EntitiesSpawned", request, entities: named });
    expect(await spawned).toEqual([entity(8), entity(9)]);
    const ended = client.state.despawn([entity(8)]);
    await until(() => room.all("DespawnEntities").length === 1);
    expect(room.all("DespawnEntities")[0]!.entities).toEqual(named.slice(0, 8));
    room.send({ type: "EntitiesDespawned", request: room.all("DespawnEntities")[0]!.request });
    await ended;
    const refused = client.state.spawn([BALL]);
    await until(() => room.all("SpawnEntities").length === 2);
    room.send({ type: "RequestRefused", request: room.all("SpawnEntities")[1]!.request, code: "NotAllowed", reason: "a viewer" });
    await expect(refused).rejects.toThrow(RefusedError);
    await expect(client.state.spawn([])).rejects.toThrow(InvalidOperationError);
    await expect(client.state.despawn([])).rejects.toThrow(InvalidOperationError);
    await expect(client.state.despawn(new Array<bigint>(2_000).fill(ONE))).rejects.toThrow(InvalidOperationError);
    const open = client.state.despawn([ONE]);
    room.drop();
    await expect(open).rejects.toThrow(NotConnectedError);
  });

  it("REP-84: breaks off when there are more or fewer than it asked for", async () => {
    const { client, room } = await createInRoom();
    const spawned = client.state.spawn([BALL, BALL]);
    spawned.catch(() => undefined);
    await until(() => room.all("SpawnEntities").length === 1);
    room.send({ type: "EntitiesSpawned", request: room.all("SpawnEntities")[0]!.request, entities: new Uint8Array(8) });
    await until(() => room.closes.length > 0);
    await expect(spawned).rejects.toThrow(NotConnectedError);
  });
});
