import type { Mesh } from "@theta/client";
import type { Vector3 } from "three";
import { faceLoop, faceNormal } from "./measure";

/** The mesh with some vertices moved by `delta` (mesh space); ids stay, so that a selection holds. */
export function withMovedVertices(mesh: Mesh, vertices: Iterable<number>, delta: Vector3): Mesh {
  const positions = mesh.positions.slice();
  for (const vertex of vertices) {
    positions[vertex * 3] = (positions[vertex * 3] as number) + delta.x;
    positions[vertex * 3 + 1] = (positions[vertex * 3 + 1] as number) + delta.y;
    positions[vertex * 3 + 2] = (positions[vertex * 3 + 2] as number) + delta.z;
  }
  return { ...mesh, positions };
}

/** What pulling a face out will look like; `distance` along its normal. See `withExtrudedRegion`. */
export function withExtrudedFace(mesh: Mesh, face: number, distance: number): Mesh {
  return withExtrudedRegion(mesh, [face], faceNormal(mesh, face).multiplyScalar(distance));
}

/**
 * What pulling faces out together will look like. Only for the eye while a handle is dragged: the room makes the real
 * one, with its ids; here new elements have ids of zeros.
 */
export function withExtrudedRegion(mesh: Mesh, faces: readonly number[], offset: Vector3): Mesh {
  const sides = sidesOf(mesh, faces);
  const rim = [...sides.values()].filter(([from, to]) => !sides.has(sideKey(mesh, to, from)));
  const rising = [...new Set(faces.flatMap((face) => [...faceLoop(mesh, face)]))];
  const onRim = [...new Set(rim.flat())];
  const first = mesh.vertexCount;
  const copyOf = new Map(onRim.map((vertex, at) => [vertex, first + at]));

  const positions = new Float64Array((first + onRim.length) * 3);
  positions.set(mesh.positions);
  for (const vertex of rising) {
    const target = copyOf.get(vertex) ?? vertex;
    for (let axis = 0; axis < 3; axis++) {
      positions[target * 3 + axis] = (mesh.positions[vertex * 3 + axis] as number) + offset.getComponent(axis);
    }
  }

  const corners = [...mesh.corners];
  const offsets = [...mesh.faceOffsets];
  const edges = [...mesh.edges];
  for (const face of faces) {
    for (let at = offsets[face] as number; at < (offsets[face + 1] as number); at++) {
      corners[at] = copyOf.get(corners[at] as number) ?? (corners[at] as number);
    }
  }
  for (let edge = 0; edge < mesh.edgeCount; edge++) {
    const [from, to] = [edges[edge * 2] as number, edges[edge * 2 + 1] as number];
    const isInside = sides.has(sideKey(mesh, from, to)) && sides.has(sideKey(mesh, to, from));
    if (!isInside) continue;
    edges[edge * 2] = copyOf.get(from) ?? from;
    edges[edge * 2 + 1] = copyOf.get(to) ?? to;
  }
  for (const vertex of onRim) edges.push(vertex, copyOf.get(vertex) as number);
  for (const [from, to] of rim) {
    const [fromCopy, toCopy] = [copyOf.get(from) as number, copyOf.get(to) as number];
    corners.push(from, to, toCopy, fromCopy);
    offsets.push(corners.length);
    edges.push(fromCopy, toCopy);
  }
  return {
    vertexCount: first + onRim.length,
    edgeCount: edges.length / 2,
    faceCount: mesh.faceCount + rim.length,
    vertexIds: padded(mesh.vertexIds, onRim.length),
    positions,
    edgeIds: padded(mesh.edgeIds, edges.length / 2 - mesh.edgeCount),
    edges: Uint32Array.from(edges),
    faceIds: padded(mesh.faceIds, rim.length),
    faceOffsets: Uint32Array.from(offsets),
    corners: Uint32Array.from(corners),
    // Rows for what is new are missing: a reader takes them for zeros, and new faces show the object's colour.
    attributes: mesh.attributes,
  };
}

/** The sides of faces by their vertices, each in its face's own direction. */
function sidesOf(mesh: Mesh, faces: readonly number[]): Map<number, [number, number]> {
  const sides = new Map<number, [number, number]>();
  for (const face of faces) {
    const loop = faceLoop(mesh, face);
    loop.forEach((from, at) => {
      const to = loop[(at + 1) % loop.length] as number;
      sides.set(sideKey(mesh, from, to), [from, to]);
    });
  }
  return sides;
}

const sideKey = (mesh: Mesh, from: number, to: number): number => from * mesh.vertexCount + to;

function padded(ids: Uint8Array, more: number): Uint8Array {
  const grown = new Uint8Array(ids.length + more * 16);
  grown.set(ids);
  return grown;
}
