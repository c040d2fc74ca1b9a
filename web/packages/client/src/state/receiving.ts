/**
 * A receiver of the state plane: sections become cells, and cells become columns of what changed (REP-16 to REP-19,
 * REP-23). A frame is taken as a whole or, when it is malformed, not at all.
 *
 * Entities are named as the room names them; a field that names another entity (REP-22) does so too, and whoever reads
 * it looks whether that one is there.
 */

import {
  BASELINE_AGE_TICKS_MAX,
  type CellsLeft,
  STATE_CELL_STATES_MAX,
  STATE_CELLS_LEFT_MAX,
  type StateAck,
  type StateFrame,
  type StateSection,
} from "@theta/wire";
import { createAcknowledging } from "./acknowledging";
import { restoreBody } from "./body-code";
import { applySection, type CellState, EMPTY, entityAt } from "./cells";
import { lowestBit, readSections, REMOVED, type Section } from "./reading-sections";
import { ENTITY, type SessionComponents } from "./schema";
import { type Change, createShowing } from "./showing";
import type { StateUpdate } from "./updates";

/** Sections that were taken, an older one than what is here, and those whose baseline is not here. */
export interface SectionCounts {
  readonly applied: number;
  readonly stale: number;
  readonly dropped: number;
}

export interface StateReceiver {
  readonly counts: SectionCounts;
  /** How many entities are shown. */
  readonly entityCount: number;
  /** Whether an entity is shown. */
  has(entity: bigint): boolean;
  /** The cells that are known. */
  readonly cells: readonly number[];
  /** When to call `handleTimeout`, in monotonic milliseconds; `null` for never. */
  readonly timeoutMs: number | null;
  /** The newest that is known of a cell; `EMPTY` when nothing is. */
  state(cell: number): CellState;
  /** Throws `RoomFaultError` when it is malformed or does not fit what is here; nothing was changed then. */
  handleFrame(nowMs: number, message: StateFrame | StateSection): void;
  /** Whether all sections were taken, or were older than what is here. Throws like `handleFrame`. */
  handleBody(nowMs: number, tick: number, body: Uint8Array): boolean;
  handleCellsLeft(nowMs: number, message: CellsLeft): void;
  handleTimeout(nowMs: number): void;
  /** The answer to what came since the last one. */
  pollAck(): StateAck | null;
  /** What changed, in order; to be drained. */
  pollUpdate(): StateUpdate | null;
}

/** A change of a cell, and the tick of the differences' base. */
type Step = Change & { readonly baseTick: number };

/** What is so many ticks old arrives no more. */
const LATE_TICKS_MAX = 2 * BASELINE_AGE_TICKS_MAX;
const NOWHERE_ELSE: ReadonlyMap<bigint, number> = new Map();

export function createStateReceiver(session: Pick<SessionComponents, "layouts">): StateReceiver {
  const counts = { applied: 0, stale: 0, dropped: 0 };
  const states = new Map<number, CellState[]>();
  /** Up to which tick a cell's sections are passed over; those that were left last at the end. */
  const left = new Map<number, number>();
  let newestTick = 0;
  const acknowledging = createAcknowledging();
  const showing = createShowing(session, stateOf);

  function stateOf(cell: number): CellState {
    return states.get(cell)?.at(-1) ?? EMPTY;
  }

  function prepare(sections: readonly Section[], tick: number, body: Uint8Array): { steps: Step[]; found: SectionCounts } {
    const found = { applied: 0, stale: 0, dropped: 0 };
    const steps: Step[] = [];
    for (const section of sections) {
      const known = states.get(section.cell) ?? [];
      if (tick <= (left.get(section.cell) ?? 0) || known.some((state) => state.tick === tick)) {
        found.stale += 1;
        continue;
      }
      const base = baseOf(known, section, tick);
      if (base === null) {
        found.dropped += 1;
        continue;
      }
      const after = applySection(session.layouts, base, section, body, tick);
      const before = known.at(-1) ?? EMPTY;
      found[tick < before.tick ? "stale" : "applied"] += 1;
      steps.push({ cell: section.cell, before, after, destinations: destinationsOf(base, section), baseTick: base.tick });
    }
    return { steps, found };
  }

  /** Forgets of cells that were left what counted only for messages that are too old by now to arrive. */
  function prune(tick: number): void {
    newestTick = Math.max(newestTick, tick);
    for (const [cell, until] of left) {
      if (until + LATE_TICKS_MAX >= newestTick && left.size <= STATE_CELLS_LEFT_MAX) return;
      left.delete(cell);
    }
  }

  /** Keeps the states; returns the changes that are newer than what was here. */
  function commit(steps: readonly Step[]): Change[] {
    for (const { cell, after, baseTick } of steps) {
      left.delete(cell);
      // What is older than a baseline is never a baseline again. What came late may still become one: the room hears
      // that it is here.
      const kept = (states.get(cell) ?? []).filter((state) => state.tick >= baseTick);
      kept.splice(kept.findLastIndex((state) => state.tick < after.tick) + 1, 0, after);
      states.set(cell, kept.slice(-STATE_CELL_STATES_MAX));
    }
    return steps.filter(({ before, after }) => after.tick > before.tick);
  }

  function handleBody(nowMs: number, tick: number, body: Uint8Array): boolean {
    const sections = readSections(session.layouts, body);
    const { steps, found } = prepare(sections, tick, body);
    counts.applied += found.applied;
    counts.stale += found.stale;
    counts.dropped += found.dropped;
    showing.handleChanges(nowMs, commit(steps), tick);
    prune(tick);
    return found.dropped === 0;
  }

  return {
    counts,
    get entityCount() {
      return showing.entityCount;
    },
    has: (entity) => showing.has(entity),
    get cells() {
      return [...states.keys()];
    },
    get timeoutMs() {
      return showing.timeoutMs;
    },
    state: stateOf,
    handleBody,
    handleFrame(nowMs, message) {
      const { sequence, tick } = message;
      if (acknowledging.has(sequence)) acknowledging.repeat();
      else if (handleBody(nowMs, tick, bodyOf(message))) acknowledging.note(sequence);
    },
    handleCellsLeft(nowMs, { tick, cells }) {
      const changes: Change[] = [];
      for (const cell of new Set(cells)) {
        const until = Math.max(left.get(cell) ?? 0, tick);
        left.delete(cell);
        left.set(cell, until);
        const before = stateOf(cell);
        if (!states.has(cell) || before.tick > tick) continue;
        states.delete(cell);
        changes.push({ cell, before, after: { ...EMPTY, tick }, destinations: NOWHERE_ELSE });
      }
      showing.handleChanges(nowMs, changes, tick);
      prune(tick);
    },
    handleTimeout: (nowMs) => showing.handleTimeout(nowMs),
    pollAck: () => acknowledging.poll(),
    pollUpdate: () => showing.pollUpdate(),
  };
}

/** A message's sections. Throws `RoomFaultError` when they are coded, and not well. */
function bodyOf(message: StateFrame | StateSection): Uint8Array {
  return message.type === "StateFrame" && message.coded ? restoreBody(message.body) : message.body;
}

/** The newest state that is not after the section's baseline; `null` when there is none. */
function baseOf(known: readonly CellState[], section: Section, tick: number): CellState | null {
  if (section.age === 0) return EMPTY;
  return known.findLast((state) => state.tick <= tick - section.age) ?? null;
}

/** Where those went who left since the base. */
function destinationsOf(base: CellState, section: Section): ReadonlyMap<bigint, number> {
  const part = section.parts[0];
  if (part === undefined || part.number !== ENTITY || part.kind !== REMOVED) return NOWHERE_ELSE;
  const found = new Map<bigint, number>();
  let next = 0;
  for (let rest = part.rows; rest !== 0; rest &= rest - 1) {
    found.set(entityAt(base.members, lowestBit(rest)), part.destinations[next++]!);
  }
  return found;
}
