import type { Vector3 } from "@theta/client";
import { h } from "../dom";

/** Colours that sit well together under the room's light. */
const PALETTE = [
  ["Porcelain", "#e9e6df"],
  ["Graphite", "#3b424e"],
  ["Coral", "#ea5b4b"],
  ["Amber", "#f2a33a"],
  ["Lemon", "#f3d65b"],
  ["Leaf", "#5fb06a"],
  ["Teal", "#2fa6a0"],
  ["Sky", "#4c9be8"],
  ["Indigo", "#5a62d8"],
  ["Violet", "#9a63d6"],
  ["Rose", "#e87aa4"],
] as const;

export interface Palette {
  readonly element: HTMLElement;
  /** Marks the colour that the selection has. */
  show(colour: Vector3 | null): void;
}

/** Swatches and a field for any other colour. */
export function createPalette(paint: (colour: Vector3) => void): Palette {
  const swatches = PALETTE.map(([label, hex]) => {
    const swatch = h("button", {
      class: "swatch",
      testId: `colour-${label.toLowerCase()}`,
      attributes: { type: "button", title: label, "aria-label": label, "aria-pressed": "false" },
    });
    swatch.style.backgroundColor = hex;
    swatch.addEventListener("click", () => paint(parseColour(hex)));
    return { hex, swatch };
  });
  const custom = h("input", {
    class: "swatch custom",
    testId: "colour-custom",
    attributes: { type: "color", title: "Another colour", "aria-label": "Another colour" },
  });
  custom.addEventListener("change", () => paint(parseColour(custom.value)));
  return {
    element: h("div", {
      class: "palette",
      testId: "palette",
      attributes: { role: "group", "aria-label": "Colour" },
      children: [...swatches.map(({ swatch }) => swatch), custom],
    }),
    show(colour) {
      const hex = colour && formatColour(colour);
      for (const one of swatches) one.swatch.setAttribute("aria-pressed", String(one.hex === hex));
      if (hex) custom.value = hex;
    },
  };
}

/** "#rrggbb" as sRGB in [0, 1]. */
export function parseColour(hex: string): Vector3 {
  const bits = Number.parseInt(hex.slice(1), 16);
  return [((bits >> 16) & 255) / 255, ((bits >> 8) & 255) / 255, (bits & 255) / 255];
}

export function formatColour(colour: Vector3): string {
  return `#${colour.map((value) => Math.round(value * 255).toString(16).padStart(2, "0")).join("")}`;
}
