import { FRAME_BYTES_MAX } from "@theta/wire";
import { ProtocolFault } from "./failures";
import { CLOSE_FRAME_TOO_LARGE } from "./transport";

const LENGTH_BYTES = 4;
/**
 * Puts the frames of one lane's stream together again (TRN-9): each stands after its length. The function that it returns
 * takes more of the stream and calls `received` with each frame that is whole; it throws `ProtocolFault` when a frame's
 * length is over the limit, before any of it is gathered.
 */
export function createFrameReader(received: (frame: Uint8Array) => void): (data: Uint8Array) => void {
  const head = new Uint8Array(LENGTH_BYTES);
  let headFilled = 0;
  let body: Uint8Array | null = null;
  let bodyFilled = 0;

  return (data) => {
    let at = 0;
    for (;;) {
      if (body === null) {
        const part = data.subarray(at, at + LENGTH_BYTES - headFilled);
        head.set(part, headFilled);
        headFilled += part.length;
        at += part.length;
        if (headFilled < LENGTH_BYTES) return;
        const size = new DataView(head.buffer).getUint32(0, true);
        if (size > FRAME_BYTES_MAX) throw new ProtocolFault(`a frame of ${size} bytes is over the limit of ${FRAME_BYTES_MAX}`, CLOSE_FRAME_TOO_LARGE);
        body = new Uint8Array(size);
        headFilled = bodyFilled = 0;
      }
      const part: Uint8Array = data.subarray(at, at + body.length - bodyFilled);
      body.set(part, bodyFilled);
      bodyFilled += part.length;
      at += part.length;
      if (bodyFilled < body.length) return;
      const frame = body;
      body = null;
      received(frame);
    }
  };
}
