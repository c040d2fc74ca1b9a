import { expect, test } from "vitest";
import { ImportError } from "../../src/import/model";
import { readObj } from "../../src/import/obj";
import { readModel } from "../../src/import/read-model";
import { decodedAsset, LIMITS, obj, OBJ_CUBE, seeded, signedVolume } from "./files";

const read = (text: string) => readObj(obj(text), LIMITS.faces);
const facesOf = (text: string) => {
  const [part] = read(text).parts;
  return Array.from(part!.offsets.slice(1), (end, face) => [...part!.corners.slice(part!.offsets[face], end)]);
};

test("polygons stay polygons, and a closed surface looks outward", () => {
  const model = readModel(obj(OBJ_CUBE), "cube.obj", LIMITS);
  expect(model.parts).toMatchObject([{ name: "Box", faceCount: 6, translation: [0, 0, 0], rotation: [0, 0, 0, 1] }]);
  const mesh = decodedAsset(model.assets[0]!);
  expect(mesh.positions).toHaveLength(8 * 3);
  expect(mesh.faces.map((face) => face.length)).toEqual([4, 4, 4, 4, 4, 4]);
  expect(signedVolume(mesh)).toBeCloseTo(6 * 8);
});

test("negative indices count back from the line they are in, and textures and normals are passed over", () => {
  expect(facesOf("v 0 0 0\nv 1 0 0\nv 0 1 0\nf -3//1 -2/7 -1/7/9\nv 5 5 5\nf -2 -1 1\n")).toEqual([
    [0, 1, 2],
    [2, 3, 0],
  ]);
});

test("Windows line ends, tabs, comments, lines that go on, weights and colours are all as they should be", () => {
  const text = "mtllib a.mtl\r\n\r\n# v 9 9 9\r\nv\t0 0 0 1.0\r\nv 1e0 .0 -0. 0.5 0.5 0.5\r\nv 0 +1 0 # top\r\nf 1 \\\r\n 2 3\r\n";
  expect(facesOf(text)).toEqual([[0, 1, 2]]);
  expect([...read(text).parts[0]!.positions]).toEqual([0, 0, 0, 1, 0, -0, 0, 1, 0]);
});

test("objects are parts; without any, groups are; without those, the file is one", () => {
  const points = "v 0 0 0\nv 1 0 0\nv 0 1 0\n";
  const names = (text: string): string[] => read(points + text).parts.map(({ name }) => name);
  expect(names("f 1 2 3\n")).toEqual([""]);
  expect(names("g left side\nf 1 2 3\ng right\nf 1 2 3\ng left side\nf 3 2 1\n")).toEqual(["left side", "right"]);
  expect(names("g x\nf 1 2 3\no A\ng y\nf 1 2 3\nf 3 2 1\no B\nf 1 2 3\n")).toEqual(["", "A", "B"]);
});

test.each([
  ["v 0 0 nan", 1, "three numbers"],
  ["v 0 0 1e999", 1, "three numbers"],
  ["v 0 0", 1, "three numbers"],
  ["v 0 0 0x10", 1, "three numbers"],
  ["v 0 0 Infinity", 1, "three numbers"],
  ["v 0 0 0\nf 1 1", 2, "three corners"],
  ["v 0 0 0\nf 1 1 2", 2, "names no vertex"],
  ["v 0 0 0\nf 1 1 0", 2, "names no vertex"],
  ["v 0 0 0\nf 1 1 -2", 2, "names no vertex"],
  ["v 0 0 0\nf 1 1 1.5", 2, "names no vertex"],
  ["v 0 0 0\nf 1 1 99999999999", 2, "names no vertex"],
  ["v 0 0 0\nf 1 1 /1", 2, "names no vertex"],
  [`v ${"9".repeat((1 << 20) + 1)} 0 0`, 1, "longer than any line"],
  [`v 0 0 0\n${"\\\n".repeat(10)}f 1 1`, 12, "three corners"],
])("a broken line is named: %.30s", (text, line, words) => {
  const error = thrownBy(() => read(text));
  expect(error.message).toBe(`This OBJ is broken in line ${line}`);
  expect(error.advice).toContain(words);
});

test("a file without a face is refused in words, and so is one with too many", () => {
  expect(thrownBy(() => readModel(obj("hello\nworld"), "a.obj", LIMITS)).message).toBe("There are no faces in it");
  const many = `v 0 0 0\nv 1 0 0\nv 0 1 0\n${"f 1 2 3\n".repeat(LIMITS.faces + 1)}`;
  expect(thrownBy(() => read(many)).message).toBe("It has more than 5,000 faces");
});

test("lines and points are left out, and that is said", () => {
  expect(read("v 0 0 0\nv 1 0 0\nv 0 1 0\nl 1 2\np 1\nf 1 2 3\n").notes).toEqual([
    "2 lines, points or curves were left out: only faces are taken.",
  ]);
});

test("whatever the bytes are, a file is read or refused in words", () => {
  const alphabet = ["v 0 0 1\n", "f 1 2 3\r\n", "f -1 -2/1 -3\n", "o x\n", "g y\n", "# z\n", "f 1 2 3 4\n", "v 1 nan 2\n", "1", "-", " ", "\\\n", "/", "e5", "\0", "é"];
  let readable = 0;
  for (let seed = 1; seed <= 2_000; seed++) {
    const random = seeded(seed);
    const text = Array.from({ length: 1 + random() * 8 }, () => alphabet[Math.floor(random() * alphabet.length)]).join("");
    try {
      readModel(obj(`v 0 0 0\nv 1 0 0\nv 0 1 0\n${text}`), "x.obj", LIMITS);
      readable++;
    } catch (error) {
      if (!(error instanceof ImportError)) throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
    }
  }
  expect(readable).toBeGreaterThan(10);
});

function thrownBy(run: () => unknown): ImportError {
  try {
    run();
  } catch (error) {
    if (error instanceof ImportError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}
