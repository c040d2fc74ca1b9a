import type { ElementKind, Mesh, Selection } from "@theta/client";
import { elementAt, elementIndex } from "./geometry/measure";
import { elementsOf, selectionOf, type SelectMode } from "./selection";
import { adjacencyOf, edgeLoop, edgeRing, faceRing, partIds, partsOf, type Adjacency } from "./topology";

/** What the modes "loop" and "part" make of an element: the whole edge loop that it is in, or all that is connected. */
export function grown(mode: SelectMode, mesh: Mesh, selection: Selection): Selection {
  if (mode === "loop") return withLoops(mesh, selection);
  if (mode !== "part") return selection;
  const part = withParts(mesh, selection);
  if (part.kind === "object" || !part.elements) return part;
  // Wherever in it the pointer is: it is the same part, and need not be drawn anew.
  return { ...part, element: part.elements[0] ?? part.element };
}

/** With the edge loops that the edges selected are in; of faces, with the quads beside them in the ring of an edge. */
export function withLoops(mesh: Mesh, selection: Selection): Selection {
  return withReached(mesh, selection, edgeLoop);
}

/** With the edges that a loop cut through those selected would cut. */
export function withRings(mesh: Mesh, selection: Selection): Selection {
  return withReached(mesh, selection, edgeRing);
}

/** The quads that a loop cut through an edge would cut. */
export function facesOfRing(mesh: Mesh, selection: Selection): Selection {
  const edge = selection.kind === "edge" ? elementIndex(mesh, "edge", selection.element) : undefined;
  if (edge === undefined) return selection;
  const faces = faceRing(adjacencyOf(mesh), edge).map((face) => elementAt(mesh, "face", face));
  return selectionOf(selection.entity, "face", faces);
}

/** With everything that is connected with what is selected. */
export function withParts(mesh: Mesh, selection: Selection): Selection {
  if (selection.kind === "object") return selection;
  const { kind, entity, element } = selection;
  const face = kind === "face" && !selection.elements ? elementIndex(mesh, kind, element) : undefined;
  if (face !== undefined) return { kind, entity, element, elements: partIds(mesh, face) };
  const indices = elementsOf(selection).flatMap((each) => elementIndex(mesh, kind, each) ?? []);
  const reached = elementsOfFaces(mesh, kind, facesConnectedWith(mesh, kind, indices));
  // A vertex by itself is connected with nothing.
  const all = new Set([...indices, ...reached]);
  return { kind, entity, element, elements: [...all].map((index) => elementAt(mesh, kind, index)) };
}

/** Every element of a kind. */
export function everything(mesh: Mesh, entity: string, kind: ElementKind): Selection {
  const count = { vertex: mesh.vertexCount, edge: mesh.edgeCount, face: mesh.faceCount }[kind];
  return selectionOf(entity, kind, Array.from({ length: count }, (_, index) => elementAt(mesh, kind, index)));
}

function withReached(mesh: Mesh, selection: Selection, reach: (adjacency: Adjacency, edge: number) => readonly number[]): Selection {
  if (selection.kind !== "edge") return selection;
  const { kind, entity, element } = selection;
  const found = new Set<number>();
  for (const each of elementsOf(selection)) {
    const index = elementIndex(mesh, kind, each);
    if (index !== undefined) for (const edge of reach(adjacencyOf(mesh), index)) found.add(edge);
  }
  if (found.size <= 1) return selection;
  return { kind, entity, element, elements: [...found].map((index) => elementAt(mesh, kind, index)) };
}

function facesConnectedWith(mesh: Mesh, kind: ElementKind, indices: readonly number[]): number[] {
  const { partOf, faces } = partsOf(mesh);
  const parts = new Set(facesNear(mesh, kind, indices).map((face) => partOf[face] as number));
  return [...parts].flatMap((part) => faces[part] ?? []);
}

/** At least one face of each part that elements belong to. */
function facesNear(mesh: Mesh, kind: ElementKind, indices: readonly number[]): number[] {
  if (kind === "face") return [...indices];
  const { cornerOf, faceOf } = adjacencyOf(mesh);
  if (kind === "edge") return indices.map((edge) => faceOf[cornerOf[edge] as number] as number);
  const wanted = new Set(indices);
  const near = new Set<number>();
  mesh.corners.forEach((vertex, corner) => {
    if (wanted.has(vertex)) near.add(faceOf[corner] as number);
  });
  return [...near];
}

function elementsOfFaces(mesh: Mesh, kind: ElementKind, faces: readonly number[]): Iterable<number> {
  if (kind === "face") return faces;
  const { edgeOf } = adjacencyOf(mesh);
  const found = new Set<number>();
  for (const face of faces) {
    for (let corner = mesh.faceOffsets[face] as number; corner < (mesh.faceOffsets[face + 1] as number); corner++) {
      found.add((kind === "edge" ? edgeOf[corner] : mesh.corners[corner]) as number);
    }
  }
  return found;
}
