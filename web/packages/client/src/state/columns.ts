/** Columns of numbers as a component declares them: little-endian, as every machine that runs WebGL is. */

export const DTYPES = ["<f4", "<f8", "<u1", "<u2", "<u4", "<u8", "<i1", "<i2", "<i4", "<i8"] as const;
export type Dtype = (typeof DTYPES)[number];

export type FloatColumn = Float32Array | Float64Array;
export type IntColumn = Uint8Array | Uint16Array | Uint32Array | Int8Array | Int16Array | Int32Array;
export type BigIntColumn = BigUint64Array | BigInt64Array;
export type NumberColumn = FloatColumn | IntColumn | BigIntColumn;

const COLUMNS = {
  "<f4": Float32Array,
  "<f8": Float64Array,
  "<u1": Uint8Array,
  "<u2": Uint16Array,
  "<u4": Uint32Array,
  "<u8": BigUint64Array,
  "<i1": Int8Array,
  "<i2": Int16Array,
  "<i4": Int32Array,
  "<i8": BigInt64Array,
} as const;

/** `length` zeros. */
export function createColumn(dtype: Dtype, length: number): NumberColumn {
  return new COLUMNS[dtype](length);
}

/** The bytes of a number. */
export function bytesOfDtype(dtype: Dtype): 1 | 2 | 4 | 8 {
  return COLUMNS[dtype].BYTES_PER_ELEMENT as 1 | 2 | 4 | 8;
}

export function isFloat(dtype: Dtype): boolean {
  return dtype[1] === "f";
}

/** A column's bits, 32 at a time; of numbers of 4 or 8 bytes. */
export function wordsOf(column: NumberColumn): Int32Array {
  return new Int32Array(column.buffer, column.byteOffset, column.byteLength / 4);
}
