import type { Mesh } from "@theta/client";
import type { Vector3 } from "three";
import { Box3 } from "three";
import { edgePositions } from "./build";
import { faceNormal } from "./measure";

/** With more faces than this, as imports have them, a line for every edge would hide what is between them. */
const DENSE_FACES_MIN = 2_000;
/** Of a dense mesh, edges are drawn where its faces turn by more than 30°. */
const CREASE_COSINE_MAX = Math.cos(Math.PI / 6);
/** With more faces than this, as a sphere has them, an outline of all edges would hide the object. */
const OUTLINED_FACES_MAX = 160;
/** What goes around such an object is where its faces turn by more than 40°. */
const OUTLINE_COSINE_MAX = Math.cos((Math.PI * 2) / 9);

const known = new WeakMap<Mesh, Float32Array>();

/** The two ends of every edge to be drawn, 6 numbers each: all of them, or of a dense mesh rims and creases. */
export function drawnEdges(mesh: Mesh): Float32Array {
  let edges = known.get(mesh);
  if (!edges) {
    const all = edgePositions(mesh);
    edges = isDense(mesh) ? creasesOf(mesh, all, CREASE_COSINE_MAX) : all;
    known.set(mesh, edges);
  }
  return edges;
}

/** What goes around a selected object: its edges; with many faces its creases, and as it may have none, its box. */
export function outlineOf(mesh: Mesh): Float32Array {
  const edges = drawnEdges(mesh);
  if (mesh.faceCount <= OUTLINED_FACES_MAX) return edges;
  const creases = isDense(mesh) ? edges : creasesOf(mesh, edges, OUTLINE_COSINE_MAX);
  return Float32Array.from([...boxEdges(mesh), ...creases]);
}

function isDense(mesh: Mesh): boolean {
  return mesh.faceCount >= DENSE_FACES_MIN;
}

function creasesOf(mesh: Mesh, all: Float32Array, cosineMax: number): Float32Array {
  const keyOf = (a: number, b: number): number => Math.min(a, b) * mesh.vertexCount + Math.max(a, b);
  const edgeOf = new Map<number, number>();
  for (let edge = 0; edge < mesh.edgeCount; edge++) {
    edgeOf.set(keyOf(mesh.edges[edge * 2] as number, mesh.edges[edge * 2 + 1] as number), edge);
  }
  const normals = Array.from({ length: mesh.faceCount }, (_, face) => faceNormal(mesh, face));
  const firstFace = new Int32Array(mesh.edgeCount).fill(-1);
  const isDrawn = new Uint8Array(mesh.edgeCount).fill(1);
  for (let face = 0; face < mesh.faceCount; face++) {
    const [start, end] = [mesh.faceOffsets[face] as number, mesh.faceOffsets[face + 1] as number];
    for (let at = start; at < end; at++) {
      const next = at + 1 < end ? at + 1 : start;
      const edge = edgeOf.get(keyOf(mesh.corners[at] as number, mesh.corners[next] as number));
      if (edge === undefined) continue;
      const other = normals[firstFace[edge] as number];
      if (other) isDrawn[edge] = other.dot(normals[face] as Vector3) < cosineMax ? 1 : 0;
      else firstFace[edge] = face;
    }
  }
  return all.filter((_, at) => isDrawn[Math.floor(at / 6)] === 1);
}

/** The twelve edges of the mesh's bounds in its own space. */
function boxEdges(mesh: Mesh): number[] {
  const { min, max } = new Box3().setFromArray(mesh.positions);
  const corner = (bits: number): number[] => [bits & 1 ? max.x : min.x, bits & 2 ? max.y : min.y, bits & 4 ? max.z : min.z];
  const edges: number[] = [];
  for (let bits = 0; bits < 8; bits++) {
    for (const axis of [1, 2, 4]) if (!(bits & axis)) edges.push(...corner(bits), ...corner(bits | axis));
  }
  return edges;
}
