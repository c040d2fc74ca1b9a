import { describe, expect, it } from "vitest";
import {
  decodeFromRoom,
  decodeSignalFromPeer,
  decodeSignalFromServer,
  encodeSignal,
  fromHex,
  SIGNAL_FROM_PEER,
  SIGNAL_FROM_SERVER,
  SIGNAL_MESSAGE_BYTES_MAX,
  type SignalFromServer,
  toHex,
  WireError,
} from "@theta/wire";
import { plain, signaling as vectors } from "./vectors";

const fromPeer = new Set(SIGNAL_FROM_PEER.map(({ name }) => name));
const fromServer = new Set(SIGNAL_FROM_SERVER.map(({ name }) => name));

describe("messages of signalling", () => {
  it("has a vector for every one", () => {
    expect(new Set(vectors.messages.map(({ name }) => name))).toEqual(new Set([...fromPeer, ...fromServer]));
  });

  it.each(vectors.messages)("SIG-1: $name reads field by field, and goes back to the same bytes", (vector) => {
    const decode = fromPeer.has(vector.name) ? decodeSignalFromPeer : decodeSignalFromServer;
    const { type, ...fields } = decode(fromHex(vector.frame));
    expect(type).toBe(vector.name);
    expect(plain(fields)).toEqual(vector.fields);
    expect(toHex(encodeSignal({ type, ...fields } as SignalFromServer))).toBe(vector.frame);
  });

  it.each(vectors.messages)("SIG-1: $name is taken from nobody else", (vector) => {
    const frame = fromHex(vector.frame);
    if (!fromPeer.has(vector.name)) expect(() => decodeSignalFromPeer(frame)).toThrow(WireError);
    if (!fromServer.has(vector.name)) expect(() => decodeSignalFromServer(frame)).toThrow(WireError);
    if (!["Ping", "Pong"].includes(vector.name)) expect(() => decodeFromRoom(frame)).toThrow(WireError);
  });

  it("SIG-1: refuses a frame over its limit before it looks at it", () => {
    const frame = new Uint8Array(SIGNAL_MESSAGE_BYTES_MAX + 1);
    expect(() => decodeSignalFromServer(frame)).toThrow(`${SIGNAL_MESSAGE_BYTES_MAX}`);
    expect(() => decodeSignalFromPeer(frame)).toThrow(WireError);
    expect(() => decodeSignalFromServer(frame.subarray(1))).not.toThrow(/over the limit/);
  });
});
