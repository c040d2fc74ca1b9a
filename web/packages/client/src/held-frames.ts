import type { Lane } from "@theta/transport";
import { HELD_BYTES_MAX, HELD_FRAMES_MAX } from "@theta/wire";
import { RoomFaultError } from "./errors";

interface HeldFrame {
  readonly lane: Lane;
  readonly frame: Uint8Array;
}

/** Frames that overtook the acknowledgement of a session on lanes of their own, until that has come (TRN-22). */
export interface HeldFrames {
  /** Throws `RoomFaultError` over HELD_FRAMES_MAX frames or HELD_BYTES_MAX bytes; nothing was kept of this one. */
  put(lane: Lane, frame: Uint8Array): void;
  /** All of them, in the order in which they came; none are held any more. */
  take(): readonly HeldFrame[];
}

export function createHeldFrames(): HeldFrames {
  let frames: HeldFrame[] = [];
  let bytes = 0;
  return {
    put(lane, frame) {
      if (frames.length >= HELD_FRAMES_MAX) throw new RoomFaultError(`more than ${HELD_FRAMES_MAX} frames came before the session stood`);
      if (bytes + frame.length > HELD_BYTES_MAX) throw new RoomFaultError(`more than ${HELD_BYTES_MAX} bytes came before the session stood`);
      frames.push({ lane, frame });
      bytes += frame.length;
    },
    take() {
      const taken = frames;
      frames = [];
      bytes = 0;
      return taken;
    },
  };
}
