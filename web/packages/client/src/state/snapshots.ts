/** What is there already when one joins: cells in chunks, each for itself, taken in any order (REP-20, REP-21). */

import {
  blake2b128,
  concat,
  type Decompressor,
  equalBytes,
  STATE_CHUNK_BYTES_MAX,
  STATE_CHUNKS_MAX,
  STATE_SECTION_BYTES_MAX,
  type StateChunk,
  type StateChunksReceived,
  toHex,
} from "@theta/wire";
import { RoomFaultError } from "../errors";
import type { StateReceiver } from "./receiving";
import { CLOSE_PROTOCOL_MISMATCH, type SessionComponents } from "./schema";

const NO_BYTES = new Uint8Array(0);

export interface SnapshotReceiver {
  /** Whether all chunks of a snapshot have come. */
  readonly isComplete: boolean;
  /** How many chunks are still to come. */
  readonly missing: number;
  /**
   * Takes a chunk; one of another snapshot than before begins anew. Throws `RoomFaultError`, and `WireError` for what
   * cannot be decompressed; nothing was changed then.
   */
  handleChunk(nowMs: number, chunk: StateChunk): void;
  /** What came since the last answer. */
  pollReceived(): StateChunksReceived | null;
  /** After a lost connection: everything that is here; `null` when no snapshot had begun. */
  resume(): StateChunksReceived | null;
}

/** `decompressor` is `null` for as long as there is none. */
export function createSnapshotReceiver(
  session: Pick<SessionComponents, "manifest">,
  receiver: Pick<StateReceiver, "handleBody">,
  decompressor: () => Pick<Decompressor, "decompress"> | null,
): SnapshotReceiver {
  let snapshot = 0;
  let count = 0;
  const here = new Set<number>();
  /** Chunks of sections of which others are still to come. */
  const parts = new Map<number, Uint8Array>();
  const told = new Set<number>();

  function received(numbers: Iterable<number>): StateChunksReceived {
    return { type: "StateChunksReceived", snapshot, numbers: [...numbers].sort((one, other) => one - other) };
  }

  return {
    get isComplete() {
      return count > 0 && here.size === count;
    },
    get missing() {
      return count - here.size;
    },
    handleChunk(nowMs, chunk) {
      if (!equalBytes(chunk.manifest, session.manifest)) {
        const reason = `StateChunk: made with the components ${toHex(chunk.manifest)}, but here are ${toHex(session.manifest)}`;
        throw new RoomFaultError(reason, CLOSE_PROTOCOL_MISMATCH);
      }
      const isNew = chunk.snapshot !== snapshot || chunk.count !== count;
      if (!isNew && here.has(chunk.number)) {
        told.delete(chunk.number);
        return;
      }
      const held: ReadonlyMap<number, Uint8Array> = isNew ? new Map() : parts;
      checkNumbers(chunk, held);
      const content = contentOf(chunk, decompressor());
      const others = othersOf(chunk, held);
      if (others !== null) receiver.handleBody(nowMs, chunk.tick, concat(...others.with(chunk.part, content)));
      if (isNew) {
        ({ snapshot, count } = chunk);
        here.clear();
        parts.clear();
        told.clear();
      }
      if (others === null) parts.set(chunk.number, content);
      else for (let part = 0; part < chunk.parts; part += 1) parts.delete(chunk.number - chunk.part + part);
      here.add(chunk.number);
    },
    pollReceived() {
      const fresh = [...here].filter((number) => !told.has(number));
      for (const number of fresh) told.add(number);
      return fresh.length === 0 ? null : received(fresh);
    },
    resume() {
      for (const number of here) told.add(number);
      return count === 0 ? null : received(here);
    },
  };
}

function checkNumbers(chunk: StateChunk, held: ReadonlyMap<number, Uint8Array>): void {
  const { number, count, part, parts, size } = chunk;
  if (count < 1 || count > STATE_CHUNKS_MAX || number >= count) {
    throw new RoomFaultError(`StateChunk: number ${number} of ${count}`);
  }
  const first = number - part;
  if (parts < 1 || parts > count || part >= parts || first < 0 || first > count - parts) {
    throw new RoomFaultError(`StateChunk ${number}: part ${part} of ${parts}`);
  }
  if (size > STATE_CHUNK_BYTES_MAX) {
    throw new RoomFaultError(`StateChunk ${number}: ${size} bytes, at most ${STATE_CHUNK_BYTES_MAX}`);
  }
  let whole = size;
  for (const data of held.values()) whole += data.length;
  if (whole > STATE_SECTION_BYTES_MAX) {
    throw new RoomFaultError(`StateChunk ${number}: over ${STATE_SECTION_BYTES_MAX} bytes of sections in parts`);
  }
}

/** The parts of a chunk's sections, its own left empty; `null` when another one is still to come. */
function othersOf({ number, part, parts }: StateChunk, held: ReadonlyMap<number, Uint8Array>): Uint8Array[] | null {
  const found: Uint8Array[] = [];
  for (let each = 0; each < parts; each += 1) {
    const data = each === part ? NO_BYTES : held.get(number - part + each);
    if (data === undefined) return null;
    found.push(data);
  }
  return found;
}

/** The chunk's sections; its hash is compared before anything is decompressed. */
function contentOf(chunk: StateChunk, decompressor: Pick<Decompressor, "decompress"> | null): Uint8Array {
  const { number, size, data, digest } = chunk;
  if (!equalBytes(blake2b128("theta-chunk", data), digest)) {
    throw new RoomFaultError(`StateChunk ${number}: the bytes are not those of its hash`);
  }
  if (data.length === size) return data;
  if (decompressor === null) throw new RoomFaultError(`StateChunk ${number}: compressed, which was not agreed on`);
  const content = decompressor.decompress(data, size);
  if (content.length !== size) {
    throw new RoomFaultError(`StateChunk ${number}: ${content.length} bytes, not ${size}`);
  }
  return content;
}
