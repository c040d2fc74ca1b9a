/** How many bytes of state the room tells, by the second. */

import type { StateMessage } from "./follower";

/** What a message has around its sections, about. */
const HEAD_BYTES = 24;

export interface Traffic {
  count(nowMs: number, message: StateMessage): void;
  /** In the last whole second. */
  bytesPerSecond(nowMs: number): number;
}

export function createTraffic(): Traffic {
  let second = 0;
  let bytes = 0;
  let before = 0;

  function turn(nowMs: number): void {
    const current = Math.floor(nowMs / 1000);
    if (current === second) return;
    before = current === second + 1 ? bytes : 0;
    bytes = 0;
    second = current;
  }

  return {
    count(nowMs, message) {
      turn(nowMs);
      bytes += HEAD_BYTES + bytesIn(message);
    },
    bytesPerSecond(nowMs) {
      turn(nowMs);
      return before;
    },
  };
}

function bytesIn(message: StateMessage): number {
  switch (message.type) {
    case "ComponentDescriptors":
      return message.descriptors.reduce((sum, text) => sum + text.length, 0);
    case "StateChunk":
      return message.data.length;
    case "CellsLeft":
      return 4 * message.cells.length;
    default:
      return message.body.length;
  }
}
