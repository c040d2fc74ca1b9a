import type { StateShape } from "@theta/client";
import { BoxGeometry, type BufferGeometry, ConeGeometry, CylinderGeometry, SphereGeometry } from "three";

/** How round a shape is; in a crowd nobody sees it of each one, and a headset can't draw it. */
export interface Detail {
  /** Drawn so up to this many of the shape. */
  readonly crowd: number;
  /** Sides around its axis. */
  readonly around: number;
  /** Of a sphere, bands from pole to pole. */
  readonly down: number;
}

export const FINE: Detail = { crowd: 500, around: 20, down: 12 };
/** From the finest to the coarsest: a sphere has 440, 168 and 90 triangles. */
export const DETAILS: readonly Detail[] = [FINE, { crowd: 4_000, around: 12, down: 8 }, { crowd: Infinity, around: 9, down: 6 }];

/** A shape 1 m across about its middle, its axis upright; with normals, and nothing that is not drawn. */
export function createShapeGeometry(shape: StateShape, { around, down }: Detail): BufferGeometry {
  const geometry = {
    box: () => new BoxGeometry(1, 1, 1),
    sphere: () => new SphereGeometry(0.5, around, down),
    cylinder: () => new CylinderGeometry(0.5, 0.5, 1, around),
    cone: () => new ConeGeometry(0.5, 1, around),
  }[shape]();
  geometry.deleteAttribute("uv");
  geometry.clearGroups();
  return geometry;
}

/** A geometry's triangles, 9 numbers each. */
export function trianglesOf(geometry: BufferGeometry): Float32Array {
  const flat = geometry.toNonIndexed();
  const corners = flat.getAttribute("position").array as Float32Array;
  flat.dispose();
  return corners;
}
