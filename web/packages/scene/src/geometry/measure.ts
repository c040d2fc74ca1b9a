import { idAt } from "@theta/wire";
import type { ElementId, Mesh } from "@theta/client";
import { Vector3 } from "three";

/** The vertices of a face, as indices, in loop order. */
export function faceLoop(mesh: Mesh, face: number): Uint32Array {
  return mesh.corners.subarray(mesh.faceOffsets[face], mesh.faceOffsets[face + 1]);
}

/** Where a vertex is, in the mesh's space. */
export function vertexPosition(mesh: Mesh, vertex: number, target = new Vector3()): Vector3 {
  return target.fromArray(mesh.positions, vertex * 3);
}

/** Newell's normal times twice the area: right for any planar loop, convex or not. */
export function areaNormal(mesh: Mesh, face: number, target = new Vector3()): Vector3 {
  const loop = faceLoop(mesh, face);
  const { positions } = mesh;
  let x = 0;
  let y = 0;
  let z = 0;
  for (let at = 0; at < loop.length; at++) {
    const a = (loop[at] as number) * 3;
    const b = (loop[(at + 1) % loop.length] as number) * 3;
    const [ax, ay, az] = [positions[a] as number, positions[a + 1] as number, positions[a + 2] as number];
    const [bx, by, bz] = [positions[b] as number, positions[b + 1] as number, positions[b + 2] as number];
    x += (ay - by) * (az + bz);
    y += (az - bz) * (ax + bx);
    z += (ax - bx) * (ay + by);
  }
  return target.set(x, y, z);
}

/** The face's unit normal, or zero when it has no area. */
export function faceNormal(mesh: Mesh, face: number, target = new Vector3()): Vector3 {
  return areaNormal(mesh, face, target).normalize();
}

/** Square metres, in the mesh's space. */
export function faceArea(mesh: Mesh, face: number): number {
  return areaNormal(mesh, face).length() / 2;
}

/** The mean of the face's corners. */
export function faceCentre(mesh: Mesh, face: number, target = new Vector3()): Vector3 {
  const loop = faceLoop(mesh, face);
  target.set(0, 0, 0);
  const corner = new Vector3();
  for (const vertex of loop) target.add(vertexPosition(mesh, vertex, corner));
  return target.divideScalar(Math.max(loop.length, 1));
}

const indices = new WeakMap<Mesh, Map<ElementId, number>>();

/** The slot of a face or vertex in this very mesh; undefined when it is not there (any more). */
export function elementIndex(mesh: Mesh, kind: "face" | "vertex", id: ElementId): number | undefined {
  let known = indices.get(mesh);
  if (!known) {
    known = new Map();
    for (let face = 0; face < mesh.faceCount; face++) known.set(`f${idAt(mesh.faceIds, face)}`, face);
    for (let vertex = 0; vertex < mesh.vertexCount; vertex++) known.set(`v${idAt(mesh.vertexIds, vertex)}`, vertex);
    indices.set(mesh, known);
  }
  return known.get(`${kind === "face" ? "f" : "v"}${id}`);
}

/** The id of the face or vertex in slot `index`. */
export function elementAt(mesh: Mesh, kind: "face" | "vertex", index: number): ElementId {
  return idAt(kind === "face" ? mesh.faceIds : mesh.vertexIds, index);
}

/** The vertices (as indices) that a face or vertex consists of. */
export function verticesOf(mesh: Mesh, kind: "face" | "vertex", index: number): number[] {
  return kind === "face" ? [...faceLoop(mesh, index)] : [index];
}

/** A word for where a normal points, for lists and screen readers. */
export function directionName(normal: Vector3): string {
  const { x, y, z } = normal;
  const largest = Math.max(Math.abs(x), Math.abs(y), Math.abs(z));
  if (largest < 0.85) return "slanted";
  if (largest === Math.abs(y)) return y > 0 ? "up" : "down";
  if (largest === Math.abs(x)) return x > 0 ? "right" : "left";
  return z > 0 ? "front" : "back";
}
