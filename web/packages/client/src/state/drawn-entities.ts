/**
 * What a page draws of the state plane: updates in, columns at a time out (REP-68 to REP-71).
 *
 * Only what moves has samples between which it is interpolated. What was silent for so long that it is at rest costs
 * nothing in a frame; when it moves again, what it was told last is the sample before.
 */

import { TELEPORT_METRES, type Pose } from "@theta/wire";
import type { NumberColumn } from "./columns";
import { createInterpolationBuffer, createPlaybackClock, SETTLED_SECONDS } from "./interpolation";
import { createRows, HAS_POSE, HAS_SHAPE, type Marked, MOVED, NO_SLOT, RESHAPED, type Rows } from "./rows";
import { restoreField, type SessionComponents } from "./schema";
import { findPose, findShape, type PoseComponent, type ShapeComponent } from "./standard";
import type { StateUpdate, Written } from "./updates";

/** The room's ticks: `theta.interest.priority.TICKS_PER_SECOND`. */
export const TICK_SECONDS = 1 / 30;
const TRACKS = [
  { name: "translation", width: 3, jump: TELEPORT_METRES },
  { name: "rotation", width: 4, isRotation: true },
];
/** So that rest is later than the sample it is of, and earlier than whatever is told next. */
const REST_AFTER_SECONDS = TICK_SECONDS / 1_000;
const ACTIVE_MIN = 64;

/** Who is shown elsewhere than where the room has it. */
export interface Overrides {
  readonly entities: Iterable<bigint>;
  /** Where to show an entity that the room has at `known` at the time `time` of the room, in seconds. */
  shown(nowMs: number, time: number, entity: bigint, known: Pose): Pose;
}

export interface DrawnEntities {
  readonly rows: Pick<Rows, "table" | "count">;
  /** What the room's poses are made of; `null` where the page cannot tell. */
  readonly poseComponent: PoseComponent | null;
  readonly shapeComponent: ShapeComponent | null;
  /** The session's components are others. */
  handleComponents(): void;
  handleTick(nowMs: number, tick: number): void;
  handleUpdate(update: StateUpdate): void;
  /** The row of an entity; `null` where it is not drawn. */
  rowOf(entity: bigint): number | null;
  /** Where an entity is shown; `null` where it is not drawn. */
  poseOf(entity: bigint): Pose | null;
  /** The pose that the room told of an entity last, and of which tick; `null` where it is not drawn. */
  told(entity: bigint): { readonly tick: number; readonly pose: Pose } | null;
  /** An entity stays where it was told last, unless it is told otherwise. */
  rest(entity: bigint): void;
  /** The rows as they are at a time, and what differs since the last call. */
  sample(nowMs: number, overrides: Overrides): Marked;
}

export function createDrawnEntities(session: Pick<SessionComponents, "layouts" | "numberOf">): DrawnEntities {
  const clock = createPlaybackClock(TICK_SECONDS);
  const buffer = createInterpolationBuffer(TRACKS);
  const rows = createRows((slot, row) => {
    rowOfSlot[slot] = row;
  });
  /** The slots in the buffer of what moves, and whose they are: a row, or `NO_SLOT` when it went. */
  let active = new Uint32Array(ACTIVE_MIN);
  let activeCount = 0;
  let rowOfSlot = new Int32Array(ACTIVE_MIN);
  const freeSlots: number[] = [];
  let shown: readonly [Float64Array, Float64Array] = [new Float64Array(3 * ACTIVE_MIN), new Float64Array(4 * ACTIVE_MIN)];
  let overridden: bigint[] = [];
  let poses = findPose(session);
  let shapes = findShape(session);

  function activate(row: number): number {
    const { table } = rows;
    if (freeSlots.length === 0 && activeCount === active.length) {
      // A page that is hidden shows nothing, so nothing was freed meanwhile.
      freeOrphans();
      if (4 * freeSlots.length < active.length) growActive();
    }
    // As many as there are in use, so all below are.
    if (freeSlots.length === 0) freeSlots.push(activeCount);
    const slot = freeSlots.pop()!;
    active[activeCount++] = slot;
    rowOfSlot[slot] = row;
    table.slots[row] = slot;
    const translation = table.toldPositions.subarray(3 * row, 3 * row + 3);
    const rotation = table.toldRotations.subarray(4 * row, 4 * row + 4);
    buffer.handleSamples(table.times[row]!, [slot], { translation, rotation });
    return slot;
  }

  /** Frees the slots of what went. */
  function freeOrphans(): void {
    let kept = 0;
    for (let at = 0; at < activeCount; at += 1) {
      const slot = active[at]!;
      if (rowOfSlot[slot] === NO_SLOT) freeSlot(slot);
      else active[kept++] = slot;
    }
    activeCount = kept;
  }

  function freeSlot(slot: number): void {
    buffer.forget([slot]);
    freeSlots.push(slot);
  }

  function growActive(): void {
    const size = 2 * active.length;
    const [oldActive, oldRows] = [active, rowOfSlot];
    active = new Uint32Array(size);
    active.set(oldActive);
    rowOfSlot = new Int32Array(size);
    rowOfSlot.set(oldRows);
    shown = [new Float64Array(3 * size), new Float64Array(4 * size)];
  }

  /** What is in the row has no samples any more; its slot is free after the next `sample`. */
  function orphan(row: number): void {
    const slot = rows.table.slots[row]!;
    if (slot === NO_SLOT) return;
    rowOfSlot[slot] = NO_SLOT;
    rows.table.slots[row] = NO_SLOT;
  }

  function writePoses(written: Written, time: number): void {
    const { layout, fields } = poses!;
    const translations = restoreField(layout, fields.translation, written.words, written.rows) as Float32Array;
    const rotations = restoreField(layout, fields.rotation, written.words, written.rows) as Float32Array;
    const slots: number[] = [];
    const moved: number[] = [];
    for (let at = 0; at < written.rows; at += 1) {
      const row = rows.make(written.entities[at]!);
      const { table } = rows;
      const isNew = (table.has[row]! & HAS_POSE) === 0;
      if (!isNew && time < table.times[row]!) continue;
      const isAgain = !isNew && time > table.times[row]!;
      const slot = isAgain && table.slots[row] === NO_SLOT ? activate(row) : table.slots[row]!;
      put(table.toldPositions, 3 * row, translations, 3 * at, 3);
      put(table.toldRotations, 4 * row, rotations, 4 * at, 4);
      table.times[row] = time;
      if (slot === NO_SLOT) settle(row);
      else {
        slots.push(slot);
        moved.push(at);
      }
      if (isNew) rows.give(row, HAS_POSE);
    }
    if (slots.length === 0) return;
    const isAll = moved.length === written.rows;
    const translation = isAll ? translations : chosen(translations, moved, 3);
    buffer.handleSamples(time, slots, { translation, rotation: isAll ? rotations : chosen(rotations, moved, 4) });
  }

  function writeShapes(written: Written): void {
    const { layout, fields } = shapes!;
    const restored = (field: "kind" | "size" | "colour"): NumberColumn => restoreField(layout, fields[field], written.words, written.rows);
    const kinds = restored("kind") as Uint8Array;
    const sizes = restored("size") as Float32Array;
    const colours = restored("colour") as Uint8Array;
    for (let at = 0; at < written.rows; at += 1) {
      const row = rows.give(rows.make(written.entities[at]!), HAS_SHAPE);
      const { table } = rows;
      table.kinds[row] = kinds[at]!;
      put(table.sizes, 3 * row, sizes, 3 * at, 3);
      put(table.colours, 3 * row, colours, 3 * at, 3);
      rows.mark(row, MOVED | RESHAPED);
    }
  }

  /** Shows a row where it was told last. */
  function settle(row: number): void {
    const { positions, rotations, toldPositions, toldRotations } = rows.table;
    const isMoved = put(positions, 3 * row, toldPositions, 3 * row, 3);
    if (put(rotations, 4 * row, toldRotations, 4 * row, 4) || isMoved) rows.mark(row, MOVED);
  }

  /** Shows everything that moves where it is at a time; what is at rest moves no more. */
  function move(time: number): void {
    buffer.writeAt(time, active, activeCount, shown);
    let kept = 0;
    for (let at = 0; at < activeCount; at += 1) {
      const slot = active[at]!;
      const row = rowOfSlot[slot]!;
      const { table } = rows;
      if (row !== NO_SLOT && time - table.times[row]! < SETTLED_SECONDS) {
        active[kept++] = slot;
        const isMoved = put(table.positions, 3 * row, shown[0], 3 * at, 3);
        if (put(table.rotations, 4 * row, shown[1], 4 * at, 4) || isMoved) rows.mark(row, MOVED);
        continue;
      }
      if (row !== NO_SLOT) {
        orphan(row);
        settle(row);
      }
      freeSlot(slot);
    }
    activeCount = kept;
  }

  const poseIn = (row: number): Pose => poseAt(rows.table.positions, rows.table.rotations, row);

  /** The row of an entity that is drawn. */
  function drawnRow(entity: bigint): number | null {
    const row = rows.rowOf(entity);
    return row !== undefined && row < rows.count ? row : null;
  }

  function override(nowMs: number, time: number, overrides: Overrides): void {
    for (const entity of overridden) {
      const row = drawnRow(entity);
      if (row !== null && rows.table.slots[row] === NO_SLOT) settle(row);
    }
    overridden = [];
    for (const entity of overrides.entities) {
      const row = drawnRow(entity);
      if (row === null) continue;
      overridden.push(entity);
      const { position, rotation } = overrides.shown(nowMs, time, entity, poseIn(row));
      const isMoved = put(rows.table.positions, 3 * row, position, 0, 3);
      if (put(rows.table.rotations, 4 * row, rotation, 0, 4) || isMoved) rows.mark(row, MOVED);
    }
  }

  return {
    rows,
    get poseComponent() {
      return poses;
    },
    get shapeComponent() {
      return shapes;
    },
    handleComponents() {
      poses = findPose(session);
      shapes = findShape(session);
    },
    handleTick: (nowMs, tick) => clock.handleTick(nowMs, tick),
    handleUpdate({ tick, removed, written, despawned }) {
      for (const { number, entities } of removed) {
        const what = number === poses?.number ? HAS_POSE : number === shapes?.number ? HAS_SHAPE : 0;
        for (const entity of entities) {
          const row = what === 0 ? undefined : rows.rowOf(entity);
          if (row === undefined) continue;
          if (what === HAS_POSE) orphan(row);
          rows.take(row, what);
        }
      }
      for (const each of written) {
        if (each.number === poses?.number) writePoses(each, tick * TICK_SECONDS);
        else if (each.number === shapes?.number) writeShapes(each);
      }
      for (const entity of despawned) {
        const row = rows.rowOf(entity);
        if (row === undefined) continue;
        orphan(row);
        rows.remove(row);
      }
    },
    rowOf: drawnRow,
    poseOf(entity) {
      const row = drawnRow(entity);
      return row === null ? null : poseIn(row);
    },
    told(entity) {
      const row = drawnRow(entity);
      if (row === null) return null;
      const { toldPositions, toldRotations, times } = rows.table;
      return { tick: Math.round(times[row]! / TICK_SECONDS), pose: poseAt(toldPositions, toldRotations, row) };
    },
    rest(entity) {
      const row = drawnRow(entity);
      if (row === null || rows.table.slots[row] === NO_SLOT) return;
      buffer.handleRest(rows.table.times[row]! + REST_AFTER_SECONDS, [rows.table.slots[row]!]);
    },
    sample(nowMs, overrides) {
      // Before the first tick everything is where it was told last.
      const time = clock.advance(nowMs) ?? Infinity;
      move(time);
      override(nowMs, time, overrides);
      return rows.pollMarked();
    },
  };
}

function poseAt(positions: Float32Array, rotations: Float32Array, row: number): Pose {
  const [p, r] = [3 * row, 4 * row];
  return {
    position: [positions[p]!, positions[p + 1]!, positions[p + 2]!],
    rotation: [rotations[r]!, rotations[r + 1]!, rotations[r + 2]!, rotations[r + 3]!],
  };
}

/** Copies numbers; whether they are others than were there. */
function put(into: Float32Array | Uint8Array, to: number, from: ArrayLike<number>, at: number, count: number): boolean {
  let isOther = false;
  for (let each = 0; each < count; each += 1) {
    const before = into[to + each]!;
    into[to + each] = from[at + each]!;
    isOther ||= into[to + each] !== before;
  }
  return isOther;
}

/** Some rows of a column. */
function chosen(column: Float32Array, which: readonly number[], width: number): Float32Array {
  const found = new Float32Array(width * which.length);
  which.forEach((row, at) => found.set(column.subarray(width * row, width * (row + 1)), width * at));
  return found;
}
