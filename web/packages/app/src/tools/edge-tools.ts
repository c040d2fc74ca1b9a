import type { ElementId, Mesh, Operation } from "@theta/client";
import { adjacencyOf, boundaryLoop, centreOf, elementAt, facesAt, indicesOf, isBoundary, sizeOf, verticesOf } from "@theta/scene";
import type { ToolContext } from "./context";
import { metres, share, whole } from "./fields";
import { endsThere, made, madeLoop } from "./leaving";
import type { Tool } from "./tool";

const TRIANGLE = 3;
const QUAD = 4;
/** Nearer to an end than this, a cut would leave next to nothing. */
const SHARE_MIN = 0.001;

const each = (needs: (context: ToolContext, edge: number) => boolean) => (context: ToolContext): boolean =>
  context.kind === "edge" && indicesOf(context.mesh, "edge", context.elements).every((edge) => needs(context, edge));
const anyEdges = each(() => true);
const onBoundary = each(({ mesh }, edge) => isBoundary(adjacencyOf(mesh), edge));
const insideSurface = each(({ mesh }, edge) => !isBoundary(adjacencyOf(mesh), edge));
const amongTriangles = each(({ mesh }, edge) => facesAt(adjacencyOf(mesh), edge).every((face) => sizeOf(mesh, face) === TRIANGLE));
/** Of the edge chosen last: it is the one that is cut through. */
const besideQuad = ({ mesh, kind, elements }: ToolContext): boolean =>
  kind === "edge" &&
  indicesOf(mesh, "edge", elements.slice(-1)).some((edge) => facesAt(adjacencyOf(mesh), edge).some((face) => sizeOf(mesh, face) === QUAD));
const where = share("t", "Where, 0 to 1", 0.5, SHARE_MIN, 1 - SHARE_MIN);

export const EDGE_TOOLS: readonly Tool[] = [
  {
    ...{ id: "bevel", label: "Bevel", key: "b", does: "A face in place of each edge", needs: "edges between two faces", applies: insideSurface },
    fields: () => [metres("width", "Width", 0.05, 0)],
    operations: ({ entity, elements }, values) =>
      elements.map((edge): Operation => ({ type: "bevel_edge", entity: entity.id, edge, width: values.number("width") })),
    leaves: made("face"),
  },
  {
    ...{ id: "loop-cut", label: "Loop cut", key: "k", does: "A cut through the whole ring of quads", needs: "an edge of a quad", applies: besideQuad },
    fields: () => [where],
    operations: ({ entity, elements }, values) =>
      elements.slice(-1).map((edge): Operation => ({ type: "loop_cut", entity: entity.id, edge, t: values.number("t") })),
    leaves: madeLoop,
  },
  {
    ...{ id: "split-edge", label: "Split", key: "shift+k", does: "A vertex on each edge", needs: "edges", applies: anyEdges },
    fields: () => [where],
    operations: ({ entity, elements }, values) =>
      elements.map((edge): Operation => ({ type: "split_edge", entity: entity.id, edge, t: values.number("t") })),
    leaves: made("vertex"),
  },
  {
    ...{ id: "extrude-edges", label: "Extrude", key: "x", sharesKey: true, does: "Faces out of edges at a rim", needs: "edges at a rim", applies: onBoundary },
    fields: () => [metres("x", "x", 0), metres("y", "y", 0.25), metres("z", "z", 0)],
    operations: ({ entity, elements }, values) => [
      { type: "extrude_edges", entity: entity.id, edges: elements, offset: [values.number("x"), values.number("y"), values.number("z")] },
    ],
    leaves: madeLoop,
  },
  {
    ...{ id: "bridge", label: "Bridge", key: "g", does: "Faces between two rims", needs: "edges of two rims (Shift adds the second)", applies: (context) => bridged(context) !== null },
    fields: () => [whole("shift", "Turned by edges", 0, 0, 1024)],
    operations: (context, values) => {
      const pair = bridged(context);
      if (!pair) return [];
      const [edge, other] = pair;
      return [{ type: "bridge", entity: context.entity.id, edge, other, shift: values.number("shift") }];
    },
  },
  {
    ...{ id: "fill-hole", label: "Fill", key: "h", does: "One face in a hole", needs: "an edge at a rim", applies: onBoundary },
    operations: ({ entity, elements }) => elements.slice(-1).map((edge): Operation => ({ type: "fill_hole", entity: entity.id, edge })),
  },
  {
    ...{ id: "collapse", label: "Collapse", key: "shift+y", does: "Each edge becomes a vertex", needs: "edges among triangles", applies: amongTriangles },
    fields: () => [share("t", "Where, 0 to 1", 0.5)],
    operations: ({ entity, elements }, values) =>
      elements.map((edge): Operation => ({ type: "collapse_edge", entity: entity.id, edge, t: values.number("t") })),
    leaves: endsThere,
  },
  {
    ...{ id: "flip-edge", label: "Turn", key: "shift+f", does: "Each edge between its triangles' other corners", needs: "edges between two triangles" },
    applies: (context) => amongTriangles(context) && insideSurface(context),
    operations: ({ entity, elements }) => elements.map((edge): Operation => ({ type: "flip_edge", entity: entity.id, edge })),
  },
  {
    ...{ id: "crease", label: "Crease", key: "shift+c", does: "How sharp edges stay when subdivided", needs: "edges", applies: anyEdges },
    fields: () => [share("sharpness", "Sharpness, 0 to 10", 2, 0, 10)],
    operations: ({ entity, elements }, values) => [
      { type: "set_crease", entity: entity.id, edges: elements, sharpness: values.number("sharpness") },
    ],
  },
];

/** Of two rims that edges are selected of: the one chosen last, and of the other the edge nearest to it; null when they are not two. */
function bridged(context: ToolContext): readonly [ElementId, ElementId] | null {
  if (context.elements.length < 2 || !onBoundary(context)) return null;
  const { mesh } = context;
  const edges = indicesOf(mesh, "edge", context.elements);
  const last = edges.at(-1) as number;
  const rim = new Set(boundaryLoop(adjacencyOf(mesh), last));
  const [beyond] = edges.filter((edge) => !rim.has(edge));
  if (beyond === undefined) return null;
  const middle = middleOf(mesh, last);
  const distances = boundaryLoop(adjacencyOf(mesh), beyond).map((edge) => ({ edge, away: middleOf(mesh, edge).distanceTo(middle) }));
  const nearest = distances.reduce((least, one) => (one.away < least.away ? one : least)).edge;
  return [elementAt(mesh, "edge", last), elementAt(mesh, "edge", nearest)];
}

function middleOf(mesh: Mesh, edge: number) {
  return centreOf(mesh, verticesOf(mesh, "edge", edge));
}
