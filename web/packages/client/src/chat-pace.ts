/** How fast lines may be said. The room drops what comes faster without a word, so it must not be sent. */

import { CHAT_BURST_MAX, CHATS_PER_SECOND } from "@theta/wire";

/** A little slower than the room, so that lines that catch up with each other on their way are not too fast there. */
const SHARE = 0.9;

export interface ChatPace {
  /** A connection begins: the room counts anew. */
  reset(): void;
  /** Counts a line at `nowMs` of a monotonic clock; false when it would be too fast. */
  take(nowMs: number): boolean;
}

export function createChatPace(): ChatPace {
  let left = CHAT_BURST_MAX;
  let countedMs: number | null = null;
  return {
    reset() {
      left = CHAT_BURST_MAX;
      countedMs = null;
    },
    take(nowMs) {
      const seconds = (nowMs - (countedMs ?? nowMs)) / 1000;
      left = Math.min(CHAT_BURST_MAX, left + seconds * CHATS_PER_SECOND * SHARE);
      countedMs = nowMs;
      if (left < 1) return false;
      left -= 1;
      return true;
    },
  };
}
