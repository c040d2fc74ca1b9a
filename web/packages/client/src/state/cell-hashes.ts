/** Hashes of cells, which the room compares with what it had at their tick (REP-24). */

import {
  blake2b64,
  CELL_ENTITIES_MAX,
  type CellHash,
  type CellHashes,
  concat,
  STATE_HASHES_PER_MESSAGE_MAX,
  u32Bytes,
  viewOf,
} from "@theta/wire";
import { bytesOf } from "../field-checks";
import type { CellState, Rows } from "./cells";
import type { StateReceiver } from "./receiving";
import { type ComponentLayout, ENTITY, type SessionComponents } from "./schema";

/** A hash of who is in a cell (number 0), and of each component that somebody has; ascending. */
export function cellDigests(layouts: readonly ComponentLayout[], state: CellState): ReadonlyMap<number, Uint8Array> {
  const found = new Map([[ENTITY, digest(ENTITY, bytesOf(state.members.words))]]);
  for (const [number, rows] of [...state.components].sort(([one], [other]) => one - other)) {
    found.set(number, digest(number, u16Bytes(rows.present), lanesOf(layouts[number]!, rows), ...objectsOf(rows)));
  }
  return found;
}

/** A cell's hashes as they travel. */
export function hashOf(layouts: readonly ComponentLayout[], cell: number, state: CellState): CellHash {
  const pieces: Uint8Array[] = [];
  for (const [number, bytes] of cellDigests(layouts, state)) pieces.push(u16Bytes(number), bytes);
  return { cell, tick: state.tick, digests: concat(...pieces) };
}

/** A page's turn through its cells, some with each message. */
export function createHashRound(session: Pick<SessionComponents, "layouts">, receiver: Pick<StateReceiver, "cells" | "state">) {
  let next = 0;
  return {
    /** The hashes of the next cells, as many as `count`. */
    hashes(count = STATE_HASHES_PER_MESSAGE_MAX): CellHashes {
      const cells = [...receiver.cells].sort((one, other) => one - other);
      const start = Math.max(0, cells.findIndex((cell) => cell >= next));
      const chosen = [...cells.slice(start), ...cells.slice(0, start)].slice(0, Math.min(count, STATE_HASHES_PER_MESSAGE_MAX));
      next = (chosen.at(-1) ?? -1) + 1;
      return { type: "CellHashes", hashes: chosen.map((cell) => hashOf(session.layouts, cell, receiver.state(cell))) };
    },
  };
}

function digest(number: number, ...pieces: readonly Uint8Array[]): Uint8Array {
  return blake2b64("theta-cell", u16Bytes(number), ...pieces);
}

/** All lanes as int64, row after row. */
function lanesOf(layout: ComponentLayout, rows: Rows): Uint8Array {
  const isWide = layout.groups.flatMap((lanes, group) => new Array<boolean>(lanes).fill(layout.naturalBytes[group] === 8));
  const found = new Int32Array(2 * isWide.length * CELL_ENTITIES_MAX);
  for (let index = 0, from = 0, to = 0; index < CELL_ENTITIES_MAX; index += 1) {
    for (const wide of isWide) {
      const low = rows.words[from++]!;
      found[to++] = low;
      found[to++] = wide ? rows.words[from++]! : low >> 31;
    }
  }
  return bytesOf(found);
}

function objectsOf(rows: Rows): Uint8Array[] {
  return rows.objects.flatMap((values) => values.flatMap((value) => [u32Bytes(value.length), value]));
}

function u16Bytes(value: number): Uint8Array {
  const bytes = new Uint8Array(2);
  viewOf(bytes).setUint16(0, value, true);
  return bytes;
}
