/** A document's components from their canonical bytes, all little-endian, as every machine that runs WebGL is. */

import { viewOf } from "./bytes";
import {
  MATERIAL_BYTES,
  MESH_FACES_MAX,
  MESH_VERTICES_MAX,
  type Quaternion,
  TRANSFORM_BYTES,
  type Vector3,
} from "./generated";
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

/** Ids are 16 bytes each; face `f` has the corners `faceOffsets[f]` to `faceOffsets[f + 1]`. */
export interface MeshColumns {
  readonly vertexCount: number;
  readonly edgeCount: number;
  readonly faceCount: number;
  readonly vertexIds: Uint8Array;
  readonly positions: Float64Array;
  readonly edgeIds: Uint8Array;
  readonly edges: Uint32Array;
  readonly faceIds: Uint8Array;
  readonly faceOffsets: Uint32Array;
  readonly corners: Uint32Array;
}

const MESH_MAGIC = 0x31434d54; // "TMC1", little-endian
const MESH_HEADER_BYTES = 20;
const CORNERS_MAX = 8 * MESH_FACES_MAX;
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

/** UTF-8. */
export function parseName(data: Uint8Array): string {
  try {
    return UTF8.decode(data);
  } catch {
    throw new WireError("Name: not UTF-8");
  }
}

/** Columns of a mesh. Throws `WireError` unless every length fits and every index names a vertex. */
export function parseMesh(data: Uint8Array): MeshColumns {
  const view = viewOf(data);
  if (data.length < MESH_HEADER_BYTES || view.getUint32(0, true) !== MESH_MAGIC) throw new WireError("Mesh: not TMC1");
  const [vertexCount, edgeCount, faceCount, cornerCount] = [4, 8, 12, 16].map((at) => view.getUint32(at, true)) as [
    number,
    number,
    number,
    number,
  ];
  if (vertexCount > MESH_VERTICES_MAX || faceCount > MESH_FACES_MAX || cornerCount > CORNERS_MAX) {
    throw new WireError("Mesh: over its limits");
  }
  const length = MESH_HEADER_BYTES + vertexCount * 40 + edgeCount * 24 + faceCount * 20 + cornerCount * 4;
  if (data.length !== length) throw new WireError(`Mesh: ${data.length} bytes, but its header says ${length}`);

  let at = MESH_HEADER_BYTES;
  /** Copies, because a frame aligns nothing and would be kept alive whole. */
  function take(count: number): Uint8Array<ArrayBuffer> {
    at += count;
    return new Uint8Array(data.subarray(at - count, at));
  }
  const vertexIds = take(vertexCount * 16);
  const positions = new Float64Array(take(vertexCount * 24).buffer);
  const edgeIds = take(edgeCount * 16);
  const edges = new Uint32Array(take(edgeCount * 8).buffer);
  const faceIds = take(faceCount * 16);
  const faceOffsets = offsetsOf(new Uint32Array(take(faceCount * 4).buffer), cornerCount);
  const corners = new Uint32Array(take(cornerCount * 4).buffer);
  checkIndices("edges", edges, vertexCount);
  checkIndices("corners", corners, vertexCount);
  return { vertexCount, edgeCount, faceCount, vertexIds, positions, edgeIds, edges, faceIds, faceOffsets, corners };
}

function floatReader(data: Uint8Array, length: number, name: string): (index: number) => number {
  if (data.length !== length) throw new WireError(`${name}: ${data.length} bytes instead of ${length}`);
  const view = viewOf(data);
  return (index) => view.getFloat64(8 * index, true);
}

function offsetsOf(counts: Uint32Array, total: number): Uint32Array {
  const offsets = new Uint32Array(counts.length + 1);
  let sum = 0;
  counts.forEach((count, index) => {
    sum += count;
    offsets[index + 1] = sum;
  });
  if (sum !== total) throw new WireError(`Mesh: its faces have ${sum} corners, its header says ${total}`);
  return offsets;
}

function checkIndices(name: string, indices: Uint32Array, count: number): void {
  for (const index of indices) {
    if (index >= count) throw new WireError(`Mesh: ${name} names vertex ${index} of ${count}`);
  }
}
