/** What the components of a session are: told once, and again when there are more (REP-6, REP-7). */

import { blake2b128, type ComponentDescriptors, equalBytes, STATE_COMPONENTS_MAX } from "@theta/wire";
import { RoomFaultError } from "../errors";
import { createRaw } from "./codecs";
import { createColumn, type NumberColumn } from "./columns";
import { type ComponentLayout, layoutOf, type NumberField, type ObjectField, readDescriptor } from "./descriptors";

export type { ComponentLayout, NumberField, ObjectField } from "./descriptors";

/** The number of the entity itself; components have numbers from 1. */
export const ENTITY = 0;
/** An entity's index and its generation, as lanes. */
const ENTITY_LAYOUT = layoutOf({ name: "theta.Entity", version: 1, scope: "", position: "" }, [
  { name: "index", codec: createRaw("<u4", 1), isEntity: false },
  { name: "generation", codec: createRaw("<u4", 1), isEntity: false },
]);
export const CLOSE_PROTOCOL_MISMATCH = 4426;
const UTF8_IN = new TextEncoder();
const UTF8_OUT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export interface SessionComponents {
  /** Layouts by number; number 0 is the entity itself. Grows, and is never changed otherwise. */
  readonly layouts: readonly ComponentLayout[];
  /** The hash of all descriptors, 16 bytes. */
  readonly manifest: Uint8Array;
  /** The number of the component of that name; `null` where the room has none. The first where it has several. */
  numberOf(name: string): number | null;
  /** Throws `RoomFaultError`, and then nothing was taken. */
  handleDescriptors(message: ComponentDescriptors): void;
}

export function createSessionComponents(): SessionComponents {
  let layouts: readonly ComponentLayout[] = [ENTITY_LAYOUT];
  let texts: readonly string[] = [];
  let manifest = manifestHash(texts);

  return {
    get layouts() {
      return layouts;
    },
    get manifest() {
      return manifest;
    },
    numberOf(name) {
      const number = layouts.findIndex((layout, at) => at !== ENTITY && layout.name === name);
      return number < 0 ? null : number;
    },
    handleDescriptors({ first, descriptors, manifest: told }) {
      const place = first - 1;
      if (place < 0 || place > texts.length) {
        throw new RoomFaultError(`ComponentDescriptors: first is ${first}, but must be 1 to ${texts.length + 1}`);
      }
      const count = place + descriptors.length;
      if (count > STATE_COMPONENTS_MAX) {
        throw new RoomFaultError(`ComponentDescriptors: ${count} components, but at most ${STATE_COMPONENTS_MAX}`);
      }
      const changed = descriptors.findIndex((text, at) => place + at < texts.length && text !== texts[place + at]);
      if (changed >= 0) {
        throw new RoomFaultError(`ComponentDescriptors: number ${first + changed} is another component than before`);
      }
      const added = descriptors.slice(texts.length - place);
      const read = added.map(readDescriptor);
      const every = [...texts, ...added];
      const found = manifestHash(every);
      if (!equalBytes(found, told)) {
        const reason = "ComponentDescriptors: the hash is not that of the descriptors";
        throw new RoomFaultError(reason, CLOSE_PROTOCOL_MISMATCH);
      }
      if (added.length > 0) layouts = [...layouts, ...read];
      [texts, manifest] = [every, found];
    },
  };
}

/** The hash of descriptors in their order, 16 bytes. */
export function manifestHash(descriptors: readonly string[]): Uint8Array {
  return blake2b128("theta-components", ...descriptors.map((text) => UTF8_IN.encode(`${text}\n`)));
}

/** A field's numbers of `rows` rows of a component's lanes, row after row. */
export function restoreField(layout: ComponentLayout, field: NumberField, words: Int32Array, rows: number): NumberColumn {
  const { codec, firstWord } = field;
  const column = createColumn(codec.dtype, rows * codec.width);
  codec.restore({ words, first: firstWord, stride: layout.words }, rows, column);
  return column;
}

/** The lanes of rows of a component's numbers, for those that the page itself streams; columns in the fields' order. */
export function quantiseRows(layout: ComponentLayout, columns: readonly NumberColumn[], rows: number): Int32Array {
  const words = new Int32Array(rows * layout.words);
  layout.numbers.forEach(({ codec, firstWord }, at) => {
    codec.quantise(columns[at]!, rows, { words, first: firstWord, stride: layout.words });
  });
  return words;
}

/** What the bytes of an object field spell; `null` where they spell no value of it. */
export function decodeObject(field: ObjectField, data: Uint8Array): string | Uint8Array | null {
  if (field.kind === "blob") return data.length === field.limit ? data : null;
  if (field.kind === "bytes") return data.length <= field.limit ? data : null;
  try {
    const value = UTF8_OUT.decode(data);
    return value.length <= field.limit || [...value].length <= field.limit ? value : null;
  } catch {
    return null;
  }
}
