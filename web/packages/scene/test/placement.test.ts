import { Vector3 } from "three";
import { expect, test } from "vitest";
import { createEntityLayer } from "../src/entities";
import { stepAside } from "../src/placement";
import { LIGHT_THEME } from "../src/theme";

test("what is new stands beside what is still on its way", () => {
  const entities = createEntityLayer(LIGHT_THEME);
  expect(stepAside(new Vector3(0, 0, 0), entities, [], 0.5).x).toBe(0);
  expect(stepAside(new Vector3(0, 0, 0), entities, [[0, 0.25, 0]], 0.5).x).toBe(0.625);
  expect(stepAside(new Vector3(0, 0, 0), entities, [[0, 0.25, 0], [0.63, 0.25, 0]], 0.5).x).toBe(1.25);
});
