import type { Mesh, MeshAttribute } from "@theta/client";
import { adjacencyOf } from "./adjacency";

/** Some of a mesh's faces with their edges and vertices, as a mesh of their own: same ids, same order, same attributes. */
export function extract(mesh: Mesh, faces: readonly number[]): Mesh {
  const { edgeOf } = adjacencyOf(mesh);
  const wantedFaces = [...faces].sort((one, other) => one - other);
  const cornerIndices = wantedFaces.flatMap((face) => rangeOf(mesh.faceOffsets[face] as number, mesh.faceOffsets[face + 1] as number));
  const vertices = ascending(cornerIndices.map((corner) => mesh.corners[corner] as number));
  const edges = ascending(cornerIndices.map((corner) => edgeOf[corner] as number));
  const numberOf = new Map(vertices.map((vertex, at) => [vertex, at]));
  const renumbered = (vertex: number): number => numberOf.get(vertex) as number;
  let end = 0;
  const offsets = wantedFaces.map((face) => (end += (mesh.faceOffsets[face + 1] as number) - (mesh.faceOffsets[face] as number)));
  const rows = { vertex: vertices, edge: edges, face: wantedFaces, corner: cornerIndices };
  return {
    vertexCount: vertices.length,
    edgeCount: edges.length,
    faceCount: wantedFaces.length,
    vertexIds: picked(mesh.vertexIds, 16, vertices),
    positions: picked(mesh.positions, 3, vertices),
    edgeIds: picked(mesh.edgeIds, 16, edges),
    edges: Uint32Array.from(edges.flatMap((edge) => [mesh.edges[edge * 2] as number, mesh.edges[edge * 2 + 1] as number]), renumbered),
    faceIds: picked(mesh.faceIds, 16, wantedFaces),
    faceOffsets: Uint32Array.of(0, ...offsets),
    corners: Uint32Array.from(cornerIndices, (corner) => renumbered(mesh.corners[corner] as number)),
    attributes: mesh.attributes.map((attribute): MeshAttribute => ({ ...attribute, values: picked(attribute.values, attribute.width, rows[attribute.domain]) })),
  };
}

/** Whether faces, and those that stay, are each a mesh of their own: at every vertex no more than one fan of them. */
export function canBeExtracted(mesh: Mesh, faces: readonly number[]): boolean {
  const { twin, faceOf } = adjacencyOf(mesh);
  const isTaken = new Uint8Array(mesh.faceCount);
  for (const face of faces) isTaken[face] = 1;
  // A fan has one first side, unless it goes all around.
  const firsts = [new Uint8Array(mesh.vertexCount), new Uint8Array(mesh.vertexCount)] as const;
  for (let corner = 0; corner < mesh.corners.length; corner++) {
    const side = isTaken[faceOf[corner] as number] as 0 | 1;
    const across = twin[corner] as number;
    if (across >= 0 && isTaken[faceOf[across] as number] === side) continue;
    const vertex = mesh.corners[corner] as number;
    const count = firsts[side][vertex] as number;
    if (count > 0) return false;
    firsts[side][vertex] = 1;
  }
  return true;
}

function rangeOf(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, at) => from + at);
}

function ascending(indices: readonly number[]): number[] {
  return [...new Set(indices)].sort((one, other) => one - other);
}

function picked<Column extends Uint8Array | Int32Array | Float64Array>(column: Column, width: number, rows: readonly number[]): Column {
  const taken = column.slice(0, 0).constructor as new (length: number) => Column;
  const values = new taken(rows.length * width);
  rows.forEach((row, at) => values.set(column.subarray(row * width, row * width + width), at * width));
  return values;
}
