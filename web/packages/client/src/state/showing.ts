/**
 * Which entities are shown with which components: changes of cells become columns of what changed (REP-17, REP-23).
 */

import { type CellState, differingRows, forEntities, sameMembers } from "./cells";
import type { SessionComponents } from "./schema";
import { createDraft, type Draft, type StateUpdate } from "./updates";
import { CELL_BASE, createWhereabouts } from "./whereabouts";

/** A cell before and after, and where those went who left it. */
export interface Change {
  readonly cell: number;
  readonly before: CellState;
  readonly after: CellState;
  readonly destinations: ReadonlyMap<bigint, number>;
}

export interface Showing {
  /** How many entities are shown. */
  readonly entityCount: number;
  has(entity: bigint): boolean;
  /** When to call `handleTimeout`, in monotonic milliseconds; `null` for never. */
  readonly timeoutMs: number | null;
  handleChanges(nowMs: number, changes: readonly Change[], tick: number): void;
  handleTimeout(nowMs: number): void;
  pollUpdate(): StateUpdate | null;
}

/** `stateOf` tells the newest state of a cell. */
export function createShowing(session: Pick<SessionComponents, "layouts">, stateOf: (cell: number) => CellState): Showing {
  const whereabouts = createWhereabouts();
  const updates: StateUpdate[] = [];
  /** Who is shown with a component, by number. */
  const shown = new Map<number, Set<bigint>>();
  /** Who has a component in two cells. */
  const shared = new Set<bigint>();
  let newestTick = 0;

  function shownWith(number: number): Set<bigint> {
    let entities = shown.get(number);
    if (entities === undefined) {
      entities = new Set();
      shown.set(number, entities);
    }
    return entities;
  }

  function forget(entity: bigint): void {
    shared.delete(entity);
    for (const entities of shown.values()) entities.delete(entity);
  }

  function handleChanges(nowMs: number, changes: readonly Change[], tick: number): void {
    newestTick = Math.max(newestTick, tick);
    const draft = createDraft(session.layouts, tick);
    const unsure = new Set<bigint>();
    const moves = changes.filter(({ before, after }) => before.members !== after.members);
    for (const change of moves) handleComing(change, draft, unsure);
    for (const change of moves) handleLeaving(nowMs, change, draft, unsure);
    const before = new Set(unsure);
    const isApart = (entity: bigint) => before.has(entity) || shared.has(entity) || whereabouts.isHidden(entity);
    const isPlain = before.size === 0 && shared.size === 0 && !whereabouts.hasHidden;
    for (const change of changes) {
      for (const number of new Set([...change.before.components.keys(), ...change.after.components.keys()])) {
        compare(change, number, isPlain, isApart, draft, unsure);
      }
    }
    for (const entity of [...unsure].sort((one, other) => (one < other ? -1 : Number(one > other)))) showAnew(entity, draft);
    whereabouts.prune(newestTick);
    const update = draft.update();
    if (update !== null) updates.push(update);
  }

  function handleComing({ cell, before, after }: Change, draft: Draft, unsure: Set<bigint>): void {
    const came = after.members.present & ~sameMembers(before.members, after.members);
    forEntities(after.members, came, (entity, index) => {
      if (whereabouts.come(entity, cell, index)) draft.spawned.push(entity);
      else unsure.add(entity);
    });
  }

  function handleLeaving(nowMs: number, change: Change, draft: Draft, unsure: Set<bigint>): void {
    const { cell, before, after, destinations } = change;
    const gone = before.members.present & ~sameMembers(before.members, after.members);
    const staying = new Set<bigint>();
    if (gone !== 0) forEntities(after.members, after.members.present, (entity) => staying.add(entity));
    forEntities(before.members, gone, (entity) => {
      if (staying.has(entity)) return;
      if (whereabouts.leave(nowMs, entity, cell, destinations.get(entity) ?? CELL_BASE, after.tick)) {
        draft.despawned.push(entity);
        forget(entity);
      } else {
        unsure.add(entity);
      }
    });
  }

  /** What changed of one component; whoever is in other cells too is to be looked at. */
  function compare(
    change: Change,
    number: number,
    isPlain: boolean,
    isApart: (entity: bigint) => boolean,
    draft: Draft,
    unsure: Set<bigint>,
  ): void {
    const before = change.before.components.get(number);
    const after = change.after.components.get(number);
    if (before === after) return;
    const { members } = change.after;
    const same = sameMembers(change.before.members, members);
    let told = after?.present ?? 0;
    if (before !== undefined && after !== undefined) {
      told &= differingRows(before, after, session.layouts[number]!.words) | ~(before.present & same);
    }
    // In the same places are the same entities, which have the component in this cell alone.
    if (isPlain && members === change.before.members && before?.present === after?.present) {
      draft.write(number, told, members, after!);
      return;
    }
    const entities = shownWith(number);
    const gained = told & ~((before?.present ?? 0) & same);
    let rows = 0;
    forEntities(members, told, (entity, index) => {
      // With one component more, two cells may tell of the same.
      const isUnclear = ((gained >> index) & 1) === 1 && (whereabouts.cells(entity)?.size ?? 0) > 1;
      if (isUnclear || shared.has(entity)) unsure.add(entity);
      if (isUnclear || isApart(entity)) return;
      rows |= 1 << index;
      entities.add(entity);
    });
    forEntities(members, (before?.present ?? 0) & ~(after?.present ?? 0) & same, (entity) => {
      if (shared.has(entity)) unsure.add(entity);
      if (isApart(entity)) return;
      entities.delete(entity);
      draft.lose(number, entity);
    });
    if (after !== undefined) draft.write(number, rows, members, after);
  }

  /** An entity that more than one cell may tell of: each component counts in the cell where it came last. */
  function showAnew(entity: bigint, draft: Draft): void {
    const cells = whereabouts.cells(entity);
    if (cells === undefined || cells.size === 0) return;
    const seen = new Set<number>();
    let isShared = false;
    for (const [cell, index] of [...cells].reverse()) {
      const state = stateOf(cell);
      for (const [number, rows] of state.components) {
        if (((rows.present >> index) & 1) === 0) continue;
        if (seen.has(number)) {
          isShared = true;
          continue;
        }
        seen.add(number);
        shownWith(number).add(entity);
        draft.write(number, 1 << index, state.members, rows);
      }
    }
    for (const [number, entities] of shown) {
      if (!seen.has(number) && entities.delete(entity)) draft.lose(number, entity);
    }
    if (isShared) shared.add(entity);
    else shared.delete(entity);
  }

  return {
    get entityCount() {
      return whereabouts.size;
    },
    has: (entity) => whereabouts.has(entity),
    get timeoutMs() {
      return whereabouts.timeoutMs;
    },
    handleChanges,
    handleTimeout(nowMs) {
      const late = whereabouts.handleTimeout(nowMs);
      late.forEach(forget);
      if (late.length > 0) updates.push({ tick: newestTick, spawned: [], removed: [], written: [], despawned: late });
    },
    pollUpdate: () => updates.shift() ?? null,
  };
}
