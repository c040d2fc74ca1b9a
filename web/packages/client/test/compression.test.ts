import { encodeMessage, fromHex, loadZstd } from "@theta/wire";
import { describe, expect, it } from "vitest";
import compression from "../../../../spec/vectors/compression.json";
import { RoomFaultError } from "../src/errors";
import { createUnpacking } from "../src/unpacking";
import { createTestEnvironment, rest, until } from "./environment";
import { createMeeting } from "./joined";

const DICTIONARY = { type: "CompressionDictionary", data: fromHex(compression.dictionary.data) } as const;

async function compressed(message: Parameters<typeof encodeMessage>[0]) {
  const zstd = await import("@bokuweb/zstd-wasm");
  await loadZstd();
  return { type: "Compressed", data: zstd.compress(encodeMessage(message), 3) } as const;
}

const CHAT = { type: "Chat", actor: 1n, name: "Ada", colour: 0, text: "again ".repeat(60), atMs: 0n } as const;

describe("what a page offers", () => {
  it("SES-14: zstd once the decoder is here, and the dictionaries that it was given", async () => {
    const unpacking = createUnpacking(createTestEnvironment(), loadZstd);
    expect(await unpacking.offer()).toEqual(["zstd"]);
    unpacking.handleDictionary(DICTIONARY);
    expect(await unpacking.offer()).toEqual(["zstd", compression.dictionary.capability]);
  });

  it("nothing where the decoder cannot be had, and then joining does not wait", async () => {
    const unpacking = createUnpacking(createTestEnvironment(), () => Promise.reject(new Error("forbidden")));
    expect(await unpacking.offer()).toEqual([]);
  });

  it("nothing this time when the decoder takes long; at the next connection it is there", async () => {
    const environment = createTestEnvironment();
    let arrive: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => {
      arrive = resolve;
    }).then(loadZstd);
    const unpacking = createUnpacking(environment, () => slow);
    const offered = unpacking.offer();
    environment.advance(250);
    expect(await offered).toEqual([]);
    arrive();
    await rest();
    expect(await unpacking.offer()).toEqual(["zstd"]);
  });
});

describe("compressed messages", () => {
  it("WIRE-44: are the message in them; others are as they are", async () => {
    const unpacking = createUnpacking(createTestEnvironment(), loadZstd);
    await unpacking.offer();
    expect(unpacking.unwrap(await compressed(CHAT))).toEqual(CHAT);
    expect(unpacking.unwrap(CHAT)).toBe(CHAT);
  });

  it("WIRE-44: one in another, and one that was not agreed on, are the room's fault", async () => {
    const unpacking = createUnpacking(createTestEnvironment(), loadZstd);
    const message = await compressed(CHAT);
    expect(() => unpacking.unwrap(message)).toThrow(RoomFaultError);
    expect(() => unpacking.handleDictionary(DICTIONARY)).toThrow(RoomFaultError);
    await unpacking.offer();
    const twice = await compressed(message);
    expect(() => unpacking.unwrap(twice)).toThrow(RoomFaultError);
  });
});

describe("a room with a dictionary of its own", () => {
  it("WIRE-48: gives it once; what needs it is understood, and it is offered again over the next connection", async () => {
    const { client, room, environment } = await createMeeting({ loadZstd });
    client.connect();
    await until(() => client.connection.phase === "online");
    expect(room.all("SessionHello")[0]!.capabilities).toEqual(["patches", "presence", "chat", "state", "zstd"]);
    const zstd = await import("@bokuweb/zstd-wasm");
    const data = zstd.compressUsingDict(zstd.createCCtx(), encodeMessage(CHAT), DICTIONARY.data, 3);
    room.send(DICTIONARY);
    room.send({ type: "Compressed", data });
    await until(() => client.chat.length === 1);
    expect(client.chat[0]).toMatchObject({ text: CHAT.text });

    room.drop();
    await until(() => client.connection.phase === "waiting");
    environment.advance(10_000);
    await until(() => room.all("SessionHello").length === 2);
    const { capability } = compression.dictionary;
    expect(room.all("SessionHello")[1]!.capabilities).toEqual(["patches", "presence", "chat", "state", "zstd", capability]);
  });

  it("WIRE-46: one that sends a bomb is hung up on", async () => {
    const { client, room } = await createMeeting({ loadZstd });
    client.connect();
    await until(() => client.connection.phase === "online");
    const bomb = compression.refused.find(({ title }) => title.startsWith("a bomb"))!;
    room.send({ type: "Compressed", data: fromHex(bomb.frame) });
    await until(() => room.closes.length === 1);
    expect(room.closes[0]).toMatchObject({ code: 4400 });
    expect(room.closes[0]!.reason).toContain("content size");
  });
});
