/**
 * Binary glTF 2.0, strictly, as far as shapes and plain colours go. Nothing is fetched: pictures are left out, and a
 * file that needs another one, or a decoder, is refused in words.
 */

import type { Quaternion, Vector3 } from "@theta/client";
import { createAccessors, type Accessors } from "./gltf-accessors";
import { broken, indexOf, integerOf, itemOf, type Json, listOf, numbersOf, objectOf, textOf } from "./gltf-json";
import { composed, identity, type Matrix, multiplied } from "./matrix";
import { ImportError, type Progress, type RawModel, type RawPart, tooManyFaces } from "./model";

const MAGIC = 0x46546c67;
const CHUNK_JSON = 0x4e4f534a;
const CHUNK_BIN = 0x004e4942;
const HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;
const TRIANGLES = 4;
const TRIANGLE_STRIP = 5;
const TRIANGLE_FAN = 6;

const COMPRESSIONS: Readonly<Record<string, string>> = {
  KHR_draco_mesh_compression: "Draco",
  EXT_meshopt_compression: "meshopt",
  KHR_meshopt_compression: "meshopt",
};
/** What a file may need that changes nothing of what is taken from it. */
const HARMLESS = /^(KHR_(materials_.*|texture_.*|lights_punctual|mesh_quantization|xmp.*|animation_pointer)|EXT_texture_.*)$/;

export interface GlbLimits {
  readonly faces: number;
  readonly parts: number;
}

/**
 * Reads a file: a part for each primitive of each mesh in the scene.
 *
 * @throws ImportError in words for people.
 */
export function readGlb(bytes: Uint8Array, limits: GlbLimits, progress: Progress = () => undefined): RawModel {
  const { file, binary } = openContainer(bytes);
  checkNeeds(file);
  const accessors = createAccessors(file, binary);
  const shapes = createShapes(accessors, limits.faces);
  const notes = new Set<string>();
  const parts: RawPart[] = [];
  let faceCount = 0;
  const nodes = nodesOf(file);
  nodes.forEach(({ node, matrix }, at) => {
    progress(at / nodes.length);
    const mesh = indexOf(node, "mesh");
    if (mesh === null) return;
    if (node.skin !== undefined) notes.add("Bones were left out: it stands as it was modelled.");
    const primitives = listOf(itemOf(file, "meshes", mesh), "primitives");
    primitives.forEach((value, index) => {
      const shape = shapes(objectOf(value, "a primitive"), notes);
      if (shape === null) return;
      faceCount += shape.offsets.length - 1;
      if (faceCount > limits.faces) throw tooManyFaces(limits.faces);
      const { colour, label } = materialOf(file, objectOf(value, "a primitive"), notes);
      const own = textOf(node, "name") || textOf(itemOf(file, "meshes", mesh), "name");
      const name = primitives.length > 1 ? `${own} ${label || index + 1}`.trim() : own;
      parts.push({ ...shape, name, colour, matrix });
    });
  });
  progress(1);
  return { parts, notes: [...notes] };
}

function openContainer(bytes: Uint8Array): { file: Json; binary: Uint8Array | null } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES + CHUNK_HEADER_BYTES || view.getUint32(0, true) !== MAGIC) {
    throw new ImportError("That is no GLB", "Its first bytes are those of another kind of file. Export it as GLB (binary glTF 2.0) or OBJ.");
  }
  const version = view.getUint32(4, true);
  if (version !== 2) throw new ImportError(`This GLB is of version ${version}`, "Only glTF 2.0 is understood. Export it again.");
  if (view.getUint32(8, true) > bytes.length) throw broken("it is cut short");
  let json: Uint8Array | null = null;
  let binary: Uint8Array | null = null;
  const end = view.getUint32(8, true);
  for (let at = HEADER_BYTES; at + CHUNK_HEADER_BYTES <= end; ) {
    const [length, kind] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
    const start = at + CHUNK_HEADER_BYTES;
    if (start + length > end) throw broken("one of its chunks is cut short");
    const chunk = bytes.subarray(start, start + length);
    if (kind === CHUNK_JSON) json ??= chunk;
    else if (kind === CHUNK_BIN) binary ??= chunk;
    at = start + length;
  }
  if (json === null) throw broken("it has no description of what is in it");
  try {
    return { file: objectOf(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json)), "its description"), binary };
  } catch (error) {
    if (error instanceof ImportError) throw error;
    throw broken("its description cannot be read");
  }
}

function checkNeeds(file: Json): void {
  const version = textOf(objectOf(file.asset, "“asset”"), "version");
  if (!version.startsWith("2.")) throw new ImportError("This is no glTF 2.0", "Export it again as GLB (binary glTF 2.0).");
  for (const name of listOf(file, "extensionsRequired")) {
    const extension = typeof name === "string" ? name : "";
    const compression = COMPRESSIONS[extension];
    if (compression !== undefined) {
      throw new ImportError(`It is compressed with ${compression}`, "Export it again with compression off.");
    }
    if (!HARMLESS.test(extension)) {
      throw new ImportError(`It needs ${extension || "an extension"}, which Theta doesn't have`, "Export it again without that.");
    }
  }
}

/** Every node of the scene with its place in the world, parents before children. */
function nodesOf(file: Json): { node: Json; matrix: Matrix }[] {
  const found: { node: Json; matrix: Matrix }[] = [];
  const seen = new Set<number>();
  const open = rootsOf(file).map((index) => ({ index, parent: identity() }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { index, parent } = next;
    if (seen.has(index)) throw broken("a node hangs under itself, or under two others");
    seen.add(index);
    const node = itemOf(file, "nodes", index);
    const matrix = multiplied(parent, matrixOf(node));
    if (!matrix.every(Number.isFinite)) throw broken(`node ${index} is nowhere`);
    found.push({ node, matrix });
    // The last in is the first out: this keeps them in the file's order.
    for (const child of [...indicesIn(node, "children")].reverse()) open.push({ index: child, parent: matrix });
  }
  return found;
}

function rootsOf(file: Json): number[] {
  if (listOf(file, "scenes").length > 0) return [...indicesIn(itemOf(file, "scenes", integerOf(file, "scene", 0)), "nodes")].reverse();
  const count = listOf(file, "nodes").length;
  const children = new Set<number>();
  for (let index = 0; index < count; index++) for (const child of indicesIn(itemOf(file, "nodes", index), "children")) children.add(child);
  return Array.from({ length: count }, (_, index) => count - 1 - index).filter((index) => !children.has(index));
}

function indicesIn(parent: Json, field: string): readonly number[] {
  return listOf(parent, field).map((value) => integerOf({ value }, "value"));
}

function matrixOf(node: Json): Matrix {
  const matrix = numbersOf(node, "matrix", 16);
  if (matrix !== null) return Float64Array.from(matrix);
  const translation = numbersOf(node, "translation", 3) ?? [0, 0, 0];
  const rotation = numbersOf(node, "rotation", 4) ?? [0, 0, 0, 1];
  const scale = numbersOf(node, "scale", 3) ?? [1, 1, 1];
  return composed(translation as unknown as Vector3, rotation as unknown as Quaternion, scale as unknown as Vector3);
}

type Shape = Pick<RawPart, "positions" | "offsets" | "corners">;

/** Triangles of a primitive; null when it has none. Primitives that share their arrays are read once. */
function createShapes(accessors: Accessors, facesMax: number): (primitive: Json, notes: Set<string>) => Shape | null {
  const known = new Map<string, Shape>();
  const points = new Map<number, Float64Array>();
  let pointsRead = 0;
  return (primitive, notes) => {
    const mode = integerOf(primitive, "mode", TRIANGLES);
    if (mode < TRIANGLES || mode > TRIANGLE_FAN) {
      notes.add("Points and lines were left out: only faces are taken.");
      return null;
    }
    const extensions = objectOf(primitive.extensions ?? {}, "“extensions”");
    const position = indexOf(objectOf(primitive.attributes, "“attributes”"), "POSITION");
    const indices = indexOf(primitive, "indices");
    for (const name of Object.keys(COMPRESSIONS)) if (name in extensions && position === null) throw broken(`it needs ${COMPRESSIONS[name]}`);
    if (position === null) return null;
    const key = `${mode} ${position} ${indices}`;
    let shape = known.get(key);
    if (shape !== undefined) return shape;
    const vertexCount = accessors.count(position);
    const count = indices === null ? vertexCount : accessors.count(indices);
    const faceCount = mode === TRIANGLES ? Math.floor(count / 3) : Math.max(0, count - 2);
    // Points of all arrays together: each of a thousand triangles may name an array of its own that it hardly uses.
    if (!points.has(position)) pointsRead += vertexCount;
    if (faceCount > facesMax || pointsRead > 3 * facesMax) throw tooManyFaces(facesMax);
    const order = indices === null ? null : accessors.indices(indices);
    const corners = trianglesOf(mode, faceCount, (at) => (order === null ? at : order[at]!));
    if (corners.some((corner) => corner >= vertexCount)) throw broken("a face names a vertex that isn't there");
    const offsets = Uint32Array.from({ length: faceCount + 1 }, (_, face) => 3 * face);
    const positions = points.get(position) ?? accessors.vectors(position);
    points.set(position, positions);
    shape = { positions, offsets, corners };
    known.set(key, shape);
    return shape;
  };
}

/** Section 3.7.2.1: every second triangle of a strip is written the other way round. */
function trianglesOf(mode: number, faceCount: number, vertex: (at: number) => number): Uint32Array {
  const corners = new Uint32Array(3 * faceCount);
  for (let face = 0; face < faceCount; face++) {
    const odd = face % 2;
    const at =
      mode === TRIANGLES ? [3 * face, 3 * face + 1, 3 * face + 2]
      : mode === TRIANGLE_STRIP ? [face, face + 1 + odd, face + 2 - odd]
      : [0, face + 1, face + 2];
    corners.set(at.map(vertex), 3 * face);
  }
  return corners;
}

function materialOf(file: Json, primitive: Json, notes: Set<string>): { colour: Vector3 | null; label: string } {
  const index = indexOf(primitive, "material");
  if (index === null) return { colour: null, label: "" };
  const material = itemOf(file, "materials", index);
  const rough = objectOf(material.pbrMetallicRoughness ?? {}, "“pbrMetallicRoughness”");
  if (rough.baseColorTexture !== undefined) notes.add("Pictures on surfaces were left out: every part has one colour.");
  const factor = numbersOf(rough, "baseColorFactor", 4) ?? [1, 1, 1, 1];
  return { colour: factor.slice(0, 3).map(srgbOfLinear) as unknown as Vector3, label: textOf(material, "name") };
}

/** IEC 61966-2-1, clamped to [0, 1], to the millionth: white stays white. */
export function srgbOfLinear(value: number): number {
  const light = Math.min(1, Math.max(0, value));
  const srgb = light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
  return Math.round(srgb * 1e6) / 1e6;
}
