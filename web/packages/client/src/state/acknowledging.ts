/** Which frames were taken, and the answer to them (REP-19). */

import { STATE_ACK_FRAMES, type StateAck } from "@theta/wire";

export interface Acknowledging {
  /** Whether a frame was taken before. */
  has(sequence: number): boolean;
  note(sequence: number): void;
  /** A frame came again: the answer to it was lost. */
  repeat(): void;
  /** The answer to what came since the last one. */
  poll(): StateAck | null;
}

export function createAcknowledging(): Acknowledging {
  let newest = 0;
  /** Bit n is the frame n + 1 before the newest. */
  let received = 0n;
  let isOwed = false;

  return {
    has(sequence) {
      const behind = newest - sequence;
      return behind === 0 || (behind > 0 && behind <= STATE_ACK_FRAMES && ((received >> BigInt(behind - 1)) & 1n) === 1n);
    },
    note(sequence) {
      const ahead = sequence - newest;
      if (ahead > 0) {
        // The newest so far becomes the bit of its distance; there is none before the first.
        const seen = (received << 1n) | (newest === 0 ? 0n : 1n);
        received = ahead > STATE_ACK_FRAMES ? 0n : BigInt.asUintN(STATE_ACK_FRAMES, seen << BigInt(ahead - 1));
        newest = sequence;
      } else if (-ahead <= STATE_ACK_FRAMES) {
        received |= 1n << BigInt(-ahead - 1);
      }
      isOwed = true;
    },
    repeat() {
      isOwed = true;
    },
    poll() {
      if (!isOwed) return null;
      isOwed = false;
      return { type: "StateAck", sequence: newest, received };
    },
  };
}
