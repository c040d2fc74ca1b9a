import type { Mesh } from "@theta/client";
import { encodeMesh, parseMesh, toHex } from "@theta/wire";
import { expect, test } from "vitest";
import { makeMesh, makePrimitive } from "../../app/test/fake/shapes";
import {
  adjacencyOf,
  boundaryLoop,
  canBeExtracted,
  edgeBetween,
  edgeLoop,
  edgeRing,
  endsOf,
  extract,
  faceRing,
  facesAt,
  isBoundary,
  partsOf,
} from "../src/topology";

type Point = readonly [number, number, number];

/** Quads in rows: `columns` along x, `rows` along z; vertex (x, z) is x + (columns + 1) z. */
function grid(columns: number, rows: number): Mesh {
  const points: Point[] = [];
  for (let z = 0; z <= rows; z++) for (let x = 0; x <= columns; x++) points.push([x, 0, z]);
  const wide = columns + 1;
  const faces: number[][] = [];
  for (let z = 0; z < rows; z++) {
    for (let x = 0; x < columns; x++) {
      const first = x + wide * z;
      faces.push([first, first + wide, first + wide + 1, first + 1]);
    }
  }
  return makeMesh(points, faces);
}

/** Quads all around both ways: `around` by `tube` of them. */
function torus(around: number, tube: number): Mesh {
  const at = (i: number, j: number): number => (i % around) * tube + (j % tube);
  const points = Array.from({ length: around * tube }, (_, index): Point => [Math.floor(index / tube), index % tube, 0]);
  const faces = points.map((_, index) => {
    const [i, j] = [Math.floor(index / tube), index % tube];
    return [at(i, j), at(i + 1, j), at(i + 1, j + 1), at(i, j + 1)];
  });
  return makeMesh(points, faces);
}

const edgeOf = (mesh: Mesh, a: number, b: number): number => edgeBetween(adjacencyOf(mesh), a, b);
const ends = (mesh: Mesh, edges: readonly number[]): string[] => edges.map((edge) => endsOf(mesh, edge).join("-"));

test("every corner's twin has it for its own, runs the other way along the same edge, and is of the face beyond", () => {
  for (const mesh of [makePrimitive("cube", 1, 1), grid(3, 2), torus(5, 4)]) {
    const { next, previous, twin, faceOf, edgeOf: edges, cornerOf } = adjacencyOf(mesh);
    mesh.corners.forEach((vertex, corner) => {
      expect(previous[next[corner] as number]).toBe(corner);
      const across = twin[corner] as number;
      if (across < 0) return;
      expect(twin[across]).toBe(corner);
      expect(edges[across]).toBe(edges[corner]);
      expect(faceOf[across]).not.toBe(faceOf[corner]);
      expect(mesh.corners[next[across] as number]).toBe(vertex);
    });
    for (let edge = 0; edge < mesh.edgeCount; edge++) expect(edges[cornerOf[edge] as number]).toBe(edge);
    const open = Array.from({ length: mesh.edgeCount }, (_, edge) => edge).filter((edge) => isBoundary(adjacencyOf(mesh), edge));
    // Corners pair up but for those on the rim.
    expect(mesh.corners.length).toBe(2 * mesh.edgeCount - open.length);
  }
});

test("an edge has the faces on both of its sides, or the one at a rim", () => {
  const mesh = grid(2, 1);
  expect(facesAt(adjacencyOf(mesh), edgeOf(mesh, 1, 4)).sort()).toEqual([0, 1]);
  expect(facesAt(adjacencyOf(mesh), edgeOf(mesh, 0, 1))).toEqual([0]);
  expect(edgeOf(mesh, 0, 5)).toBe(-1);
});

test("an edge loop runs straight on through quads, from rim to rim", () => {
  const mesh = grid(4, 3);
  expect(ends(mesh, edgeLoop(adjacencyOf(mesh), edgeOf(mesh, 6, 7))).sort()).toEqual(["5-6", "6-7", "7-8", "8-9"]);
  expect(ends(mesh, edgeLoop(adjacencyOf(mesh), edgeOf(mesh, 7, 12))).sort()).toEqual(["12-17", "2-7", "7-12"]);
});

test("an edge loop that comes back to itself is told once, in order", () => {
  const mesh = torus(6, 4);
  const loop = edgeLoop(adjacencyOf(mesh), edgeOf(mesh, 0, 4));
  expect(loop).toHaveLength(6);
  expect(new Set(loop).size).toBe(6);
  expect(edgeLoop(adjacencyOf(mesh), edgeOf(mesh, 0, 1))).toHaveLength(4);
});

test("an edge loop ends where other than four edges meet", () => {
  const cube = makePrimitive("cube", 1, 1);
  expect(edgeLoop(adjacencyOf(cube), 0)).toEqual([0]);
});

test("from an edge at a rim the loop is the rim", () => {
  const mesh = grid(3, 2);
  expect(edgeLoop(adjacencyOf(mesh), edgeOf(mesh, 0, 1))).toHaveLength(10);
  expect(boundaryLoop(adjacencyOf(mesh), edgeOf(mesh, 3, 7))).toHaveLength(10);
  expect(boundaryLoop(adjacencyOf(mesh), edgeOf(mesh, 1, 5))).toEqual([edgeOf(mesh, 1, 5)]);
});

test("each rim is followed by itself, around corners that turn in and out", () => {
  const all = grid(3, 3);
  const quads = Array.from({ length: 9 }, (_, face) => [...all.corners.subarray(face * 4, face * 4 + 4)]);
  const points = Array.from({ length: 16 }, (_, at): Point => [at % 4, 0, Math.floor(at / 4)]);
  const holed = makeMesh(points, quads.filter((_, face) => face !== 4));
  expect(ends(holed, boundaryLoop(adjacencyOf(holed), edgeOf(holed, 9, 10))).sort()).toEqual(["10-6", "10-9", "5-6", "5-9"].map(ordered).sort());
  expect(boundaryLoop(adjacencyOf(holed), edgeOf(holed, 0, 1))).toHaveLength(12);
  const notched = makeMesh(points, quads.filter((_, face) => face !== 4 && face !== 1));
  expect(boundaryLoop(adjacencyOf(notched), edgeOf(notched, 0, 1))).toHaveLength(16);
});

function ordered(pair: string): string {
  return pair
    .split("-")
    .map(Number)
    .sort((one, other) => one - other)
    .join("-");
}

test("a ring of edges goes across quads, to the rim or around", () => {
  const mesh = grid(3, 2);
  expect(ends(mesh, edgeRing(adjacencyOf(mesh), edgeOf(mesh, 5, 9))).sort()).toEqual(["4-8", "5-9", "6-10", "7-11"].sort());
  expect(faceRing(adjacencyOf(mesh), edgeOf(mesh, 5, 9)).sort()).toEqual([3, 4, 5]);
  const cube = makePrimitive("cube", 1, 1);
  expect(edgeRing(adjacencyOf(cube), 0)).toHaveLength(4);
  expect(faceRing(adjacencyOf(cube), 0)).toHaveLength(4);
});

test("a ring stops before what is no quad", () => {
  const pyramid = makePrimitive("pyramid", 1, 1);
  const base = edgeOf(pyramid, 0, 1);
  expect(ends(pyramid, edgeRing(adjacencyOf(pyramid), base)).sort()).toEqual(["0-1", "2-3"]);
  expect(faceRing(adjacencyOf(pyramid), base)).toEqual([0]);
  expect(edgeRing(adjacencyOf(pyramid), edgeOf(pyramid, 0, 4))).toEqual([edgeOf(pyramid, 0, 4)]);
});

test("parts are what edges connect", () => {
  const one = [
    [0, 1, 2],
    [2, 1, 3],
  ];
  const points = Array.from({ length: 8 }, (_, at): Point => [at, 0, at % 2]);
  const mesh = makeMesh(points, [one[0] as number[], [4, 5, 6], one[1] as number[]]);
  const { count, partOf, faces } = partsOf(mesh);
  expect(count).toBe(2);
  expect([...partOf]).toEqual([0, 1, 0]);
  expect(faces).toEqual([[0, 2], [1]]);
  expect(partsOf(mesh)).toBe(partsOf(mesh));
});

test("a large mesh is walked in well under a second", () => {
  const mesh = grid(200, 200);
  const before = performance.now();
  expect(partsOf(mesh).count).toBe(1);
  expect(edgeLoop(adjacencyOf(mesh), edgeOf(mesh, 201 * 100 + 5, 201 * 100 + 6))).toHaveLength(200);
  expect(performance.now() - before).toBeLessThan(1000);
});

test("faces taken out keep their ids, places and attributes, and bytes that can be read again", () => {
  const whole = grid(3, 2);
  const values = Uint8Array.from({ length: 6 }, (_, face) => face);
  const uv = Float64Array.from({ length: 48 }, (_, at) => at);
  const mesh: Mesh = {
    ...whole,
    attributes: [
      { domain: "face", name: "painted", width: 1, values },
      { domain: "corner", name: "uv", width: 2, values: uv },
    ],
  };
  const part = extract(mesh, [4, 1]);
  expect([part.vertexCount, part.edgeCount, part.faceCount]).toEqual([6, 7, 2]);
  expect(toHex(part.faceIds)).toBe(toHex(mesh.faceIds.slice(16, 32)) + toHex(mesh.faceIds.slice(64, 80)));
  expect([...(part.attributes[0]?.values ?? [])]).toEqual([1, 4]);
  expect([...(part.attributes[1]?.values ?? [])]).toEqual([...uv.slice(8, 16), ...uv.slice(32, 40)]);
  part.corners.forEach((vertex, corner) => {
    const from = mesh.corners[(corner < 4 ? 4 : 12) + corner] as number;
    expect([...part.positions.slice(vertex * 3, vertex * 3 + 3)]).toEqual([...mesh.positions.slice(from * 3, from * 3 + 3)]);
  });
  expect(parseMesh(encodeMesh(part))).toEqual(part);
});

test("what would meet, or leave behind, faces in nothing but a vertex can't be taken out", () => {
  const mesh = grid(2, 2);
  expect(canBeExtracted(mesh, [0])).toBe(true);
  expect(canBeExtracted(mesh, [0, 1])).toBe(true);
  expect(canBeExtracted(mesh, [0, 3])).toBe(false);
  const wide = grid(3, 3);
  expect(canBeExtracted(wide, [4])).toBe(true);
  expect(canBeExtracted(wide, [0, 8])).toBe(true);
  expect(canBeExtracted(wide, [0, 4])).toBe(false);
});
