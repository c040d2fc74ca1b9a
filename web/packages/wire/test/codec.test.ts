import { describe, expect, it } from "vitest";
import {
  type Codec,
  decodeFromParticipant,
  decodeFromRoom,
  decodePart,
  encodeMessage,
  encodePart,
  FROM_PARTICIPANT,
  FROM_ROOM,
  type FromRoom,
  fromHex,
  OPERATIONS,
  packetBody,
  PLANES,
  toHex,
  WireError,
} from "@theta/wire";
import { packet as vectors, plain } from "./vectors";

const participantNames = new Set(FROM_PARTICIPANT.map(({ name }) => name));

function decode(name: string, frame: Uint8Array) {
  return participantNames.has(name) ? decodeFromParticipant(frame) : decodeFromRoom(frame);
}

function frameOf(name: string): Uint8Array {
  const found = vectors.messages.find((message) => message.name === name);
  if (found === undefined) throw new Error(`no vector of ${name}`);
  return fromHex(found.frame);
}

describe("messages", () => {
  it("has a vector for every one", () => {
    const all = new Set([...FROM_PARTICIPANT, ...FROM_ROOM].map(({ name }) => name));
    expect(new Set(vectors.messages.map(({ name }) => name))).toEqual(all);
  });

  it.each(vectors.messages)("WIRE-1: $name reads field by field, and goes back to the same bytes", (vector) => {
    const { type, ...fields } = decode(vector.name, fromHex(vector.frame));
    expect(type).toBe(vector.name);
    expect(plain(fields)).toEqual(vector.fields);
    expect(PLANES[type]).toBe(vector.plane);
    expect(toHex(encodeMessage({ type, ...fields } as FromRoom))).toBe(vector.frame);
  });

  it("reads integers of 64 bits as bigints however short they were", () => {
    expect(decodeFromRoom(frameOf("PacketAcknowledged"))).toEqual({ type: "PacketAcknowledged", nonce: 1n, seq: 70_000n });
    expect(decodeFromRoom(frameOf("SessionAcknowledge"))).toMatchObject({ actor: 2n ** 64n - 1n, lamport: 2n ** 53n + 1n });
  });

  it("lets a newer peer's additional fields through", () => {
    const frame = frameOf("PacketAcknowledged").slice();
    const longer = new Uint8Array([...frame, 0x07]);
    longer[0] = 0x94;
    expect(decodeFromRoom(longer)).toMatchObject({ nonce: 1n });
  });

  it("refuses what is no message, naming the field", () => {
    expect(() => decodeFromRoom(new Uint8Array())).toThrow(WireError);
    expect(() => decodeFromRoom(fromHex("c1"))).toThrow(WireError);
    expect(() => decodeFromRoom(fromHex("9107"))).toThrow(WireError);
    expect(() => decodeFromRoom(fromHex("93d9"))).toThrow(WireError);
    expect(() => decodeFromRoom(frameOf("SubmitPacket"))).toThrow("belongs here");
    expect(() => decodeFromRoom(new Uint8Array([...frameOf("Pong"), 0]))).toThrow(WireError);
    const ping = encodePingWith([0xa1, 0x78]);
    expect(() => decodeFromRoom(ping)).toThrow("Ping.number: expected an integer from 0 to 2^64 - 1");
    expect(() => decodeFromRoom(encodePingWith([0xff]))).toThrow("Ping.number");
  });

  it("refuses to truncate: no prefix of a frame is a message", () => {
    for (const { name, frame } of vectors.messages) {
      const whole = fromHex(frame);
      for (let length = 0; length < Math.min(whole.length, 64); length += 1) {
        expect(() => decode(name, whole.subarray(0, length))).toThrow(WireError);
      }
    }
  });

  it("refuses to send what the room would not read", () => {
    const id = new Uint8Array(15);
    expect(() => encodeMessage({ type: "ResyncRequest", seq: 1n, documentHash: id })).toThrow(WireError);
    expect(() => encodeMessage({ type: "ResyncRequest", seq: -1n, documentHash: new Uint8Array(16) })).toThrow(WireError);
    expect(() => encodeMessage({ type: "ChatLine", text: "" })).toThrow(WireError);
    expect(() => encodeMessage({ type: "ChatLine", text: "🦊".repeat(501) })).toThrow(WireError);
    expect(encodeMessage({ type: "ChatLine", text: "🦊".repeat(500) }).length).toBeGreaterThan(2000);
  });

  it("survives flipped bits: a message or a WireError, never anything else", () => {
    let seed = 12345;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 8) % below;
    };
    for (let round = 0; round < 2000; round += 1) {
      const { name, frame } = vectors.messages[random(vectors.messages.length)]!;
      const bytes = fromHex(frame);
      bytes[random(bytes.length)]! ^= 1 << random(8);
      try {
        decode(name, bytes);
      } catch (error) {
        expect(error, `seed 12345, round ${round}`).toBeInstanceOf(WireError);
      }
    }
  });
});

describe("packets", () => {
  const types = new Map(Object.values(OPERATIONS).map((type) => [`${type.name} ${type.version}`, type]));

  it.each(vectors.operations)("CMD-30: the payload of $name, however its numbers look", (vector) => {
    const type = types.get(`${vector.name} ${vector.version}`)!;
    expect([String(type.typeId), type.version]).toEqual([vector.type_id, vector.version]);
    const fields = decodePart(type.payload as Codec<object>, fromHex(vector.payload), vector.name);
    // JSON knows no -0.
    expect(JSON.parse(JSON.stringify(plain(fields)))).toEqual(JSON.parse(JSON.stringify(vector.fields)));
    expect(toHex(encodePart(type.payload as Codec<object>, fields))).toBe(vector.payload);
  });

  it("CMD-3: a body from its commands, byte for byte", () => {
    const { packet } = vectors;
    const commands = packet.commands.map((command) => ({
      number: BigInt(command.number),
      lamport: BigInt(command.lamport),
      gesture: BigInt(command.gesture),
      typeId: BigInt(command.type_id),
      version: command.version,
      payload: fromHex(command.payload),
    }));
    const body = { timestampMs: BigInt(packet.timestamp_ms), commands };
    expect(toHex(encodePart(packetBody, body))).toBe(packet.body);
    const back = decodePart(packetBody, fromHex(packet.body), "body");
    expect(back.commands.map(({ number, lamport }) => [number, lamport])).toEqual(
      commands.map(({ number, lamport }) => [number, lamport]),
    );
  });
});

function encodePingWith(number: readonly number[]): Uint8Array {
  const ping = encodeMessage({ type: "Ping", number: 1n, sentMs: 0 });
  return new Uint8Array([...ping.subarray(0, 10), ...number, ...ping.subarray(11)]);
}
