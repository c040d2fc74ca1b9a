import type { Mesh } from "@theta/client";
import { BufferAttribute, BufferGeometry } from "three";
import { MeshBVH } from "three-mesh-bvh";
import { faceNormal } from "./measure";
import { PAINT_ATTRIBUTE, PAINT_WIDTH, paintOf } from "./paint";
import { triangulate } from "./triangulate";

export interface SurfaceGeometry {
  readonly geometry: BufferGeometry;
  /** Which face a hit triangle belongs to. */
  readonly faceOfTriangle: Uint32Array;
}

/**
 * Triangles with one flat normal for each face, and with the colours of those that have their own (`paintOf`); with a
 * tree for quick picking unless it is shown for a moment only.
 */
export function buildSurface(mesh: Mesh, withTree = true): SurfaceGeometry {
  const { triangles, faceOfTriangle } = triangulate(mesh);
  const positions = new Float32Array(triangles.length * 3);
  const normals = new Float32Array(triangles.length * 3);
  const faceNormals = Array.from({ length: mesh.faceCount }, (_, face) => faceNormal(mesh, face));
  triangles.forEach((vertex, corner) => {
    for (let axis = 0; axis < 3; axis++) positions[corner * 3 + axis] = mesh.positions[vertex * 3 + axis] as number;
    faceNormals[faceOfTriangle[Math.floor(corner / 3)] as number]?.toArray(normals, corner * 3);
  });
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(positions, 3));
  geometry.setAttribute("normal", new BufferAttribute(normals, 3));
  const paint = paintOf(mesh);
  if (paint) geometry.setAttribute(PAINT_ATTRIBUTE, new BufferAttribute(spread(paint, faceOfTriangle), PAINT_WIDTH));
  geometry.computeBoundingSphere();
  // `indirect` leaves the triangles in our order, so that a hit's index still names its face.
  if (withTree && faceOfTriangle.length > 0) geometry.boundsTree = new MeshBVH(geometry, { indirect: true });
  return { geometry, faceOfTriangle };
}

/** A row for each face as a row for each corner of its triangles. */
function spread(rows: Float32Array, faceOfTriangle: Uint32Array): Float32Array {
  const values = new Float32Array(faceOfTriangle.length * 3 * PAINT_WIDTH);
  faceOfTriangle.forEach((face, triangle) => {
    const row = rows.subarray(face * PAINT_WIDTH, face * PAINT_WIDTH + PAINT_WIDTH);
    for (let corner = 0; corner < 3; corner++) values.set(row, (triangle * 3 + corner) * PAINT_WIDTH);
  });
  return values;
}

/** The two ends of every edge, for lines: 6 numbers each. */
export function edgePositions(mesh: Mesh): Float32Array {
  const lines = new Float32Array(mesh.edges.length * 3);
  mesh.edges.forEach((vertex, end) => {
    for (let axis = 0; axis < 3; axis++) lines[end * 3 + axis] = mesh.positions[vertex * 3 + axis] as number;
  });
  return lines;
}
