// @vitest-environment happy-dom
import { Quaternion, Vector3 } from "three";
import { expect, test } from "vitest";
import { contrastOf, CONTRAST_MIN } from "../src/contrast";
import { createCursor, createTag, type LabelFigures } from "../src/labels";

const colourOf = (css: string): number => Number.parseInt(css.slice(1), 16);

test("in a headset a name is at least 24 mm high for each metre away, whatever the world's scale", () => {
  for (const label of [createTag("Ana", 0x2fa66b), createCursor("Ana", 0x2fa66b)]) {
    const figures = label.mesh.userData.xr as LabelFigures;
    for (const scale of [0.05, 1, 20]) {
      for (const metres of [0.1, 1, 7, 60]) {
        const view = { eye: new Vector3(0, scale, 0), rotation: new Quaternion(), scale, presenting: true };
        const height = label.place(new Vector3(0, scale, -metres * scale), view);
        expect(figures.emM / figures.distanceM).toBeGreaterThanOrEqual(0.024);
        expect(figures.distanceM).toBeGreaterThanOrEqual(metres - 1e-9);
        expect([figures.widthM * scale, figures.heightM * scale]).toEqual([
          expect.closeTo(label.mesh.scale.x, 9),
          expect.closeTo(height, 9),
        ]);
      }
    }
    expect(contrastOf(colourOf(figures.foreground), colourOf(figures.background))).toBeGreaterThanOrEqual(CONTRAST_MIN);
    label.dispose();
  }
});
