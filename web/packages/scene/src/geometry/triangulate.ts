import type { Mesh } from "@theta/client";
import { ShapeUtils, Vector2 } from "three";
import { areaNormal, faceLoop } from "./measure";

export interface Triangulation {
  /** 3 indices of vertices for each triangle, wound as the face is. */
  readonly triangles: Uint32Array;
  /** The face that each triangle is a part of. */
  readonly faceOfTriangle: Uint32Array;
}

/** Every face cut into triangles: a fan where it is convex, ears where it isn't. Degenerate faces are fanned too. */
export function triangulate(mesh: Mesh): Triangulation {
  const count = Math.max(0, mesh.corners.length - 2 * mesh.faceCount);
  const triangles = new Uint32Array(count * 3);
  const faceOfTriangle = new Uint32Array(count);
  let triangle = 0;
  for (let face = 0; face < mesh.faceCount; face++) {
    const loop = faceLoop(mesh, face);
    for (const [a, b, c] of cutLoop(mesh, face)) {
      triangles[triangle * 3] = loop[a] as number;
      triangles[triangle * 3 + 1] = loop[b] as number;
      triangles[triangle * 3 + 2] = loop[c] as number;
      faceOfTriangle[triangle++] = face;
    }
  }
  return {
    triangles: triangles.subarray(0, triangle * 3),
    faceOfTriangle: faceOfTriangle.subarray(0, triangle),
  };
}

type Corners = readonly [number, number, number];

function cutLoop(mesh: Mesh, face: number): Corners[] {
  const size = faceLoop(mesh, face).length;
  if (size <= 3) return fan(size);
  const outline = flatten(mesh, face);
  if (isConvex(outline)) return fan(size);
  const ears = ShapeUtils.triangulateShape(outline, []) as unknown as Corners[];
  return ears.length === size - 2 ? ears : fan(size);
}

function fan(size: number): Corners[] {
  return Array.from({ length: Math.max(0, size - 2) }, (_, at): Corners => [0, at + 1, at + 2]);
}

/** The loop without the axis its normal is nearest to, counter-clockwise as it was. */
function flatten(mesh: Mesh, face: number): Vector2[] {
  const normal = areaNormal(mesh, face);
  const size = [Math.abs(normal.x), Math.abs(normal.y), Math.abs(normal.z)] as const;
  const drop = size[0] >= size[1] && size[0] >= size[2] ? 0 : size[1] >= size[2] ? 1 : 2;
  const [u, v] = [(drop + 1) % 3, (drop + 2) % 3];
  const sign = normal.getComponent(drop) < 0 ? -1 : 1;
  return Array.from(
    faceLoop(mesh, face),
    (vertex) =>
      new Vector2((mesh.positions[vertex * 3 + u] as number) * sign, mesh.positions[vertex * 3 + v] as number),
  );
}

function isConvex(outline: readonly Vector2[]): boolean {
  const size = outline.length;
  for (let at = 0; at < size; at++) {
    const a = outline[at] as Vector2;
    const b = outline[(at + 1) % size] as Vector2;
    const c = outline[(at + 2) % size] as Vector2;
    if ((b.x - a.x) * (c.y - b.y) - (b.y - a.y) * (c.x - b.x) < 0) return false;
  }
  return true;
}
