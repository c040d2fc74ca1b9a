import { decodePresenceRows, encodePresenceRow, fromHex, OPERATIONS, type PresenceRow, toHex } from "@theta/wire";
import { describe, expect, it } from "vitest";
import { NothingToUndoError } from "../src/errors";
import { inviteFromFragment, roomAddress } from "../src/link";
import { cleanName } from "../src/text";
import type { Presence, Selection } from "../src/types";
import { rest, until } from "./environment";
import { createJoined, ENTITY } from "./joined";

const NOTHING: Presence = { tool: "none", selection: null, head: null, ray: null, left: null, right: null, drag: null };
const SET_EFFECTIVE = OPERATIONS.set_effective_v2.payload;
const author = new Uint8Array(32).fill(5);
const person = (actor: bigint, name: string) => ({ actor, author, name, colour: 0x336699, role: "editor" as const });

function row(actor: bigint, sequence: number): PresenceRow {
  const id = new Uint8Array(16).fill(1);
  const head = { position: [1, 2, 3] as const, rotation: [0, 0, 0, 1] as const };
  const nowhere = { position: [0, 0, 0], rotation: [0, 0, 0, 1] } as const;
  return {
    actor,
    sequence,
    tool: "move",
    selectionKind: "face",
    head,
    ray: null,
    selectedEntity: id,
    selectedElement: id,
    left: null,
    right: null,
    dragKind: "none",
    drag: nowhere,
  };
}

describe("people", () => {
  it("are those of the latest roster, with oneself marked", async () => {
    const { client, room } = await createJoined();
    const { actor } = client.connection as { actor: bigint };
    room.send({ type: "Roster", people: [person(actor, "Ann"), person(7n, "Ben")] });
    await until(() => client.people.length === 2);
    expect(client.people.map(({ name, self }) => [name, self])).toEqual([["Ann", true], ["Ben", false]]);
    expect(client.people[1]).toMatchObject({ author: "05".repeat(32), colour: 0x336699 });
  });

  it("talk, and only what a line can hold is sent", async () => {
    const { client, room } = await createJoined();
    expect(client.say("hello")).toBe(true);
    expect(client.say("")).toBe(false);
    expect(client.say("two\nlines")).toBe(false);
    expect(client.say("x".repeat(501))).toBe(false);
    await until(() => room.all("ChatLine").length === 1);
    for (let line = 0; line < 105; line += 1) {
      room.send({ type: "Chat", actor: 7n, name: "Ben", colour: 1, text: `line ${line}`, atMs: 5n });
    }
    await until(() => client.chat.at(-1)?.text === "line 104");
    expect(client.chat.length).toBe(100);
    room.drop();
    await until(() => client.connection.phase === "waiting");
    expect(client.say("hello?")).toBe(false);
  });

  it("talk no faster than the room takes it, and again once it is back", async () => {
    const { client, room, environment } = await createJoined();
    const burst = Array.from({ length: 11 }, () => client.say("hello"));
    expect(burst).toEqual([...Array.from({ length: 10 }, () => true), false]);
    environment.advance(1_200);
    expect([client.say("again"), client.say("too soon")]).toEqual([true, false]);
    room.drop();
    await until(() => client.connection.phase === "waiting");
    client.connect();
    await until(() => client.connection.phase === "online");
    expect(client.say("back")).toBe(true);
  });
});

describe("presence", () => {
  it("REP-2: others' latest wins, one's own is ignored, and it goes with its owner", async () => {
    const { client, room } = await createJoined();
    const { actor } = client.connection as { actor: bigint };
    const told: bigint[][] = [];
    client.on("presence", (actors) => told.push([...actors]));
    const rows = [row(7n, 0xffff_fffe), row(actor, 1), row(8n, 3)].map(encodePresenceRow);
    room.send({ type: "PresenceBatch", rows: new Uint8Array(rows.flatMap((bytes) => [...bytes])) });
    await until(() => told.length === 1);
    expect(told).toEqual([[7n, 8n]]);
    expect(client.presence.get(7n)).toEqual({
      tool: "move",
      selection: { kind: "face", entity: "01".repeat(16), element: "01".repeat(16) },
      head: { position: [1, 2, 3], rotation: [0, 0, 0, 1] },
      ray: null,
      left: null,
      right: null,
      drag: null,
    });
    room.send({ type: "PresenceBatch", rows: encodePresenceRow({ ...row(7n, 0xffff_fffd), tool: "paint" }) });
    room.send({ type: "PresenceBatch", rows: encodePresenceRow({ ...row(7n, 2), tool: "draw" }) });
    await until(() => told.length === 2);
    expect(client.presence.get(7n)!.tool).toBe("draw");
    room.send({ type: "Roster", people: [person(actor, "Ann"), person(8n, "Cy")] });
    await until(() => told.length === 3);
    expect([...client.presence.keys()]).toEqual([8n]);
  });

  it("REP-3: one's own goes at most 30 times a second, once a second unchanged, and again after a reconnect", async () => {
    const { client, room, environment } = await createJoined();
    const sent = async () => {
      await rest();
      return room.all("PresenceUpdate").map((message) => decodePresenceRows(message.row)[0]!);
    };
    for (let frame = 0; frame < 90; frame += 1) {
      client.showPresence({ ...NOTHING, ray: { origin: [frame, 0, 0], direction: [0, 0, -1] } });
      environment.advance(1000 / 90);
    }
    await rest();
    const first = await sent();
    expect(first.length).toBeGreaterThanOrEqual(28);
    expect(first.length).toBeLessThanOrEqual(31);
    expect(first.map(({ sequence }) => sequence)).toEqual(first.map((_, index) => index + 1));
    environment.advance(50);
    expect((await sent()).at(-1)!.ray!.origin[0]).toBe(89);
    const before = (await sent()).length;
    room.send({ type: "Ping", number: 1n, sentMs: 0 });
    await rest();
    environment.advance(3000);
    expect((await sent()).length).toBe(before + 3);
    room.drop();
    await until(() => client.connection.phase === "waiting");
    const offline = (await sent()).length;
    client.showPresence({ ...NOTHING, head: { position: [Number.NaN, 0, 0], rotation: [0, 0, 0, 1] } });
    environment.advance(5000);
    await until(() => client.connection.phase === "online");
    environment.advance(1);
    const after = await sent();
    expect(after.length).toBe(offline + 1);
    expect(after.at(-1)).toMatchObject({ head: null, ray: null });
  });

  it("are told of several elements the last one, of edges the object, and no drag of what a row can't name", async () => {
    const { client, room, environment } = await createJoined();
    const element = "01".repeat(16);
    const offset = [0, 1, 0] as const;
    const told = async (selection: Selection): Promise<PresenceRow> => {
      client.showPresence({ ...NOTHING, tool: "move", selection, drag: { kind: "element", offset } });
      environment.advance(50);
      await rest();
      return decodePresenceRows(room.all("PresenceUpdate").at(-1)!.row)[0]!;
    };
    expect(await told({ kind: "face", entity: ENTITY, element })).toMatchObject({ selectionKind: "face", dragKind: "element" });
    const several = await told({ kind: "face", entity: ENTITY, element, elements: ["02".repeat(16), element] });
    expect(several).toMatchObject({ selectionKind: "face", dragKind: "none" });
    expect(toHex(several.selectedElement)).toBe(element);
    const edge = await told({ kind: "edge", entity: ENTITY, element });
    expect(edge).toMatchObject({ selectionKind: "object", dragKind: "none" });
    expect(toHex(edge.selectedElement)).toBe("00".repeat(16));
  });
});

describe("undo and redo", () => {
  it("CMD-39: ask for what the room told, once the edit before is in", async () => {
    const { client, room } = await createJoined();
    const { actor } = client.connection as { actor: bigint };
    await expect(client.undo()).rejects.toThrow(NothingToUndoError);
    const edit = client.perform([{ type: "delete", entity: ENTITY }]);
    const undone = client.undo();
    const packet = await room.packet(1);
    await rest();
    expect(room.all("SubmitPacket").length).toBe(1);
    room.commit([room.recordOf(packet, actor)], []);
    room.send({ type: "PacketAcknowledged", nonce: packet.nonce, seq: room.seq });
    const step = { gestures: [{ actor, number: 1n }], label: "delete", dependants: [] };
    room.send({ type: "History", undo: [step], redo: [] });
    await edit;
    const second = await room.packet(2);
    expect(client.history).toEqual({ undo: { ...step, blockedBy: [] }, redo: null });
    const [command] = room.bodyOf(second).commands;
    expect(command).toMatchObject({ typeId: OPERATIONS.set_effective_v2.typeId, version: 2 });
    expect(SET_EFFECTIVE.read(command!.payload, "")).toEqual({ gestures: step.gestures, on: false, cascade: [] });
    room.commit([room.recordOf(second, actor)], []);
    room.send({ type: "PacketAcknowledged", nonce: second.nonce, seq: room.seq });
    await undone;
    room.send({ type: "History", undo: [], redo: [step] });
    await until(() => client.history.redo !== null);
    const redone = client.redo();
    const third = await room.packet(3);
    expect(SET_EFFECTIVE.read(room.bodyOf(third).commands[0]!.payload, "")).toMatchObject({ on: true });
    client.close();
    await expect(redone).rejects.toThrow("left");
  });

  it("doesn't wait for ever when the room has nothing new to tell", async () => {
    const { client, room, environment } = await createJoined();
    const { actor } = client.connection as { actor: bigint };
    const edit = client.perform([{ type: "delete", entity: ENTITY }]);
    const packet = await room.packet(1);
    room.commit([room.recordOf(packet, actor)], []);
    room.send({ type: "PacketAcknowledged", nonce: packet.nonce, seq: room.seq });
    await edit;
    let outcome: unknown = null;
    client.undo().catch((error: unknown) => (outcome = error));
    await rest();
    expect(outcome).toBe(null);
    environment.advance(250);
    await until(() => outcome !== null);
    expect(outcome).toBeInstanceOf(NothingToUndoError);
  });

  it("says who built on it instead of asking in vain", async () => {
    const { client, room } = await createJoined();
    const gestures = [{ actor: 1n, number: 1n }];
    const dependants = ["Ben", "Cy", "Ben"].map((author, at) => {
      return { author, label: "extrude face", gestures: [{ actor: 6n, number: BigInt(at) }], entity: fromHex(ENTITY) };
    });
    room.send({ type: "History", undo: [{ gestures, label: "create cube", dependants }], redo: [] });
    await until(() => client.history.undo !== null);
    expect(client.history.undo).toMatchObject({ blockedBy: ["Ben", "Cy"], dependants: [{ author: "Ben", entity: ENTITY }, {}, {}] });
    await expect(client.undo()).rejects.toMatchObject({ code: "UndoConflict", reason: "others changed it since: Ben, Cy" });
    expect(room.all("SubmitPacket")).toEqual([]);
    void client.undo({ cascade: true }).catch(() => undefined);
    const [command] = room.bodyOf(await room.packet(1)).commands;
    const cascade = dependants.flatMap((one) => one.gestures);
    expect(SET_EFFECTIVE.read(command!.payload, "")).toEqual({ gestures, on: false, cascade });
    client.close();
  });

  it("brings back with a redo what its undo took along", async () => {
    const { client, room } = await createJoined();
    const gestures = [{ actor: 1n, number: 1n }];
    const cascade = [{ actor: 6n, number: 9n }];
    const dependants = [{ author: "Ben", label: "paint", gestures: cascade, entity: fromHex(ENTITY) }];
    room.send({ type: "History", undo: [], redo: [{ gestures, label: "create cube", dependants }] });
    await until(() => client.history.redo !== null);
    expect(client.history.redo!.blockedBy).toEqual([]);
    void client.redo().catch(() => undefined);
    const [command] = room.bodyOf(await room.packet(1)).commands;
    expect(SET_EFFECTIVE.read(command!.payload, "")).toEqual({ gestures, on: true, cascade });
    client.close();
  });

  it("says so when what others built is too much for one cascade", async () => {
    const { client, room } = await createJoined();
    const dependants = [{ author: "Ben", label: "paint", gestures: [], entity: fromHex(ENTITY) }];
    room.send({ type: "History", undo: [{ gestures: [{ actor: 1n, number: 1n }], label: "create cube", dependants }], redo: [] });
    await until(() => client.history.undo !== null);
    await expect(client.undo({ cascade: true })).rejects.toMatchObject({ code: "UndoConflict" });
    expect(room.all("SubmitPacket")).toEqual([]);
  });
});

describe("roles", () => {
  it("change while one is there, as the roster says", async () => {
    const { client, room } = await createJoined();
    const { actor } = client.connection as { actor: bigint };
    const roles: unknown[] = [];
    client.on("connection", (connection) => roles.push((connection as { role?: string }).role));
    for (const role of ["editor", "viewer", "viewer", "admin"] as const) {
      room.send({ type: "Roster", people: [{ actor, author, name: "Ann", colour: 1, role }] });
    }
    await until(() => roles.length === 2);
    expect(roles).toEqual(["viewer", "admin"]);
  });
});

describe("names", () => {
  it("are made such that every room takes them", () => {
    expect(cleanName("  Zoë 🦊 ")).toBe("Zoë 🦊");
    expect(cleanName("a\tb\u200bc")).toBe("a b c");
    expect(cleanName(" \n")).toBe("Guest");
    expect([...cleanName("🦊".repeat(80))].length).toBe(64);
    expect(cleanName("x".repeat(63) + "  y")).toBe("x".repeat(63));
  });
});

describe("links", () => {
  it("carry the invite in the fragment, and lead to the WebSocket beside the page", () => {
    expect(inviteFromFragment("#invite=a-b_c")).toBe("a-b_c");
    expect(inviteFromFragment("")).toBe("");
    expect(roomAddress({ protocol: "http:", host: "localhost:8080" })).toBe("ws://localhost:8080/ws");
    expect(roomAddress({ protocol: "https:", host: "studio.lan" })).toBe("wss://studio.lan/ws");
  });
});
