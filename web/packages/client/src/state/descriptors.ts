/** A component's descriptor, checked as something that somebody else wrote (ECS-4, REP-6, REP-8). */

import {
  COLUMN_WIDTH_MAX,
  COMPONENT_FIELDS_MAX,
  FIELD_LENGTH_MAX,
  nameId,
  STATE_COMPONENT_GROUPS_MAX,
} from "@theta/wire";
import { RoomFaultError } from "../errors";
import { type ColumnCodec, createBits, createFixedPoint, createRaw, createSmallestThree } from "./codecs";
import { type Dtype, DTYPES, isFloat } from "./columns";

const SCOPES = ["", "editor"];
const FIXED_POINT_MAX = 2 ** 31 - 1;
const U32_MAX = 2 ** 32 - 1;
const SMALLEST_THREE_BITS_MIN = 2;
const SMALLEST_THREE_BITS_MAX = 16;

/** A field of numbers. */
export interface NumberField {
  readonly name: string;
  readonly codec: ColumnCodec;
  /** Where its lanes begin among those of a row. */
  readonly firstWord: number;
  /** Whether the numbers are room's entities. */
  readonly isEntity: boolean;
}

/** A field that travels as bytes: text of at most `limit` characters, at most `limit` bytes, or a blob of exactly so many. */
export interface ObjectField {
  readonly name: string;
  readonly kind: "text" | "bytes" | "blob";
  readonly limit: number;
}

/** One component as it travels. */
export interface ComponentLayout {
  readonly name: string;
  readonly version: number;
  readonly scope: string;
  /** The field that says where an entity is; "" for none. */
  readonly position: string;
  readonly numbers: readonly NumberField[];
  readonly objects: readonly ObjectField[];
  /** Lanes of each group, and each group's bytes per lane at its widest. */
  readonly groups: readonly number[];
  readonly naturalBytes: readonly number[];
  /** Where each group begins among a row's words, and how many these are. */
  readonly groupWords: readonly number[];
  readonly words: number;
  /** How many widths a part tells, and in how many bytes. */
  readonly groupCount: number;
  readonly codeBytes: number;
}

type Told = Readonly<Record<string, unknown>>;

function fail(path: string, expected: string): never {
  throw new RoomFaultError(`ComponentDescriptors: ${path} must be ${expected}`);
}

/** The component that a descriptor in JSON tells of. Throws `RoomFaultError`. */
export function readDescriptor(text: string): ComponentLayout {
  const { name, id, plane, scope = "", position = "", version = 1, fields, ...more } = objectOf("a descriptor", parsed(text));
  if (typeof name !== "string" || !/^[\x20-\x7e]+$/.test(name)) return fail("name", "printable ASCII");
  if (id !== nameId(name).toString(16).padStart(16, "0")) fail(`${name}.id`, "the SipHash-2-4 of the name");
  if (plane !== "state") fail(`${name}.plane`, "state");
  if (typeof scope !== "string" || !SCOPES.includes(scope)) return fail(`${name}.scope`, "empty or editor");
  if (typeof position !== "string") return fail(`${name}.position`, "a field's name");
  if (!isInteger(version, 1, U32_MAX)) return fail(`${name}.version`, "an integer from 1");
  if (Object.keys(more).length > 0) fail(`${name}.${Object.keys(more)[0]!}`, "left out");
  if (!Array.isArray(fields) || fields.length < 1 || fields.length > COMPONENT_FIELDS_MAX) {
    return fail(`${name}.fields`, `a list of 1 to ${COMPONENT_FIELDS_MAX} fields`);
  }
  const read = fields.map((field) => readField(name, field));
  if (new Set(read.map((field) => field.name)).size < read.length) fail(`${name}.fields`, "of different names");
  return layoutOf({ name, version, scope, position }, read);
}

/** The layout of fields in their declared order. Throws `RoomFaultError` when they have too many groups. */
export function layoutOf(
  head: Pick<ComponentLayout, "name" | "version" | "scope" | "position">,
  fields: readonly (Omit<NumberField, "firstWord"> | ObjectField)[],
): ComponentLayout {
  const numbers: NumberField[] = [];
  const objects: ObjectField[] = [];
  const groups: number[] = [];
  const naturalBytes: number[] = [];
  const groupWords: number[] = [];
  let words = 0;
  for (const field of fields) {
    if (!("codec" in field)) {
      objects.push(field);
      continue;
    }
    numbers.push({ ...field, firstWord: words });
    field.codec.groups.forEach((lanes, group) => {
      const bytes = field.codec.naturalBytes[group] ?? 0;
      groups.push(lanes);
      naturalBytes.push(bytes);
      groupWords.push(words);
      words += lanes * (bytes === 8 ? 2 : 1);
    });
  }
  const groupCount = groups.length + objects.length;
  if (groupCount > STATE_COMPONENT_GROUPS_MAX) {
    fail(`${head.name}: groups`, `at most ${STATE_COMPONENT_GROUPS_MAX}, not ${groupCount}`);
  }
  const codeBytes = Math.ceil(groupCount / 4);
  return { ...head, numbers, objects, groups, naturalBytes, groupWords, words, groupCount, codeBytes };
}

function readField(component: string, told: unknown): Omit<NumberField, "firstWord"> | ObjectField {
  const { name, kind, codec, ...more } = objectOf(`${component}.fields`, told);
  if (typeof name !== "string" || !/^[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}]*$/u.test(name)) {
    return fail(`${component}.fields`, "named by an identifier");
  }
  const path = `${component}.${name}`;
  if (kind === "column") {
    const { dtype, width } = exactly(path, more, ["dtype"], ["width"]);
    if (!DTYPES.includes(dtype as Dtype)) return fail(`${path}.dtype`, `one of ${DTYPES.join(", ")}`);
    const numbers = width ?? 1;
    if (!isInteger(numbers, 1, COLUMN_WIDTH_MAX)) return fail(`${path}.width`, `1 to ${COLUMN_WIDTH_MAX}`);
    return { name, ...readCodec(path, codec, dtype as Dtype, numbers) };
  }
  if (codec !== undefined) fail(path, "without a codec: it is no column");
  const lengths = { text: "characters_max", bytes: "length_max", blob: "length" } as const;
  if (kind !== "text" && kind !== "bytes" && kind !== "blob") return fail(path, "a column, text, bytes or a blob");
  const limit = exactly(path, more, [lengths[kind]])[lengths[kind]];
  if (!isInteger(limit, 1, FIELD_LENGTH_MAX)) return fail(`${path}.${lengths[kind]}`, `1 to ${FIELD_LENGTH_MAX}`);
  return { name, kind, limit };
}

function readCodec(path: string, told: unknown, dtype: Dtype, width: number): Pick<NumberField, "codec" | "isEntity"> {
  const isEntity = false;
  if (told === undefined || told === null) return { codec: createRaw(dtype, width), isEntity };
  const { name, ...more } = objectOf(path, told);
  switch (name) {
    case "entity":
      exactly(path, more, []);
      if (dtype !== "<u8" || width !== 1) fail(path, "a column of one <u8 for entity");
      return { codec: createRaw(dtype, width), isEntity: true };
    case "fixed-point": {
      const { step, low, high } = exactly(path, more, ["step", "low", "high"]);
      if (!isFloat(dtype)) fail(path, "a float column for fixed-point");
      if (!isFiniteNumber(step) || !(step > 0)) return fail(`${path}.step`, "a number over 0");
      if (!isFiniteNumber(low) || !isFiniteNumber(high) || !(low < high)) return fail(`${path}.low`, "a number below high");
      if (Math.max(-low, high) / step > FIXED_POINT_MAX) {
        fail(`${path}.step`, `so large that high / step is at most ${FIXED_POINT_MAX}`);
      }
      return { codec: createFixedPoint(dtype, width, step, low, high), isEntity };
    }
    case "smallest-three": {
      const { bits = 11 } = exactly(path, more, [], ["bits"]);
      if (!isFloat(dtype) || width !== 4) fail(path, "a column of four floats for smallest-three");
      if (!isInteger(bits, SMALLEST_THREE_BITS_MIN, SMALLEST_THREE_BITS_MAX)) {
        return fail(`${path}.bits`, `${SMALLEST_THREE_BITS_MIN} to ${SMALLEST_THREE_BITS_MAX}`);
      }
      return { codec: createSmallestThree(dtype, bits), isEntity };
    }
    case "bits": {
      const { count = 8 } = exactly(path, more, [], ["count"]);
      if (dtype !== "<u1") fail(path, "a column of <u1 for bits");
      if (typeof count !== "number" || ![1, 2, 4, 8].includes(count)) return fail(`${path}.count`, "1, 2, 4 or 8");
      return { codec: createBits(width, count), isEntity };
    }
    default:
      return fail(path, "entity, fixed-point, smallest-three or bits");
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return fail("a descriptor", "JSON");
  }
}

function objectOf(path: string, told: unknown): Told {
  if (typeof told !== "object" || told === null || Array.isArray(told)) return fail(path, "a mapping");
  return told as Told;
}

/** What has all these keys, perhaps some of those, and no other. */
function exactly<K extends string, O extends string = never>(
  path: string,
  told: Told,
  keys: readonly K[],
  optional: readonly O[] = [],
): Readonly<Partial<Record<K | O, unknown>>> {
  const allowed: readonly string[] = [...keys, ...optional];
  const isFine = keys.every((key) => key in told) && Object.keys(told).every((key) => allowed.includes(key));
  if (!isFine) fail(path, `what has ${keys.join(", ") || "nothing more"}`);
  return told as Partial<Record<K | O, unknown>>;
}

function isInteger(value: unknown, low: number, high: number): value is number {
  return Number.isInteger(value) && (value as number) >= low && (value as number) <= high;
}

function isFiniteNumber(value: unknown): value is number {
  return Number.isFinite(value);
}
