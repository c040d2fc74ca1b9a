import type { StateSample } from "@theta/client";
import type { Ray } from "three";

/** No axis counts as shorter: nothing is divided by zero, and what is flat can still be hit. */
export const METRES_MIN = 1e-4;

/** Where a ray meets triangles (9 numbers each), in the direction's lengths; from inside as well, `Infinity` for nowhere. */
export function hitTriangles(
  triangles: Float32Array,
  ox: number,
  oy: number,
  oz: number,
  dx: number,
  dy: number,
  dz: number,
): number {
  let nearest = Infinity;
  for (let at = 0; at < triangles.length; at += 9) {
    const ax = triangles[at]!;
    const ay = triangles[at + 1]!;
    const az = triangles[at + 2]!;
    const ux = triangles[at + 3]! - ax;
    const uy = triangles[at + 4]! - ay;
    const uz = triangles[at + 5]! - az;
    const vx = triangles[at + 6]! - ax;
    const vy = triangles[at + 7]! - ay;
    const vz = triangles[at + 8]! - az;
    // Möller and Trumbore, "Fast, minimum storage ray/triangle intersection" (1997).
    const px = dy * vz - dz * vy;
    const py = dz * vx - dx * vz;
    const pz = dx * vy - dy * vx;
    const determinant = ux * px + uy * py + uz * pz;
    if (determinant === 0) continue;
    const sx = ox - ax;
    const sy = oy - ay;
    const sz = oz - az;
    const u = (sx * px + sy * py + sz * pz) / determinant;
    if (u < 0 || u > 1) continue;
    const qx = sy * uz - sz * uy;
    const qy = sz * ux - sx * uz;
    const qz = sx * uy - sy * ux;
    const v = (dx * qx + dy * qy + dz * qz) / determinant;
    if (v < 0 || u + v > 1) continue;
    const away = (vx * qx + vy * qy + vz * qz) / determinant;
    if (away >= 0 && away < nearest) nearest = away;
  }
  return nearest;
}

/** How far along a ray a row's shape is, its triangles 1 m across; `Infinity` when the ray passes it. */
export function hitRow({ positions, rotations, sizes }: StateSample, row: number, triangles: Float32Array, { origin, direction }: Ray): number {
  const place = 3 * row;
  const turn = 4 * row;
  const x = -rotations[turn]!;
  const y = -rotations[turn + 1]!;
  const z = -rotations[turn + 2]!;
  const w = rotations[turn + 3]!;
  const sx = Math.max(sizes[place]!, METRES_MIN);
  const sy = Math.max(sizes[place + 1]!, METRES_MIN);
  const sz = Math.max(sizes[place + 2]!, METRES_MIN);
  const ox = origin.x - positions[place]!;
  const oy = origin.y - positions[place + 1]!;
  const oz = origin.z - positions[place + 2]!;
  const { x: dx, y: dy, z: dz } = direction;
  // v + 2 w (q × v) + 2 q × (q × v), with the inverse of the rotation.
  const otx = 2 * (y * oz - z * oy);
  const oty = 2 * (z * ox - x * oz);
  const otz = 2 * (x * oy - y * ox);
  const dtx = 2 * (y * dz - z * dy);
  const dty = 2 * (z * dx - x * dz);
  const dtz = 2 * (x * dy - y * dx);
  return hitTriangles(
    triangles,
    (ox + w * otx + y * otz - z * oty) / sx,
    (oy + w * oty + z * otx - x * otz) / sy,
    (oz + w * otz + x * oty - y * otx) / sz,
    (dx + w * dtx + y * dtz - z * dty) / sx,
    (dy + w * dty + z * dtx - x * dtz) / sy,
    (dz + w * dtz + x * dty - y * dtx) / sz,
  );
}
