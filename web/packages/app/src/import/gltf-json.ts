/** glTF's JSON, read field by field: it comes from strangers. */

import { ImportError } from "./model";

export type Json = Readonly<Record<string, unknown>>;

export function broken(what: string): ImportError {
  return new ImportError("This GLB is broken", `${what}. Export it again.`);
}

export function objectOf(value: unknown, what: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw broken(`${what} is not an object`);
  return value as Json;
}

/** The list in a field; empty when there is none. */
export function listOf(parent: Json, field: string): readonly unknown[] {
  const value = parent[field] ?? [];
  if (!Array.isArray(value)) throw broken(`“${field}” is not a list`);
  return value;
}

/** The object at a place of one of the file's lists. */
export function itemOf(file: Json, list: string, index: number): Json {
  const items = listOf(file, list);
  if (index >= items.length) throw broken(`“${list}” has no number ${index}`);
  return objectOf(items[index], `${list}[${index}]`);
}

export function integerOf(parent: Json, field: string, fallback?: number, max = Number.MAX_SAFE_INTEGER): number {
  const value = parent[field] ?? fallback;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0 || value > max) {
    throw broken(`“${field}” is not a whole number from 0 to ${max}`);
  }
  return value;
}

/** As `integerOf`; null when the field is not there. */
export function indexOf(parent: Json, field: string): number | null {
  return parent[field] === undefined ? null : integerOf(parent, field);
}

/** `count` finite numbers; null when the field is not there. */
export function numbersOf(parent: Json, field: string, count: number): number[] | null {
  const value: unknown = parent[field];
  if (value === undefined) return null;
  const isRight = Array.isArray(value) && value.length === count && value.every((one) => Number.isFinite(one));
  if (!isRight) throw broken(`“${field}” is not ${count} numbers`);
  return value as number[];
}

export function textOf(parent: Json, field: string): string {
  const value = parent[field];
  return typeof value === "string" ? value : "";
}
