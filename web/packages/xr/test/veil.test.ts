import { Object3D, type Mesh, type ShaderMaterial } from "three";
import { expect, test } from "vitest";
import { createVeil } from "../src/veil";

function setUp(still = false) {
  const camera = new Object3D();
  const veil = createVeil(camera, () => still);
  const shell = camera.children[0] as Mesh<never, ShaderMaterial>;
  const value = (name: string): number => shell.material.uniforms[name]?.value as number;
  return { veil, shell, value };
}

test("a jump happens in the dark, within 150 ms from clear view to clear view", () => {
  const { veil, shell, value } = setUp();
  const darkness: number[] = [];
  let jumpedAt = NaN;
  veil.blink(() => {
    jumpedAt = darkness.length;
  });
  for (let milliseconds = 5; milliseconds <= 150; milliseconds += 5) {
    veil.advance(0.005);
    darkness.push(value("dark"));
  }
  expect(darkness[jumpedAt]).toBe(1);
  expect([darkness.at(-1), shell.visible]).toEqual([0, false]);
});

test("where motion is unwelcome a jump is at once, and two within a blink both happen", () => {
  const jumps: string[] = [];
  setUp(true).veil.blink(() => jumps.push("still"));
  const { veil } = setUp();
  veil.blink(() => jumps.push("first"));
  veil.blink(() => jumps.push("second"));
  veil.advance(0.1);
  expect(jumps).toEqual(["still", "first", "second"]);
});

test("the view narrows while one moves and opens again", () => {
  const { veil, shell, value } = setUp();
  veil.narrow(true);
  veil.advance(1);
  const narrow = value("edge");
  expect([narrow < 0.7, shell.visible]).toEqual([true, true]);
  veil.narrow(false);
  veil.advance(0.05);
  expect(value("edge")).toBeGreaterThan(narrow);
  veil.advance(1);
  expect(shell.visible).toBe(false);
});

test("cleared, nothing is left of a blink", () => {
  const { veil, shell } = setUp();
  let jumped = false;
  veil.blink(() => {
    jumped = true;
  });
  veil.advance(0.02);
  veil.clear();
  veil.advance(1);
  expect([jumped, shell.visible]).toEqual([false, false]);
});
