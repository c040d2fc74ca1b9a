/** Sections as bytes (REP-10 to REP-14), for what the page itself streams: every value at its natural bytes. */

import { concat } from "@theta/wire";
import { bitCount, lowestBit } from "./reading-sections";
import type { ComponentLayout } from "./schema";

/** The varint of a u32: LEB128 in its shortest form. */
export function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}

/** A section of parts, which ascend by number and kind. */
export function encodeSection(cell: number, age: number, parts: readonly Uint8Array[]): Uint8Array {
  return concat(varint(cell), Uint8Array.of(age), varint(parts.length), ...parts);
}

/** What is before a part's rows' values, or all of REMOVED but destinations; `rows` is a bitmap. */
export function encodeHead(number: number, kind: number, rows: number): Uint8Array {
  return concat(varint(number * 4 + kind), Uint8Array.of(rows & 0xff, rows >> 8));
}

/**
 * A part of a component: FULL, or a difference.
 *
 * `words` has the lanes of every index of the cell, row after row as the layout says, and `objects` the values of each
 * object field by index; of those the indices in the bitmap `rows` are told.
 */
export function encodePart(
  layout: ComponentLayout,
  number: number,
  kind: number,
  rows: number,
  words: Int32Array,
  objects: readonly (readonly Uint8Array[])[],
): Uint8Array {
  const codes = new Uint8Array(layout.codeBytes);
  for (let group = 0; group < layout.groupCount; group += 1) {
    const natural = layout.naturalBytes[group] ?? 4;
    codes[group >> 2]! |= (natural < 4 ? natural : 3) << (2 * (group & 3));
  }
  const pieces = [encodeHead(number, kind, rows), codes, encodeRows(layout, rows, words)];
  for (const values of objects) {
    for (let rest = rows; rest !== 0; rest &= rest - 1) {
      const value = values[lowestBit(rest)]!;
      pieces.push(varint(value.length), value);
    }
  }
  return concat(...pieces);
}

function encodeRows(layout: ComponentLayout, rows: number, words: Int32Array): Uint8Array {
  const stride = layout.groups.reduce((size, lanes, group) => size + lanes * layout.naturalBytes[group]!, 0);
  const data = new Uint8Array(stride * bitCount(rows));
  const lanes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  let at = 0;
  for (let rest = rows; rest !== 0; rest &= rest - 1) {
    layout.groups.forEach((count, group) => {
      const natural = layout.naturalBytes[group]!;
      const inWords = Math.max(natural, 4);
      let from = 4 * (lowestBit(rest) * layout.words + layout.groupWords[group]!);
      for (let lane = 0; lane < count; lane += 1, from += inWords, at += natural) {
        data.set(lanes.subarray(from, from + natural), at);
      }
    });
  }
  return data;
}
