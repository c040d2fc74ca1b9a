/** What a page knows of one cell at one tick, and how a section makes the next of it (REP-12 to REP-15). */

import { CELL_ENTITIES_MAX } from "@theta/wire";
import { RoomFaultError } from "../errors";
import { lowestBit, FULL, type Part, REMOVED, type Section } from "./reading-sections";
import { type ComponentLayout, ENTITY } from "./schema";

/** One component in one cell; never changed once made. */
export interface Rows {
  /** Which indices have it, a bitmap. */
  readonly present: number;
  /** The lanes of all indices, row after row as the layout says; 0 where it is not present. */
  readonly words: Int32Array;
  /** For each object field its values, by index. */
  readonly objects: readonly (readonly Uint8Array[])[];
}

/** A cell at a tick; never changed once made. */
export interface CellState {
  readonly tick: number;
  /** Who is at which index: its entity's index and generation. */
  readonly members: Rows;
  /** By number; only those that somebody has. */
  readonly components: ReadonlyMap<number, Rows>;
}

const NO_BYTES = new Uint8Array(0);
const MEMBER_WORDS = 2;
export const EMPTY: CellState = {
  tick: 0,
  members: { present: 0, words: new Int32Array(MEMBER_WORDS * CELL_ENTITIES_MAX), objects: [] },
  components: new Map(),
};

/** The cell at `tick`; `base` is what the section's differences are from. Throws `RoomFaultError` when it does not fit. */
export function applySection(
  layouts: readonly ComponentLayout[],
  base: CellState,
  section: Section,
  body: Uint8Array,
  tick: number,
): CellState {
  let members = base.members;
  const components = new Map(base.components);
  for (const part of section.parts) {
    const layout = layouts[part.number]!;
    if (part.number === ENTITY) {
      members =
        part.kind === REMOVED
          ? withoutMembers(members, components, layouts, part, section.cell)
          : withMembers(members, layout, part, body, section.cell);
      continue;
    }
    const rows = components.get(part.number) ?? noRows(layout);
    keep(components, part.number, withPart(rows, layout, part, body, members.present, section.cell));
  }
  return { tick, members, components };
}

/** The id of the entity at an index; 0 for nobody. */
export function entityAt(members: Rows, index: number): bigint {
  return new BigUint64Array(members.words.buffer, members.words.byteOffset, CELL_ENTITIES_MAX)[index]!;
}

/** Calls `each` with the index and the entity of a bitmap's bits, ascending. */
export function forEntities(members: Rows, bitmap: number, each: (entity: bigint, index: number) => void): void {
  if (bitmap === 0) return;
  const entities = new BigUint64Array(members.words.buffer, members.words.byteOffset, CELL_ENTITIES_MAX);
  for (let rest = bitmap; rest !== 0; rest &= rest - 1) each(entities[lowestBit(rest)]!, lowestBit(rest));
}

/** At which indices two cells have the same entity, or both nobody: a bitmap. */
export function sameMembers(one: Rows, other: Rows): number {
  const all = 2 ** CELL_ENTITIES_MAX - 1;
  return one === other ? all : all & ~differingRows(one, other, MEMBER_WORDS);
}

/** Which rows of a component have other values, a bitmap; `stride` is the layout's words. */
export function differingRows(before: Rows, after: Rows, stride: number): number {
  let found = 0;
  for (let index = 0, word = 0; index < CELL_ENTITIES_MAX; index += 1) {
    for (const end = word + stride; word < end; word += 1) {
      if (before.words[word] !== after.words[word]) found |= 1 << index;
    }
  }
  before.objects.forEach((values, field) => {
    const others = after.objects[field]!;
    if (values === others) return;
    values.forEach((value, index) => {
      if (value !== others[index] && !isSame(value, others[index]!)) found |= 1 << index;
    });
  });
  return found;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

function keep(components: Map<number, Rows>, number: number, rows: Rows): void {
  if (rows.present !== 0) components.set(number, rows);
  else components.delete(number);
}

function withoutMembers(
  members: Rows,
  components: Map<number, Rows>,
  layouts: readonly ComponentLayout[],
  part: Part,
  cell: number,
): Rows {
  if ((part.rows & ~members.present) !== 0) {
    throw new RoomFaultError(`cell ${cell}: somebody leaves an index that nobody has`);
  }
  for (const [number, rows] of [...components]) keep(components, number, without(rows, part.rows, layouts[number]!.words));
  return without(members, part.rows, MEMBER_WORDS);
}

function withMembers(members: Rows, layout: ComponentLayout, part: Part, body: Uint8Array, cell: number): Rows {
  if ((part.rows & members.present) !== 0) {
    throw new RoomFaultError(`cell ${cell}: somebody comes to an index that is taken`);
  }
  const words = members.words.slice();
  addDifferences(layout, part, body, words);
  for (let rest = part.rows; rest !== 0; rest &= rest - 1) {
    if (words[MEMBER_WORDS * lowestBit(rest) + 1] === 0) throw new RoomFaultError(`cell ${cell}: an entity of generation 0`);
  }
  const found: Rows = { present: members.present | part.rows, words, objects: [] };
  const distinct = new Set<bigint>();
  forEntities(found, found.present, (entity) => {
    if (distinct.has(entity)) throw new RoomFaultError(`cell ${cell}: an entity has two indices`);
    distinct.add(entity);
  });
  return found;
}

function withPart(
  rows: Rows,
  layout: ComponentLayout,
  part: Part,
  body: Uint8Array,
  members: number,
  cell: number,
): Rows {
  const isHere = (part.rows & ~rows.present) === 0;
  function fail(problem: string): never {
    throw new RoomFaultError(`cell ${cell}: ${layout.name} is ${problem}`);
  }
  if (part.kind === REMOVED) return isHere ? without(rows, part.rows, layout.words) : fail("removed where it is not");
  if (part.kind === FULL) {
    if ((part.rows & rows.present) !== 0) fail("full where it is already");
    if ((part.rows & ~members) !== 0) fail("at an index that nobody has");
  } else if (!isHere) {
    fail("a difference to nothing");
  }
  const words = rows.words.slice();
  addDifferences(layout, part, body, words);
  const objects = rows.objects.map((held, field) => {
    const told = part.objects[field] ?? null;
    return told === null ? held : replaced(held, part.rows, told);
  });
  return { present: rows.present | part.rows, words, objects };
}

function without(rows: Rows, indices: number, stride: number): Rows {
  if ((rows.present & indices) === 0) return rows;
  const words = rows.words.slice();
  for (let rest = indices; rest !== 0; rest &= rest - 1) {
    const word = lowestBit(rest) * stride;
    words.fill(0, word, word + stride);
  }
  const objects = rows.objects.map((held) => held.map((value, index) => ((indices >> index) & 1 ? NO_BYTES : value)));
  return { present: rows.present & ~indices, words, objects };
}

function replaced(held: readonly Uint8Array[], indices: number, values: readonly Uint8Array[]): readonly Uint8Array[] {
  const found = [...held];
  let next = 0;
  for (let rest = indices; rest !== 0; rest &= rest - 1) found[lowestBit(rest)] = values[next++]!;
  return found;
}

function noRows(layout: ComponentLayout): Rows {
  const nothing: readonly Uint8Array[] = new Array<Uint8Array>(CELL_ENTITIES_MAX).fill(NO_BYTES);
  return { present: 0, words: new Int32Array(layout.words * CELL_ENTITIES_MAX), objects: layout.objects.map(() => nothing) };
}

/** Adds a part's differences to the lanes; sums wrap around in each lane's natural bytes. */
function addDifferences(layout: ComponentLayout, part: Part, body: Uint8Array, words: Int32Array): void {
  let start = part.at;
  for (let group = 0; group < layout.groups.length; group += 1) {
    const width = part.widths[group]!;
    if (width === 0) continue;
    const lanes = layout.groups[group]!;
    const natural = layout.naturalBytes[group]!;
    const shift = natural < 4 ? 32 - 8 * natural : 0;
    let from = start;
    for (let rest = part.rows; rest !== 0; rest &= rest - 1) {
      let word = lowestBit(rest) * layout.words + layout.groupWords[group]!;
      for (let at = from; at < from + lanes * width; at += width) {
        if (natural === 8) {
          addWide(words, word, body, at, width);
          word += 2;
        } else {
          words[word] = ((words[word]! + signedAt(body, at, width)) << shift) >> shift;
          word += 1;
        }
      }
      from += part.stride;
    }
    start += lanes * width;
  }
}

/** A little-endian integer in two's complement, of 1, 2 or 4 bytes. */
function signedAt(body: Uint8Array, at: number, width: number): number {
  if (width === 1) return (body[at]! << 24) >> 24;
  const low = body[at]! | (body[at + 1]! << 8);
  if (width === 2) return (low << 16) >> 16;
  return low | (body[at + 2]! << 16) | (body[at + 3]! << 24);
}

function addWide(words: Int32Array, word: number, body: Uint8Array, at: number, width: number): void {
  const low = signedAt(body, at, Math.min(width, 4));
  const high = width === 8 ? signedAt(body, at + 4, 4) : low >> 31;
  const sum = (words[word]! >>> 0) + (low >>> 0);
  words[word] = sum | 0;
  words[word + 1] = words[word + 1]! + high + Number(sum > 0xffff_ffff);
}
