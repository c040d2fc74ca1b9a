/**
 * Bytes to sections: every length and number is checked here, and what is wrong is named (REP-10 to REP-15). What
 * depends on what the page has is checked by `cells`.
 */

import {
  BASELINE_AGE_TICKS_MAX,
  STATE_CELLS_MAX,
  STATE_OBJECT_BYTES_MAX,
  STATE_SECTION_BYTES_MAX,
} from "@theta/wire";
import { RoomFaultError } from "../errors";
import { type ComponentLayout, ENTITY } from "./schema";

/** What a part's rows are: gone, from nothing, differences, and differences that take more bytes. */
export const REMOVED = 0;
export const FULL = 1;
const KINDS = ["removed", "full", "delta", "delta"] as const;
const NO_WIDTHS: readonly number[] = [];
const U32_MAX = 0xffff_ffff;

/** What a section says of one component. */
export interface Part {
  readonly number: number;
  readonly kind: number;
  /** Indices in the cell, as a bitmap. */
  readonly rows: number;
  /** Bytes per lane of each group in this part; none for REMOVED. */
  readonly widths: readonly number[];
  /** The differences: where the first row's begin in the body, and the bytes of a row. */
  readonly at: number;
  readonly stride: number;
  /** For each object field the rows' values, ascending, or `null` where none changed. */
  readonly objects: readonly (readonly Uint8Array[] | null)[];
  /** Of leaving entities: 0 ended, 1 nowhere, else cell + 2. */
  readonly destinations: readonly number[];
}

/** What changed in a cell since `age` ticks before; age 0 tells everything. */
export interface Section {
  readonly cell: number;
  readonly age: number;
  readonly parts: readonly Part[];
}

/** The sections of a body. Throws `RoomFaultError`, which says what is wrong and after how many bytes. */
export function readSections(layouts: readonly ComponentLayout[], body: Uint8Array): readonly Section[] {
  if (body.length > STATE_SECTION_BYTES_MAX) {
    throw new RoomFaultError(`sections have at most ${STATE_SECTION_BYTES_MAX} bytes, not ${body.length}`);
  }
  const reader = createReader(layouts, body);
  const sections: Section[] = [];
  const cells = new Set<number>();
  while (reader.at() < body.length) {
    const section = reader.section();
    if (cells.has(section.cell)) reader.fail(`cell ${section.cell} is told twice`);
    cells.add(section.cell);
    sections.push(section);
  }
  return sections;
}

function createReader(layouts: readonly ComponentLayout[], body: Uint8Array) {
  let at = 0;

  function fail(problem: string): never {
    throw new RoomFaultError(`sections, byte ${at}: ${problem}`);
  }

  /** Where so many bytes begin, which are there. */
  function skip(size: number, what: string): number {
    const start = at;
    if (start + size > body.length) fail(`the bytes end within the ${what}`);
    at = start + size;
    return start;
  }

  function byte(what: string): number {
    return body[skip(1, what)]!;
  }

  function varint(what: string): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
      const next = byte(what);
      value += (next & 0x7f) * scale;
      if (next < 0x80) {
        if (value > U32_MAX || (scale > 1 && next === 0)) break;
        return value;
      }
    }
    return fail(`the ${what} is no LEB128 of a u32 in its shortest form`);
  }

  function section(): Section {
    const cell = varint("cell");
    if (cell >= STATE_CELLS_MAX) fail(`cell is ${cell}, but must be below ${STATE_CELLS_MAX}`);
    const age = byte("age");
    if (age > BASELINE_AGE_TICKS_MAX) fail(`age is ${age}, but must be at most ${BASELINE_AGE_TICKS_MAX}`);
    const parts: Part[] = [];
    let before = -1;
    // The rows of the number that the last part had.
    let taken = 0;
    for (let left = varint("parts"); left > 0; left -= 1) {
      const head = varint("part");
      if (head <= before) fail("parts are not in ascending order of number and kind");
      if (before >>> 2 !== head >>> 2) taken = 0;
      before = head;
      const read = part(head >>> 2, head & 3, age);
      if (read.number !== ENTITY) {
        if ((taken & read.rows) !== 0) fail(`a row of ${layouts[read.number]!.name} is told twice`);
        taken |= read.rows;
      }
      parts.push(read);
    }
    return { cell, age, parts };
  }

  function part(number: number, kind: number, age: number): Part {
    const layout = layouts[number];
    if (layout === undefined) return fail(`component number ${number} is not among the session's ${layouts.length - 1}`);
    if (age === 0 && kind !== FULL) fail(`${layout.name} is ${KINDS[kind]!} in a section from nothing`);
    if (number === ENTITY && kind > FULL) fail("entities come and leave, but have no deltas");
    const rowsAt = skip(2, "rows");
    const rows = body[rowsAt]! | (body[rowsAt + 1]! << 8);
    if (rows === 0) fail(`${layout.name} has no rows`);
    const count = bitCount(rows);
    if (kind === REMOVED) {
      const destinations = repeated(number === ENTITY ? count : 0, () => varint("destination"));
      return { number, kind, rows, widths: NO_WIDTHS, at, stride: 0, objects: [], destinations };
    }
    const codes = codesOf(layout);
    const widths = layout.naturalBytes.map((natural, group) => widthOf(codes, group, natural));
    const stride = layout.groups.reduce((size, lanes, group) => size + lanes * widths[group]!, 0);
    const start = skip(stride * count, `lanes of ${layout.name}`);
    const objects = layout.objects.map((_, each) => {
      const isTold = codeAt(codes, layout.groups.length + each) !== 0;
      return isTold ? repeated(count, () => objectOf(layout)) : null;
    });
    return { number, kind, rows, widths, at: start, stride, objects, destinations: NO_WIDTHS };
  }

  function codesOf(layout: ComponentLayout): number {
    const start = skip(layout.codeBytes, "widths");
    let codes = 0;
    for (let each = layout.codeBytes - 1; each >= 0; each -= 1) codes = codes * 256 + body[start + each]!;
    if (codes >= 4 ** layout.groupCount) fail(`${layout.name} has widths of more than its ${layout.groupCount} groups`);
    for (let group = 0; group < layout.groupCount; group += 1) {
      const code = codeAt(codes, group);
      const natural = layout.naturalBytes[group];
      if (natural === undefined) {
        if (code === 1 || code === 2) fail(`${layout.name}: width ${code} of an object field, which has 0 or 3`);
      } else if ((code === 2 && natural === 1) || (code === 3 && natural < 4)) {
        fail(`${layout.name}: width ${code} of group ${group}, of ${natural} bytes`);
      }
    }
    return codes;
  }

  function objectOf(layout: ComponentLayout): Uint8Array {
    const size = varint("length");
    if (size > STATE_OBJECT_BYTES_MAX) {
      fail(`${layout.name}: a field of ${size} bytes, but at most ${STATE_OBJECT_BYTES_MAX}`);
    }
    const start = skip(size, `field of ${layout.name}`);
    // A copy: the datagram is not kept for it.
    return body.slice(start, start + size);
  }

  return { at: () => at, fail, section };
}

function codeAt(codes: number, group: number): number {
  return (codes >>> (2 * group)) & 3;
}

function widthOf(codes: number, group: number, natural: number): number {
  const code = codeAt(codes, group);
  return code === 3 ? natural : code;
}

function repeated<T>(count: number, read: () => T): readonly T[] {
  const found: T[] = [];
  while (found.length < count) found.push(read());
  return found;
}

/** How many bits of a bitmap are set. */
export function bitCount(bitmap: number): number {
  let count = 0;
  for (let rest = bitmap; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}

/** The place of a bitmap's lowest bit; what is left of it is `bitmap & (bitmap - 1)`. */
export function lowestBit(bitmap: number): number {
  return 31 - Math.clz32(bitmap & -bitmap);
}
