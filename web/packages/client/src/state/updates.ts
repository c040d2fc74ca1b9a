/** What the page learned at once of the state plane, as columns. */

import type { Rows } from "./cells";
import { bitCount, lowestBit } from "./reading-sections";
import type { ComponentLayout } from "./schema";

/** One component's new values: `rows` entities, in the order of their columns. Who is there twice has the later value. */
export interface Written {
  readonly number: number;
  readonly rows: number;
  readonly entities: BigUint64Array;
  /** The lanes, row after row: `restoreField` makes numbers of them. */
  readonly words: Int32Array;
  /** For each object field `rows` values: `decodeObject` makes them text. */
  readonly objects: readonly (readonly Uint8Array[])[];
}

export interface Lost {
  readonly number: number;
  readonly entities: readonly bigint[];
}

/** To be done in this order. Entities are the room's; those that despawn are in none of the other lists. */
export interface StateUpdate {
  readonly tick: number;
  readonly spawned: readonly bigint[];
  /** They have a component no longer. */
  readonly removed: readonly Lost[];
  /** Inserted where an entity has none. */
  readonly written: readonly Written[];
  readonly despawned: readonly bigint[];
}

/**
 * The entities' slots in the room: small numbers, for arrays by slot. A slot comes back with another entity, perhaps in
 * the very update in which the one before despawns: who keeps such arrays looks at `despawned` first.
 */
export function slotsOf(entities: BigUint64Array): Uint32Array {
  const halves = new Uint32Array(entities.buffer, entities.byteOffset, 2 * entities.length);
  return Uint32Array.from({ length: entities.length }, (_, row) => halves[2 * row]!);
}

/** Rows of a cell that are told. */
interface Piece {
  readonly indices: number;
  readonly members: Rows;
  readonly values: Rows;
}

/** An update in the making. */
export function createDraft(layouts: readonly ComponentLayout[], tick: number) {
  const spawned: bigint[] = [];
  const despawned: bigint[] = [];
  const removed = new Map<number, bigint[]>();
  const written = new Map<number, Piece[]>();

  return {
    spawned,
    despawned,
    lose(number: number, entity: bigint): void {
      const entities = removed.get(number);
      if (entities === undefined) removed.set(number, [entity]);
      else entities.push(entity);
    },
    write(number: number, indices: number, members: Rows, values: Rows): void {
      if (indices === 0) return;
      const pieces = written.get(number);
      if (pieces === undefined) written.set(number, [{ indices, members, values }]);
      else pieces.push({ indices, members, values });
    },
    /** The whole; `null` when nothing is in it. */
    update(): StateUpdate | null {
      if (spawned.length + despawned.length + removed.size + written.size === 0) return null;
      return {
        tick,
        spawned,
        removed: ascending(removed).map(([number, entities]) => ({ number, entities })),
        written: ascending(written).map(([number, pieces]) => joined(number, layouts[number]!, pieces)),
        despawned,
      };
    },
  };
}

export type Draft = ReturnType<typeof createDraft>;

function ascending<T>(byNumber: ReadonlyMap<number, T>): [number, T][] {
  return [...byNumber].sort(([one], [other]) => one - other);
}

function joined(number: number, layout: ComponentLayout, pieces: readonly Piece[]): Written {
  const stride = layout.words;
  let rows = 0;
  for (const { indices } of pieces) rows += bitCount(indices);
  // As words, so that no bigint is made for a row.
  const ids = new Int32Array(2 * rows);
  const words = new Int32Array(stride * rows);
  const objects = layout.objects.map((): Uint8Array[] => []);
  let row = 0;
  for (const { indices, members, values } of pieces) {
    for (let rest = indices; rest !== 0; rest &= rest - 1) {
      const index = lowestBit(rest);
      ids[2 * row] = members.words[2 * index]!;
      ids[2 * row + 1] = members.words[2 * index + 1]!;
      for (let word = 0; word < stride; word += 1) words[stride * row + word] = values.words[stride * index + word]!;
      for (let field = 0; field < objects.length; field += 1) objects[field]!.push(values.objects[field]![index]!);
      row += 1;
    }
  }
  return { number, rows, entities: new BigUint64Array(ids.buffer), words, objects };
}
