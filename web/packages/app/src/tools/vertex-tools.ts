import type { ElementId, Operation } from "@theta/client";
import { adjacencyOf, centreOf, elementAt, faceLoop, indicesOf } from "@theta/scene";
import type { ToolContext } from "./context";
import { metres } from "./fields";
import type { Tool } from "./tool";

export const VERTEX_TOOLS: readonly Tool[] = [
  {
    ...{ id: "connect", label: "Connect", key: "j", does: "An edge across the face between two vertices", needs: "two vertices of a face, not next to each other" },
    applies: (context) => sharedFace(context) !== null,
    operations: (context) => {
      const face = sharedFace(context);
      const [start, end] = context.elements;
      if (face === null || start === undefined || end === undefined) return [];
      return [{ type: "split_face", entity: context.entity.id, face, start, end }];
    },
  },
  {
    ...{ id: "weld", label: "Weld", key: "y", does: "One vertex of all that are selected, in their middle", needs: "two or more vertices" },
    applies: ({ kind, elements }) => kind === "vertex" && elements.length > 1,
    operations: ({ entity, mesh, elements }) => {
      const point = centreOf(mesh, indicesOf(mesh, "vertex", elements)).toArray();
      return [{ type: "weld", entity: entity.id, vertices: elements, point }];
    },
  },
  {
    ...{ id: "weld-near", label: "Weld near", key: "o", does: "One vertex of those that are close to each other", needs: "vertices, or a whole object" },
    applies: ({ kind, elements }) => kind === "object" || (kind === "vertex" && elements.length > 1),
    fields: () => [metres("distance", "Within", 0.001, 0)],
    operations: ({ entity, elements }, values) => [
      { type: "weld_by_distance", entity: entity.id, vertices: elements, distance: values.number("distance") },
    ],
  },
  {
    ...{ id: "make-face", label: "Make face", key: "shift+h", does: "A face of vertices, in the order in which they were chosen", needs: "three or more vertices, one after the other" },
    applies: ({ kind, elements }) => kind === "vertex" && elements.length > 2,
    operations: ({ entity, elements }) => [{ type: "add_face", entity: entity.id, vertices: elements }],
  },
];

/** The face in which two vertices, and no others, can be connected. */
function sharedFace({ mesh, kind, elements }: ToolContext): ElementId | null {
  if (kind !== "vertex" || elements.length !== 2) return null;
  const [a, b] = indicesOf(mesh, "vertex", elements);
  if (a === undefined || b === undefined) return null;
  const { faceOf } = adjacencyOf(mesh);
  for (let corner = 0; corner < mesh.corners.length; corner++) {
    if (mesh.corners[corner] !== a) continue;
    const face = faceOf[corner] as number;
    const loop = [...faceLoop(mesh, face)];
    const apart = Math.abs(loop.indexOf(a) - loop.indexOf(b));
    if (loop.includes(b) && apart > 1 && apart < loop.length - 1) return elementAt(mesh, "face", face);
  }
  return null;
}

/** What dissolving does: of edges one face of two, of vertices one edge of two. */
export const DISSOLVE: Tool = {
  ...{ id: "dissolve", label: "Dissolve", key: "shift+delete", does: "Takes edges or vertices out and keeps the surface", needs: "edges between two faces, or vertices of two edges" },
  applies: ({ mesh, kind, elements }) => {
    const { twin, cornerOf, degree } = adjacencyOf(mesh);
    if (kind === "edge") return indicesOf(mesh, "edge", elements).every((edge) => twin[cornerOf[edge] as number] !== -1);
    return kind === "vertex" && indicesOf(mesh, "vertex", elements).every((vertex) => degree[vertex] === 2);
  },
  operations: ({ entity, kind, elements }) =>
    elements.map((element): Operation =>
      kind === "edge" ? { type: "dissolve_edge", entity: entity.id, edge: element } : { type: "dissolve_vertex", entity: entity.id, vertex: element },
    ),
};
