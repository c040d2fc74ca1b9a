import type { DocumentEntity, Transform } from "@theta/client";
import { idAt } from "@theta/wire";
import { Vector3 } from "three";
import { expect, test } from "vitest";
import { makePrimitive } from "../../app/test/fake/shapes";
import {
  createPrimitive,
  extrudeDirection,
  extrudeFace,
  freeName,
  IDENTITY,
  matrixOf,
  moveElements,
  moveEntity,
  toMeshSpace,
} from "../src/gestures";

const HALF = Math.SQRT1_2;
/** A quarter turn about y (x becomes -z), twice as large in x, set down at (1, 2, 3). */
const TURNED: Transform = { translation: [1, 2, 3], rotation: [0, HALF, 0, HALF], scale: [2, 1, 1] };
const MESH = makePrimitive("cube", 1, 7);

function entity(transform: Transform | null): DocumentEntity {
  return { id: "ab".repeat(16), transform, mesh: MESH, material: null, name: "Cube", surface: null, owner: null };
}

test("moving an object sets its translation and keeps the rest", () => {
  expect(moveEntity(entity(TURNED), new Vector3(0, 0.5, 0))).toEqual({
    type: "transform",
    entity: "ab".repeat(16),
    translation: [1, 2.5, 3],
    rotation: TURNED.rotation,
    scale: TURNED.scale,
  });
});

test.each([0, 1e-5, NaN])("a drag of %d metres commits nothing", (metres) => {
  const slip = new Vector3(metres, 0, 0);
  expect(moveEntity(entity(null), slip)).toBeNull();
  expect(moveElements(entity(null), "vertex", [idAt(MESH.vertexIds, 0)], slip)).toBeNull();
  expect(extrudeFace("ab".repeat(16), "cd".repeat(16), metres)).toBeNull();
});

test("a drag in the world is turned and scaled into the mesh's space", () => {
  const local = toMeshSpace(TURNED, new Vector3(0, 0, -1));
  expect(local.distanceTo(new Vector3(0.5, 0, 0))).toBeLessThan(1e-12);
});

test("dragging a face moves each of its vertices once, with target and delta", () => {
  const operation = moveElements(entity(IDENTITY), "face", [idAt(MESH.faceIds, 3)], new Vector3(0, 0.25, 0));
  if (operation?.type !== "move_vertices") throw new Error("no move");
  expect(operation.vertices).toEqual([2, 6, 7, 3].map((vertex) => idAt(MESH.vertexIds, vertex)));
  expect([...operation.deltas]).toEqual([0, 0.25, 0, 0, 0.25, 0, 0, 0.25, 0, 0, 0.25, 0]);
  expect([...operation.targets].filter((_, at) => at % 3 === 1)).toEqual([0.75, 0.75, 0.75, 0.75]);
});

test("an element that is gone commits nothing", () => {
  expect(moveElements(entity(null), "face", ["00".repeat(16)], new Vector3(1, 0, 0))).toBeNull();
});

test("a face is pulled along its normal in the world; metres there are worth less where the mesh is stretched", () => {
  const { direction, metres } = extrudeDirection(entity(TURNED), 1);
  expect(direction.distanceTo(new Vector3(0, 0, -1))).toBeLessThan(1e-12);
  expect(metres).toBeCloseTo(2, 12);
});

test("a placement becomes the matrix that three.js would make of it", () => {
  const corner = new Vector3(0.5, 0, 0).applyMatrix4(matrixOf(TURNED));
  expect(corner.distanceTo(new Vector3(1, 2, 2))).toBeLessThan(1e-12);
  expect(matrixOf(null).elements).toEqual(matrixOf(IDENTITY).elements);
});

test("new things stand on the floor under a name that is free", () => {
  const cube = createPrimitive("cube", 0.5, new Vector3(1.2345, 9, -0.1), ["Cube", "Cube 2", null]);
  expect(cube).toMatchObject({ kind: "cube", name: "Cube 3", size: 0.5, translation: [1.23, 0.25, -0.1] });
  expect(createPrimitive("plane", 1, new Vector3(), [])).toMatchObject({ name: "Plane", translation: [0, 0, 0] });
  expect(freeName("pyramid", ["Cube"])).toBe("Pyramid");
});
