import { PROTOCOL_HASH, toHex } from "@theta/wire";
import { describe, expect, it } from "vitest";
import { backoffMs } from "../src/backoff";
import { createRoomClient } from "../src/room-client";
import { NotConnectedError } from "../src/errors";
import { rest, until } from "./environment";
import { createFakeRoom, inviteTo } from "./fake-room";
import { createJoined, createMeeting } from "./joined";

describe("joining", () => {
  it("SES-1: shakes hands, shows its invite only after the room has proved its key, and is online", async () => {
    const { client, room } = await createMeeting();
    expect(client.connection).toEqual({ phase: "idle" });
    client.connect();
    expect(client.connection).toEqual({ phase: "connecting", attempt: 1 });
    await until(() => client.connection.phase === "online");
    const [hello] = room.all("SessionHello");
    expect(toHex(hello!.protocolHash)).toBe(PROTOCOL_HASH);
    expect(hello).toMatchObject({ name: "Ann", capabilities: ["patches", "presence", "chat", "state"], lastSeq: 0n });
    expect(hello!.clientNonce.length).toBe(32);
    expect(hello!.resumeSession.length).toBe(0);
    expect(room.all("SessionProof")[0]).toMatchObject({ invite: room.invite });
    expect(client.connection).toMatchObject({ phase: "online", role: "editor", roomName: "Studio", resumed: false });
  });

  it("SES-3: a room that cannot prove its key gets no proof and no invite", async () => {
    const { client, room } = await createMeeting();
    room.script.signsFalsely = true;
    client.connect();
    await until(() => client.connection.phase === "refused");
    expect(client.connection).toMatchObject({ code: "bad-proof", reason: "the room did not prove its key" });
    expect(room.all("SessionProof")).toEqual([]);
  });

  it("SES-13: shows an invite to no other room than the one that it names, and joins with one that fits", async () => {
    const { client, room } = await createMeeting({ invite: inviteTo(new Uint8Array(16).fill(7)) });
    client.connect();
    await until(() => client.connection.phase === "refused");
    const reason = "another room answers here than the link is for; it was not shown the invite";
    expect(client.connection).toEqual({ phase: "refused", code: "wrong-room", reason });
    await until(() => room.closes.length === 1);
    expect(room.closes[0]).toMatchObject({ code: 4421 });
    expect(room.all("SessionProof")).toEqual([]);
    client.connect({ invite: room.invite });
    await until(() => client.connection.phase === "online");
  });

  it("SES-13: a room cannot borrow the id of another", async () => {
    const { client, room } = await createMeeting({ invite: inviteTo(new Uint8Array(16).fill(7)) });
    room.script.borrowedId = new Uint8Array(16).fill(7);
    client.connect();
    await until(() => client.connection.phase === "refused");
    expect(client.connection).toMatchObject({ code: "bad-proof", reason: "the room goes by an id that is not its key's" });
    expect(room.all("SessionProof")).toEqual([]);
  });

  it("SES-13: an invite that names no room is shown to none", async () => {
    const { client, room } = await createMeeting({ invite: "s3cret" });
    client.connect();
    await until(() => client.connection.phase === "online");
    expect(room.all("SessionProof")[0]).toMatchObject({ invite: "" });
  });

  it("is the same person at the next visit, and another actor", async () => {
    const { client, room, keyStore, environment } = await createMeeting();
    client.connect();
    await until(() => client.connection.phase === "online");
    client.close();
    const options = { url: "", name: "Ann", invite: "", keyStore };
    const next = createRoomClient(options, { environment, transport: room.transport });
    next.connect();
    await until(() => next.connection.phase === "online");
    const [first, second] = room.all("SessionHello");
    expect(second!.publicKey).toEqual(first!.publicKey);
    expect(second!.instance).not.toEqual(first!.instance);
    expect((await keyStore.load())!.privateKey.extractable).toBe(false);
  });

  it("stops when it is not invited, and joins with the invite it is then given", async () => {
    const { client, room, environment } = await createMeeting({ invite: "" });
    room.script.refuse = { code: 4403, reason: "NotInvited: ask for a link" };
    client.connect();
    await until(() => client.connection.phase === "refused");
    expect(client.connection).toEqual({ phase: "refused", code: "not-invited", reason: "NotInvited: ask for a link" });
    environment.advance(60_000);
    expect(room.connections).toBe(1);
    room.script.refuse = null;
    client.connect({ invite: room.invite });
    await until(() => client.connection.phase === "online");
    expect(room.all("SessionProof")[1]).toMatchObject({ invite: room.invite });
  });

  it("gives up a room that never answers, and tries again", async () => {
    const { environment, keyStore } = await createMeeting();
    const codes: number[] = [];
    const client = createRoomClient(
      { url: "", name: "Ann", invite: "", keyStore },
      {
        environment,
        transport: (handlers) => ({
          kind: "silent",
          send: () => undefined,
          close(code, reason) {
            codes.push(code);
            queueMicrotask(() => {
              handlers.closed(code, reason);
            });
          },
        }),
      },
    );
    client.connect();
    await rest();
    environment.advance(12_000);
    await until(() => client.connection.phase === "waiting");
    expect(codes).toEqual([4408]);
  });
});

describe("staying", () => {
  it("tries again with growing pauses, at once when the network is back, and resumes", async () => {
    const { client, room, environment } = await createJoined();
    room.setReachable(false);
    room.drop();
    await until(() => client.connection.phase === "waiting");
    const pauses: number[] = [];
    for (let attempt = 1; attempt <= 6; attempt += 1) {
      const state = client.connection;
      if (state.phase !== "waiting") throw new Error(state.phase);
      expect(state.attempt).toBe(attempt);
      pauses.push(state.retryAtMs - environment.nowMs());
      environment.advance(5000);
      await until(() => client.connection.phase === "waiting" && client.connection.attempt === attempt + 1);
    }
    pauses.forEach((pause, index) => {
      const base = Math.min(2000, 100 * 2 ** index);
      expect(pause).toBeGreaterThanOrEqual(base / 2);
      expect(pause).toBeLessThanOrEqual(base);
    });
    room.setReachable(true);
    environment.wake("online");
    await until(() => client.connection.phase === "online");
    expect(client.connection).toMatchObject({ resumed: true });
    expect(room.all("SessionHello").at(-1)).toMatchObject({ lastSeq: room.seq });
    expect(room.all("SessionHello").at(-1)!.resumeToken.length).toBe(16);
  });

  it("SES-19: never pauses longer than 2 s nor shorter than 0.05 s", () => {
    for (let attempt = 1; attempt < 2000; attempt += 1) {
      expect(backoffMs(attempt, 0)).toBeLessThanOrEqual(2000);
      expect(backoffMs(attempt, 0.999)).toBeGreaterThanOrEqual(50);
    }
  });

  it("SES-9: answers pings, measures the round trip, jitter and clock offset", async () => {
    const { client, room, environment } = await createJoined();
    room.send({ type: "Ping", number: 9n, sentMs: 123.5 });
    await until(() => room.all("Pong").length === 1);
    expect(room.all("Pong")[0]).toEqual({ type: "Pong", number: 9n, sentMs: 123.5, answeredMs: environment.nowMs() });
    await until(() => room.all("Ping").length === 1);
    const [ping] = room.all("Ping");
    environment.advance(40);
    room.send({ type: "Pong", number: ping!.number, sentMs: ping!.sentMs, answeredMs: environment.nowMs() - 20 + 7000 });
    await until(() => client.statistics.roundTripMs !== null);
    expect(client.statistics).toMatchObject({ roundTripMs: 40, jitterMs: 0, clockOffsetMs: 7000 });
    room.send({ type: "Pong", number: 77n, sentMs: 0, answeredMs: 0 });
    await rest();
    expect(client.statistics.roundTripMs).toBe(40);
  });

  it("SES-9: takes anything that comes for a sign of life", async () => {
    const { client, room, environment } = await createJoined();
    for (let beat = 1n; beat <= 8n; beat += 1n) {
      environment.advance(2000);
      room.send({ type: "Ping", number: beat, sentMs: 0 });
      await until(() => room.all("Pong").length === Number(beat));
    }
    expect(client.connection.phase).toBe("online");
    expect(room.all("Ping").length).toBe(9);
  });

  it("SES-9: leaves a room that is silent for three heartbeats, and comes back", async () => {
    const { client, room, environment } = await createJoined();
    environment.advance(6100);
    await until(() => client.connection.phase === "waiting");
    expect(room.closes.at(-1)).toMatchObject({ code: 4504 });
    environment.advance(5000);
    await until(() => client.connection.phase === "online");
    expect(client.connection).toMatchObject({ resumed: true });
  });

  it.each([
    ["garbage", Uint8Array.of(0xc1, 0xff)],
    ["a truncated frame", Uint8Array.of(0x93, 0xd9)],
    ["an empty frame", new Uint8Array()],
  ])("closes with 4400 on %s, and comes back with a new session", async (_name, frame) => {
    const { client, room, environment } = await createJoined();
    room.sendRaw(frame);
    await until(() => client.connection.phase === "waiting");
    expect(room.closes.at(-1)).toMatchObject({ code: 4400 });
    environment.advance(5000);
    await until(() => client.connection.phase === "online");
    expect(client.connection).toMatchObject({ resumed: false });
  });

  it("refuses another room at the same address, until it is told to go there", async () => {
    const { client, room, environment, keyStore } = await createMeeting();
    const other = await createFakeRoom(environment);
    let current = room;
    const moving = createRoomClient(
      { url: "", name: "Ann", invite: "", keyStore },
      { environment, transport: (handlers) => current.transport(handlers) },
    );
    client.close();
    moving.connect();
    await until(() => moving.document.status === "current");
    current = other;
    room.drop();
    await until(() => moving.connection.phase === "waiting");
    environment.advance(5000);
    await until(() => moving.connection.phase === "refused");
    expect(moving.connection).toMatchObject({ code: "room-changed" });
    expect(other.all("SessionProof")).toEqual([]);
    moving.connect();
    await until(() => moving.connection.phase === "online");
    expect(other.all("SessionHello").at(-1)).toMatchObject({ lastSeq: 0n });
  });

  it("closes for good, and rejects what is still open", async () => {
    const { client, room, environment } = await createJoined();
    const open = client.perform([{ type: "paint", entity: "00".repeat(16), colour: [1, 0, 0] }]);
    client.close();
    await expect(open).rejects.toThrow(NotConnectedError);
    await expect(client.perform([{ type: "delete", entity: "00".repeat(16) }])).rejects.toThrow(NotConnectedError);
    await until(() => room.closes.length === 1);
    environment.advance(60_000);
    await rest();
    expect(room.connections).toBe(1);
    expect(client.connection).toEqual({ phase: "closed" });
  });
});
