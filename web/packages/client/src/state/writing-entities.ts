/**
 * Entities and their values as a page sends them, in `OwnedState` and `SpawnEntities` (REP-66, REP-84): sections of age 0,
 * 16 entities in each, cells numbered from 0, and every value at its natural bytes.
 */

import { CELL_ENTITIES_MAX, concat } from "@theta/wire";
import { FULL } from "./reading-sections";
import { type ComponentLayout, ENTITY } from "./schema";
import type { Written } from "./updates";
import { encodePart, encodeSection } from "./writing-sections";

/** A number's rows, by entity. */
export type Placed = Written & { readonly places: ReadonlyMap<bigint, number> };

/** Values in the order of their numbers, to be found by entity. */
export function placed(written: readonly Written[]): readonly Placed[] {
  return [...written]
    .sort((one, other) => one.number - other.number)
    .map((each) => ({ ...each, places: new Map(Array.from(each.entities, (entity, row) => [entity, row])) }));
}

/** The bytes of entities, each once, and of what they have of `columns`. */
export function encodeEntities(
  layouts: readonly ComponentLayout[],
  entities: BigUint64Array,
  columns: readonly Placed[],
): Uint8Array {
  const sections: Uint8Array[] = [];
  for (let first = 0; first < entities.length; first += CELL_ENTITIES_MAX) {
    const some = entities.slice(first, first + CELL_ENTITIES_MAX);
    sections.push(sectionOf(layouts, first / CELL_ENTITIES_MAX, some, columns));
  }
  return concat(...sections);
}

function sectionOf(
  layouts: readonly ComponentLayout[],
  cell: number,
  entities: BigUint64Array,
  columns: readonly Placed[],
): Uint8Array {
  const ids = new Int32Array(entities.buffer);
  const parts = [encodePart(layouts[ENTITY]!, ENTITY, FULL, 2 ** entities.length - 1, ids, [])];
  for (const { number, words, objects, places } of columns) {
    const layout = layouts[number]!;
    const lanes = new Int32Array(CELL_ENTITIES_MAX * layout.words);
    const values = objects.map((): Uint8Array[] => []);
    let rows = 0;
    entities.forEach((entity, index) => {
      const row = places.get(entity);
      if (row === undefined) return;
      rows |= 1 << index;
      lanes.set(words.subarray(row * layout.words, (row + 1) * layout.words), index * layout.words);
      values.forEach((field, at) => (field[index] = objects[at]![row]!));
    });
    if (rows !== 0) parts.push(encodePart(layout, number, FULL, rows, lanes, values));
  }
  return encodeSection(cell, 0, parts);
}
