import type { Mesh } from "@theta/client";

/**
 * Who is beside whom, by corner: a corner is a face's side, from its own vertex to the next corner's. All are indices;
 * -1 is none.
 */
export interface Adjacency {
  readonly mesh: Mesh;
  /** The next and the previous corner of the same face. */
  readonly next: Int32Array;
  readonly previous: Int32Array;
  /** The corner on the other side of the edge; -1 at the boundary. */
  readonly twin: Int32Array;
  readonly faceOf: Int32Array;
  readonly edgeOf: Int32Array;
  /** A corner of each edge; at the boundary the only one. */
  readonly cornerOf: Int32Array;
  /** How many edges leave each vertex. */
  readonly degree: Uint32Array;
}

const known = new WeakMap<Mesh, Adjacency>();

/** Built once for each mesh, when it is first asked for. */
export function adjacencyOf(mesh: Mesh): Adjacency {
  let adjacency = known.get(mesh);
  if (!adjacency) {
    adjacency = build(mesh);
    known.set(mesh, adjacency);
  }
  return adjacency;
}

/** The vertex that a corner is at. */
export function originOf({ mesh }: Adjacency, corner: number): number {
  return mesh.corners[corner] as number;
}

/** The edge between two vertices; -1 when there is none. */
export function edgeBetween({ mesh }: Adjacency, a: number, b: number): number {
  for (let edge = 0; edge < mesh.edgeCount; edge++) {
    const [one, other] = endsOf(mesh, edge);
    if ((one === a && other === b) || (one === b && other === a)) return edge;
  }
  return -1;
}

/** The two vertices of an edge. */
export function endsOf(mesh: Mesh, edge: number): [number, number] {
  return [mesh.edges[edge * 2] as number, mesh.edges[edge * 2 + 1] as number];
}

/** Whether an edge has a face on one side only. */
export function isBoundary({ cornerOf, twin }: Adjacency, edge: number): boolean {
  return twin[cornerOf[edge] as number] === -1;
}

/** The faces on an edge: one or two. */
export function facesAt({ cornerOf, twin, faceOf }: Adjacency, edge: number): number[] {
  const corner = cornerOf[edge] as number;
  if (corner < 0) return [];
  const other = twin[corner] as number;
  return other < 0 ? [faceOf[corner] as number] : [faceOf[corner] as number, faceOf[other] as number];
}

/** How many corners a face has. */
export function sizeOf(mesh: Mesh, face: number): number {
  return (mesh.faceOffsets[face + 1] as number) - (mesh.faceOffsets[face] as number);
}

function build(mesh: Mesh): Adjacency {
  const { faceCount, edgeCount, vertexCount, corners, faceOffsets, edges } = mesh;
  const count = corners.length;
  const next = new Int32Array(count);
  const previous = new Int32Array(count);
  const twin = new Int32Array(count).fill(-1);
  const faceOf = new Int32Array(count);
  const edgeOf = new Int32Array(count).fill(-1);
  const cornerOf = new Int32Array(edgeCount).fill(-1);
  const degree = new Uint32Array(vertexCount);
  const edgeOfKey = new Map<number, number>();
  // Exact: there are at most a million vertices.
  const keyOf = (a: number, b: number): number => Math.min(a, b) * vertexCount + Math.max(a, b);
  for (let edge = 0; edge < edgeCount; edge++) {
    const [a, b] = [edges[edge * 2] as number, edges[edge * 2 + 1] as number];
    edgeOfKey.set(keyOf(a, b), edge);
    degree[a] = (degree[a] as number) + 1;
    degree[b] = (degree[b] as number) + 1;
  }
  for (let face = 0; face < faceCount; face++) {
    const [start, end] = [faceOffsets[face] as number, faceOffsets[face + 1] as number];
    for (let corner = start; corner < end; corner++) {
      const after = corner + 1 < end ? corner + 1 : start;
      next[corner] = after;
      previous[after] = corner;
      faceOf[corner] = face;
      const edge = edgeOfKey.get(keyOf(corners[corner] as number, corners[after] as number));
      if (edge === undefined) continue;
      edgeOf[corner] = edge;
      const other = cornerOf[edge] as number;
      if (other < 0) {
        cornerOf[edge] = corner;
      } else {
        twin[corner] = other;
        twin[other] = corner;
      }
    }
  }
  return { mesh, next, previous, twin, faceOf, edgeOf, cornerOf, degree };
}
