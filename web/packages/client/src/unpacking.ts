/** The page's side of compression: what it offers, and what a compressed message holds (WIRE-44). */

import {
  type CompressionDictionary,
  createDecompressor,
  decodeFromRoom,
  type Decompressor,
  FRAME_BYTES_MAX,
  type FromRoom,
  type Zstd,
} from "@theta/wire";
import type { Environment } from "./environment";
import { RoomFaultError } from "./errors";

/**
 * How long joining waits for the decoder. It is larger than a small room's document, so that on a slow way the first
 * visit is faster without; from then on the browser has it.
 */
const LOADING_MS_MAX = 250;
const ZSTD = "zstd";

export interface Unpacking {
  /** The capabilities to say hello with; none while the decoder is not here. */
  offer(): Promise<readonly string[]>;
  /** The message that a `Compressed` holds; any other as it is. Throws `WireError` or `RoomFaultError`. */
  unwrap(message: FromRoom): FromRoom;
  /** Throws `WireError` when it is no dictionary. */
  handleDictionary(message: CompressionDictionary): void;
  /** The session's; `null` when it has no compression. */
  readonly decompressor: Decompressor | null;
}

export function createUnpacking(environment: Environment, load: () => Promise<Zstd>): Unpacking {
  let decompressor: Decompressor | null = null;
  let isOffered = false;

  // Before anybody connects, so that it is often here by then. Without a decoder the room sends everything as it is.
  const loading = load().then(
    (zstd) => {
      decompressor = createDecompressor(zstd);
    },
    () => undefined,
  );

  function own(): Decompressor {
    if (decompressor === null || !isOffered) throw new RoomFaultError("compression was not agreed on");
    return decompressor;
  }

  return {
    async offer() {
      if (decompressor === null) {
        let cancel: () => void = () => undefined;
        const late = new Promise<void>((resolve) => {
          cancel = environment.startTimer(LOADING_MS_MAX, resolve);
        });
        await Promise.race([loading, late]);
        cancel();
      }
      isOffered = decompressor !== null;
      return isOffered ? [ZSTD, ...own().capabilities] : [];
    },
    unwrap(message) {
      if (message.type !== "Compressed") return message;
      const inner = decodeFromRoom(own().decompress(message.data, FRAME_BYTES_MAX));
      if (inner.type === "Compressed") throw new RoomFaultError("a compressed message holds another one");
      return inner;
    },
    get decompressor() {
      return isOffered ? decompressor : null;
    },
    handleDictionary({ data }) {
      own().add(data);
    },
  };
}
