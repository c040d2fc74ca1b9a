import { expect, test } from "vitest";
import { assembled } from "../../src/import/assemble";
import { composed } from "../../src/import/matrix";
import { ImportError, type RawPart } from "../../src/import/model";
import { welded } from "../../src/import/weld";
import { decodedAsset, LIMITS, seeded } from "./files";

function strip(count: number, changes: Partial<RawPart> = {}): RawPart {
  const positions = Float64Array.from({ length: (count + 2) * 3 }, (_, at) => (at % 3 === 0 ? Math.floor(at / 6) : at % 3 === 1 ? Math.floor(at / 3) % 2 : 0));
  const corners = Uint32Array.from({ length: count * 3 }, (_, at) => Math.floor(at / 3) + (at % 3));
  const offsets = Uint32Array.from({ length: count + 1 }, (_, face) => 3 * face);
  return { name: "Strip", colour: null, matrix: null, positions, offsets, corners, ...changes };
}

test("points at one place become one, whatever the sign of their zeros; faces without area are gone", () => {
  const positions = Float64Array.of(0, 0, 0, 1, 0, 0, 0, 1, 0, -0, 0, -0, 1, 0, 0, 1, 1, 0, 7, 7, 7);
  const offsets = Uint32Array.of(0, 3, 7, 10, 14);
  const corners = Uint32Array.of(0, 1, 2, 3, 4, 5, 5, 0, 3, 1, 0, 1, 4, 2);
  const mesh = welded({ positions, offsets, corners }, 16);
  expect([...mesh.positions]).toEqual([0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 1, 0]);
  expect([...mesh.offsets]).toEqual([0, 3, 6, 9]);
  expect([...mesh.corners]).toEqual([0, 1, 2, 0, 1, 3, 0, 1, 2]);
  expect(mesh.dropped).toBe(1);
});

test("a face that comes back to a point, or has too many corners, becomes triangles", () => {
  const positions = Float64Array.from({ length: 60 }, (_, at) => at);
  const bow = welded({ positions, offsets: Uint32Array.of(0, 6), corners: Uint32Array.of(0, 1, 2, 0, 3, 4) }, 16);
  expect([...bow.corners]).toEqual([0, 1, 2, 0, 3, 4]);
  const disc = Uint32Array.from({ length: 20 }, (_, at) => at);
  expect(welded({ positions, offsets: Uint32Array.of(0, 20), corners: disc }, 16).offsets).toHaveLength(19);
  expect(welded({ positions, offsets: Uint32Array.of(0, 20), corners: disc }, 20).offsets).toHaveLength(2);
});

test("welding keeps every face at its place, in any order of any points", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seeded(seed);
    const count = 1 + Math.floor(random() * 40);
    const positions = Float64Array.from({ length: 90 }, () => Math.floor(random() * 3) - 1);
    const corners = Uint32Array.from({ length: count * 3 }, () => Math.floor(random() * 30));
    const offsets = Uint32Array.from({ length: count + 1 }, (_, face) => 3 * face);
    const place = (from: Float64Array, vertex: number): string => [...from.slice(3 * vertex, 3 * vertex + 3)].map((value) => value + 0).join();
    const expected: string[][] = [];
    for (let face = 0; face < count; face++) {
      const loop = [...corners.slice(3 * face, 3 * face + 3)].map((vertex) => place(positions, vertex));
      if (new Set(loop).size === 3) expected.push(loop);
    }
    const mesh = welded({ positions, offsets, corners }, 16);
    const found = Array.from(mesh.offsets.slice(1), (end, face) => [...mesh.corners.slice(mesh.offsets[face], end)].map((vertex) => place(mesh.positions, vertex)));
    expect(found, `seed ${seed}`).toEqual(expected);
    expect(new Set(mesh.corners).size, `seed ${seed}`).toBe(mesh.positions.length / 3);
  }
});

test("a part over what one asset may hold is cut, and that is said", () => {
  const model = assembled({ parts: [strip(2_500)], notes: [] }, "x.obj", LIMITS);
  expect(model.parts.map(({ name, faceCount }) => [name, faceCount])).toEqual([["Strip 1", 1_000], ["Strip 2", 1_000], ["Strip 3", 500]]);
  expect(model.notes).toEqual(["“Strip” was cut into 3, since one object may have 1,000 faces."]);
});

test("more parts than one step takes are joined by colour, mirrored ones turned round", () => {
  const matrix = composed([0, 0, 5], [0, 0, 0, 1], [-1, 1, 1]);
  const parts = Array.from({ length: 12 }, (_, at) => strip(1, at % 2 ? { colour: [1, 0, 0] } : { matrix }));
  const model = assembled({ parts, notes: [] }, "x.obj", LIMITS);
  expect(model.parts.map(({ name, faceCount, colour }) => [name, faceCount, colour[0]])).toEqual([["Strip and more", 6, 0.72], ["Strip and more", 6, 1]]);
  expect(decodedAsset(model.assets[0]!).faces[0]).toEqual([0, 1, 2]);
  expect(decodedAsset(model.assets[0]!).positions.slice(0, 3)).toEqual([-0.5, -0.5, 0]);
  expect(model.notes).toEqual(["Its 12 parts were joined by colour into 2."]);
  const colourful = parts.map((part, at): RawPart => ({ ...part, colour: [at / 12, 0, 0] }));
  expect(() => assembled({ parts: colourful, notes: [] }, "x.obj", LIMITS)).toThrow("It has 12 parts, and 10 is the most at once");
});

test("names are cut and cleaned, and a part without one is called after the file", () => {
  const named = (name: string) => assembled({ parts: [strip(1, { name })], notes: [] }, "my boat.obj", LIMITS).parts[0]!.name;
  expect(named("a\u0000b\n c")).toBe("a b c");
  expect(named("\u202e")).toBe("my boat");
  expect(named("x".repeat(99))).toBe("x".repeat(20));
});

test("shapes over the room's bytes are refused in words", () => {
  const heavy = { ...LIMITS, assetBytes: 1_000 };
  expect(() => assembled({ parts: [strip(100)], notes: [] }, "x.obj", heavy)).toThrow(ImportError);
});

test("parts that share the file's points are joined with those alone that they use", () => {
  const pointCount = 200_000;
  const positions = Float64Array.from({ length: 3 * pointCount }, (_, at) => (at % 3 === 0 ? Math.floor(at / 3) : at % 2));
  const parts = Array.from({ length: 10_000 }, (_, at): RawPart => {
    return { name: `Part ${at}`, colour: null, matrix: null, positions, offsets: Uint32Array.of(0, 3), corners: Uint32Array.of(at, at + 1, at + 2) };
  });
  const model = assembled({ parts, notes: [] }, "x.obj", { ...LIMITS, assetFaces: 10_000, assetCorners: 30_000, assetBytes: 1 << 20, assetsBytes: 1 << 20 });
  expect(model.parts).toHaveLength(1);
  expect(decodedAsset(model.assets[0]!).positions).toHaveLength(3 * 10_002);
  expect([model.low[0], model.high[0]]).toEqual([0, 10_001]);
});
