import type { Mesh, MeshAttribute, Vector3 } from "@theta/client";
import { Color, SRGBColorSpace } from "three";

/** The vertex attribute that a painted surface has: linear red, green and blue, and 1 where they count. */
export const PAINT_ATTRIBUTE = "paint";
export const PAINT_WIDTH = 4;

/** An attribute of a mesh; undefined when it has none of this name, or another shape than it should have. */
export function attributeOf(mesh: Mesh, domain: MeshAttribute["domain"], name: string, width: number): MeshAttribute | undefined {
  return mesh.attributes.find((one) => one.domain === domain && one.name === name && one.width === width);
}

/** A face's own colour, sRGB; null where the object's counts. */
export function faceColour(mesh: Mesh, face: number): Vector3 | null {
  const colours = attributeOf(mesh, "face", "colour", 3)?.values;
  if (!colours || !isPainted(mesh, face)) return null;
  return [colours[face * 3] ?? 0, colours[face * 3 + 1] ?? 0, colours[face * 3 + 2] ?? 0];
}

/** A row of PAINT_WIDTH for each face; null when no face has a colour of its own. */
export function paintOf(mesh: Mesh): Float32Array | null {
  const painted = attributeOf(mesh, "face", "painted", 1)?.values;
  if (!painted?.some((value) => value !== 0)) return null;
  const rows = new Float32Array(mesh.faceCount * PAINT_WIDTH);
  const linear = new Color();
  for (let face = 0; face < mesh.faceCount; face++) {
    const colour = faceColour(mesh, face);
    if (!colour) continue;
    linear.setRGB(...(colour as [number, number, number]), SRGBColorSpace).toArray(rows, face * PAINT_WIDTH);
    rows[face * PAINT_WIDTH + 3] = 1;
  }
  return rows;
}

function isPainted(mesh: Mesh, face: number): boolean {
  return (attributeOf(mesh, "face", "painted", 1)?.values[face] ?? 0) !== 0;
}
