/** A room's side of the state plane, in the plainest way: whole cells remembered by tick, and sections from comparing them. */

import { BASELINE_AGE_TICKS_MAX, CELL_ENTITIES_MAX, concat, nameId, type StateAck } from "@theta/wire";
import { FULL, REMOVED } from "../../src/state/reading-sections";
import { createSessionComponents, ENTITY, manifestHash } from "../../src/state/schema";
import { encodeHead, encodePart, encodeSection, varint } from "../../src/state/writing-sections";

const DELTA = 2;
const UTF8 = new TextEncoder();

function descriptor(name: string, fields: readonly object[]): string {
  const id = nameId(name).toString(16).padStart(16, "0");
  return JSON.stringify({ fields, id, name, plane: "state" });
}

const DESCRIPTORS = [
  descriptor("test.Count", [
    { dtype: "<i4", kind: "column", name: "two", width: 2 },
    { dtype: "<u8", kind: "column", name: "wide", width: 1 },
  ]),
  descriptor("test.Label", [
    { dtype: "<u1", kind: "column", name: "size", width: 1 },
    { characters_max: 20, kind: "text", name: "text" },
  ]),
];

export const COUNT = 1;
export const LABEL = 2;

export function createTestSession() {
  const session = createSessionComponents();
  session.handleDescriptors({ type: "ComponentDescriptors", first: 1, descriptors: DESCRIPTORS, manifest: manifestHash(DESCRIPTORS) });
  return session;
}

/** An entity's components: the words and the object fields of each that it has. */
export type Values = ReadonlyMap<number, { readonly words: readonly number[]; readonly objects: readonly string[] }>;

/** What an entity that counts has. */
export function countOf(value: number): Values {
  return new Map([[COUNT, { words: [value, -value, Math.imul(value, 7), Math.floor(value / 3)], objects: [] }]]);
}

/** The same, with a label. */
export function labelled(value: number, text: string): Values {
  return new Map([...countOf(value), [LABEL, { words: [((value & 0xff) << 24) >> 24], objects: [text] }]]);
}

interface Member {
  readonly entity: bigint;
  readonly values: Values;
}
type Cell = readonly (Member | null)[];

const NOBODY: Cell = new Array<null>(CELL_ENTITIES_MAX).fill(null);

/** An id: of the generation 1 where nothing is said. */
export function entity(index: number, generation = 1): bigint {
  return (BigInt(generation) << 32n) | BigInt(index);
}

export function createTestRoom() {
  const { layouts } = createTestSession();
  const now = new Map<number, Cell>();
  const history = new Map<number, ReadonlyMap<number, Cell>>();
  const living = new Map<bigint, number>();
  let tick = 0;

  function cellAt(cell: number, at: number): Cell {
    return history.get(at)?.get(cell) ?? NOBODY;
  }

  function placeOf(id: bigint): [number, number] {
    const cell = living.get(id)!;
    return [cell, now.get(cell)!.findIndex((member) => member?.entity === id)];
  }

  function put(cell: number, index: number, member: Member | null): void {
    now.set(cell, (now.get(cell) ?? NOBODY).with(index, member));
  }

  /** What of the rows of one kind is told of a component. */
  function part(number: number, kind: number, rows: number, before: Cell, after: Cell): Uint8Array[] {
    if (rows === 0) return [];
    const layout = layouts[number]!;
    const words = new Int32Array(layout.words * CELL_ENTITIES_MAX);
    const objects = layout.objects.map(() => new Array<Uint8Array>(CELL_ENTITIES_MAX).fill(new Uint8Array(0)));
    for (let index = 0; index < CELL_ENTITIES_MAX; index += 1) {
      if (((rows >> index) & 1) === 0) continue;
      const base = kind === FULL ? null : valuesOf(before[index]!, number);
      const value = valuesOf(after[index]!, number)!;
      subtract(words, index * layout.words, value.words, base?.words ?? null, layout.naturalBytes.includes(8) ? 2 : -1);
      value.objects.forEach((text, field) => (objects[field]![index] = UTF8.encode(text)));
    }
    return [encodePart(layout, number, kind, rows, words, objects)];
  }

  return {
    get tick() {
      return tick;
    },
    get entities(): readonly bigint[] {
      return [...living.keys()];
    },
    cellOf: (id: bigint) => living.get(id) ?? null,
    valuesOf(id: bigint): Values {
      const [cell, index] = placeOf(id);
      return now.get(cell)![index]!.values;
    },
    /** Ends the tick: what is so now is what was so at it. */
    endTick(): number {
      tick += 1;
      history.set(tick, new Map(now));
      return tick;
    },
    isFull: (cell: number) => (now.get(cell) ?? NOBODY).every((member) => member !== null),
    write(id: bigint, values: Values): void {
      put(...placeOf(id), { entity: id, values });
    },
    /** Where somebody is from now on; `null` for nowhere. */
    place(id: bigint, cell: number | null, values: Values): void {
      if (living.has(id)) put(...placeOf(id), null);
      living.delete(id);
      if (cell === null) return;
      const index = (now.get(cell) ?? NOBODY).findIndex((member) => member === null);
      put(cell, index, { entity: id, values });
      living.set(id, cell);
    },
    hasChanged: (cell: number, since: number) => cellAt(cell, since) !== cellAt(cell, tick),
    /** The section of a cell at this tick: what changed since `age` ticks, or everything. */
    section(cell: number, age: number): Uint8Array {
      const before = age === 0 ? NOBODY : cellAt(cell, tick - age);
      const after = cellAt(cell, tick);
      const leaving = bitmap((index) => before[index] !== null && before[index]!.entity !== after[index]?.entity);
      const coming = bitmap((index) => after[index] !== null && before[index]?.entity !== after[index]!.entity);
      const destinations = before.flatMap((member, index) => {
        if (member === null || ((leaving >> index) & 1) === 0) return [];
        const destination = living.get(member.entity);
        return [varint(destination === undefined ? 0 : destination + 2)];
      });
      const parts: Uint8Array[] = leaving === 0 ? [] : [concat(encodeHead(ENTITY, REMOVED, leaving), ...destinations)];
      if (coming !== 0) parts.push(encodePart(layouts[ENTITY]!, ENTITY, FULL, coming, idsOf(after), []));
      for (let number = 1; number < layouts.length; number += 1) {
        const had = bitmap((index) => before[index]?.entity === after[index]?.entity && has(before[index], number));
        const having = bitmap((index) => has(after[index], number));
        const changed = bitmap((index) => before[index] !== after[index]) & had & having;
        if ((had & ~having) !== 0) parts.push(encodeHead(number, REMOVED, had & ~having));
        parts.push(...part(number, FULL, having & ~had, before, after), ...part(number, DELTA, changed, before, after));
      }
      return encodeSection(cell, age, parts);
    },
  };
}

export type TestRoom = ReturnType<typeof createTestRoom>;

/** What a room knows of what one page has: cells' baselines, by what it acknowledged. */
export function createBaselines() {
  const baselines = new Map<number, number>();
  const flying = new Map<number, { tick: number; cells: readonly number[] }>();
  let sequence = 0;
  return {
    /** The age of a section to be sent; 0 where the page has nothing. */
    age(cell: number, tick: number): number {
      const baseline = baselines.get(cell) ?? 0;
      return baseline === 0 || tick - baseline > BASELINE_AGE_TICKS_MAX ? 0 : tick - baseline;
    },
    baseline: (cell: number) => baselines.get(cell) ?? 0,
    /** Nothing changed since the baseline, so it is this tick. */
    raise(cell: number, tick: number): void {
      if (baselines.has(cell)) baselines.set(cell, tick);
    },
    send(tick: number, cells: readonly number[]): number {
      sequence += 1;
      flying.set(sequence, { tick, cells });
      return sequence;
    },
    handleAck(ack: StateAck): void {
      for (let back = 0; back <= 64; back += 1) {
        const frame = flying.get(ack.sequence - back);
        if (frame === undefined || (back > 0 && ((ack.received >> BigInt(back - 1)) & 1n) === 0n)) continue;
        flying.delete(ack.sequence - back);
        for (const cell of frame.cells) baselines.set(cell, Math.max(baselines.get(cell) ?? 0, frame.tick));
      }
    },
    leave(cell: number): void {
      baselines.delete(cell);
      for (const [number, { tick, cells }] of flying) flying.set(number, { tick, cells: cells.filter((each) => each !== cell) });
    },
  };
}

function has(member: Member | null | undefined, number: number): boolean {
  return member?.values.has(number) ?? false;
}

function valuesOf(member: Member | null, number: number) {
  return member?.values.get(number);
}

function bitmap(isSet: (index: number) => boolean): number {
  return NOBODY.reduce<number>((found, _, index) => (isSet(index) ? found | (1 << index) : found), 0);
}

function idsOf(cell: Cell): Int32Array {
  return new Int32Array(BigInt64Array.from(cell, (member) => BigInt.asIntN(64, member?.entity ?? 0n)).buffer);
}

/** The difference of two rows of words; from word `wide` on they are of 8 bytes. */
function subtract(out: Int32Array, at: number, words: readonly number[], base: readonly number[] | null, wide: number): void {
  words.forEach((word, each) => (out[at + each] = word - (base?.[each] ?? 0)));
  if (wide < 0 || base === null) return;
  const whole = (pair: readonly number[]) => (BigInt(pair[wide + 1]!) << 32n) | BigInt(pair[wide]! >>> 0);
  const difference = whole(words) - whole(base);
  out[at + wide] = Number(BigInt.asIntN(32, difference));
  out[at + wide + 1] = Number(BigInt.asIntN(32, difference >> 32n));
}
