import { idAt } from "@theta/wire";
import { Vector3 } from "three";
import { expect, test } from "vitest";
import { makeMesh, makePrimitive } from "../../app/test/fake/shapes";
import { buildSurface, edgePositions } from "../src/geometry/build";
import { directionName, elementIndex, faceArea, faceCentre, faceNormal } from "../src/geometry/measure";
import { faceColour, PAINT_ATTRIBUTE, paintOf } from "../src/geometry/paint";
import { withExtrudedFace, withExtrudedRegion, withMovedVertices } from "../src/geometry/preview";
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

test("faces pulled out together keep what is between them, and get sides where they end", () => {
  // The top and the front of the cube, which meet in the edge between the vertices 6 and 7.
  const pulled = withExtrudedRegion(CUBE, [3, 5], new Vector3(0, 1, 1));
  // Six rim edges: as many new vertices and sides, twice as many new edges.
  expect([pulled.vertexCount, pulled.edgeCount, pulled.faceCount]).toEqual([14, 24, 12]);
  expect(faceCentre(pulled, 3).toArray()).toEqual([0, 2, 1]);
  expect(faceCentre(pulled, 5).toArray()).toEqual([0, 1, 2]);
  const ends = new Set<string>();
  pulled.edges.forEach((_, at) => at % 2 === 0 && ends.add(pulled.edges.slice(at, at + 2).sort().join()));
  const sides = Array.from({ length: pulled.faceCount }, (_, face) => [...pulled.corners.subarray(pulled.faceOffsets[face], pulled.faceOffsets[face + 1])]);
  for (const loop of sides) {
    loop.forEach((vertex, at) => expect(ends).toContain([vertex, loop[(at + 1) % loop.length] as number].sort((a, b) => a - b).join()));
  }
  for (const edges of [pulled.edges]) expect(ends.size).toBe(edges.length / 2);
});

test("everything pulled together only moves", () => {
  const moved = withExtrudedRegion(CUBE, [0, 1, 2, 3, 4, 5], new Vector3(0, 0, 2));
  expect([moved.vertexCount, moved.faceCount]).toEqual([8, 6]);
  expect(faceCentre(moved, 5).z).toBe(3);
});

const HALF_PAINTED = {
  ...CUBE,
  attributes: [
    { domain: "face", name: "colour", width: 3, values: Float64Array.from({ length: 18 }, (_, at) => (at < 3 ? 1 : 0.5)) },
    { domain: "face", name: "painted", width: 1, values: Uint8Array.of(1, 0, 0, 1, 0, 0) },
  ],
} as const;

test("faces have a colour of their own where they are painted, and the surface has it at each of their corners", () => {
  expect([0, 1, 3].map((face) => faceColour(HALF_PAINTED, face))).toEqual([[1, 1, 1], null, [0.5, 0.5, 0.5]]);
  const paint = buildSurface(HALF_PAINTED).geometry.getAttribute(PAINT_ATTRIBUTE);
  const row = (vertex: number): number[] => [...paint.array.slice(vertex * 4, vertex * 4 + 4)];
  expect(row(0)).toEqual([1, 1, 1, 1]);
  expect(row(5)).toEqual([1, 1, 1, 1]);
  expect(row(6)).toEqual([0, 0, 0, 0]);
  expect(row(18)[0]).toBeCloseTo(0.2140, 3);
  expect(row(18)[3]).toBe(1);
});

test("a mesh without painted faces costs no colours", () => {
  expect(paintOf(CUBE)).toBeNull();
  expect(buildSurface(CUBE).geometry.hasAttribute(PAINT_ATTRIBUTE)).toBe(false);
  const [colour] = HALF_PAINTED.attributes;
  expect(paintOf({ ...CUBE, attributes: [colour] })).toBeNull();
  expect(paintOf({ ...CUBE, attributes: [colour, { domain: "face", name: "painted", width: 1, values: new Uint8Array(6) }] })).toBeNull();
});
