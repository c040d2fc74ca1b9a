import { idAt } from "@theta/wire";
import type { ElementId, ElementKind, Mesh } from "@theta/client";
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

type Indices = Partial<Record<ElementKind, Map<ElementId, number>>>;

const indices = new WeakMap<Mesh, Indices>();

/** The slot of an element in this very mesh; undefined when it is not there (any more). */
export function elementIndex(mesh: Mesh, kind: ElementKind, id: ElementId): number | undefined {
  let known = indices.get(mesh);
  if (!known) {
    known = {};
    indices.set(mesh, known);
  }
  known[kind] ??= indexOf(idsOf(mesh, kind));
  return known[kind].get(id);
}

/** The id of the element in slot `index`. */
export function elementAt(mesh: Mesh, kind: ElementKind, index: number): ElementId {
  return idAt(idsOf(mesh, kind), index);
}

/** How many elements of a kind there are. */
export function countOf(mesh: Mesh, kind: ElementKind): number {
  return idsOf(mesh, kind).length / 16;
}

/** The vertices (as indices) that an element consists of. */
export function verticesOf(mesh: Mesh, kind: ElementKind, index: number): number[] {
  if (kind === "vertex") return [index];
  return kind === "face" ? [...faceLoop(mesh, index)] : [mesh.edges[index * 2] as number, mesh.edges[index * 2 + 1] as number];
}

/** Elements as indices; those that are not there are left out. */
export function indicesOf(mesh: Mesh, kind: ElementKind, elements: readonly ElementId[]): number[] {
  return elements.flatMap((element) => elementIndex(mesh, kind, element) ?? []);
}

/** The vertices (as indices) of several elements, each once; elements that are not there are left out. */
export function verticesOfAll(mesh: Mesh, kind: ElementKind, elements: readonly ElementId[]): number[] {
  const found = new Set<number>();
  for (const element of elements) {
    const index = elementIndex(mesh, kind, element);
    if (index !== undefined) for (const vertex of verticesOf(mesh, kind, index)) found.add(vertex);
  }
  return [...found];
}

/** The mean of vertices. */
export function centreOf(mesh: Mesh, vertices: readonly number[], target = new Vector3()): Vector3 {
  target.set(0, 0, 0);
  const point = new Vector3();
  for (const vertex of vertices) target.add(vertexPosition(mesh, vertex, point));
  return target.divideScalar(Math.max(vertices.length, 1));
}

/** Which way several faces are pulled together: the mean of their normals by area, of unit length. */
export function regionNormal(mesh: Mesh, faces: readonly number[], target = new Vector3()): Vector3 {
  target.set(0, 0, 0);
  const normal = new Vector3();
  for (const face of faces) target.add(areaNormal(mesh, face, normal));
  return target.normalize();
}

/** Metres, in the mesh's space. */
export function edgeLength(mesh: Mesh, edge: number): number {
  const [from, to] = verticesOf(mesh, "edge", edge) as [number, number];
  return vertexPosition(mesh, from).distanceTo(vertexPosition(mesh, to));
}

function idsOf(mesh: Mesh, kind: ElementKind): Uint8Array {
  return { vertex: mesh.vertexIds, edge: mesh.edgeIds, face: mesh.faceIds }[kind];
}

function indexOf(ids: Uint8Array): Map<ElementId, number> {
  const found = new Map<ElementId, number>();
  for (let index = 0; index < ids.length / 16; index++) found.set(idAt(ids, index), index);
  return found;
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
