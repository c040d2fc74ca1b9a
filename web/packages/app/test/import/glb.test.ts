import { expect, test } from "vitest";
import { readGlb, srgbOfLinear } from "../../src/import/glb";
import { ImportError } from "../../src/import/model";
import { readModel } from "../../src/import/read-model";
import { appendAccessor, appendView, decodedAsset, type Draft, glb, LIMITS, seeded, signedVolume, triangleDraft } from "./files";

const read = (draft: Draft) => readModel(glb(draft), "boat.glb", LIMITS);
const shape = (draft: Draft) => decodedAsset(read(draft).assets[0]!);

function refusal(run: () => unknown): ImportError {
  try {
    run();
  } catch (error) {
    if (error instanceof ImportError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

test("a triangle comes with its name and the origin in its middle", () => {
  const model = read(triangleDraft());
  expect(model.parts).toEqual([
    { name: "Sail", colour: [0.72, 0.74, 0.78], translation: [0.5, 0.5, 0], rotation: [0, 0, 0, 1], asset: 0, faceCount: 1 },
  ]);
  expect(decodedAsset(model.assets[0]!)).toEqual({ positions: [-0.5, -0.5, 0, 0.5, -0.5, 0, -0.5, 0.5, 0], faces: [[0, 1, 2]] });
  expect([model.low, model.high]).toEqual([[0, 0, 0], [1, 1, 0]]);
});

test("a parent's turn stays a turn, a stretch goes into the points, and both end where the file has them", () => {
  const half = Math.SQRT1_2;
  const model = read(triangleDraft({
    node: { scale: [2, 3, 1] },
    document: { scenes: [{ nodes: [1] }], nodes: [{ mesh: 0, scale: [2, 3, 1] }, { children: [0], rotation: [0, half, 0, half], translation: [0, 5, 0] }] },
  }));
  const [part] = model.parts;
  expect(part!.rotation).toEqual([0, expect.closeTo(half), 0, expect.closeTo(half)]);
  expect(part!.translation).toEqual([expect.closeTo(0), expect.closeTo(6.5), expect.closeTo(-1)]);
  expect(decodedAsset(model.assets[0]!).positions).toEqual([-1, -1.5, 0, 1, -1.5, 0, -1, 1.5, 0].map((value) => expect.closeTo(value) as number));
  expect(model.low).toEqual([expect.closeTo(0), expect.closeTo(5), expect.closeTo(-2)]);
});

/** A tetrahedron whose faces look outward. */
const TETRAHEDRON = [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1];
const OUTWARD = [0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3];

function tetrahedron(node: object): Draft {
  const draft = triangleDraft({ positions: TETRAHEDRON, node });
  const bufferView = appendView(draft, Uint8Array.from(OUTWARD));
  const indices = appendAccessor(draft, { bufferView, componentType: 5121, count: OUTWARD.length, type: "SCALAR" });
  draft.document.meshes = [{ primitives: [{ attributes: { POSITION: 0 }, indices }] }];
  return draft;
}

test.each([
  ["plain", {}],
  ["mirrored in x", { scale: [-1, 1, 1] }],
  ["mirrored in all", { scale: [-2, -1, -3] }],
  ["mirrored twice", { scale: [-1, -2, 1] }],
  ["mirrored and turned", { scale: [1, -1, 1], rotation: [0.5, 0.5, 0.5, 0.5] }],
  ["sheared and mirrored", { matrix: [-1, 0, 0, 0, 0.7, 1, 0, 0, 0, 0.3, 1, 0, 4, 5, 6, 1] }],
])("%s, the outside stays outside", (_, node) => {
  const mesh = shape(tetrahedron(node));
  expect(mesh.positions).toHaveLength(4 * 3);
  expect(signedVolume(mesh)).toBeGreaterThan(0);
});

test("a shear is kept exactly", () => {
  const model = read(tetrahedron({ matrix: [1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1] }));
  const [part] = model.parts;
  expect(part!.rotation).toEqual([0, 0, 0, 1]);
  expect(model.high).toEqual([1, 1, 1]);
  const { positions } = decodedAsset(model.assets[0]!);
  const points = new Set(Array.from({ length: 4 }, (_, at) => positions.slice(3 * at, 3 * at + 3).map((value, axis) => value + part!.translation[axis]! + 0).join()));
  expect(points).toEqual(new Set(["0,0,0", "1,0,0", "1,1,0", "0,0,1"]));
});

test("strips and fans turn as they should", () => {
  const positions = [0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 1, 0];
  const faces = (mode: number) => {
    const [part] = readGlb(glb(triangleDraft({ positions, primitive: { mode } })), LIMITS).parts;
    return [...part!.corners];
  };
  expect(faces(5)).toEqual([0, 1, 2, 1, 3, 2]);
  expect(faces(6)).toEqual([0, 1, 2, 0, 2, 3]);
});

test("points and lines are left out, and that is said", () => {
  const draft = triangleDraft();
  draft.document.meshes = [{ primitives: [{ mode: 1, attributes: { POSITION: 0 } }, { attributes: { POSITION: 0 } }] }];
  expect(read(draft)).toMatchObject({ parts: [{ faceCount: 1 }], notes: ["Points and lines were left out: only faces are taken."] });
  draft.document.meshes = [{ primitives: [{ mode: 0, attributes: { POSITION: 0 } }] }];
  expect(refusal(() => read(draft)).message).toBe("There are no faces in it");
});

test("one mesh shown by many nodes travels once, each primitive is a part, and colours become sRGB", () => {
  const draft = triangleDraft({
    document: {
      scenes: [{ nodes: [0, 1] }],
      nodes: [{ mesh: 0, name: "A" }, { mesh: 0, name: "B", translation: [3, 0, 0] }],
      meshes: [{ primitives: [{ attributes: { POSITION: 0 }, material: 0 }, { attributes: { POSITION: 0 }, material: 1 }] }],
      materials: [
        { name: "Red", pbrMetallicRoughness: { baseColorFactor: [1, 0, 0.2140411, 1], baseColorTexture: { index: 0 } } },
        { extensions: {} },
      ],
    },
  });
  const model = read(draft);
  expect(model.assets).toHaveLength(1);
  expect(model.parts.map(({ name }) => name)).toEqual(["A Red", "A 2", "B Red", "B 2"]);
  expect(model.parts[0]!.colour).toEqual([1, 0, expect.closeTo(0.5, 4)]);
  expect(model.parts[1]!.colour).toEqual([1, 1, 1]);
  expect(model.parts[2]!.translation).toEqual([3.5, 0.5, 0]);
  expect(model.notes).toEqual(["Pictures on surfaces were left out: every part has one colour."]);
});

test("sRGB of linear light agrees with IEC 61966-2-1 at its corners, and clamps", () => {
  expect([-1, 0, 0.0031308, 1, 2].map(srgbOfLinear)).toEqual([0, 0, expect.closeTo(0.04045, 5), 1, 1]);
});

test("quantised, strided and sparse positions are understood", () => {
  const draft = triangleDraft();
  const rows = new Int16Array([0, 0, 0, 9, 32767, 0, 0, 9, 0, 32767, 0, 9]);
  const bufferView = appendView(draft, new Uint8Array(rows.buffer), { byteStride: 8 });
  const places = appendView(draft, Uint8Array.of(2));
  const values = appendView(draft, new Uint8Array(new Int16Array([0, -32767, 0]).buffer));
  const sparse = { count: 1, indices: { bufferView: places, componentType: 5121 }, values: { bufferView: values } };
  const POSITION = appendAccessor(draft, { bufferView, componentType: 5122, normalized: true, count: 3, type: "VEC3", sparse });
  draft.document.meshes = [{ primitives: [{ attributes: { POSITION } }] }];
  draft.document.extensionsRequired = ["KHR_mesh_quantization", "KHR_materials_unlit"];
  expect([...readGlb(glb(draft), LIMITS).parts[0]!.positions]).toEqual([0, 0, 0, 1, 0, 0, 0, -1, 0]);
});

test("a buffer within the JSON is read without fetching anything", () => {
  const draft = triangleDraft();
  const uri = `data:application/octet-stream;base64,${btoa(String.fromCharCode(...draft.binary))}`;
  draft.document.buffers = [{ byteLength: draft.binary.length, uri }];
  draft.binary = new Uint8Array();
  expect(shape(draft).faces).toEqual([[0, 1, 2]]);
});

test("a file without scenes shows every node that hangs under none", () => {
  const draft = triangleDraft({ document: { scenes: [], nodes: [{ mesh: 0, name: "child" }, { children: [0], translation: [0, 2, 0] }, { mesh: 0, name: "root" }] } });
  expect(read(draft).parts.map(({ name, translation }) => [name, translation[1]])).toEqual([["child", 2.5], ["root", 0.5]]);
});

const BROKEN: [string, (draft: Draft) => void, RegExp][] = [
  ["Draco", (draft) => (draft.document.extensionsRequired = ["KHR_draco_mesh_compression"]), /compressed with Draco/],
  ["meshopt", (draft) => (draft.document.extensionsRequired = ["EXT_meshopt_compression"]), /compressed with meshopt/],
  ["another extension", (draft) => (draft.document.extensionsRequired = ["ACME_shapes"]), /needs ACME_shapes/],
  ["another file", (draft) => (draft.document.buffers = [{ byteLength: 36, uri: "boat.bin" }]), /in another file/],
  ["an address", (draft) => (draft.document.buffers = [{ byteLength: 36, uri: "https://example.com/a" }]), /in another file/],
  ["bad base64", (draft) => (draft.document.buffers = [{ byteLength: 36, uri: "data:;base64,%%%" }]), /broken/],
  ["glTF 1", (draft) => (draft.document.asset = { version: "1.0" }), /no glTF 2.0/],
  ["no asset", (draft) => delete draft.document.asset, /broken/],
  ["a node under itself", (draft) => (draft.document.nodes = [{ children: [0] }]), /broken/],
  ["a node under two", (draft) => {
    draft.document.nodes = [{ children: [2] }, { children: [2] }, { mesh: 0 }];
    draft.document.scenes = [{ nodes: [0, 1] }];
  }, /broken/],
  ["a view past the end", (draft) => (draft.document.bufferViews = [{ buffer: 0, byteLength: 4096 }]), /broken/],
  ["more rows than bytes", (draft) => (draft.document.accessors = [{ bufferView: 0, componentType: 5126, count: 4, type: "VEC3" }]), /broken/],
  ["rows from nowhere", (draft) => (draft.document.accessors = [{ componentType: 5126, count: 9e9, type: "VEC3" }]), /broken/],
  ["a count that is none", (draft) => (draft.document.accessors = [{ bufferView: 0, componentType: 5126, count: -1, type: "VEC3" }]), /broken/],
  ["rows that overlap", (draft) => (draft.document.bufferViews = [{ buffer: 0, byteLength: 36, byteStride: 4 }]), /broken/],
  ["numbers of no kind", (draft) => (draft.document.accessors = [{ bufferView: 0, componentType: 5127, count: 3, type: "VEC3" }]), /broken/],
  ["a mesh that isn't there", (draft) => (draft.document.nodes = [{ mesh: 7 }]), /broken/],
  ["a turn that is none", (draft) => (draft.document.nodes = [{ mesh: 0, rotation: [0, 0, "x", 1] }]), /broken/],
  ["a place that is nowhere", (draft) => (draft.document.nodes = [{ mesh: 0, scale: [1e300, 1, 1], children: [1] }, { mesh: 0, scale: [1e300, 1, 1] }]), /broken/],
  ["a place out of the world", (draft) => (draft.document.nodes = [{ mesh: 0, translation: [1e9, 0, 0] }]), /coordinates are too large/],
  ["too many faces", (draft) => (draft.document.meshes = [{ primitives: Array.from({ length: 5_001 }, () => ({ attributes: { POSITION: 0 } })) }]), /more than 5,000 faces/],
];

test.each(BROKEN)("refused in words: %s", (_, change, words) => {
  const draft = triangleDraft();
  change(draft);
  const error = refusal(() => read(draft));
  expect(error.message).toMatch(words);
  expect(error.advice).toMatch(/[.]$/);
});

test("a container that is cut short, of another version, or none at all, is refused in words", () => {
  const file = glb(triangleDraft());
  expect(refusal(() => readGlb(glb(triangleDraft(), { version: 1 }), LIMITS)).message).toBe("This GLB is of version 1");
  expect(refusal(() => readGlb(file.subarray(0, 60), LIMITS)).message).toBe("This GLB is broken");
  expect(refusal(() => readModel(new Uint8Array(99), "a.glb", LIMITS)).message).toBe("That is no GLB");
  expect(refusal(() => readModel(new Uint8Array(), "a.glb", LIMITS)).message).toBe("That file is empty");
  expect(refusal(() => readModel(new Uint8Array(LIMITS.fileBytes + 1), "a.glb", LIMITS)).message).toBe("That file has 2 MiB, and 1 MiB is the most");
});

test("triangles that each bring points they don't use are refused before those are read; shared points count once", () => {
  const pointCount = 3 * LIMITS.faces;
  const primitives = (shared: boolean): Draft => {
    const draft = triangleDraft();
    const view = appendView(draft, new Uint8Array(12 * pointCount));
    const indices = appendView(draft, new Uint8Array(Uint16Array.of(0, 1, 2).buffer));
    const accessor = (): number => appendAccessor(draft, { bufferView: view, componentType: 5126, count: pointCount, type: "VEC3" });
    const first = accessor();
    draft.document.meshes = [{
      primitives: Array.from({ length: 9 }, () => ({
        attributes: { POSITION: shared ? first : accessor() },
        indices: appendAccessor(draft, { bufferView: indices, componentType: 5123, count: 3, type: "SCALAR" }),
      })),
    }];
    return draft;
  };
  expect(refusal(() => read(primitives(false))).message).toBe("It has more than 5,000 faces");
  expect(refusal(() => read(primitives(true))).message).toBe("There are no faces in it");
});

test("NaN in the positions is refused, not passed on", () => {
  expect(refusal(() => read(triangleDraft({ positions: [0, 0, 0, 1, NaN, 0, 0, 1, 0] }))).message).toBe("Its coordinates are too large");
});

test("whatever byte is changed, a file is read or refused in words", () => {
  const whole = glb(tetrahedron({ rotation: [0, 0, 0, 1] }));
  let [readable, refused] = [0, 0];
  for (let seed = 1; seed <= 3_000; seed++) {
    const random = seeded(seed);
    const file = whole.slice(0, random() < 0.1 ? Math.floor(random() * whole.length) : whole.length);
    // A digit for a digit keeps the description readable, so that what it says is reached.
    const digits = [...file.keys()].filter((at) => file[at]! >= 48 && file[at]! <= 57);
    const [places, values] = random() < 0.6 ? [digits, () => 48 + random() * 10] as const : [[...file.keys()], () => random() * 256] as const;
    for (let count = 1 + random() * 3; count > 0 && places.length > 0; count--) file[places[Math.floor(random() * places.length)]!] = values();
    try {
      readModel(file, "x.glb", LIMITS);
      readable++;
    } catch (error) {
      if (!(error instanceof ImportError)) throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
      refused++;
    }
  }
  expect(readable).toBeGreaterThan(30);
  expect(refused).toBeGreaterThan(100);
});
