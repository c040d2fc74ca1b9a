/** Bodies of frames in fewer bits (REP-30): small numbers, of either sign, are short. */

import { STATE_BODY_BYTES_MAX } from "@theta/wire";
import { RoomFaultError } from "../errors";

const CATEGORY_BITS = 3;
/** Two numbers begin as this one does; one bit more says whether it is the next smaller one. */
const SMALLEST_OF_CATEGORIES = -127;

/** The sections of a coded body. Throws `RoomFaultError` when it holds too much, or ends within a number. */
export function restoreBody(data: Uint8Array): Uint8Array {
  const body = new Uint8Array(STATE_BODY_BYTES_MAX);
  const end = 8 * data.length;
  let length = 0;
  let at = 0;

  /** So many bits from `at` on; ones where there are none any more. */
  function bits(count: number): number {
    let value = 0;
    for (let index = at >> 3; index <= (at + count - 1) >> 3; index += 1) value = (value << 8) | (data[index] ?? 0xff);
    return (value >>> (7 - ((at + count - 1) & 7))) & ((1 << count) - 1);
  }

  for (;;) {
    const start = at;
    const size = bits(CATEGORY_BITS);
    at += CATEGORY_BITS;
    let value = 0;
    if (size > 0) {
      const rest = bits(size);
      at += size;
      value = rest >> (size - 1) === 1 ? rest : rest - 2 ** size + 1;
      if (value === SMALLEST_OF_CATEGORIES) {
        value -= bits(1);
        at += 1;
      }
    }
    if (at > end) {
      at = start;
      break;
    }
    if (length < body.length) body[length] = value;
    length += 1;
  }
  const left = end - at;
  if (left >= 8 || (left > 0 && bits(left) !== 2 ** left - 1)) {
    throw new RoomFaultError(`a coded body of ${data.length} bytes ends within a number`);
  }
  if (length > body.length) {
    throw new RoomFaultError(`a coded body holds ${length} bytes, but at most ${STATE_BODY_BYTES_MAX}`);
  }
  return body.subarray(0, length);
}
