/**
 * The field types that messages are made of: each writes a value, and reads one that MessagePack decoding gave.
 * Reading names the field that is wrong and throws nothing but `WireError`.
 */

import type { Writer } from "./writer";

/** Bytes that are no message of this protocol: the other side's fault. */
export class WireError extends Error {
  override readonly name = "WireError";
}

export interface Codec<T> {
  write(writer: Writer, value: T): void;
  /** `value` as decoded from MessagePack; `path` names the field in errors. */
  read(value: unknown, path: string): T;
  /** What a last field is where it was left out, as older writers do. */
  readonly fallback?: T;
}

export interface MessageCodec<T> extends Codec<T> {
  readonly name: string;
  /** The SipHash-2-4 of the message's canonical name, as int64. */
  readonly tag: bigint;
}

/** What a field of type `msgspec.Raw` holds: written as MessagePack encoded before, read as the decoded value. */
export type Raw = unknown;

const U64_SPAN = 1n << 64n;
const I64_SPAN = 1n << 63n;

function fail(path: string, expected: string): never {
  throw new WireError(`${path}: expected ${expected}`);
}

function bigIntegerOf(value: unknown, path: string, expected: string): bigint {
  if (typeof value === "bigint") return value;
  return Number.isSafeInteger(value) ? BigInt(value as number) : fail(path, expected);
}

function bigInteger(low: bigint, high: bigint, expected: string): Codec<bigint> {
  function checked(value: bigint, path: string): bigint {
    return value >= low && value <= high ? value : fail(path, expected);
  }
  return {
    write(writer, value) {
      writer.integer(checked(value, expected));
    },
    read(value, path) {
      return checked(bigIntegerOf(value, path, expected), path);
    },
  };
}

function smallInteger(high: number, expected: string): Codec<number> {
  function checked(value: unknown, path: string): number {
    const number = Number(bigIntegerOf(value, path, expected));
    return number >= 0 && number <= high ? number : fail(path, expected);
  }
  return {
    write(writer, value) {
      writer.integer(BigInt(checked(value, expected)));
    },
    read: checked,
  };
}

/** Always a bigint, however short it was written. */
export const u64 = bigInteger(0n, U64_SPAN - 1n, "an integer from 0 to 2^64 - 1");
export const i64 = bigInteger(-I64_SPAN, I64_SPAN - 1n, "an integer from -2^63 to 2^63 - 1");
export const u32 = smallInteger(0xffff_ffff, "an integer from 0 to 2^32 - 1");
export const u8 = smallInteger(0xff, "an integer from 0 to 255");

export const f64: Codec<number> = {
  write(writer, value) {
    writer.float(value);
  },
  read(value, path) {
    if (typeof value === "bigint") return Number(value);
    return typeof value === "number" ? value : fail(path, "a number");
  },
};

export const bool: Codec<boolean> = {
  write(writer, value) {
    writer.bool(value);
  },
  read(value, path) {
    return typeof value === "boolean" ? value : fail(path, "true or false");
  },
};

/** Text of `min` to `max` characters (code points). */
export function text(min = 0, max = Infinity): Codec<string> {
  const expected = max === Infinity ? "text" : `text of ${min} to ${max} characters`;
  function checked(value: unknown, path: string): string {
    if (typeof value !== "string") return fail(path, expected);
    const fits = value.length >= min && (value.length <= max || [...value].length <= max);
    return fits ? value : fail(path, expected);
  }
  return {
    write(writer, value) {
      writer.text(checked(value, expected));
    },
    read: checked,
  };
}

/** `min` to `max` bytes. What is read is a view of the frame, not a copy. */
export function bytes(min = 0, max = Infinity): Codec<Uint8Array> {
  const expected = max === Infinity ? "bytes" : min === max ? `${min} bytes` : `${min} to ${max} bytes`;
  function checked(value: unknown, path: string): Uint8Array {
    const fits = value instanceof Uint8Array && value.length >= min && value.length <= max;
    return fits ? value : fail(path, expected);
  }
  return {
    write(writer, value) {
      writer.bytes(checked(value, expected));
    },
    read: checked,
  };
}

/** One of a few fixed texts. */
export function literal<const T extends string>(...values: readonly T[]): Codec<T> {
  const expected = `one of ${values.join(", ")}`;
  return {
    write(writer, value) {
      writer.text(value);
    },
    read(value, path) {
      return values.find((candidate) => candidate === value) ?? fail(path, expected);
    },
  };
}

/** At most `max` items. */
export function list<T>(item: Codec<T>, max = Infinity): Codec<readonly T[]> {
  return {
    write(writer, values) {
      writer.array(values.length);
      for (const value of values) item.write(writer, value);
    },
    read(values, path) {
      if (!Array.isArray(values) || values.length > max) return fail(path, `at most ${max} items`);
      return values.map((value, index) => item.read(value, `${path}[${index}]`));
    },
  };
}

/** A fixed number of floats. */
export function floats<T extends readonly number[]>(count: T["length"]): Codec<T> {
  return {
    write(writer, values) {
      writer.array(count);
      for (const value of values) writer.float(value);
    },
    read(values, path) {
      if (!Array.isArray(values) || values.length !== count) return fail(path, `${count} numbers`);
      return values.map((value, index) => f64.read(value, `${path}[${index}]`)) as unknown as T;
    },
  };
}

/** MessagePack within MessagePack. */
export const raw: Codec<Raw> = {
  write(writer, value) {
    if (!(value instanceof Uint8Array)) throw new TypeError("raw takes encoded MessagePack");
    writer.raw(value);
  },
  read(value) {
    return value;
  },
};

/** A last field that older writers leave out; it is always written. */
export function optional<T>(codec: Codec<T>, fallback: T): Codec<T> {
  return { ...codec, fallback };
}

type Fields<T> = { readonly [Name in keyof T]-?: Codec<T[Name]> };

function writeFields<T extends object>(fields: Fields<T>, writer: Writer, value: T): void {
  for (const name of Object.keys(fields) as (keyof T)[]) fields[name].write(writer, value[name]);
}

function readFields<T extends object>(fields: Fields<T>, values: readonly unknown[], path: string): T {
  const result: Partial<T> = {};
  let index = 0;
  for (const name of Object.keys(fields) as (keyof T & string)[]) {
    const { fallback } = fields[name];
    const isLeftOut = index >= values.length && fallback !== undefined;
    result[name] = isLeftOut ? fallback : fields[name].read(values[index], `${path}.${name}`);
    index += 1;
  }
  return result as T;
}

/** How many fields there must be. */
function requiredOf(fields: object): number {
  return (Object.values(fields) as Codec<unknown>[]).filter(({ fallback }) => fallback === undefined).length;
}

/** An array of fields, in the order given. More items than fields are let through, as msgspec does. */
export function struct<T extends object>(name: string, fields: Fields<T>): Codec<T> {
  const count = Object.keys(fields).length;
  const required = requiredOf(fields);
  return {
    write(writer, value) {
      writer.array(count);
      writeFields(fields, writer, value);
    },
    read(values, path) {
      if (!Array.isArray(values) || values.length < required) return fail(path, `a ${name} of ${count} fields`);
      return readFields(fields, values, path);
    },
  };
}

/** A struct whose first item is its tag. */
export function message<T extends { readonly type: string }>(
  name: T["type"],
  tag: bigint,
  fields: Fields<Omit<T, "type">>,
): MessageCodec<T> {
  const count = Object.keys(fields).length + 1;
  return {
    name,
    tag,
    write(writer, value) {
      writer.array(count);
      writer.integer(tag);
      writeFields(fields, writer, value);
    },
    read(values, path) {
      if (!Array.isArray(values) || values.length < count) return fail(path, `${count} fields`);
      return { type: name, ...readFields(fields, values.slice(1), path) } as T;
    },
  };
}
