import { idAt } from "@theta/wire";
import { Vector3 } from "three";
import { expect, test } from "vitest";
import { makeMesh, makePrimitive } from "../../app/test/fake/shapes";
import { buildSurface, edgePositions } from "../src/geometry/build";
import { directionName, elementIndex, faceArea, faceCentre, faceNormal } from "../src/geometry/measure";
import { withExtrudedFace, withMovedVertices } from "../src/geometry/preview";
import { triangulate } from "../src/geometry/triangulate";

const CUBE = makePrimitive("cube", 2, 1);
/** An L in the plane z = 0, seen from +z; its second corner from the end is the concave one. */
const L_SHAPE = makeMesh(
  [
    [0, 0, 0],
    [2, 0, 0],
    [2, 1, 0],
    [1, 1, 0],
    [1, 2, 0],
    [0, 2, 0],
  ],
  [[0, 1, 2, 3, 4, 5]],
);

function area(mesh: typeof CUBE, triangles: Uint32Array, triangle: number): number {
  const [a, b, c] = [0, 1, 2].map((corner) =>
    new Vector3().fromArray(mesh.positions, (triangles[triangle * 3 + corner] ?? 0) * 3),
  ) as [Vector3, Vector3, Vector3];
  return b.sub(a).cross(c.sub(a)).length() / 2;
}

test("a cube has two triangles for each of its faces, all facing outward", () => {
  const { triangles, faceOfTriangle } = triangulate(CUBE);
  expect([...faceOfTriangle]).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
  for (let triangle = 0; triangle < 12; triangle++) {
    const [a, b, c] = [0, 1, 2].map((corner) =>
      new Vector3().fromArray(CUBE.positions, (triangles[triangle * 3 + corner] ?? 0) * 3),
    ) as [Vector3, Vector3, Vector3];
    const normal = b.clone().sub(a).cross(c.clone().sub(a));
    expect(normal.dot(a.add(b).add(c))).toBeGreaterThan(0);
  }
});

test.each([
  ["as it lies", (x: number, y: number): readonly [number, number, number] => [x, y, 0], [0, 0, 1]],
  ["on the floor, seen from above", (x: number, y: number): readonly [number, number, number] => [x, 0, -y], [0, 1, 0]],
  ["on a wall, seen from the left", (x: number, y: number): readonly [number, number, number] => [0, y, x], [-1, 0, 0]],
] as const)("a concave face is cut into ears that cover it and keep its winding: %s", (_where, turn, normal) => {
  const points = [0, 1, 2, 3, 4, 5].map((at) => turn(L_SHAPE.positions[at * 3] ?? 0, L_SHAPE.positions[at * 3 + 1] ?? 0));
  const mesh = makeMesh(points, [[0, 1, 2, 3, 4, 5]]);
  const { triangles } = triangulate(mesh);
  expect(triangles).toHaveLength(12);
  let total = 0;
  for (let triangle = 0; triangle < 4; triangle++) total += area(mesh, triangles, triangle);
  // A fan from corner 0 would cover more than the face has.
  expect(total).toBeCloseTo(3, 12);
  expect(faceNormal(mesh, 0).toArray().map((value) => value + 0)).toEqual([...normal]);
  for (let at = 0; at < 12; at += 3) {
    const one = makeMesh(
      [0, 1, 2].map((corner) => points[triangles[at + corner] ?? 0] ?? [0, 0, 0]),
      [[0, 1, 2]],
    );
    expect(faceNormal(one, 0).dot(new Vector3(...normal))).toBeCloseTo(1, 12);
  }
});

test("a face that has lost its area is still fanned, and faces without corners are skipped", () => {
  const flat = makeMesh([[0, 0, 0], [1, 0, 0], [2, 0, 0], [3, 0, 0]], [[0, 1, 2, 3]]);
  expect(triangulate(flat).faceOfTriangle).toHaveLength(2);
  expect(triangulate(makeMesh([], [])).triangles).toHaveLength(0);
});

test("a surface has flat normals and names the face of each triangle", () => {
  const { geometry, faceOfTriangle } = buildSurface(CUBE);
  const normals = geometry.getAttribute("normal");
  faceOfTriangle.forEach((face, triangle) => {
    const expected = faceNormal(CUBE, face);
    for (let corner = 0; corner < 3; corner++) {
      expect(normals.getY(triangle * 3 + corner)).toBeCloseTo(expected.y, 6);
    }
  });
  expect(edgePositions(CUBE)).toHaveLength(12 * 6);
});

test("faces are measured where they are", () => {
  expect(faceArea(L_SHAPE, 0)).toBe(3);
  expect(faceArea(CUBE, 3)).toBe(4);
  expect(faceCentre(CUBE, 3).toArray()).toEqual([0, 1, 0]);
  const names = [0, 1, 2, 3, 4, 5].map((face) => directionName(faceNormal(CUBE, face)));
  expect(names).toEqual(["left", "right", "down", "up", "back", "front"]);
  expect(directionName(new Vector3(1, 1, 0).normalize())).toBe("slanted");
});

test("an element is found by its id in the mesh that has it", () => {
  expect(elementIndex(CUBE, "face", idAt(CUBE.faceIds, 4))).toBe(4);
  expect(elementIndex(CUBE, "vertex", idAt(CUBE.vertexIds, 7))).toBe(7);
  expect(elementIndex(CUBE, "vertex", idAt(CUBE.faceIds, 4))).toBeUndefined();
});

test("a preview of an extrusion keeps the face's id on its moved cap and adds a wall for each side", () => {
  const pulled = withExtrudedFace(CUBE, 3, 0.5);
  expect([pulled.vertexCount, pulled.edgeCount, pulled.faceCount]).toEqual([12, 20, 10]);
  expect(faceCentre(pulled, 3).toArray()).toEqual([0, 1.5, 0]);
  expect(elementIndex(pulled, "face", idAt(CUBE.faceIds, 3))).toBe(3);
  for (let wall = 6; wall < 10; wall++) {
    expect(faceNormal(pulled, wall).y).toBe(0);
    const outward = faceCentre(pulled, wall).setY(0);
    expect(faceNormal(pulled, wall).dot(outward)).toBeGreaterThan(0.9);
  }
  expect(CUBE.vertexCount).toBe(8);
});

test("a preview of a move leaves the document's mesh as it was", () => {
  const before = CUBE.positions.slice();
  const moved = withMovedVertices(CUBE, [0], new Vector3(0, 0, -1));
  expect([...moved.positions.slice(0, 3)]).toEqual([-1, -1, -2]);
  expect(CUBE.positions).toEqual(before);
});
