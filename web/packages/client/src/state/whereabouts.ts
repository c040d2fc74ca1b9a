/**
 * Which cells each entity is in, as the page was told: one appearing and one disappearing for each (REP-17). Who leaves
 * one cell for another stays for STATE_HANDOVER_SECONDS_MAX while nobody tells of the other. Who was told to have ended
 * does not come back, whatever arrives late.
 */

import { BASELINE_AGE_TICKS_MAX, STATE_HANDOVER_SECONDS_MAX } from "@theta/wire";

/** Where a leaving entity goes: it has ended, is in no cell of this scope, or is in cell `destination - CELL_BASE`. */
const ENDED = 0;
export const CELL_BASE = 2;
const REMEMBERED_TICKS = 2 * BASELINE_AGE_TICKS_MAX;
const HANDOVER_MS = 1000 * STATE_HANDOVER_SECONDS_MAX;

export interface Whereabouts {
  readonly size: number;
  /** When `handleTimeout` has somebody to give up; `null` for never. */
  readonly timeoutMs: number | null;
  /** Whether somebody is in a cell still that was told to have ended. */
  readonly hasHidden: boolean;
  isHidden(entity: bigint): boolean;
  has(entity: bigint): boolean;
  /** Where an entity is: its index by cell, where it came last at the end. `undefined` when it is not shown. */
  cells(entity: bigint): ReadonlyMap<number, number> | undefined;
  /** An entity is in a cell; whether it is new. */
  come(entity: bigint, cell: number, index: number): boolean;
  /** An entity is in a cell no more; whether it has ended for the page. */
  leave(nowMs: number, entity: bigint, cell: number, destination: number, tick: number): boolean;
  /** Those whose new cell did not tell of them in time; they have ended for the page. */
  handleTimeout(nowMs: number): bigint[];
  /** Forgets who had ended so long ago that nothing older can arrive any more. */
  prune(tick: number): void;
}

export function createWhereabouts(): Whereabouts {
  const shown = new Map<bigint, Map<number, number>>();
  /** Until when somebody without a cell stays, soonest first. */
  const handovers = new Map<bigint, number>();
  /** Since which tick, oldest first. */
  const ended = new Map<bigint, number>();
  /** In which cells somebody is who has ended. */
  const hidden = new Map<bigint, Set<number>>();

  function forget(entity: bigint): void {
    shown.delete(entity);
    handovers.delete(entity);
  }

  function leaveHidden(entity: bigint, cell: number): void {
    const cells = hidden.get(entity);
    if (cells?.delete(cell) && cells.size === 0) hidden.delete(entity);
  }

  return {
    get size() {
      return shown.size;
    },
    get timeoutMs() {
      const [first] = handovers.values();
      return first ?? null;
    },
    get hasHidden() {
      return hidden.size > 0;
    },
    isHidden: (entity) => hidden.has(entity),
    has: (entity) => shown.has(entity),
    cells: (entity) => shown.get(entity),
    come(entity, cell, index) {
      const cells = shown.get(entity);
      if (ended.has(entity) && !cells?.has(cell)) {
        hidden.set(entity, (hidden.get(entity) ?? new Set()).add(cell));
        return false;
      }
      handovers.delete(entity);
      if (cells === undefined) {
        shown.set(entity, new Map([[cell, index]]));
        return true;
      }
      cells.delete(cell);
      cells.set(cell, index);
      return false;
    },
    leave(nowMs, entity, cell, destination, tick) {
      if (destination === ENDED) {
        ended.delete(entity);
        ended.set(entity, tick);
      }
      leaveHidden(entity, cell);
      const cells = shown.get(entity);
      if (!cells?.delete(cell) || cells.size > 0) return false;
      if (destination >= CELL_BASE) {
        handovers.delete(entity);
        handovers.set(entity, nowMs + HANDOVER_MS);
        return false;
      }
      forget(entity);
      return true;
    },
    handleTimeout(nowMs) {
      const late: bigint[] = [];
      for (const [entity, deadlineMs] of handovers) {
        if (nowMs < deadlineMs) break;
        late.push(entity);
      }
      late.forEach(forget);
      return late;
    },
    prune(tick) {
      for (const [entity, since] of ended) {
        if (since + REMEMBERED_TICKS >= tick) break;
        if (!hidden.has(entity)) ended.delete(entity);
      }
    },
  };
}
