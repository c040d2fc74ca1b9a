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

/**
 * What pulling a face out will look like. Only for the eye while a handle is dragged: the room makes the real one, with
 * its ids; here new elements have ids of zeros.
 */
export function withExtrudedFace(mesh: Mesh, face: number, distance: number): Mesh {
  const loop = faceLoop(mesh, face);
  const size = loop.length;
  const normal = faceNormal(mesh, face);
  const first = mesh.vertexCount;

  const positions = new Float64Array((first + size) * 3);
  positions.set(mesh.positions);
  loop.forEach((vertex, at) => {
    for (let axis = 0; axis < 3; axis++) {
      positions[(first + at) * 3 + axis] =
        (mesh.positions[vertex * 3 + axis] as number) + normal.getComponent(axis) * distance;
    }
  });

  const corners = [...mesh.corners];
  const offsets = [...mesh.faceOffsets];
  const start = offsets[face] as number;
  const edges = [...mesh.edges];
  for (let at = 0; at < size; at++) {
    const next = (at + 1) % size;
    corners[start + at] = first + at;
    corners.push(loop[at] as number, loop[next] as number, first + next, first + at);
    offsets.push(corners.length);
    edges.push(loop[at] as number, first + at, first + at, first + next);
  }
  return {
    vertexCount: first + size,
    edgeCount: edges.length / 2,
    faceCount: mesh.faceCount + size,
    vertexIds: padded(mesh.vertexIds, size),
    positions,
    edgeIds: padded(mesh.edgeIds, size * 2),
    edges: Uint32Array.from(edges),
    faceIds: padded(mesh.faceIds, size),
    faceOffsets: Uint32Array.from(offsets),
    corners: Uint32Array.from(corners),
  };
}

function padded(ids: Uint8Array, more: number): Uint8Array {
  const grown = new Uint8Array(ids.length + more * 16);
  grown.set(ids);
  return grown;
}
