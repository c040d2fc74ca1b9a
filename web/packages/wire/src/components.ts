/** A document's components from their canonical bytes, all little-endian, as every machine that runs WebGL is. */

import { viewOf } from "./bytes";
import { MATERIAL_BYTES, type Quaternion, SURFACE_BYTES, TRANSFORM_BYTES, type Vector3 } from "./generated";
import { WireError } from "./schema";

export interface TransformColumns {
  readonly translation: Vector3;
  readonly rotation: Quaternion;
  readonly scale: Vector3;
}

export interface MaterialColumns {
  readonly colour: Vector3;
  readonly metallic: number;
  readonly roughness: number;
}

/** What glTF calls them. */
export const ALPHA_MODES = ["opaque", "mask", "blend"] as const;
export type AlphaMode = (typeof ALPHA_MODES)[number];

export interface SurfaceColumns {
  readonly emissive: Vector3;
  readonly opacity: number;
  readonly alphaCutoff: number;
  readonly alphaMode: AlphaMode;
  readonly doubleSided: boolean;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** 80 bytes: translation, rotation (x, y, z, w), scale. */
export function parseTransform(data: Uint8Array): TransformColumns {
  const at = floatReader(data, TRANSFORM_BYTES, "Transform");
  return {
    translation: [at(0), at(1), at(2)],
    rotation: [at(3), at(4), at(5), at(6)],
    scale: [at(7), at(8), at(9)],
  };
}

/** 40 bytes: colour (sRGB), metallic, roughness. */
export function parseMaterial(data: Uint8Array): MaterialColumns {
  const at = floatReader(data, MATERIAL_BYTES, "Material");
  return { colour: [at(0), at(1), at(2)], metallic: at(3), roughness: at(4) };
}

/** 42 bytes: emissive (sRGB), opacity, alpha cutoff; then a byte each: the alpha mode, and 2 when seen from both sides. */
export function parseSurface(data: Uint8Array): SurfaceColumns {
  const at = floatReader(data, SURFACE_BYTES, "Surface");
  const [mode = 0, sides = 0] = data.subarray(40);
  const alphaMode = ALPHA_MODES[mode];
  if (alphaMode === undefined) throw new WireError(`Surface: no alpha mode ${mode}`);
  return { emissive: [at(0), at(1), at(2)], opacity: at(3), alphaCutoff: at(4), alphaMode, doubleSided: sides === 2 };
}

/** UTF-8. */
export function parseName(data: Uint8Array): string {
  try {
    return UTF8.decode(data);
  } catch {
    throw new WireError("Name: not UTF-8");
  }
}

function floatReader(data: Uint8Array, length: number, name: string): (index: number) => number {
  if (data.length !== length) throw new WireError(`${name}: ${data.length} bytes instead of ${length}`);
  const view = viewOf(data);
  return (index) => view.getFloat64(8 * index, true);
}
