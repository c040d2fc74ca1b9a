/** Files to read: made here, so that each test says what is in its own. */

import type { ImportLimits } from "../../src/import/model";

export const LIMITS: ImportLimits = {
  fileBytes: 1 << 20,
  faces: 5_000,
  parts: 10,
  assetBytes: 1 << 18,
  assetFaces: 1_000,
  assetCorners: 4_000,
  faceCorners: 16,
  assetsBytes: 1 << 19,
  coordinateMetres: 1e6,
  nameCharacters: 20,
};

export const TRIANGLE = [0, 0, 0, 1, 0, 0, 0, 1, 0];

export interface Draft {
  document: Record<string, unknown>;
  binary: Uint8Array;
}

/** A scene of one node with one triangle, to be changed by a test. */
export function triangleDraft(changes: { node?: object; primitive?: object; document?: object; positions?: readonly number[] } = {}): Draft {
  const positions = Float32Array.from(changes.positions ?? TRIANGLE);
  const binary = new Uint8Array(positions.buffer);
  return {
    binary,
    document: {
      asset: { version: "2.0" },
      scene: 0,
      scenes: [{ nodes: [0] }],
      nodes: [{ mesh: 0, name: "Sail", ...changes.node }],
      meshes: [{ primitives: [{ attributes: { POSITION: 0 }, ...changes.primitive }] }],
      accessors: [{ bufferView: 0, componentType: 5126, count: positions.length / 3, type: "VEC3" }],
      bufferViews: [{ buffer: 0, byteLength: binary.length }],
      buffers: [{ byteLength: binary.length }],
      ...changes.document,
    },
  };
}

/** Appends bytes as a view of their own; what it is numbered. */
export function appendView(draft: Draft, bytes: Uint8Array, view: object = {}): number {
  const padded = new Uint8Array(Math.ceil(draft.binary.length / 4) * 4 + bytes.length);
  padded.set(draft.binary);
  padded.set(bytes, padded.length - bytes.length);
  const views = draft.document.bufferViews as object[];
  views.push({ buffer: 0, byteOffset: padded.length - bytes.length, byteLength: bytes.length, ...view });
  draft.document.buffers = [{ byteLength: padded.length }];
  draft.binary = padded;
  return views.length - 1;
}

export function appendAccessor(draft: Draft, accessor: object): number {
  return (draft.document.accessors as object[]).push(accessor) - 1;
}

/** The file of a draft. */
export function glb({ document, binary }: Draft, header: { version?: number; length?: number } = {}): Uint8Array {
  const text = JSON.stringify(document);
  const json = new TextEncoder().encode(text.padEnd(Math.ceil(new TextEncoder().encode(text).length / 4) * 4));
  const body = new Uint8Array(Math.ceil(binary.length / 4) * 4);
  body.set(binary);
  const file = new Uint8Array(12 + 8 + json.length + 8 + body.length);
  const view = new DataView(file.buffer);
  view.setUint32(0, 0x46546c67, true);
  view.setUint32(4, header.version ?? 2, true);
  view.setUint32(8, header.length ?? file.length, true);
  view.setUint32(12, json.length, true);
  view.setUint32(16, 0x4e4f534a, true);
  file.set(json, 20);
  view.setUint32(20 + json.length, body.length, true);
  view.setUint32(24 + json.length, 0x004e4942, true);
  file.set(body, 28 + json.length);
  return file;
}

export function obj(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export const OBJ_CUBE = `# a cube
o Box
v -1 -1 -1
v  1 -1 -1
v  1  1 -1
v -1  1 -1
v -1 -1  1
v  1 -1  1
v  1  1  1
v -1  1  1
f 1 4 3 2
f 5 6 7 8
f 1 2 6 5
f 2 3 7 6
f 3 4 8 7
f 4 1 5 8
`;

/** Numbers in [0, 1) that are the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What an encoded asset holds. */
export function decodedAsset(bytes: Uint8Array): { positions: number[]; faces: number[][] } {
  let at = 2;
  const column = (): DataView => {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const kind = bytes[at]!;
    const length = kind === 0xc4 ? view.getUint8(at + 1) : kind === 0xc5 ? view.getUint16(at + 1) : view.getUint32(at + 1);
    const start = at + 1 + [1, 2, 4][kind - 0xc4]!;
    at = start + length;
    return new DataView(bytes.buffer, bytes.byteOffset + start, length);
  };
  const [points, offsets, corners] = [column(), column(), column()];
  const positions = Array.from({ length: points.byteLength / 8 }, (_, index) => points.getFloat64(8 * index, true));
  const ends = Array.from({ length: offsets.byteLength / 4 }, (_, index) => offsets.getUint32(4 * index, true));
  const flat = Array.from({ length: corners.byteLength / 4 }, (_, index) => corners.getUint32(4 * index, true));
  return { positions, faces: ends.slice(1).map((end, face) => flat.slice(ends[face], end)) };
}

/** Six times the volume inside a closed surface: above zero when its faces look outward. */
export function signedVolume({ positions, faces }: { positions: number[]; faces: number[][] }): number {
  const point = (index: number): number[] => positions.slice(3 * index, 3 * index + 3);
  let sum = 0;
  for (const face of faces) {
    for (let at = 1; at + 1 < face.length; at++) {
      const [a, b, c] = [point(face[0]!), point(face[at]!), point(face[at + 1]!)] as [number[], number[], number[]];
      sum += a[0]! * (b[1]! * c[2]! - b[2]! * c[1]!) - a[1]! * (b[0]! * c[2]! - b[2]! * c[0]!) + a[2]! * (b[0]! * c[1]! - b[1]! * c[0]!);
    }
  }
  return sum;
}
