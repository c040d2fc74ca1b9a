import { expect, test } from "vitest";
import { contrastOf, CONTRAST_MIN, inkOn, plateOf } from "../src/contrast";

test("black on white is 21 to 1, and a colour on itself 1", () => {
  expect(contrastOf(0, 0xffffff)).toBeCloseTo(21, 9);
  expect(contrastOf(0x2f6bff, 0x2f6bff)).toBe(1);
});

test("a name can be read on the plate of every colour, which is the person's own where that will do", () => {
  for (let red = 0; red < 256; red += 15) {
    for (let green = 0; green < 256; green += 15) {
      for (let blue = 0; blue < 256; blue += 15) {
        const colour = (red << 16) | (green << 8) | blue;
        const plate = plateOf(colour);
        expect(contrastOf(plate, Number.parseInt(inkOn(plate).slice(1), 16))).toBeGreaterThanOrEqual(CONTRAST_MIN);
      }
    }
  }
  expect(plateOf(0xf5a524)).toBe(0xf5a524);
  expect(plateOf(0x203040)).toBe(0x203040);
});
