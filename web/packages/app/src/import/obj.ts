/** Wavefront OBJ, strictly: `v`, `f`, `o`, `g`; polygons stay polygons. Lines about looks and curves are passed over. */

import { ImportError, type Progress, type RawModel, type RawPart, tooManyFaces } from "./model";

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const INTEGER = /^-?\d{1,10}$/;
/** Longer ones are no lines of this format. */
const LINE_CHARACTERS_MAX = 1 << 20;
const LINES_BETWEEN_REPORTS = 1 << 16;
/** What can be drawn and we don't: curves, surfaces, lines, points. */
const NOT_TAKEN = new Set(["l", "p", "curv", "curv2", "surf"]);

class Numbers<Kind extends Float64Array | Uint32Array> {
  private used = 0;
  private values: Kind;
  constructor(values: Kind) {
    this.values = values;
  }
  get length(): number {
    return this.used;
  }
  push(value: number): void {
    if (this.used === this.values.length) {
      const grown = new (this.values.constructor as new (length: number) => Kind)(this.values.length * 2);
      grown.set(this.values);
      this.values = grown;
    }
    this.values[this.used++] = value;
  }
  at(index: number): number {
    return this.values[index]!;
  }
  done(): Kind {
    return this.values.slice(0, this.used) as Kind;
  }
}

interface Group {
  readonly name: string;
  readonly offsets: Numbers<Uint32Array>;
  readonly corners: Numbers<Uint32Array>;
}

/**
 * Reads a file.
 *
 * @throws ImportError with the line that is wrong.
 */
export function readObj(bytes: Uint8Array, facesMax: number, progress: Progress = () => undefined): RawModel {
  const text = new TextDecoder().decode(bytes);
  const positions = new Numbers(new Float64Array(3 * 1024));
  const objects = new Map<string, Group>();
  const groups = new Map<string, Group>();
  let object = "";
  let group = "";
  let faceCount = 0;
  let notTaken = 0;
  let hasObjects = false;

  const add = (into: Map<string, Group>, name: string, face: readonly number[]): void => {
    let part = into.get(name);
    if (part === undefined) {
      part = { name, offsets: new Numbers(new Uint32Array(64)), corners: new Numbers(new Uint32Array(256)) };
      part.offsets.push(0);
      into.set(name, part);
    }
    for (const corner of face) part.corners.push(corner);
    part.offsets.push(part.corners.length);
  };

  for (const { line, words } of linesOf(text, progress)) {
    const [keyword = "", ...rest] = words;
    if (keyword === "v") for (const number of pointOf(rest, line)) positions.push(number);
    else if (keyword === "f") {
      const face = faceOf(rest, positions.length / 3, line);
      if (++faceCount > facesMax) throw tooManyFaces(facesMax);
      // Objects count when there are any; until that is known, both are kept.
      add(objects, object, face);
      if (!hasObjects) add(groups, group, face);
    } else if (keyword === "o") {
      object = rest.join(" ");
      hasObjects = true;
      groups.clear();
    } else if (keyword === "g") group = rest.join(" ");
    else if (NOT_TAKEN.has(keyword)) notTaken++;
  }
  progress(1);
  const all = positions.done();
  const chosen = hasObjects ? objects : groups;
  const parts = [...chosen.values()].map(({ name, offsets, corners }): RawPart => {
    return { name, colour: null, matrix: null, positions: all, offsets: offsets.done(), corners: corners.done() };
  });
  const notes = notTaken > 0 ? [`${notTaken} lines, points or curves were left out: only faces are taken.`] : [];
  return { parts, notes };
}

/** Lines with their numbers, from 1, split at blanks; comments are gone, and lines that go on are one. */
function* linesOf(text: string, progress: Progress): Generator<{ line: number; words: string[] }> {
  let line = 0;
  let start = 0;
  let kept = "";
  while (start < text.length) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    line++;
    if (end - start + kept.length > LINE_CHARACTERS_MAX) throw broken(line, "it is longer than any line should be");
    const [content = ""] = (kept + text.slice(start, end)).split("#", 1);
    start = end + 1;
    const trimmed = content.trim();
    if (trimmed.endsWith("\\")) {
      kept = `${trimmed.slice(0, -1)} `;
      continue;
    }
    kept = "";
    if (line % LINES_BETWEEN_REPORTS === 0) progress(start / text.length);
    if (trimmed !== "") yield { line, words: trimmed.split(/\s+/) };
  }
  if (kept.trim() !== "") yield { line, words: kept.trim().split(/\s+/) };
}

function pointOf(words: readonly string[], line: number): number[] {
  // A fourth number is a weight; more are a colour, which few programs write and none must.
  const numbers = words.slice(0, 3).map((word) => (NUMBER.test(word) ? Number(word) : NaN));
  if (numbers.length < 3 || !numbers.every(Number.isFinite)) throw broken(line, "a vertex needs three numbers");
  return numbers;
}

/** Indices of vertices, from 0. */
function faceOf(words: readonly string[], vertexCount: number, line: number): number[] {
  if (words.length < 3) throw broken(line, "a face needs at least three corners");
  return words.map((word) => {
    const [index = ""] = word.split("/", 1);
    const number = INTEGER.test(index) ? Number(index) : 0;
    const vertex = number < 0 ? vertexCount + number : number - 1;
    if (vertex < 0 || vertex >= vertexCount) throw broken(line, `“${word.slice(0, 20)}” names no vertex above it`);
    return vertex;
  });
}

function broken(line: number, what: string): ImportError {
  return new ImportError(`This OBJ is broken in line ${line}`, `${what[0]!.toUpperCase()}${what.slice(1)}. Export it again, or as GLB.`);
}
