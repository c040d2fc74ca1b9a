/** A glTF's arrays: buffers, views, accessors (glTF 2.0, section 3.6). */

import { broken, indexOf, integerOf, itemOf, type Json, objectOf, textOf } from "./gltf-json";
import { ImportError } from "./model";

interface ComponentType {
  readonly bytes: number;
  readonly largest: number;
  read(view: DataView, at: number): number;
}

const COMPONENT_TYPES: Readonly<Record<number, ComponentType>> = {
  5120: { bytes: 1, largest: 127, read: (view, at) => view.getInt8(at) },
  5121: { bytes: 1, largest: 255, read: (view, at) => view.getUint8(at) },
  5122: { bytes: 2, largest: 32_767, read: (view, at) => view.getInt16(at, true) },
  5123: { bytes: 2, largest: 65_535, read: (view, at) => view.getUint16(at, true) },
  5125: { bytes: 4, largest: 0xffff_ffff, read: (view, at) => view.getUint32(at, true) },
  5126: { bytes: 4, largest: 1, read: (view, at) => view.getFloat32(at, true) },
};
const UNSIGNED = new Set([5121, 5123, 5125]);
const WIDTHS: Readonly<Record<string, number>> = { SCALAR: 1, VEC3: 3 };
const DATA_URI = /^data:[^,]*;base64,/;

export interface Accessors {
  /** How many rows there are, before anything is read. */
  count(index: number): number;
  /** Positions: rows of three. */
  vectors(index: number): Float64Array;
  /** Indices of vertices. */
  indices(index: number): Uint32Array;
}

/** Reads the arrays of a file whose binary chunk is `binary`. */
export function createAccessors(file: Json, binary: Uint8Array | null): Accessors {
  const buffers = new Map<number, Uint8Array>();

  function buffer(index: number): Uint8Array {
    let bytes = buffers.get(index);
    if (bytes !== undefined) return bytes;
    const described = itemOf(file, "buffers", index);
    bytes = bufferBytes(textOf(described, "uri"), index, binary);
    const length = integerOf(described, "byteLength");
    if (bytes.length < length) throw broken(`it ends before its buffer ${index} does`);
    bytes = bytes.subarray(0, length);
    buffers.set(index, bytes);
    return bytes;
  }

  /** `rows` of `rowBytes` from a view, `stride` apart, all of them inside. */
  function window(viewIndex: number, offset: number, rows: number, rowBytes: number, strided: boolean) {
    const view = itemOf(file, "bufferViews", viewIndex);
    const bytes = buffer(integerOf(view, "buffer"));
    const start = integerOf(view, "byteOffset", 0);
    const length = integerOf(view, "byteLength");
    const stride = strided ? integerOf(view, "byteStride", rowBytes, 252) : rowBytes;
    if (stride < rowBytes) throw broken(`the rows of buffer view ${viewIndex} overlap`);
    const needed = rows === 0 ? 0 : offset + (rows - 1) * stride + rowBytes;
    if (needed > length || start + length > bytes.length) throw broken(`buffer view ${viewIndex} is too short`);
    return { view: new DataView(bytes.buffer, bytes.byteOffset + start + offset), stride };
  }

  function componentType(parent: Json): ComponentType {
    return COMPONENT_TYPES[integerOf(parent, "componentType")] ?? fail("it has numbers of a kind that glTF doesn't have");
  }

  function read(index: number, type: "SCALAR" | "VEC3"): Float64Array {
    const accessor = itemOf(file, "accessors", index);
    const width = textOf(accessor, "type") === type ? WIDTHS[type]! : fail(`accessor ${index} is not a ${type}`);
    const kind = componentType(accessor);
    const count = integerOf(accessor, "count");
    const viewIndex = indexOf(accessor, "bufferView");
    const values = new Float64Array(count * width);
    if (viewIndex !== null) {
      const { view, stride } = window(viewIndex, integerOf(accessor, "byteOffset", 0), count, kind.bytes * width, true);
      for (let row = 0; row < count; row++) {
        for (let at = 0; at < width; at++) values[row * width + at] = kind.read(view, row * stride + at * kind.bytes);
      }
    }
    if (accessor.sparse !== undefined) overlay(objectOf(accessor.sparse, "sparse"), values, width, kind);
    if (accessor.normalized === true && kind.largest > 1) {
      for (let at = 0; at < values.length; at++) values[at] = Math.max(values[at]! / kind.largest, -1);
    }
    return values;
  }

  /** Replaces single rows. */
  function overlay(sparse: Json, values: Float64Array, width: number, kind: ComponentType): void {
    const count = integerOf(sparse, "count", undefined, values.length / width);
    const where = objectOf(sparse.indices, "sparse.indices");
    const what = objectOf(sparse.values, "sparse.values");
    const indexKind = componentType(where);
    const places = window(integerOf(where, "bufferView"), integerOf(where, "byteOffset", 0), count, indexKind.bytes, false);
    const rows = window(integerOf(what, "bufferView"), integerOf(what, "byteOffset", 0), count, kind.bytes * width, false);
    for (let at = 0; at < count; at++) {
      const row = indexKind.read(places.view, at * places.stride);
      if (row < 0 || (row + 1) * width > values.length) throw broken("a sparse accessor reaches outside");
      for (let part = 0; part < width; part++) values[row * width + part] = kind.read(rows.view, at * rows.stride + part * kind.bytes);
    }
  }

  return {
    count(index) {
      const accessor = itemOf(file, "accessors", index);
      const count = integerOf(accessor, "count");
      // Rows that no bytes stand behind cost nothing to ask for and everything to make.
      if (accessor.bufferView === undefined && count > (binary?.length ?? 0)) throw broken(`accessor ${index} is empty`);
      return count;
    },
    vectors: (index) => read(index, "VEC3"),
    indices(index) {
      const kind = integerOf(itemOf(file, "accessors", index), "componentType");
      if (!UNSIGNED.has(kind)) throw broken("its indices are no indices");
      return Uint32Array.from(read(index, "SCALAR"));
    },
  };
}

function bufferBytes(uri: string, index: number, binary: Uint8Array | null): Uint8Array {
  if (uri === "") return (index === 0 ? binary : null) ?? fail(`buffer ${index} is missing`);
  const [prefix] = DATA_URI.exec(uri) ?? [];
  if (prefix === undefined) {
    throw new ImportError("Part of this model is in another file", "Export it as one GLB, with everything in it.");
  }
  try {
    return Uint8Array.from(atob(uri.slice(prefix.length)), (character) => character.charCodeAt(0));
  } catch {
    return fail(`buffer ${index} is not base64`);
  }
}

function fail(what: string): never {
  throw broken(what);
}
