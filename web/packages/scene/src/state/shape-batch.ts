import type { StateSample, StateShape } from "@theta/client";
import { Color, InstancedMesh, Sphere, type Frustum, type Material } from "three";
import { CONTACT_METRES, SPREAD_METRES } from "../contact-shadows";
import { METRES_MIN } from "./hit";
import { createInstanceColumn } from "./instance-column";
import { createShapeGeometry, DETAILS } from "./shape-geometry";

const CAPACITY = 64;
/** What the shader works with, of each value of a channel in sRGB. */
const LINEAR = Float32Array.from({ length: 256 }, (_, value) => new Color().setHex(value).b);

export interface ShapeBatch {
  readonly shape: StateShape;
  readonly mesh: InstancedMesh;
  readonly count: number;
  /** The sample's row that an instance shows. */
  rowOf(instance: number): number;
  /** Shows a row as one instance more; returns its number. Pose and colour are to be written. */
  add(row: number): number;
  /** Shows an instance no more. The last takes its number: returns the row that one shows, or -1. */
  remove(instance: number): number;
  writePose(instance: number, sample: StateSample): void;
  /** Whether an instance, or the darkness under it, may be within `sight`. */
  isIn(sight: Frustum, instance: number): boolean;
  /** 0xRRGGBB; false when it has that colour. */
  writeColour(instance: number, colour: number): boolean;
  /** What was written since is in the next frame, and what surrounds all instances follows. */
  finish(): void;
  dispose(): void;
}

/** All entities of one shape, in one draw call. `grown` is told when the mesh has other attributes. */
export function createShapeBatch(shape: StateShape, material: Material, grown: () => void): ShapeBatch {
  const geometries = DETAILS.map((detail) => createShapeGeometry(shape, detail));
  const mesh = new InstancedMesh(geometries[0], material, CAPACITY);
  mesh.count = 0;
  mesh.visible = false;
  mesh.receiveShadow = true;
  mesh.matrixAutoUpdate = false;
  mesh.pointerEvents = "none";
  const ball = (mesh.boundingSphere = new Sphere());
  let poses = createInstanceColumn(CAPACITY, 16, null);
  let colours = createInstanceColumn(CAPACITY, 3, null);
  let capacity = CAPACITY;
  let count = 0;
  let rows = new Uint32Array(CAPACITY);
  /** Their colours as written. */
  let shown = new Int32Array(CAPACITY);
  let radii = new Float32Array(CAPACITY);
  let isDirty = false;
  const around = new Sphere();

  const show = (): void => {
    // The buffers of the attributes that are replaced go with this, not with the mesh.
    mesh.dispose();
    mesh.instanceMatrix = poses.attribute;
    mesh.instanceColor = colours.attribute;
  };
  show();
  const grow = (): void => {
    capacity *= 2;
    const [hadRows, hadShown, hadRadii] = [rows, shown, radii];
    rows = new Uint32Array(capacity);
    shown = new Int32Array(capacity);
    radii = new Float32Array(capacity);
    rows.set(hadRows);
    shown.set(hadShown);
    radii.set(hadRadii);
    poses = createInstanceColumn(capacity, 16, poses);
    colours = createInstanceColumn(capacity, 3, colours);
    show();
    grown();
  };

  return {
    shape,
    mesh,
    get count() {
      return count;
    },
    rowOf: (instance) => rows[instance]!,
    add(row) {
      if (count === capacity) grow();
      rows[count] = row;
      shown[count] = -1;
      isDirty = true;
      return count++;
    },
    remove(instance) {
      isDirty = true;
      const last = --count;
      if (instance === last) return -1;
      rows[instance] = rows[last]!;
      shown[instance] = shown[last]!;
      radii[instance] = radii[last]!;
      poses.values.copyWithin(instance * 16, last * 16, (last + 1) * 16);
      colours.values.copyWithin(instance * 3, last * 3, (last + 1) * 3);
      poses.touch(instance);
      colours.touch(instance);
      return rows[instance];
    },
    writePose(instance, { positions, rotations, sizes }) {
      isDirty = true;
      const row = rows[instance]!;
      const place = row * 3;
      const sx = Math.max(sizes[place]!, METRES_MIN);
      const sy = Math.max(sizes[place + 1]!, METRES_MIN);
      const sz = Math.max(sizes[place + 2]!, METRES_MIN);
      radii[instance] = Math.sqrt(sx * sx + sy * sy + sz * sz) / 2;
      compose(poses.values, instance * 16, positions, place, rotations, row * 4, sx, sy, sz);
      poses.touch(instance);
    },
    isIn(sight, instance) {
      around.center.fromArray(poses.values, instance * 16 + 12);
      around.radius = radii[instance]! + CONTACT_METRES + SPREAD_METRES;
      return sight.intersectsSphere(around);
    },
    writeColour(instance, colour) {
      if (shown[instance] === colour) return false;
      shown[instance] = colour;
      colours.values[instance * 3] = LINEAR[(colour >> 16) & 255]!;
      colours.values[instance * 3 + 1] = LINEAR[(colour >> 8) & 255]!;
      colours.values[instance * 3 + 2] = LINEAR[colour & 255]!;
      colours.touch(instance);
      return true;
    },
    finish() {
      poses.flush();
      colours.flush();
      if (!isDirty) return;
      isDirty = false;
      mesh.count = count;
      mesh.visible = count > 0;
      mesh.geometry = geometries[DETAILS.findIndex(({ crowd }) => count <= crowd)]!;
      surround(ball, poses.values, radii, count);
    },
    dispose() {
      for (const part of [mesh, ...geometries]) part.dispose();
    },
  };
}

/** `Matrix4.compose` on columns: straight into where it is sent from. */
function compose(
  into: Float32Array,
  at: number,
  positions: Float32Array,
  place: number,
  rotations: Float32Array,
  turn: number,
  sx: number,
  sy: number,
  sz: number,
): void {
  const x = rotations[turn]!;
  const y = rotations[turn + 1]!;
  const z = rotations[turn + 2]!;
  const w = rotations[turn + 3]!;
  const x2 = x + x;
  const y2 = y + y;
  const z2 = z + z;
  const xx = x * x2;
  const xy = x * y2;
  const xz = x * z2;
  const yy = y * y2;
  const yz = y * z2;
  const zz = z * z2;
  const wx = w * x2;
  const wy = w * y2;
  const wz = w * z2;
  into[at] = (1 - (yy + zz)) * sx;
  into[at + 1] = (xy + wz) * sx;
  into[at + 2] = (xz - wy) * sx;
  into[at + 4] = (xy - wz) * sy;
  into[at + 5] = (1 - (xx + zz)) * sy;
  into[at + 6] = (yz + wx) * sy;
  into[at + 8] = (xz + wy) * sz;
  into[at + 9] = (yz - wx) * sz;
  into[at + 10] = (1 - (xx + yy)) * sz;
  into[at + 12] = positions[place]!;
  into[at + 13] = positions[place + 1]!;
  into[at + 14] = positions[place + 2]!;
  into[at + 15] = 1;
}

/** The ball around the box around all middles, as much larger as the largest instance needs. */
function surround(ball: Sphere, matrices: Float32Array, radii: Float32Array, count: number): void {
  if (count === 0) {
    ball.makeEmpty();
    return;
  }
  let left = Infinity;
  let low = Infinity;
  let back = Infinity;
  let right = -Infinity;
  let high = -Infinity;
  let front = -Infinity;
  let radius = 0;
  for (let at = 0; at < count; at++) {
    const x = matrices[at * 16 + 12]!;
    const y = matrices[at * 16 + 13]!;
    const z = matrices[at * 16 + 14]!;
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < low) low = y;
    if (y > high) high = y;
    if (z < back) back = z;
    if (z > front) front = z;
    if (radii[at]! > radius) radius = radii[at]!;
  }
  ball.center.set((left + right) / 2, (low + high) / 2, (back + front) / 2);
  ball.radius = Math.hypot(right - left, high - low, front - back) / 2 + radius;
}
