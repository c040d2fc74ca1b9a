import { expect, test } from "vitest";
import { makeMesh, makePrimitive } from "../../app/test/fake/shapes";
import { edgePositions } from "../src/geometry/build";
import { drawnEdges, outlineOf } from "../src/geometry/outline";

type Point = readonly [number, number, number];

/** A sheet of squares, `side` each way; `place` says where its points are. */
function sheet(side: number, place: (u: number, v: number) => Point) {
  const points: Point[] = [];
  const faces: number[][] = [];
  for (let u = 0; u <= side; u++) for (let v = 0; v <= side; v++) points.push(place(u, v));
  for (let u = 0; u < side; u++) {
    for (let v = 0; v < side; v++) {
      const a = u * (side + 1) + v;
      faces.push([a, a + 1, a + side + 2, a + side + 1]);
    }
  }
  return makeMesh(points, faces);
}

test("of few faces every edge is drawn", () => {
  const cube = makePrimitive("cube", 1, 1);
  expect(drawnEdges(cube)).toEqual(edgePositions(cube));
  expect(outlineOf(cube)).toHaveLength(12 * 6);
});

test("of a dense sheet only its rim and the fold in it are drawn, and a box goes around it when it is selected", () => {
  const side = 50;
  const folded = sheet(side, (u, v) => (u <= 25 ? [u, 0, v] : [25, u - 25, v]));
  expect(drawnEdges(folded)).toHaveLength((4 * side + side) * 6);
  expect(drawnEdges(folded)).toBe(drawnEdges(folded));
  expect(outlineOf(folded)).toHaveLength((12 + 5 * side) * 6);
  expect([...outlineOf(folded).slice(0, 6)]).toEqual([0, 0, 0, 25, 0, 0]);
});

test("of some hundred faces all edges are drawn, and around it only its box and its folds", () => {
  const side = 16;
  const folded = sheet(side, (u, v) => (u <= 8 ? [u, 0, v] : [8, u - 8, v]));
  expect(drawnEdges(folded)).toEqual(edgePositions(folded));
  expect(outlineOf(folded)).toHaveLength((12 + 5 * side) * 6);
});

test("what is dense and round everywhere still has an outline", () => {
  const side = 48;
  const ball = sheet(side, (u, v) => {
    const [along, around] = [(u / side) * Math.PI, (v / side) * 2 * Math.PI];
    return [Math.sin(along) * Math.cos(around), Math.cos(along), Math.sin(along) * Math.sin(around)];
  });
  expect(outlineOf(ball).length).toBeGreaterThanOrEqual(12 * 6);
  expect(drawnEdges(ball).length).toBeLessThan(edgePositions(ball).length / 8);
});
