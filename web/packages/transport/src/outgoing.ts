/** What waits to be sent: each reliable lane's frames as one stream, and datagrams, which grow old (TRN-3, TRN-4, TRN-9). */

import { DATAGRAM_AGE_SECONDS_MAX, DATAGRAM_BYTES_MAX, DATAGRAM_QUEUE_BYTES_MAX, SEND_QUEUE_BYTES_MAX } from "@theta/wire";
import type { Timers } from "./timers";
import type { Lane } from "./transport";

const LENGTH_BYTES = 4;

export interface Outgoing {
  /** On all reliable lanes together. */
  readonly waitingBytes: number;
  /** False when there is no room for it: the other side reads too slowly. */
  putReliable(lane: Lane, frame: Uint8Array): boolean;
  /** Too long a datagram is dropped, and so are the oldest where there are too many. */
  putDatagram(frame: Uint8Array): void;
  /** At most `size` bytes of a lane's stream: small frames go together, a large one in several pieces. */
  takePiece(lane: Lane, size: number): Uint8Array<ArrayBuffer>;
  /** The oldest that is not too old; null when there is none. */
  takeDatagram(): Uint8Array<ArrayBuffer> | null;
  clear(): void;
}

export function createOutgoing(timers: Pick<Timers, "monotonicMs">): Outgoing {
  const lanes = new Map<Lane, { chunks: Uint8Array[]; taken: number }>();
  let datagrams: { readonly frame: Uint8Array<ArrayBuffer>; readonly atMs: number }[] = [];
  let datagramBytes = 0;
  let waitingBytes = 0;

  function dropDatagram(): void {
    datagramBytes -= datagrams.shift()?.frame.length ?? 0;
  }

  return {
    get waitingBytes() {
      return waitingBytes;
    },
    putReliable(lane, frame) {
      if (waitingBytes + LENGTH_BYTES + frame.length > SEND_QUEUE_BYTES_MAX) return false;
      const queue = lanes.get(lane) ?? { chunks: [], taken: 0 };
      lanes.set(lane, queue);
      const length = new Uint8Array(LENGTH_BYTES);
      new DataView(length.buffer).setUint32(0, frame.length, true);
      queue.chunks.push(length, frame);
      waitingBytes += LENGTH_BYTES + frame.length;
      return true;
    },
    putDatagram(frame) {
      if (frame.length > DATAGRAM_BYTES_MAX) return;
      datagrams.push({ frame: frame.slice(), atMs: timers.monotonicMs() });
      datagramBytes += frame.length;
      while (datagramBytes > DATAGRAM_QUEUE_BYTES_MAX) dropDatagram();
    },
    takePiece(lane, size) {
      const queue = lanes.get(lane);
      if (queue === undefined) return new Uint8Array();
      let available = -queue.taken;
      for (const { length } of queue.chunks) {
        available += length;
        if (available >= size) break;
      }
      const piece = new Uint8Array(Math.max(0, Math.min(size, available)));
      let at = 0;
      while (at < piece.length) {
        const [chunk] = queue.chunks;
        const part = chunk!.subarray(queue.taken, queue.taken + piece.length - at);
        piece.set(part, at);
        at += part.length;
        queue.taken += part.length;
        if (queue.taken < chunk!.length) continue;
        queue.chunks.shift();
        queue.taken = 0;
      }
      waitingBytes -= piece.length;
      return piece;
    },
    takeDatagram() {
      const oldestMs = timers.monotonicMs() - DATAGRAM_AGE_SECONDS_MAX * 1000;
      while (datagrams.length > 0 && datagrams[0]!.atMs < oldestMs) dropDatagram();
      const next = datagrams[0]?.frame ?? null;
      dropDatagram();
      return next;
    },
    clear() {
      lanes.clear();
      datagrams = [];
      datagramBytes = waitingBytes = 0;
    },
  };
}
