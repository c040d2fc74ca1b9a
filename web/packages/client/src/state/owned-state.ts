/**
 * What a page sends of the entities that it owns (REP-66): sections of age 0, 16 entities in each, cells numbered from 0,
 * and every value at its natural bytes.
 */

import { CELL_ENTITIES_MAX, concat, OWNED_BODY_BYTES_MAX, OWNED_REPEAT_SECONDS, OWNED_ROWS_MAX, type OwnedState } from "@theta/wire";
import { InvalidOperationError } from "../errors";
import { FULL } from "./reading-sections";
import { ENTITY, type SessionComponents } from "./schema";
import type { Written } from "./updates";
import { encodePart, encodeSection } from "./writing-sections";

/** A number's rows, by entity. */
type Placed = Written & { readonly places: ReadonlyMap<bigint, number> };

export interface OwnedStateSender {
  /** When to say again what is owned, changed or not, in monotonic milliseconds; `null` where nothing was. */
  readonly timeoutMs: number | null;
  /**
   * The messages that tell of owned entities, as many as it takes for each to be a datagram. A message's sequence is also
   * the number of the input that it is (REP-72).
   *
   * `tick` is the page's own count; `ownerships` are those by which it owns the entities, each of which is in it once. One
   * without values says only that it is still held. Throws `InvalidOperationError` when one's values fit in no message;
   * then nothing is to be sent.
   */
  messages(
    nowMs: number,
    tick: number,
    entities: BigUint64Array,
    ownerships: Uint32Array,
    written: readonly Written[],
  ): OwnedState[];
}

export function createOwnedStateSender(session: Pick<SessionComponents, "layouts">): OwnedStateSender {
  let sequence = 0;
  let timeoutMs: number | null = null;

  function bodyOf(entities: BigUint64Array, columns: readonly Placed[]): Uint8Array {
    const sections: Uint8Array[] = [];
    for (let first = 0; first < entities.length; first += CELL_ENTITIES_MAX) {
      sections.push(sectionOf(first / CELL_ENTITIES_MAX, entities.slice(first, first + CELL_ENTITIES_MAX), columns));
    }
    return concat(...sections);
  }

  function sectionOf(cell: number, entities: BigUint64Array, columns: readonly Placed[]): Uint8Array {
    const [entityLayout] = session.layouts;
    const ids = new Int32Array(entities.buffer);
    const parts = [encodePart(entityLayout!, ENTITY, FULL, 2 ** entities.length - 1, ids, [])];
    for (const { number, words, objects, places } of columns) {
      const layout = session.layouts[number]!;
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

  return {
    get timeoutMs() {
      return timeoutMs;
    },
    messages(nowMs, tick, entities, ownerships, written) {
      const columns = [...written]
        .sort((one, other) => one.number - other.number)
        .map((each) => ({ ...each, places: new Map(Array.from(each.entities, (entity, row) => [entity, row])) }));
      const found: Omit<OwnedState, "sequence">[] = [];
      for (let start = 0; start < entities.length; ) {
        let count = Math.min(OWNED_ROWS_MAX, entities.length - start);
        let body = bodyOf(entities.slice(start, start + count), columns);
        while (body.length > OWNED_BODY_BYTES_MAX) {
          if (count === 1) throw new InvalidOperationError("values", `at most ${OWNED_BODY_BYTES_MAX} bytes for an entity`);
          count = Math.floor(count / 2);
          body = bodyOf(entities.slice(start, start + count), columns);
        }
        const numbers = new Uint8Array(ownerships.slice(start, start + count).buffer);
        found.push({ type: "OwnedState", tick, ownerships: numbers, body });
        start += count;
      }
      timeoutMs = found.length === 0 ? null : nowMs + 1000 * OWNED_REPEAT_SECONDS;
      return found.map((message) => ({ ...message, sequence: (sequence = (sequence + 1) >>> 0) }));
    },
  };
}
