/**
 * How a field's numbers become lanes, and lanes numbers again (ECS-5 to ECS-10). float64 arithmetic in the written
 * order, so that the page has the same bits as Python.
 *
 * A lane is kept as a 32-bit word, or as two, the low one first, where its natural bytes are 8.
 */

import {
  bytesOfDtype,
  type Dtype,
  type FloatColumn,
  type IntColumn,
  isFloat,
  type NumberColumn,
  wordsOf,
} from "./columns";

const SMALL_MAX = Math.sqrt(0.5);
const FLOAT32_EXPONENT = 0x7f80_0000;
const FLOAT64_EXPONENT = 0x7ff0_0000;
/** Where the three others go, by the place of the largest. */
const OTHERS = [Int32Array.of(1, 2, 3), Int32Array.of(0, 2, 3), Int32Array.of(0, 1, 3), Int32Array.of(0, 1, 2)] as const;

/** Rows of lanes: row n's begin at `words[first + n * stride]`. */
export interface LaneRows {
  readonly words: Int32Array;
  readonly first: number;
  readonly stride: number;
}

export interface ColumnCodec {
  readonly dtype: Dtype;
  /** Numbers in a row. */
  readonly width: number;
  /** Lanes of each group, and each group's bytes per lane at its widest: 1, 2, 4 or 8. */
  readonly groups: readonly number[];
  readonly naturalBytes: readonly number[];
  /** The numbers of rows 0 to `rows`, into a column of its dtype with room for them. Never fails. */
  restore(lanes: LaneRows, rows: number, out: NumberColumn): void;
  /** The lanes of rows 0 to `rows` of such a column. Never fails. */
  quantise(values: NumberColumn, rows: number, out: LaneRows): void;
}

/** Every bit as it is; a float that is not finite restores as 0 (ECS-6). */
export function createRaw(dtype: Dtype, width: number): ColumnCodec {
  const bytes = bytesOfDtype(dtype);
  return { dtype, width, groups: [width], naturalBytes: [bytes], ...(bytes < 4 ? narrow(bytes, width) : wide(dtype, width)) };
}

function narrow(bytes: number, width: number): Pick<ColumnCodec, "restore" | "quantise"> {
  const shift = 32 - 8 * bytes;
  return {
    restore({ words, first, stride }, rows, out) {
      const numbers = out as IntColumn;
      for (let row = 0, at = 0; row < rows; row += 1) {
        const from = first + row * stride;
        for (let each = 0; each < width; each += 1) numbers[at++] = words[from + each]!;
      }
    },
    quantise(values, rows, { words, first, stride }) {
      const numbers = values as IntColumn;
      for (let row = 0, at = 0; row < rows; row += 1) {
        const to = first + row * stride;
        for (let each = 0; each < width; each += 1) words[to + each] = (numbers[at++]! << shift) >> shift;
      }
    },
  };
}

function wide(dtype: Dtype, width: number): Pick<ColumnCodec, "restore" | "quantise"> {
  const perNumber = bytesOfDtype(dtype) / 4;
  const count = width * perNumber;
  const exponent = perNumber === 1 ? FLOAT32_EXPONENT : FLOAT64_EXPONENT;
  return {
    restore({ words, first, stride }, rows, out) {
      const bits = wordsOf(out);
      for (let row = 0, at = 0; row < rows; row += 1) {
        const from = first + row * stride;
        for (let each = 0; each < count; each += 1) bits[at++] = words[from + each]!;
      }
      if (!isFloat(dtype)) return;
      // A number's last word holds its exponent.
      for (let at = perNumber - 1; at < rows * count; at += perNumber) {
        if ((bits[at]! & exponent) === exponent) bits.fill(0, at - perNumber + 1, at + 1);
      }
    },
    quantise(values, rows, { words, first, stride }) {
      const bits = wordsOf(values);
      for (let row = 0, at = 0; row < rows; row += 1) {
        const to = first + row * stride;
        for (let each = 0; each < count; each += 1) words[to + each] = bits[at++]!;
      }
    },
  };
}

/** Multiples of `step` from `low` to `high`, for floats; what is no number counts as `low` (ECS-7). */
export function createFixedPoint(dtype: Dtype, width: number, step: number, low: number, high: number): ColumnCodec {
  return {
    dtype,
    width,
    groups: [width],
    naturalBytes: [4],
    restore({ words, first, stride }, rows, out) {
      const numbers = out as FloatColumn;
      for (let row = 0, at = 0; row < rows; row += 1) {
        const from = first + row * stride;
        for (let each = 0; each < width; each += 1) {
          const value = words[from + each]! * step;
          numbers[at++] = value < low ? low : value > high ? high : value;
        }
      }
    },
    quantise(values, rows, { words, first, stride }) {
      const numbers = values as FloatColumn;
      for (let row = 0, at = 0; row < rows; row += 1) {
        const to = first + row * stride;
        for (let each = 0; each < width; each += 1) {
          const value = numbers[at++]!;
          // Written so that NaN is low.
          const clipped = value > low ? (value < high ? value : high) : low;
          words[to + each] = Math.floor(clipped / step + 0.5);
        }
      }
    },
  };
}

/** A unit quaternion by the place of its largest number, and the other three in `bits` bits each (ECS-8). */
export function createSmallestThree(dtype: Dtype, bits: number): ColumnCodec {
  const top = 2 ** (bits - 1) - 1;
  const unit = SMALL_MAX / top;
  return {
    dtype,
    width: 4,
    groups: [1, 3],
    naturalBytes: [1, bits <= 8 ? 1 : 2],
    restore({ words, first, stride }, rows, out) {
      const numbers = out as FloatColumn;
      const four = new Float64Array(4);
      for (let row = 0; row < rows; row += 1) {
        const from = first + row * stride;
        const which = words[from]! & 3;
        const others = OTHERS[which]!;
        const a = words[from + 1]! * unit;
        const b = words[from + 2]! * unit;
        const c = words[from + 3]! * unit;
        four[which] = Math.sqrt(Math.max(1 - (a * a + b * b + c * c), 0));
        four[others[0]!] = a;
        four[others[1]!] = b;
        four[others[2]!] = c;
        const length = lengthOf(four);
        for (let each = 0; each < 4; each += 1) numbers[4 * row + each] = four[each]! / length;
      }
    },
    quantise(values, rows, { words, first, stride }) {
      const numbers = values as FloatColumn;
      const four = new Float64Array(4);
      for (let row = 0; row < rows; row += 1) {
        const to = first + row * stride;
        for (let each = 0; each < 4; each += 1) four[each] = numbers[4 * row + each]!;
        let which = largestOf(four);
        if (which < 0) {
          four.fill(0);
          four[3] = 1;
          which = 3;
        }
        // Divided by the largest first, so that no square overflows; the division also makes the largest positive.
        const largest = four[which]!;
        for (let each = 0; each < 4; each += 1) four[each]! /= largest;
        const scale = top / SMALL_MAX / lengthOf(four);
        words[to] = which;
        for (let each = 0; each < 3; each += 1) {
          const lane = Math.floor(four[OTHERS[which]![each]!]! * scale + 0.5);
          words[to + 1 + each] = Math.min(Math.max(lane, -top), top);
        }
      }
    },
  };
}

/** The place of the largest magnitude, the first of equals; -1 where it is 0 or not finite. */
function largestOf(four: Float64Array): number {
  let which = 0;
  for (let each = 0; each < 4; each += 1) {
    if (Number.isNaN(four[each]!)) return -1;
    if (Math.abs(four[each]!) > Math.abs(four[which]!)) which = each;
  }
  const largest = Math.abs(four[which]!);
  return largest > 0 && largest < Infinity ? which : -1;
}

function lengthOf(four: Float64Array): number {
  const [x, y, z, w] = [four[0]!, four[1]!, four[2]!, four[3]!];
  return Math.sqrt(x * x + y * y + z * z + w * w);
}

/** Of each u1 the lowest `count` bits, packed into bytes from the low bits (ECS-9). */
export function createBits(width: number, count: number): ColumnCodec {
  const perLane = 8 / count;
  const mask = 2 ** count - 1;
  return {
    dtype: "<u1",
    width,
    groups: [Math.ceil(width / perLane)],
    naturalBytes: [1],
    restore({ words, first, stride }, rows, out) {
      const flags = out as Uint8Array;
      for (let row = 0, at = 0; row < rows; row += 1) {
        const from = first + row * stride;
        for (let each = 0; each < width; each += 1) {
          flags[at++] = (words[from + Math.floor(each / perLane)]! >> ((each % perLane) * count)) & mask;
        }
      }
    },
    quantise(values, rows, { words, first, stride }) {
      const flags = values as Uint8Array;
      for (let row = 0, at = 0; row < rows; row += 1) {
        const to = first + row * stride;
        for (let each = 0; each < width; each += perLane) {
          let packed = 0;
          for (let place = 0; place < perLane && each + place < width; place += 1) {
            packed |= (flags[at++]! & mask) << (place * count);
          }
          words[to + each / perLane] = (packed << 24) >> 24;
        }
      }
    },
  };
}
