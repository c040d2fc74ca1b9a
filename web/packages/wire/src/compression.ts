/**
 * zstd frames (RFC 8878) as a room sends them (WIRE-44 to WIRE-47). What a frame's header says is judged before the
 * decoder sees it: that allocates what a frame declares, and goes on to whatever follows the frame.
 */

import { equalBytes, toHex, viewOf } from "./bytes";
import {
  COMPRESSION_WINDOW_BYTES_MAX,
  DICTIONARIES_HELD_MAX,
  DICTIONARY_BYTES_MAX,
  DICTIONARY_BYTES_MIN,
  FRAME_BYTES_MAX,
} from "./generated";
import { blake2b256 } from "./hashes";
import { WireError } from "./schema";

const MAGIC = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd);
const DICTIONARY_MAGIC = Uint8Array.of(0x37, 0xa4, 0x30, 0xec);
const DICTIONARY_HEAD_BYTES = 8;
/** What RFC 8878, section 5, leaves to private use without a registration. */
const DICTIONARY_IDS_FROM = 32_768n;
const DICTIONARY_IDS = 2n ** 31n - DICTIONARY_IDS_FROM;
/** zstd's own; a header beyond it is none. */
const WINDOW_LOG_MAX = 31;
const RESERVED_BLOCK = 3;
const RLE_BLOCK = 1;

export type CompressionField = "magic" | "content size" | "window" | "dictionary" | "structure";

/** A zstd frame that is not taken. */
export class CompressionError extends WireError {
  readonly field: CompressionField;

  constructor(field: CompressionField, value: string | number, limit: string) {
    super(`a zstd frame's ${field} is ${value}, but must be ${limit}`);
    this.field = field;
  }
}

/** What a frame says of itself. */
export interface FrameHeader {
  /** `null` where it is not said. */
  readonly contentBytes: number | null;
  readonly windowBytes: number;
  /** 0 for none. */
  readonly dictionary: number;
  /** Where the first block begins. */
  readonly headerBytes: number;
  readonly hasChecksum: boolean;
}

/** The decoder, as `@bokuweb/zstd-wasm` has it. */
export interface Zstd {
  decompress(frame: Uint8Array): Uint8Array;
  createDCtx(): number;
  decompressUsingDict(context: number, frame: Uint8Array, dictionary: Uint8Array): Uint8Array;
}

export interface Dictionary {
  readonly id: number;
  /** How a session says that it is held. */
  readonly capability: string;
  readonly data: Uint8Array;
}

export interface Decompressor {
  /** What a hello says of the dictionaries here. */
  readonly capabilities: readonly string[];
  /** A room gives a dictionary; DICTIONARIES_HELD_MAX are kept, the newest. Throws `WireError` when it is none. */
  add(data: Uint8Array): void;
  /** What is in the one frame that `data` is, at most `bytesMax` bytes. Throws `CompressionError`. */
  decompress(data: Uint8Array, bytesMax?: number): Uint8Array;
}

/** The header of the frame that `data` begins with (RFC 8878, 3.1.1.1). Throws `CompressionError`. */
export function readFrameHeader(data: Uint8Array): FrameHeader {
  if (!equalBytes(data.subarray(0, 4), MAGIC)) {
    throw new CompressionError("magic", toHex(data.subarray(0, 4)) || "missing", toHex(MAGIC));
  }
  const descriptor = data[4];
  if (descriptor === undefined) throw cutOff();
  if ((descriptor & 0b1000) !== 0) throw new CompressionError("structure", "marked with a reserved bit", "without it");
  const isSingleSegment = (descriptor & 0b10_0000) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 0b11]!;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 ? Number(isSingleSegment) : 2 ** sizeFlag;
  const windowAt = 5;
  const dictionaryAt = windowAt + Number(!isSingleSegment);
  const sizeAt = dictionaryAt + dictionaryBytes;
  const headerBytes = sizeAt + sizeBytes;
  if (data.length < headerBytes) throw cutOff();
  const contentBytes = sizeBytes === 0 ? null : littleEndian(data, sizeAt, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
  return {
    contentBytes,
    windowBytes: isSingleSegment ? contentBytes! : windowOf(data[windowAt]!),
    dictionary: littleEndian(data, dictionaryAt, dictionaryBytes),
    headerBytes,
    hasChecksum: (descriptor & 0b100) !== 0,
  };
}

/** The dictionary in these bytes (WIRE-47). Throws `WireError`. */
export function dictionaryOf(data: Uint8Array): Dictionary {
  if (data.length < DICTIONARY_BYTES_MIN || data.length > DICTIONARY_BYTES_MAX) {
    throw new WireError(`a dictionary of ${data.length} bytes, but must have ${DICTIONARY_BYTES_MIN} to ${DICTIONARY_BYTES_MAX}`);
  }
  if (!equalBytes(data.subarray(0, 4), DICTIONARY_MAGIC)) throw new WireError("a dictionary that is not in zstd's format");
  const id = littleEndian(data, 4, 4);
  const content = blake2b256("theta-dictionary", data.subarray(DICTIONARY_HEAD_BYTES));
  const due = Number(DICTIONARY_IDS_FROM + (viewOf(content).getBigUint64(0, true) % DICTIONARY_IDS));
  if (id !== due) throw new WireError(`a dictionary with id ${id}, but its content's is ${due}: it is damaged`);
  const digest = toHex(blake2b256("theta-dictionary", data).subarray(0, 6));
  return { id, capability: `dictionary-${id.toString(16).padStart(8, "0")}-${digest}`, data };
}

export function createDecompressor(zstd: Zstd): Decompressor {
  let held: readonly Dictionary[] = [];
  const context = zstd.createDCtx();
  return {
    get capabilities() {
      return held.map(({ capability }) => capability);
    },
    add(data) {
      const found = dictionaryOf(data.slice());
      held = [...held.filter(({ id }) => id !== found.id), found].slice(-DICTIONARIES_HELD_MAX);
    },
    decompress(data, bytesMax = FRAME_BYTES_MAX) {
      const header = checkFrame(data, bytesMax);
      const dictionary = held.find(({ id }) => id === header.dictionary);
      if (header.dictionary !== 0 && dictionary === undefined) {
        throw new CompressionError("dictionary", header.dictionary, "one that this session has");
      }
      checkExtent(data, header);
      let content: Uint8Array;
      try {
        content = dictionary === undefined ? zstd.decompress(data) : zstd.decompressUsingDict(context, data, dictionary.data);
      } catch {
        throw new CompressionError("structure", "damaged", "whole");
      }
      if (content.length !== header.contentBytes) {
        throw new CompressionError("structure", `${content.length} bytes long`, `${header.contentBytes}, as it declares`);
      }
      return content;
    },
  };
}

/** What would be allocated is within its limits. */
function checkFrame(data: Uint8Array, bytesMax: number): FrameHeader {
  const header = readFrameHeader(data);
  const { contentBytes, windowBytes } = header;
  if (contentBytes === null || contentBytes < 1 || contentBytes > bytesMax) {
    throw new CompressionError("content size", contentBytes ?? "not declared", `declared, and 1 to ${bytesMax} bytes`);
  }
  if (windowBytes > COMPRESSION_WINDOW_BYTES_MAX) {
    throw new CompressionError("window", windowBytes, `at most ${COMPRESSION_WINDOW_BYTES_MAX} bytes`);
  }
  return header;
}

/** The frame's blocks end where `data` ends: the decoder would go on to another frame. */
function checkExtent(data: Uint8Array, header: FrameHeader): void {
  let at = header.headerBytes;
  for (let isLast = false; !isLast; ) {
    if (at + 3 > data.length) throw cutOff();
    const block = littleEndian(data, at, 3);
    const kind = (block >> 1) & 0b11;
    if (kind === RESERVED_BLOCK) throw new CompressionError("structure", "made of a reserved kind of block", "whole");
    isLast = (block & 1) !== 0;
    at += 3 + (kind === RLE_BLOCK ? 1 : block >> 3);
  }
  at += header.hasChecksum ? 4 : 0;
  if (at > data.length) throw cutOff();
  if (at < data.length) throw new CompressionError("structure", `followed by ${data.length - at} bytes`, "one whole frame");
}

function windowOf(descriptor: number): number {
  const log = 10 + (descriptor >> 3);
  if (log > WINDOW_LOG_MAX) throw new CompressionError("structure", `of a window of 2^${log} bytes`, `at most 2^${WINDOW_LOG_MAX}`);
  return 2 ** log + (2 ** log / 8) * (descriptor & 0b111);
}

/** At most 8 bytes as a number, rounded above 2^53. */
function littleEndian(data: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let index = count - 1; index >= 0; index -= 1) value = value * 256 + data[at + index]!;
  return value;
}

function cutOff(): CompressionError {
  return new CompressionError("structure", "cut off", "whole");
}
