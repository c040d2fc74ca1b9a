import type { PrimitiveKind } from "@theta/client";

export type ShapeKind = PrimitiveKind;

/** What each shape is called, and how far its middle is above the floor it stands on, in its size. */
export const SHAPES: Readonly<Record<ShapeKind, { readonly name: string; readonly lift: number }>> = {
  cube: { name: "Cube", lift: 0.5 },
  pyramid: { name: "Pyramid", lift: 0.5 },
  cone: { name: "Cone", lift: 0.5 },
  cylinder: { name: "Cylinder", lift: 0.5 },
  sphere: { name: "Sphere", lift: 0.5 },
  icosphere: { name: "Icosphere", lift: 0.5 },
  // The usual tube is a quarter as thick as the circle in its middle: its radius is a tenth of the size.
  torus: { name: "Torus", lift: 0.1 },
  plane: { name: "Plane", lift: 0 },
  grid: { name: "Grid", lift: 0 },
  ngon: { name: "N-gon", lift: 0 },
};
