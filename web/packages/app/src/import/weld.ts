/** Polygons with their equal points joined: files that light each face flat write a corner once for every face. */

import type { Polygons } from "./model";

/**
 * Joins points at exactly the same place, and drops what is no face then: corners in a row at one place count once, and
 * a face with fewer than three different corners is gone. A face that comes back to one of its points, or has more than
 * `faceCornersMax`, becomes triangles. Points that no face uses are left out; the others keep the order of their use.
 */
export function welded({ positions, offsets, corners }: Polygons, faceCornersMax: number): Polygons & { dropped: number } {
  const points = createPointTable(positions, corners.length);
  const kept: number[] = [];
  const ends: number[] = [0];
  let dropped = 0;
  const add = (face: readonly number[]): void => {
    for (const corner of face) kept.push(points.use(corner));
    ends.push(kept.length);
  };
  for (let face = 0; face + 1 < offsets.length; face++) {
    const loop: number[] = [];
    for (let at = offsets[face]!; at < offsets[face + 1]!; at++) {
      const point = points.firstAt(corners[at]!);
      if (loop.at(-1) !== point) loop.push(point);
    }
    while (loop.length > 1 && loop[0] === loop.at(-1)) loop.pop();
    if (loop.length < 3) dropped++;
    else if (new Set(loop).size === loop.length && loop.length <= faceCornersMax) add(loop);
    else for (const triangle of fanOf(loop)) if (new Set(triangle).size === 3) add(triangle);
  }
  return { positions: points.positions(), offsets: Uint32Array.from(ends), corners: Uint32Array.from(kept), dropped };
}

function fanOf(loop: readonly number[]): number[][] {
  return Array.from({ length: loop.length - 2 }, (_, at) => [loop[0]!, loop[at + 1]!, loop[at + 2]!]);
}

/** Finds points by place, and numbers those that are used in the order of their use. */
function createPointTable(positions: Float64Array, usesMax: number) {
  const bits = new Uint32Array(2);
  const number = new Float64Array(bits.buffer);
  const count = positions.length / 3;
  const mask = 2 ** Math.ceil(Math.log2(2 * Math.max(8, Math.min(usesMax, count)))) - 1;
  const slots = new Int32Array(mask + 1).fill(-1);
  const firsts = new Int32Array(count).fill(-1);
  const numbers = new Int32Array(count).fill(-1);
  const used: number[] = [];

  const hashOf = (vertex: number): number => {
    let hash = 0;
    for (let axis = 0; axis < 3; axis++) {
      // Adding 0 makes -0 a 0: the two are one place.
      number[0] = positions[3 * vertex + axis]! + 0;
      hash = Math.imul(hash ^ bits[0]!, 0x9e3779b1) ^ Math.imul(bits[1]! ^ (hash >>> 15), 0x85ebca77);
    }
    return (hash ^ (hash >>> 16)) & mask;
  };
  const same = (one: number, other: number): boolean =>
    positions[3 * one] === positions[3 * other] &&
    positions[3 * one + 1] === positions[3 * other + 1] &&
    positions[3 * one + 2] === positions[3 * other + 2];

  return {
    /** The first point that was asked for at the same place. */
    firstAt(vertex: number): number {
      if (firsts[vertex]! >= 0) return firsts[vertex]!;
      let slot = hashOf(vertex);
      while (slots[slot]! >= 0 && !same(slots[slot]!, vertex)) slot = (slot + 1) & mask;
      if (slots[slot]! < 0) slots[slot] = vertex;
      return (firsts[vertex] = slots[slot]!);
    },
    use(vertex: number): number {
      if (numbers[vertex]! < 0) numbers[vertex] = used.push(vertex) - 1;
      return numbers[vertex]!;
    },
    positions(): Float64Array {
      const found = new Float64Array(3 * used.length);
      for (let at = 0; at < found.length; at++) found[at] = positions[3 * used[Math.floor(at / 3)]! + (at % 3)]! + 0;
      return found;
    },
  };
}
