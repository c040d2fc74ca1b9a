import type { Mesh } from "@theta/client";

type Point = readonly [number, number, number];

/** Of the room's shapes those with few faces. */
type PrimitiveKind = "cube" | "pyramid" | "plane";

const SHAPES: Record<PrimitiveKind, { points: readonly Point[]; faces: readonly (readonly number[])[] }> = {
  cube: {
    points: [-1, 1].flatMap((z) => [-1, 1].flatMap((y) => [-1, 1].map((x): Point => [x, y, z]))),
    faces: [
      [0, 4, 6, 2],
      [1, 3, 7, 5],
      [0, 1, 5, 4],
      [2, 6, 7, 3],
      [0, 2, 3, 1],
      [4, 5, 7, 6],
    ],
  },
  pyramid: {
    points: [
      [-1, -1, -1],
      [1, -1, -1],
      [1, -1, 1],
      [-1, -1, 1],
      [0, 1, 0],
    ],
    faces: [
      [0, 1, 2, 3],
      [1, 0, 4],
      [2, 1, 4],
      [3, 2, 4],
      [0, 3, 4],
    ],
  },
  plane: {
    points: [
      [-1, 0, -1],
      [1, 0, -1],
      [1, 0, 1],
      [-1, 0, 1],
    ],
    faces: [[0, 3, 2, 1]],
  },
};

/** The room's primitives, with made-up ids; a cube for those that have many faces there. */
export function makePrimitive(kind: string, size: number, seed: number): Mesh {
  const { points, faces } = SHAPES[kind as PrimitiveKind] ?? SHAPES.cube;
  return makeMesh(
    points.map(([x, y, z]): Point => [(x * size) / 2, (y * size) / 2, (z * size) / 2]),
    faces,
    seed,
  );
}

/** A mesh of points and faces; ids tell seed, kind and index. */
export function makeMesh(points: readonly Point[], faces: readonly (readonly number[])[], seed = 1): Mesh {
  const edges = new Map<string, [number, number]>();
  for (const face of faces) {
    face.forEach((a, at) => {
      const b = face[(at + 1) % face.length] ?? a;
      edges.set([Math.min(a, b), Math.max(a, b)].join(), [Math.min(a, b), Math.max(a, b)]);
    });
  }
  const offsets = [0];
  for (const face of faces) offsets.push((offsets.at(-1) ?? 0) + face.length);
  return {
    vertexCount: points.length,
    edgeCount: edges.size,
    faceCount: faces.length,
    vertexIds: makeIds(points.length, seed, 1),
    positions: Float64Array.from(points.flat()),
    edgeIds: makeIds(edges.size, seed, 2),
    edges: Uint32Array.from([...edges.values()].flat()),
    faceIds: makeIds(faces.length, seed, 3),
    faceOffsets: Uint32Array.from(offsets),
    corners: Uint32Array.from(faces.flat()),
    attributes: [],
  };
}

function makeIds(count: number, seed: number, kind: number): Uint8Array {
  const ids = new Uint8Array(count * 16);
  for (let at = 0; at < count; at++) {
    const view = new DataView(ids.buffer, at * 16, 16);
    view.setUint32(0, seed);
    view.setUint32(4, kind);
    view.setUint32(8, at + 1);
  }
  return ids;
}
