/** Refusals of values that no document could accept, before anything is sent. */

import {
  COORDINATE_METRES_MAX,
  ENTITY_NAME_CHARACTERS_MAX,
  fromHex,
  SCALE_FACTOR_MAX,
  SCALE_FACTOR_MIN,
  type Quaternion,
  type Vector3,
} from "@theta/wire";
import { InvalidOperationError } from "./errors";
import { characterCount, isPrintable } from "./text";

/** Throws `InvalidOperationError`, as everything here does. */
export function within(field: string, values: Iterable<number>, low: number, high: number): void {
  for (const value of values) {
    // Written so that NaN fails too.
    if (!(value >= low && value <= high)) throw new InvalidOperationError(field, `between ${low} and ${high}`);
  }
}

export function idBytes(field: string, id: string): Uint8Array {
  if (!/^[0-9a-f]{32}$/.test(id)) throw new InvalidOperationError(field, "an id of 32 hexadecimal digits");
  return fromHex(id);
}

/** `min` to `max` ids, all different unless they are said to come in pairs, one after the other. */
export function idsBytes(field: string, ids: readonly string[], min: number, max: number, inPairs = false): Uint8Array {
  if (ids.length < min || ids.length > max || (!inPairs && new Set(ids).size !== ids.length)) {
    throw new InvalidOperationError(field, `${min} to ${max}${inPairs ? "" : " distinct"} ids`);
  }
  for (const id of ids) idBytes(field, id);
  return fromHex(ids.join(""));
}

export function checkName(name: string): void {
  const count = characterCount(name);
  if (count < 1 || count > ENTITY_NAME_CHARACTERS_MAX || !isPrintable(name)) {
    throw new InvalidOperationError("name", `1 to ${ENTITY_NAME_CHARACTERS_MAX} printable characters`);
  }
}

export function checkPlacement(translation: Vector3, rotation: Quaternion, scale: Vector3): void {
  within("translation", translation, -COORDINATE_METRES_MAX, COORDINATE_METRES_MAX);
  checkRotation(rotation);
  within("scale", scale, SCALE_FACTOR_MIN, SCALE_FACTOR_MAX);
}

export function checkRotation(rotation: Quaternion): void {
  const lengthSquared = rotation.reduce((sum, value) => sum + value * value, 0);
  if (!(lengthSquared >= 0.999 && lengthSquared <= 1.001)) {
    throw new InvalidOperationError("rotation", "a unit quaternion (x, y, z, w)");
  }
}

export function bytesOf(values: Float64Array | Int32Array | Uint8Array | BigUint64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
