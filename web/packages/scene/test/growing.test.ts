import type { Mesh, Selection } from "@theta/client";
import { idAt } from "@theta/wire";
import { PerspectiveCamera, Ray, Vector3 } from "three";
import { expect, test } from "vitest";
import { makeMesh, makePrimitive } from "../../app/test/fake/shapes";
import { createEntityLayer } from "../src/entities";
import { everything, facesOfRing, grown, withLoops, withParts, withRings } from "../src/growing";
import { meaningOf, pickAlong, pickEdge } from "../src/picking";
import { createSelection, elementsOf, sameSelection, selectionOf } from "../src/selection";
import { LIGHT_THEME } from "../src/theme";
import { adjacencyOf, edgeBetween } from "../src/topology";

const ENTITY = "ab".repeat(16);
const CUBE = makePrimitive("cube", 1, 5);
const edgeId = (mesh: Mesh, a: number, b: number): string => idAt(mesh.edgeIds, edgeBetween(adjacencyOf(mesh), a, b));
const faceId = (mesh: Mesh, face: number): string => idAt(mesh.faceIds, face);
const FACE: Selection = { kind: "face", entity: ENTITY, element: faceId(CUBE, 0) };

test("Shift adds elements of the same object and kind, and takes them away again", () => {
  const selection = createSelection();
  const [a, b, c] = [0, 1, 2].map((face) => faceId(CUBE, face)) as [string, string, string];
  selection.toggle({ ...FACE, element: a });
  selection.toggle({ ...FACE, element: b });
  selection.toggle({ ...FACE, element: c });
  expect(selection.state.selected).toEqual({ kind: "face", entity: ENTITY, element: c, elements: [a, b, c] });
  selection.toggle({ ...FACE, element: c });
  expect(selection.state.selected).toEqual({ kind: "face", entity: ENTITY, element: b, elements: [a, b] });
  selection.toggle({ ...FACE, element: b, elements: [a, b] });
  expect(selection.state.selected).toEqual({ kind: "object", entity: ENTITY });
});

test("what is of another kind or object takes the place of what was selected", () => {
  const selection = createSelection();
  selection.select(FACE);
  const vertex = { kind: "vertex", entity: ENTITY, element: idAt(CUBE.vertexIds, 0) } as const;
  selection.toggle(vertex);
  expect(selection.state.selected).toEqual(vertex);
  const elsewhere = { ...vertex, entity: "cd".repeat(16) };
  selection.toggle(elsewhere);
  expect(selection.state.selected).toEqual(elsewhere);
});

test("the same elements are no change, others are", () => {
  const selection = createSelection();
  let heard = 0;
  selection.select(selectionOf(ENTITY, "face", ["1", "2"]));
  selection.subscribe(() => heard++);
  selection.select(selectionOf(ENTITY, "face", ["1", "2"]));
  expect(heard).toBe(0);
  selection.select(selectionOf(ENTITY, "face", ["3", "2"]));
  expect(heard).toBe(1);
});

test("rings, and the faces along them, grow out of an edge", () => {
  const edge: Selection = { kind: "edge", entity: ENTITY, element: edgeId(CUBE, 0, 1) };
  expect(elementsOf(withRings(CUBE, edge))).toHaveLength(4);
  expect(facesOfRing(CUBE, edge)).toMatchObject({ kind: "face", elements: { length: 4 } });
  expect(withLoops(CUBE, edge)).toBe(edge);
  expect(withLoops(CUBE, FACE)).toBe(FACE);
});

test("what is connected: faces, edges or vertices, and never another part", () => {
  const { positions, corners } = CUBE;
  const points = Array.from({ length: 8 }, (_, at) => [...positions.subarray(at * 3, at * 3 + 3)] as [number, number, number]);
  const faces = Array.from({ length: 6 }, (_, face) => [...corners.subarray(face * 4, face * 4 + 4)]);
  const two = makeMesh(
    [...points, ...points.map(([x, y, z]): [number, number, number] => [x + 3, y, z])],
    [...faces, ...faces.map((face) => face.map((vertex) => vertex + 8))],
  );
  const counts = (kind: "face" | "edge" | "vertex", id: string): number => elementsOf(withParts(two, { kind, entity: ENTITY, element: id })).length;
  expect(counts("face", faceId(two, 7))).toBe(6);
  expect(counts("edge", edgeId(two, 8, 9))).toBe(12);
  expect(counts("vertex", idAt(two.vertexIds, 9))).toBe(8);
  expect(grown("part", two, { ...FACE, element: faceId(two, 0) })).toMatchObject({ kind: "face", elements: { length: 6 } });
  expect(elementsOf(everything(two, ENTITY, "face"))).toHaveLength(12);
  const both = withParts(two, selectionOf(ENTITY, "face", [faceId(two, 0), faceId(two, 6)]));
  expect(elementsOf(both)).toHaveLength(12);
});

function cubeOnStage() {
  const layer = createEntityLayer(LIGHT_THEME);
  const transform = { translation: [0, 0, -3], rotation: [0, 0, 0, 1], scale: [1, 1, 1] } as const;
  const cube = { id: ENTITY, transform, mesh: CUBE, material: null, surface: null, name: "Cube", owner: null };
  layer.sync(new Map([[ENTITY, cube]]), { changed: [ENTITY], removed: [] });
  const view = layer.views.get(ENTITY)!;
  const camera = new PerspectiveCamera(50, 1, 0.1, 10);
  camera.updateMatrixWorld();
  return { layer, view, camera };
}

test("a hit near a side means that edge on the screen, and in the room for a ray", () => {
  const { layer, view, camera } = cubeOnStage();
  // The front face has the corners 4, 5, 7 and 6.
  expect(pickEdge(view, 10, new Vector3(0.45, 0.1, -2.5), camera)).toBe(edgeId(CUBE, 5, 7));
  expect(pickEdge(view, 11, new Vector3(0, 0.45, -2.5), camera)).toBe(edgeId(CUBE, 6, 7));
  const hit = pickAlong(layer, "edge", new Ray(new Vector3(0.1, -0.4, 5), new Vector3(0, 0, -1)), 100);
  expect(hit?.selection).toEqual({ kind: "edge", entity: ENTITY, element: edgeId(CUBE, 4, 5) });
});

test("in the modes of parts and loops a hit means all of it", () => {
  const { view, camera } = cubeOnStage();
  const point = new Vector3(0.1, 0.1, -2.5);
  expect(meaningOf(view, "part", 10, point, camera)).toMatchObject({ kind: "face", element: faceId(CUBE, 0), elements: { length: 6 } });
  const elsewhere = meaningOf(view, "part", 4, new Vector3(0.1, -0.5, -3), camera);
  expect(sameSelection(elsewhere, meaningOf(view, "part", 10, point, camera))).toBe(true);
  expect(meaningOf(view, "loop", 10, point, camera)).toMatchObject({ kind: "edge" });
  expect(meaningOf(view, "object", 10, point, camera)).toEqual({ kind: "object", entity: ENTITY });
});
