import { Euler, Matrix4, Quaternion, Vector3 } from "three";
import { expect, test } from "vitest";
import { createFigures } from "../src/avatar-figure";

const placed = (x: number, rotation = new Quaternion()) => ({ position: new Vector3(x, 1, 0), rotation });

test("hands are seen while they are where one knows, and the body only turns about", () => {
  const figures = createFigures();
  const { mesh } = figures;
  expect(mesh.visible).toBe(false);
  const figure = figures.add(0xff0000);
  const tilted = new Quaternion().setFromEuler(new Euler(0.5, 1, 0.2, "YXZ"));
  figure.pose({ head: placed(0, tilted), left: placed(1), right: null });
  expect([0, 1, 2, 3].map((instance) => mesh.getVisibleAt(instance))).toEqual([true, true, true, false]);
  const body = mesh.getMatrixAt(1, new Matrix4());
  const up = new Vector3(0, 1, 0).transformDirection(body);
  expect(up.y).toBeCloseTo(1, 6);
  expect(new Vector3(0, 0, -1).transformDirection(body).x).toBeCloseTo(-Math.sin(1), 6);
  figure.pose({ head: null, left: null, right: placed(2) });
  expect([0, 1, 2, 3].map((instance) => mesh.getVisibleAt(instance))).toEqual([false, false, false, true]);
});

test("any number of people are one mesh, and who left makes room", () => {
  const figures = createFigures();
  const people = Array.from({ length: 40 }, (_, at) => figures.add(at));
  expect(figures.mesh.instanceCount).toBe(160);
  for (const person of people.slice(0, 30)) person.dispose();
  expect(figures.mesh.instanceCount).toBe(40);
  const capacity = figures.mesh.maxInstanceCount;
  for (let at = 0; at < 20; at++) figures.add(at);
  expect(figures.mesh.maxInstanceCount).toBe(capacity);
});

test("a figure is no more than 2,600 triangles", () => {
  const figures = createFigures();
  const { mesh } = figures;
  const [head, body, hand] = [0, 1, 2].map((part) => (mesh.getGeometryRangeAt(part)?.count ?? 0) / 3) as [number, number, number];
  expect(head + body + 2 * hand).toBeGreaterThan(500);
  expect(head + body + 2 * hand).toBeLessThanOrEqual(2600);
});
