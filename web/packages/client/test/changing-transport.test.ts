/** One session over several transports: how a page looks after its link, and goes on over another one. */

import { createRace, createRemembered, type Lane, type RaceEvent, type TransportHandlers, type TransportKind, type Way } from "@theta/transport";
import { encodeMessage, HELD_FRAMES_MAX } from "@theta/wire";
import { describe, expect, it } from "vitest";
import { createMemoryKeyStore } from "../src/key-store";
import { createRoomClient } from "../src/room-client";
import { createTestEnvironment, rest, until } from "./environment";
import { createFakeRoom, inviteTo } from "./fake-room";
import { createJoined, ENTITY, namedUnit } from "./joined";

const PAINT = { type: "paint", entity: ENTITY, colour: [1, 0, 0] } as const;

/** A page with two ways to its room, either of which can be blocked. */
async function withTwoWays() {
  const environment = createTestEnvironment();
  const room = await createFakeRoom(environment);
  const blocked = new Set<TransportKind>();
  const events: RaceEvent[] = [];
  const way = (kind: TransportKind): Way => ({
    kind,
    headStartMs: 500,
    limitMs: 4_000,
    open(handlers: TransportHandlers) {
      if (blocked.has(kind)) return { kind, send: () => undefined, close: (code, reason) => queueMicrotask(() => handlers.closed(code, reason)) };
      const transport = room.transport(handlers);
      return { kind, send: (lane: Lane, frame: Uint8Array) => transport.send(lane, frame), close: (code: number, reason: string) => transport.close(code, reason) };
    },
  });
  const kept: Record<string, string> = {};
  const shelf = { getItem: (key: string) => kept[key] ?? null, setItem: (key: string, value: string) => void (kept[key] = value), removeItem: (key: string) => void delete kept[key] };
  const remembered = createRemembered(shelf, () => environment.nowMs());
  const transport = createRace({ ways: () => [way("webtransport"), way("websocket")], remembered, timers: environment, told: (event) => events.push(event) });
  const client = createRoomClient(
    { url: "", name: "Ann", invite: room.invite, keyStore: createMemoryKeyStore(), remembered },
    { environment, transport, loadZstd: () => Promise.reject(new Error("not here")) },
  );
  client.connect();
  await until(() => client.document.status === "current");
  return { environment, room, client, blocked, events, remembered, kind: () => events.findLast((event) => event.type === "opened")?.kind };
}

describe("a change of transport", () => {
  it("TRN-23, transport_failover_preserves_command_ordering: the session is resumed, and what was not acknowledged goes first, in order, with the same bytes", async () => {
    const { environment, room, client, blocked, kind } = await withTwoWays();
    expect(kind()).toBe("webtransport");
    const performed = [1, 2, 3].map(() => client.perform([PAINT]));
    const before = [await room.packet(1), await room.packet(2), await room.packet(3)];
    blocked.add("webtransport");
    room.drop();
    await until(() => client.connection.phase === "waiting");
    const later = client.perform([{ type: "delete", entity: ENTITY }]);
    environment.advance(400);
    await rest();
    environment.advance(500);
    await until(() => client.connection.phase === "online");
    expect([kind(), client.connection]).toEqual(["websocket", expect.objectContaining({ resumed: true })]);
    // The first is asked about alone; the rest follows its answer.
    const first = await room.packet(4);
    room.send({ type: "PacketAcknowledged", nonce: first.nonce, seq: 10n });
    const after = [first, await room.packet(5), await room.packet(6)];
    expect(after).toEqual(before);
    expect((await room.packet(7)).nonce).toBe(before[2]!.nonce + 1n);
    client.close();
    for (const promise of [...performed, later]) await expect(promise).rejects.toThrow();
  });

  it("compares the document's hash after every resume", async () => {
    const { environment, room, client } = await withTwoWays();
    room.commit([room.headRecord()], [namedUnit("cube")]);
    await until(() => client.document.entities.size === 1);
    room.script.sendsDocument = false;
    room.drop();
    await until(() => client.connection.phase === "waiting");
    environment.advance(5_000);
    await until(() => client.connection.phase === "online");
    room.sendDocument(new Uint8Array(16).fill(1));
    await until(() => client.connection.phase !== "online");
    expect(client.statistics.divergences).toBe(1);
  });

  it("TRN-63: leaves an address at which another room answers when the link says where its own is met, and tries once more", async () => {
    const environment = createTestEnvironment();
    const room = await createFakeRoom(environment);
    const elsewhere = inviteTo(new Uint8Array(16).fill(7));
    const client = createRoomClient(
      { url: "", name: "Ann", invite: elsewhere, keyStore: createMemoryKeyStore(), ways: { signaling: "https://meet.example" } },
      { environment, transport: room.transport, loadZstd: () => Promise.reject(new Error("not here")) },
    );
    client.connect();
    await until(() => client.connection.phase === "waiting");
    expect(room.closes[0]).toMatchObject({ code: 4421 });
    environment.advance(5_000);
    await until(() => client.connection.phase === "refused");
    expect(client.connection).toMatchObject({ code: "wrong-room" });
    expect(room.all("SessionProof")).toEqual([]);
  });

  it("forgets what worked when the network is another one", async () => {
    const { environment, remembered } = await withTwoWays();
    expect(remembered.recall()).toBe("webtransport");
    environment.wake("visible");
    expect(remembered.recall()).toBe("webtransport");
    environment.wake("network");
    expect(remembered.recall()).toBeNull();
  });
});

describe("a page that was away", () => {
  it.each(["online", "network", "visible"] as const)("(%s) looks at once whether its link lives, and comes back when it does not", async (cause) => {
    const { environment, room, client } = await createJoined();
    await until(() => room.all("Ping").length === 1);
    environment.advance(1_000);
    environment.wake(cause);
    await until(() => room.all("Ping").length === 2);
    environment.advance(1_000);
    await until(() => client.connection.phase === "waiting");
    expect(room.closes.at(-1)).toMatchObject({ code: 4504 });
    environment.advance(400);
    await until(() => client.connection.phase === "online");
    expect(client.connection).toMatchObject({ resumed: true });
  });

  it("stays when it is answered", async () => {
    const { environment, room, client } = await createJoined();
    client.checkLink();
    await until(() => room.all("Ping").length === 2);
    room.send({ type: "Ping", number: 1n, sentMs: 0 });
    await until(() => room.all("Pong").length === 1);
    environment.advance(1_999);
    await rest();
    expect(client.connection.phase).toBe("online");
  });

  it("tries again at once when it is looked at, rather than wait", async () => {
    const { environment, room, client } = await createJoined();
    room.drop();
    await until(() => client.connection.phase === "waiting");
    environment.wake("visible");
    await until(() => client.connection.phase === "online");
    expect(room.connections).toBe(2);
  });

  it("gives up a try that began on another network", async () => {
    const { environment, room, client, blocked } = await withTwoWays();
    blocked.add("webtransport").add("websocket");
    room.drop();
    await until(() => client.connection.phase === "waiting");
    environment.advance(400);
    await until(() => client.connection.phase === "connecting");
    await rest();
    blocked.clear();
    environment.wake("visible");
    await rest();
    expect(client.connection.phase).toBe("connecting");
    environment.wake("network");
    await until(() => client.connection.phase === "online");
  });

  it("says goodbye when it is left, and resumes when it is there again", async () => {
    const { environment, room, client } = await createJoined();
    environment.leave();
    await until(() => client.connection.phase === "waiting");
    expect(room.closes.at(-1)).toMatchObject({ code: 1001 });
    environment.wake("visible");
    await until(() => client.connection.phase === "online");
    expect(client.connection).toMatchObject({ resumed: true });
  });
});

describe("lanes", () => {
  /** A client on a transport whose room says what the test wants, when it wants. */
  async function joining() {
    const environment = createTestEnvironment();
    const room = await createFakeRoom(environment);
    const sent: (readonly [Lane, Uint8Array])[] = [];
    let handlers: TransportHandlers | null = null;
    const client = createRoomClient(
      { url: "", name: "Ann", invite: room.invite, keyStore: createMemoryKeyStore() },
      {
        environment,
        loadZstd: () => Promise.reject(new Error("not here")),
        transport(given) {
          handlers = given;
          const transport = room.transport(given);
          return { kind: "memory", send: (lane, frame) => (sent.push([lane, frame]), transport.send(lane, frame)), close: (code, reason) => transport.close(code, reason) };
        },
      },
    );
    client.connect();
    await until(() => room.connections === 1);
    return { environment, room, client, sent, hear: (lane: Lane, frame: Uint8Array) => handlers!.received(lane, frame) };
  }

  const roster = encodeMessage({ type: "Roster", people: [] });

  it("TRN-22: holds frames that overtook the acknowledgement on lanes of their own, and takes them in order", async () => {
    const { room, client, hear } = await joining();
    hear("commands", encodeMessage({ type: "BranchList", branches: [], current: new Uint8Array(16) }));
    hear("datagram", Uint8Array.of(0xc1));
    expect(client.branches.all).toEqual([]);
    let told = 0;
    client.on("branches", () => (told += 1));
    await until(() => client.connection.phase === "online");
    expect([told, room.closes]).toEqual([1, []]);
  });

  it("TRN-22: holds no more than HELD_FRAMES_MAX", async () => {
    const { room, hear } = await joining();
    for (let count = 0; count <= HELD_FRAMES_MAX; count += 1) hear("state", roster);
    await until(() => room.closes.length === 1);
    expect(room.closes[0]).toMatchObject({ code: 4400, reason: expect.stringContaining(`${HELD_FRAMES_MAX} frames`) as string });
  });

  it("SES-1: takes nothing on the lane of the handshake before the session stands", async () => {
    const { room, hear } = await joining();
    hear("control", roster);
    await until(() => room.closes.length === 1);
    expect(room.closes[0]).toMatchObject({ code: 4400, reason: expect.stringContaining("before the session stood") as string });
  });

  it("answers a ping on the lane on which it came", async () => {
    const { client, sent, hear } = await joining();
    await until(() => client.connection.phase === "online");
    sent.length = 0;
    const ping = encodeMessage({ type: "Ping", number: 0n, sentMs: 0 });
    for (const lane of ["control", "commands", "bulk"] as const) hear(lane, ping);
    expect(sent.map(([lane]) => lane)).toEqual(["control", "commands", "bulk"]);
  });

  it("sends commands, presence and what it asks on lanes of their own", async () => {
    const { client, sent, room } = await joining();
    await until(() => client.document.status === "current");
    sent.length = 0;
    void client.perform([PAINT]).catch(() => undefined);
    await room.packet(1);
    client.say("hello");
    expect(sent.map(([lane]) => lane)).toEqual(["commands", "control"]);
    client.close();
  });

  it("SES-17: refuses a heartbeat that no session may have", async () => {
    const environment = createTestEnvironment();
    const room = await createFakeRoom(environment);
    room.script.heartbeatMs = 60_000;
    const client = createRoomClient(
      { url: "", name: "Ann", invite: room.invite, keyStore: createMemoryKeyStore() },
      { environment, transport: room.transport, loadZstd: () => Promise.reject(new Error("not here")) },
    );
    client.connect();
    await until(() => room.closes.length === 1);
    expect(room.closes[0]).toMatchObject({ code: 4400, reason: "the room acknowledged a heartbeat of 60 s" });
  });
});
