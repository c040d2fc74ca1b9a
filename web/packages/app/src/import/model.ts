/** What a file becomes on its way into the room. Lengths are metres, colours sRGB in [0, 1], +y is up. */

import type { Quaternion, Vector3 } from "@theta/client";

/** Flat polygons: face `f` has the corners `offsets[f]` to `offsets[f + 1]`, indices of positions, anticlockwise from outside. */
export interface Polygons {
  /** 3 for each vertex. */
  readonly positions: Float64Array;
  readonly offsets: Uint32Array;
  readonly corners: Uint32Array;
}

/** A part as its file has it. */
export interface RawPart extends Polygons {
  readonly name: string;
  /** Null: the file doesn't say. */
  readonly colour: Vector3 | null;
  /** 16 numbers, column by column, from the part's space to the file's; null: it is the file's. */
  readonly matrix: Float64Array | null;
}

export interface RawModel {
  readonly parts: readonly RawPart[];
  /** What was left out, in words for people. */
  readonly notes: readonly string[];
}

/** A part as the room takes it: welded, with its origin in the middle of its bounds. */
export interface ModelPart {
  readonly name: string;
  readonly colour: Vector3;
  /** Where its origin is in the file's space. */
  readonly translation: Vector3;
  readonly rotation: Quaternion;
  /** Which of the model's assets is its mesh. */
  readonly asset: number;
  readonly faceCount: number;
}

export interface Model {
  readonly parts: readonly ModelPart[];
  /** Encoded meshes, each once, however many parts show it. */
  readonly assets: readonly Uint8Array[];
  readonly low: Vector3;
  readonly high: Vector3;
  readonly notes: readonly string[];
}

export interface ImportLimits {
  readonly fileBytes: number;
  /** Of the whole file. */
  readonly faces: number;
  readonly parts: number;
  readonly assetBytes: number;
  readonly assetFaces: number;
  readonly assetCorners: number;
  readonly faceCorners: number;
  /** Of all assets of one file together. */
  readonly assetsBytes: number;
  readonly coordinateMetres: number;
  readonly nameCharacters: number;
}

/** A file that can't be brought in: what is wrong, and what to do about it. */
export class ImportError extends Error {
  override readonly name = "ImportError";
  readonly advice: string;

  constructor(title: string, advice: string) {
    super(title);
    this.advice = advice;
  }
}

export function tooManyFaces(facesMax: number): ImportError {
  return new ImportError(
    `It has more than ${facesMax.toLocaleString("en")} faces`,
    "Make it simpler first (in Blender: the Decimate modifier), or export a part of it.",
  );
}

/** How much of a file has been read so far, 0 to 1. */
export type Progress = (share: number) => void;
