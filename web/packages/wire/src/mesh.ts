/** A mesh from its canonical bytes (MESH-18), with its attributes when it has some; all little-endian. */

import { concat, u32Bytes, viewOf } from "./bytes";
import { MESH_FACES_MAX, MESH_VERTICES_MAX } from "./generated";
import { WireError } from "./schema";

export const ATTRIBUTE_DOMAINS = ["vertex", "edge", "face", "corner"] as const;
export type AttributeDomain = (typeof ATTRIBUTE_DOMAINS)[number];

/** Values of each element of a domain, in the order of the mesh's own columns; corners as in `corners`. */
export interface MeshAttribute {
  readonly domain: AttributeDomain;
  readonly name: string;
  /** Numbers in a row. */
  readonly width: number;
  readonly values: Float64Array | Int32Array | Uint8Array;
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
  readonly attributes: readonly MeshAttribute[];
}

const MAGIC = 0x31434d54; // "TMC1", little-endian
const MAGIC_WITH_ATTRIBUTES = 0x32434d54; // "TMC2"
const HEADER_BYTES = 20;
const CORNERS_MAX = 8 * MESH_FACES_MAX;
const WIDTH_MAX = 4;
const NAME = /^[a-z0-9_-]{1,32}$/;

/** How rows of each type of attribute are read, by its number. */
const COLUMNS = [
  { bytes: 8, of: (buffer: ArrayBuffer) => new Float64Array(buffer) },
  { bytes: 4, of: (buffer: ArrayBuffer) => new Int32Array(buffer) },
  { bytes: 1, of: (buffer: ArrayBuffer) => new Uint8Array(buffer) },
] as const;

/** Hands out the bytes one stretch after the other. */
interface Reader {
  /** How many are left. */
  readonly left: number;
  /** A copy, because a frame aligns nothing and would be kept alive whole. */
  take(count: number): Uint8Array<ArrayBuffer>;
}

/** Columns of a mesh. Throws `WireError` unless every length fits and every index names a vertex. */
export function parseMesh(data: Uint8Array): MeshColumns {
  const view = viewOf(data);
  const magic = data.length < HEADER_BYTES ? 0 : view.getUint32(0, true);
  if (magic !== MAGIC && magic !== MAGIC_WITH_ATTRIBUTES) throw new WireError("Mesh: neither TMC1 nor TMC2");
  const [vertexCount, edgeCount, faceCount, cornerCount] = [4, 8, 12, 16].map((at) => view.getUint32(at, true)) as [
    number,
    number,
    number,
    number,
  ];
  if (vertexCount > MESH_VERTICES_MAX || faceCount > MESH_FACES_MAX || cornerCount > CORNERS_MAX) {
    throw new WireError("Mesh: over its limits");
  }
  const length = HEADER_BYTES + vertexCount * 40 + edgeCount * 24 + faceCount * 20 + cornerCount * 4;
  if (data.length < length || (magic === MAGIC && data.length !== length)) {
    throw new WireError(`Mesh: ${data.length} bytes, but its header says ${length}`);
  }
  const reader = readerOf(data, HEADER_BYTES);
  const vertexIds = reader.take(vertexCount * 16);
  const positions = new Float64Array(reader.take(vertexCount * 24).buffer);
  const edgeIds = reader.take(edgeCount * 16);
  const edges = new Uint32Array(reader.take(edgeCount * 8).buffer);
  const faceIds = reader.take(faceCount * 16);
  const faceOffsets = offsetsOf(new Uint32Array(reader.take(faceCount * 4).buffer), cornerCount);
  const corners = new Uint32Array(reader.take(cornerCount * 4).buffer);
  checkIndices("edges", edges, vertexCount);
  checkIndices("corners", corners, vertexCount);
  const rows = { vertex: vertexCount, edge: edgeCount, face: faceCount, corner: cornerCount };
  const attributes = magic === MAGIC ? [] : parseAttributes(reader, rows);
  return { vertexCount, edgeCount, faceCount, vertexIds, positions, edgeIds, edges, faceIds, faceOffsets, corners, attributes };
}

/** The canonical bytes of columns that are a mesh's: what `parseMesh` reads. */
export function encodeMesh(mesh: MeshColumns): Uint8Array<ArrayBuffer> {
  const { vertexCount, edgeCount, faceCount, faceOffsets, corners, attributes } = mesh;
  const magic = attributes.length > 0 ? MAGIC_WITH_ATTRIBUTES : MAGIC;
  const counts = Uint32Array.from({ length: faceCount }, (_, face) => (faceOffsets[face + 1] as number) - (faceOffsets[face] as number));
  const header = Uint32Array.of(magic, vertexCount, edgeCount, faceCount, corners.length);
  const columns = [header, mesh.vertexIds, mesh.positions, mesh.edgeIds, mesh.edges, mesh.faceIds, counts, corners];
  return concat(...columns.map(rawBytes), ...(attributes.length > 0 ? attributeBytes(attributes) : []));
}

function attributeBytes(attributes: readonly MeshAttribute[]): Uint8Array[] {
  return [
    u32Bytes(attributes.length),
    ...attributes.flatMap(({ domain, name, width, values }) => {
      const type = COLUMNS.findIndex(({ bytes }) => bytes === values.BYTES_PER_ELEMENT);
      const head = Uint8Array.of(ATTRIBUTE_DOMAINS.indexOf(domain), type, width, name.length);
      return [head, Uint8Array.from(name, (letter) => letter.charCodeAt(0)), rawBytes(values)];
    }),
  ];
}

function rawBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function readerOf(data: Uint8Array, start: number): Reader {
  let at = start;
  return {
    get left() {
      return data.length - at;
    },
    take(count) {
      if (count > data.length - at) throw new WireError(`Mesh: cut short at byte ${at}`);
      at += count;
      return new Uint8Array(data.subarray(at - count, at));
    },
  };
}

function parseAttributes(reader: Reader, rows: Readonly<Record<AttributeDomain, number>>): MeshAttribute[] {
  const count = viewOf(reader.take(4)).getUint32(0, true);
  const attributes: MeshAttribute[] = [];
  // What lies about how many there are soon has no bytes left.
  while (attributes.length < count) attributes.push(parseAttribute(reader, rows));
  if (reader.left > 0) throw new WireError(`Mesh: ${reader.left} bytes after its attributes`);
  const keys = new Set(attributes.map(({ domain, name }) => `${domain} ${name}`));
  if (keys.size !== count) throw new WireError("Mesh: an attribute twice");
  return attributes;
}

function parseAttribute(reader: Reader, rows: Readonly<Record<AttributeDomain, number>>): MeshAttribute {
  const [domainNumber, type, width, nameLength] = reader.take(4) as unknown as [number, number, number, number];
  const domain = ATTRIBUTE_DOMAINS[domainNumber];
  const column = COLUMNS[type];
  if (domain === undefined || column === undefined || width < 1 || width > WIDTH_MAX) {
    throw new WireError(`Mesh: an attribute of domain ${domainNumber}, type ${type} and width ${width}`);
  }
  const name = String.fromCharCode(...reader.take(nameLength));
  if (!NAME.test(name)) throw new WireError("Mesh: an attribute without a proper name");
  return { domain, name, width, values: column.of(reader.take(rows[domain] * width * column.bytes).buffer) };
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
