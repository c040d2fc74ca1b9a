import { originOf, sizeOf, type Adjacency } from "./adjacency";

const QUAD = 4;

/**
 * The edges that run on from an edge, itself among them: across every vertex where four edges and no boundary meet,
 * straight on; from an edge at the boundary, all around the boundary. In order, from one end to the other.
 */
export function edgeLoop(adjacency: Adjacency, edge: number): number[] {
  const { cornerOf, twin } = adjacency;
  const corner = cornerOf[edge] as number;
  if (corner < 0) return [edge];
  const other = twin[corner] as number;
  if (other < 0) return boundaryLoop(adjacency, edge);
  const forward = run(edge, corner, (at) => straightOn(adjacency, at), adjacency);
  if (forward.closed) return forward.edges;
  const backward = run(edge, other, (at) => straightOn(adjacency, at), adjacency);
  return [...backward.edges.slice(1).reverse(), ...forward.edges];
}

/** The edges around the hole or the rim that an edge lies on; only itself when it has faces on both sides. */
export function boundaryLoop(adjacency: Adjacency, edge: number): number[] {
  const { cornerOf, twin } = adjacency;
  const corner = cornerOf[edge] as number;
  if (corner < 0 || twin[corner] !== -1) return [edge];
  return run(edge, corner, (at) => alongBoundary(adjacency, at), adjacency).edges;
}

/** The edges that a loop cut through an edge would cut: opposite sides of quads, as far as there are quads. In order. */
export function edgeRing(adjacency: Adjacency, edge: number): number[] {
  const corner = adjacency.cornerOf[edge] as number;
  const forward = runAcross(adjacency, edge, corner);
  if (forward.closed || corner < 0) return forward.edges;
  const backward = runAcross(adjacency, edge, adjacency.twin[corner] as number);
  return [...backward.edges.slice(1).reverse(), ...forward.edges];
}

/** The quads that a loop cut through an edge would cut. */
export function faceRing(adjacency: Adjacency, edge: number): number[] {
  const { mesh, cornerOf, twin, faceOf } = adjacency;
  const faces = new Set<number>();
  for (const each of edgeRing(adjacency, edge)) {
    const corner = cornerOf[each] as number;
    for (const side of [corner, twin[corner] as number]) {
      const face = side < 0 ? -1 : (faceOf[side] as number);
      if (face >= 0 && sizeOf(mesh, face) === QUAD) faces.add(face);
    }
  }
  return [...faces];
}

interface Run {
  readonly edges: number[];
  /** It came back to where it began. */
  readonly closed: boolean;
}

/** Edges one after the other, from corner to corner, until there is no next or one comes again. */
function run(edge: number, corner: number, following: (corner: number) => number, { edgeOf }: Adjacency): Run {
  const edges = [edge];
  const seen = new Set(edges);
  let at = corner;
  for (;;) {
    at = following(at);
    const reached = at < 0 ? -1 : (edgeOf[at] as number);
    if (reached < 0 || seen.has(reached)) return { edges, closed: reached === edge };
    edges.push(reached);
    seen.add(reached);
  }
}

/** Past the vertex that a corner's side ends at: the side that leaves it straight on; -1 where that has no meaning. */
function straightOn({ mesh, next, twin, degree }: Adjacency, corner: number): number {
  const after = next[corner] as number;
  const vertex = mesh.corners[after] as number;
  if (degree[vertex] !== QUAD) return -1;
  const across = twin[after] as number;
  if (across < 0) return -1;
  const on = next[across] as number;
  // At a vertex on the boundary "straight on" is the rim.
  return twin[on] === -1 ? -1 : on;
}

/** From a side across its quad to the opposite one, and on into the next quad. */
function runAcross({ mesh, next, twin, faceOf, edgeOf }: Adjacency, edge: number, corner: number): Run {
  const edges = [edge];
  const seen = new Set(edges);
  let at = corner;
  while (at >= 0 && sizeOf(mesh, faceOf[at] as number) === QUAD) {
    const opposite = next[next[at] as number] as number;
    const reached = edgeOf[opposite] as number;
    if (seen.has(reached)) return { edges, closed: reached === edge };
    edges.push(reached);
    seen.add(reached);
    at = twin[opposite] as number;
  }
  return { edges, closed: false };
}

/** The next side along the boundary: around the vertex at the side's end, to the side without a face beyond it. */
function alongBoundary(adjacency: Adjacency, corner: number): number {
  const { next, twin, mesh } = adjacency;
  let at = next[corner] as number;
  for (let steps = 0; steps < mesh.corners.length; steps++) {
    const across = twin[at] as number;
    if (across < 0) return at;
    at = next[across] as number;
    if (originOf(adjacency, at) !== originOf(adjacency, next[corner] as number)) return -1;
  }
  return -1;
}
