import type { ElementId, ElementKind, Mesh } from "@theta/client";
import { countOf, elementAt, elementIndex, endsOf, indicesOf } from "@theta/scene";
import type { ToolContext } from "./context";

/** Elements that a tool leaves selected. */
export interface Leaving {
  readonly kind: ElementKind;
  readonly elements: readonly ElementId[];
}

type Leaves = (before: ToolContext, after: Mesh) => Leaving;

/** What was made. */
export const made =
  (kind: ElementKind): Leaves =>
  (before, after) => ({ kind, elements: madeOf(before, after, kind) });

/** Faces: those that are still there of the selected ones, and those that were made. */
export const facesThere: Leaves = (before, after) => {
  const there = before.elements.filter((face) => elementIndex(after, "face", face) !== undefined);
  return { kind: "face", elements: [...there, ...madeOf(before, after, "face")] };
};

/** The edges that run between vertices that were made: a cut's, or a new rim's. */
export const madeLoop: Leaves = (before, after) => {
  const vertices = new Set(indicesOf(after, "vertex", madeOf(before, after, "vertex")));
  const edges = madeOf(before, after, "edge");
  return {
    kind: "edge",
    elements: edges.filter((edge) => indicesOf(after, "edge", [edge]).every((index) => endsOf(after, index).every((end) => vertices.has(end)))),
  };
};

/** Of the selected edges' ends those that are still there. */
export const endsThere: Leaves = ({ mesh, elements }, after) => {
  const ends = new Set(indicesOf(mesh, "edge", elements).flatMap((edge) => endsOf(mesh, edge)));
  const vertices = [...ends].map((vertex) => elementAt(mesh, "vertex", vertex));
  return { kind: "vertex", elements: vertices.filter((vertex) => elementIndex(after, "vertex", vertex) !== undefined) };
};

function madeOf({ mesh }: ToolContext, after: Mesh, kind: ElementKind): ElementId[] {
  const elements: ElementId[] = [];
  for (let index = 0; index < countOf(after, kind); index++) {
    const element = elementAt(after, kind, index);
    if (elementIndex(mesh, kind, element) === undefined) elements.push(element);
  }
  return elements;
}
