/** Parts cut or joined until they are of a size and number that the room takes. */

import { ImportError, type ImportLimits, type Polygons, type RawPart } from "./model";

/** Parts of one colour joined in the file's space, when there are more than one step can bring in. */
export function joined(parts: readonly RawPart[], limits: ImportLimits, notes: string[]): readonly RawPart[] {
  if (parts.length <= limits.parts) return parts;
  const byColour = new Map<string, RawPart[]>();
  for (const part of parts) {
    const key = String(part.colour);
    const same = byColour.get(key);
    if (same) same.push(part);
    else byColour.set(key, [part]);
  }
  const made = [...byColour.values()].map(joinedPart);
  if (made.length > limits.parts) throw tooManyParts(made.length, limits.parts);
  notes.push(`Its ${parts.length} parts were joined by colour into ${made.length}.`);
  return made;
}

export function tooManyParts(count: number, partsMax: number): ImportError {
  return new ImportError(`It has ${count} parts, and ${partsMax} is the most at once`, "Join some of them, or export a few at a time.");
}

function joinedPart(all: readonly RawPart[]): RawPart {
  const parts = all.map(withOwnPoints);
  const [first] = parts;
  const positions = parts.map(inFileSpace);
  let pointsBefore = 0;
  const corners: Uint32Array[] = [];
  const ends: number[] = [0];
  parts.forEach((part, at) => {
    const [firstPoint, firstCorner] = [pointsBefore, ends.at(-1)!];
    const mirrors = part.matrix !== null && determinant(part.matrix) < 0;
    corners.push((mirrors ? turnedRound(part) : part.corners).map((corner) => corner + firstPoint));
    for (const end of part.offsets.subarray(1)) ends.push(firstCorner + end);
    pointsBefore += positions[at]!.length / 3;
  });
  const name = parts.length > 1 ? `${first!.name} and more` : first!.name;
  const points = concatenated(Float64Array, positions);
  return { name, colour: first!.colour, matrix: null, positions: points, offsets: Uint32Array.from(ends), corners: concatenated(Uint32Array, corners) };
}

/** A part with the points that its faces use and no others: the parts of an OBJ share all of the file's. */
function withOwnPoints(part: RawPart): RawPart {
  const numbers = new Map<number, number>();
  const corners = part.corners.map((corner) => {
    const number = numbers.get(corner) ?? numbers.size;
    numbers.set(corner, number);
    return number;
  });
  const positions = new Float64Array(3 * numbers.size);
  for (const [corner, number] of numbers) positions.set(part.positions.subarray(3 * corner, 3 * corner + 3), 3 * number);
  return { ...part, positions, corners };
}

/** A part's points where they are in the file. */
function inFileSpace({ positions, matrix }: RawPart): Float64Array {
  if (matrix === null) return positions;
  const moved = new Float64Array(positions.length);
  for (let at = 0; at < positions.length; at += 3) {
    for (let row = 0; row < 3; row++) {
      moved[at + row] =
        matrix[row]! * positions[at]! + matrix[row + 4]! * positions[at + 1]! + matrix[row + 8]! * positions[at + 2]! + matrix[row + 12]!;
    }
  }
  return moved;
}

/** The corners with every face the other way round. */
export function turnedRound({ offsets, corners }: Polygons): Uint32Array {
  const turned = corners.slice();
  for (let face = 0; face + 1 < offsets.length; face++) turned.subarray(offsets[face], offsets[face + 1]).reverse();
  return turned;
}

function determinant(m: Float64Array): number {
  return (
    m[0]! * (m[5]! * m[10]! - m[6]! * m[9]!) - m[4]! * (m[1]! * m[10]! - m[2]! * m[9]!) + m[8]! * (m[1]! * m[6]! - m[2]! * m[5]!)
  );
}

/** Runs of faces in the file's order, each within what one asset may hold. */
export function pieces(polygons: Polygons, limits: ImportLimits): Polygons[] {
  const { positions, offsets, corners } = polygons;
  const faceCount = offsets.length - 1;
  if (faceCount <= limits.assetFaces && corners.length <= limits.assetCorners) return [polygons];
  const found: Polygons[] = [];
  for (let first = 0; first < faceCount; ) {
    let last = first + 1;
    while (last < faceCount && last - first < limits.assetFaces && offsets[last + 1]! - offsets[first]! <= limits.assetCorners) last++;
    const start = offsets[first]!;
    const own = offsets.slice(first, last + 1).map((offset) => offset - start);
    found.push({ positions, offsets: own, corners: corners.slice(start, offsets[last]) });
    first = last;
  }
  return found;
}

function concatenated<Kind extends Float64Array | Uint32Array>(make: new (length: number) => Kind, arrays: readonly Kind[]): Kind {
  const all = new make(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}
