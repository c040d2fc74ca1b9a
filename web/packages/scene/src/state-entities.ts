import { STATE_SHAPES, type RoomStateView, type StateEntity, type StateSample } from "@theta/client";
import { Box3, Group, MeshStandardMaterial, Vector3, type Frustum, type Object3D, type Ray, type Sphere } from "three";
import { createFooting } from "./state/footing";
import { createOutlines } from "./state/outlines";
import { createStatePicking, type StatePick } from "./state/picking";
import { createShapeBatch, type ShapeBatch } from "./state/shape-batch";
import type { SceneTheme } from "./theme";

/** How much of its mark's colour a marked entity has. */
const TINT = 0.3;
/** What is larger than this is drawn apart: however many small things there are, it is drawn as round as it should be. */
const LARGE_METRES = 0.6;
const UNSEEN = -1;

export interface StatePlace {
  readonly position: Vector3;
  readonly rotation: readonly [number, number, number, number];
}

export interface StateEntityLayer {
  readonly group: Group;
  /** What a pointer meets first of them; an `Intersection`'s `instanceId` is for `entityAt`. */
  readonly pickable: Object3D;
  /** How many are drawn. */
  readonly count: number;
  /**
   * Draws them as they are at a time of `performance.now()`, seen from `eye`; true when anything in `sight` (null: anywhere)
   * differs from before.
   */
  advance(nowMs: number, eye: Vector3, sight: Frustum | null): boolean;
  /** Outlines these in their colours (0xRRGGBB), and nothing else, from the next `advance` on. */
  mark(marks: ReadonlyMap<StateEntity, number>): void;
  pickAlong(ray: Ray, far: number): StatePick | null;
  entityAt(row: number): StateEntity | null;
  /** Where one is now as drawn; null when it is not. */
  placeOf(entity: StateEntity): StatePlace | null;
  bounds(): Box3;
  setTheme(theme: SceneTheme): void;
  dispose(): void;
}

/** Draws what is alive in the room: a draw call or two for each shape, of which only what changed is sent. */
export function createStateEntityLayer(state: Pick<RoomStateView, "sample" | "rowOf">, theme: SceneTheme): StateEntityLayer {
  const group = new Group();
  const material = new MeshStandardMaterial({ metalness: 0, roughness: 0.6 });
  // By shape, those of small things before those of large ones.
  const batches: ShapeBatch[] = [...STATE_SHAPES, ...STATE_SHAPES].map((shape, at) =>
    createShapeBatch(shape, material, () => footing.regrow(batches[at]!)),
  );
  const footing = createFooting(group, batches, theme);
  const outlines = createOutlines();
  const picking = createStatePicking(() => sample);
  group.add(...batches.map(({ mesh }) => mesh), outlines.group, picking.pickable);
  let sample: StateSample | null = null;
  /** Of each row drawn: its batch, and which instance of it. */
  let shapes = new Int8Array(0);
  let instances = new Uint32Array(0);
  let count = 0;
  let marks: ReadonlyMap<StateEntity, number> = new Map();
  /** The rows that are marked, and how. */
  let marked = new Map<number, number>();

  const reserve = (rows: number): void => {
    if (rows <= shapes.length) return;
    const [hadShapes, hadInstances] = [shapes, instances];
    shapes = new Int8Array(Math.max(rows, shapes.length * 2)).fill(UNSEEN);
    instances = new Uint32Array(shapes.length);
    shapes.set(hadShapes);
    instances.set(hadInstances);
  };
  const hide = (row: number): void => {
    const batch = batches[shapes[row]!];
    if (!batch) return;
    shapes[row] = UNSEEN;
    const moved = batch.remove(instances[row]!);
    if (moved >= 0) instances[moved] = instances[row]!;
  };
  const reshape = (row: number, { kinds, sizes, colours }: StateSample): void => {
    const shape = kinds[row]! < STATE_SHAPES.length ? kinds[row]! : 0;
    const isLarge = Math.max(sizes[row * 3]!, sizes[row * 3 + 1]!, sizes[row * 3 + 2]!) > LARGE_METRES;
    const wanted = isLarge ? STATE_SHAPES.length + shape : shape;
    if (shapes[row] !== wanted) {
      hide(row);
      shapes[row] = wanted;
      instances[row] = batches[wanted]!.add(row);
    }
    batches[wanted]!.writeColour(instances[row]!, colourOf(colours, row));
  };
  /** Returns whether any of it can be seen, or could be. */
  const write = (next: StateSample, sight: Frustum | null): boolean => {
    const { changed, changedCount, reshaped, reshapedCount } = next;
    let isSeen = sight ? reshapedCount > 0 || next.count < count : next.changedCount > 0 || next.count !== count;
    for (let row = next.count; row < count; row++) hide(row);
    reserve(next.count);
    count = next.count;
    for (let at = 0; at < reshapedCount; at++) reshape(reshaped[at]!, next);
    for (let at = 0; at < changedCount; at++) {
      const row = changed[at]!;
      const batch = batches[shapes[row]!]!;
      const instance = instances[row]!;
      isSeen ||= batch.isIn(sight!, instance);
      batch.writePose(instance, next);
      isSeen ||= batch.isIn(sight!, instance);
    }
    return isSeen;
  };
  /** Colours what is marked now, and what no longer is; true when any colour is another. */
  const paint = (next: StateSample): boolean => {
    if (marks.size === 0 && marked.size === 0) return false;
    const before = marked;
    marked = new Map();
    for (const [entity, rgb] of marks) {
      const row = state.rowOf(entity);
      if (row !== null) marked.set(row, rgb);
    }
    let differs = false;
    const colour = (row: number, rgb: number): void => {
      differs = batches[shapes[row]!]!.writeColour(instances[row]!, rgb) || differs;
    };
    for (const row of before.keys()) if (row < count && !marked.has(row)) colour(row, colourOf(next.colours, row));
    for (const [row, rgb] of marked) colour(row, mixed(colourOf(next.colours, row), rgb, TINT));
    return differs;
  };

  return {
    group,
    pickable: picking.pickable,
    get count() {
      return count;
    },
    advance(nowMs, eye, sight) {
      const had = count;
      const next = (sample = state.sample(nowMs));
      const isSeen = write(next, sight);
      const isPainted = paint(next);
      if (next.changedCount > 0 || had !== count || isPainted) {
        for (const batch of batches) {
          batch.finish();
          footing.follow(batch);
        }
      }
      outlines.show(next, marked, eye);
      return isSeen || isPainted;
    },
    mark(next) {
      marks = next;
    },
    pickAlong: (ray, far) => picking.pickAlong(ray, far),
    entityAt: (row) => (sample && row < count ? sample.entities[row]! : null),
    placeOf(entity) {
      const row = state.rowOf(entity);
      if (!sample || row === null) return null;
      const [x, y, z, w] = sample.rotations.subarray(row * 4, row * 4 + 4) as unknown as [number, number, number, number];
      return { position: new Vector3().fromArray(sample.positions, row * 3), rotation: [x, y, z, w] };
    },
    bounds() {
      const bounds = new Box3();
      const ball = new Box3();
      for (const { mesh } of batches) if (mesh.visible) bounds.union((mesh.boundingSphere as Sphere).getBoundingBox(ball));
      return bounds;
    },
    setTheme: (next) => footing.setTheme(next),
    dispose() {
      for (const part of [...batches, footing, outlines, material]) part.dispose();
    },
  };
}

function colourOf(colours: Uint8Array, row: number): number {
  return (colours[row * 3]! << 16) | (colours[row * 3 + 1]! << 8) | colours[row * 3 + 2]!;
}

/** Between two colours (0xRRGGBB), `share` of the second. */
function mixed(one: number, other: number, share: number): number {
  let colour = 0;
  for (const shift of [16, 8, 0]) {
    const [from, to] = [(one >> shift) & 255, (other >> shift) & 255];
    colour |= Math.round(from + (to - from) * share) << shift;
  }
  return colour;
}
