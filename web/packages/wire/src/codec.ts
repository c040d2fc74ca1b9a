/** Messages to frames and back (WIRE-1). */

import { Decoder } from "@msgpack/msgpack";
import { FRAME_BYTES_MAX, FROM_PARTICIPANT, FROM_ROOM, type FromParticipant, type FromRoom } from "./generated";
import { type Codec, type MessageCodec, WireError } from "./schema";
import { createWriter } from "./writer";

const ITEMS_MAX = 1_000_000;

// Maps and extensions are no part of the protocol, so there is no room for their surprises.
const decoder = new Decoder({
  useBigInt64: true,
  maxArrayLength: ITEMS_MAX,
  maxStrLength: FRAME_BYTES_MAX,
  maxBinLength: FRAME_BYTES_MAX,
  maxMapLength: 0,
  maxExtLength: 0,
});

const byName = indexBy([...FROM_PARTICIPANT, ...FROM_ROOM] as MessageCodec<FromParticipant | FromRoom>[], (codec) => codec.name);
const fromParticipant = indexBy(FROM_PARTICIPANT, (codec) => codec.tag);
const fromRoom = indexBy(FROM_ROOM, (codec) => codec.tag);

/** The message's MessagePack. */
export function encodeMessage(message: FromParticipant | FromRoom): Uint8Array<ArrayBuffer> {
  return encodeWith(byName, message);
}

/** The MessagePack of a message, by the codec that has its name. */
export function encodeWith<T extends { readonly type: string }>(
  codecs: ReadonlyMap<string, MessageCodec<T>>,
  message: T,
): Uint8Array<ArrayBuffer> {
  const writer = createWriter();
  const codec = codecs.get(message.type);
  if (codec === undefined) throw new TypeError(`no message ${message.type}`);
  codec.write(writer, message);
  return writer.finish();
}

/** What a room may say. Throws `WireError` for anything else. */
export function decodeFromRoom(frame: Uint8Array): FromRoom {
  return decodeMessage(fromRoom, frame);
}

/** What a participant may say. Throws `WireError` for anything else. */
export function decodeFromParticipant(frame: Uint8Array): FromParticipant {
  return decodeMessage(fromParticipant, frame);
}

/** A part's MessagePack, without a tag. */
export function encodePart<T>(codec: Codec<T>, value: T): Uint8Array<ArrayBuffer> {
  const writer = createWriter();
  codec.write(writer, value);
  return writer.finish();
}

/** The part in `bytes`. Throws `WireError` when it is none. */
export function decodePart<T>(codec: Codec<T>, bytes: Uint8Array, name: string): T {
  return codec.read(unpack(bytes), name);
}

/** The message in a frame, by the codec that has its tag. Throws `WireError` when none has. */
export function decodeMessage<T>(codecs: ReadonlyMap<bigint, MessageCodec<T>>, frame: Uint8Array): T {
  const values = unpack(frame);
  const tag: unknown = Array.isArray(values) ? values[0] : undefined;
  const codec = typeof tag === "bigint" || Number.isSafeInteger(tag) ? codecs.get(BigInt(tag as bigint)) : undefined;
  if (codec === undefined) throw new WireError("not a message that belongs here");
  return codec.read(values, codec.name);
}

function unpack(bytes: Uint8Array): unknown {
  if (bytes.length > FRAME_BYTES_MAX) throw new WireError(`${bytes.length} bytes are over the limit of ${FRAME_BYTES_MAX}`);
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw new WireError(`not MessagePack: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The items by a key. */
export function indexBy<K, T>(items: readonly T[], key: (item: T) => K): ReadonlyMap<K, T> {
  return new Map(items.map((item) => [key(item), item]));
}
