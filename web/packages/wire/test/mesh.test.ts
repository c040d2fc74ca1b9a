import { describe, expect, it } from "vitest";
import { concat, encodeMesh, fromHex, parseMesh, parseSurface, SURFACE_BYTES, u32Bytes, WireError } from "@theta/wire";
import { document } from "./vectors";

const CUBE = fromHex(document.cube_mesh.bytes);

interface Given {
  readonly domain: number;
  readonly type: number;
  readonly width: number;
  readonly name: string;
  readonly values: ArrayBufferView<ArrayBuffer>;
}

const FACE_COLOUR: Given = { domain: 2, type: 0, width: 3, name: "colour", values: Float64Array.from({ length: 18 }, (_, at) => at / 18) };
const FACE_PAINTED: Given = { domain: 2, type: 2, width: 1, name: "painted", values: Uint8Array.of(0, 1, 0, 0, 0, 1) };
const VERTEX_TAG: Given = { domain: 0, type: 1, width: 1, name: "tag", values: Int32Array.from([-1, 2, 3, 4, 5, 6, 7, 8]) };
const CORNER_UV: Given = { domain: 3, type: 0, width: 2, name: "uv", values: new Float64Array(48).fill(0.5) };

/** The cube with attributes, as MESH-18 writes it. */
function withAttributes(...given: readonly Given[]): Uint8Array<ArrayBuffer> {
  const body = CUBE.slice();
  body.set([0x54, 0x4d, 0x43, 0x32]);
  return concat(body, u32Bytes(given.length), ...given.map(encoded));
}

function encoded({ domain, type, width, name, values }: Given): Uint8Array<ArrayBuffer> {
  const rows = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return concat(Uint8Array.of(domain, type, width, name.length), new TextEncoder().encode(name), rows);
}

describe("a mesh with attributes", () => {
  it("MESH-18: has them by domain and name, wherever its bytes lie in a frame", () => {
    const data = withAttributes(VERTEX_TAG, FACE_COLOUR, FACE_PAINTED, CORNER_UV);
    const mesh = parseMesh(concat(Uint8Array.of(7, 7, 7), data).subarray(3));
    expect(mesh.attributes.map(({ domain, name, width }) => `${domain} ${name} ${width}`)).toEqual([
      "vertex tag 1",
      "face colour 3",
      "face painted 1",
      "corner uv 2",
    ]);
    expect(mesh.attributes[0]?.values).toEqual(VERTEX_TAG.values);
    expect(mesh.attributes[1]?.values).toEqual(FACE_COLOUR.values);
    expect(mesh.attributes[2]?.values).toEqual(FACE_PAINTED.values);
    expect(mesh.faceIds).toEqual(parseMesh(CUBE).faceIds);
  });

  it("without any has none", () => {
    expect(parseMesh(CUBE).attributes).toEqual([]);
  });

  it("MESH-18: has the very same bytes when it is written again", () => {
    for (const data of [CUBE, withAttributes(VERTEX_TAG, FACE_COLOUR, FACE_PAINTED, CORNER_UV)]) {
      expect(encodeMesh(parseMesh(data))).toEqual(data);
    }
  });

  it("is refused when it is cut short anywhere, or goes on after its end", () => {
    const data = withAttributes(FACE_COLOUR, FACE_PAINTED);
    for (let length = 0; length < data.length; length += 1) expect(() => parseMesh(data.subarray(0, length))).toThrow(WireError);
    expect(() => parseMesh(concat(data, Uint8Array.of(0)))).toThrow("1 bytes after its attributes");
    const counted = data.slice();
    counted.set(u32Bytes(0xffff_ffff), CUBE.length);
    expect(() => parseMesh(counted)).toThrow(WireError);
  });

  it.each([
    ["an unknown domain", { ...FACE_PAINTED, domain: 4 }],
    ["an unknown type", { ...FACE_PAINTED, type: 3 }],
    ["no width", { ...FACE_PAINTED, width: 0 }],
    ["too wide a row", { ...FACE_PAINTED, width: 5, values: new Uint8Array(30) }],
    ["no name", { ...FACE_PAINTED, name: "" }],
    ["a name with other letters", { ...FACE_PAINTED, name: "Painted" }],
  ])("is refused for %s", (_, given) => {
    expect(() => parseMesh(withAttributes(given))).toThrow(WireError);
  });

  it("is refused when it has one twice", () => {
    expect(() => parseMesh(withAttributes(FACE_PAINTED, FACE_PAINTED))).toThrow("an attribute twice");
  });
});

describe("a surface", () => {
  it("DOC-1: reads its 42 bytes", () => {
    const data = new Uint8Array(SURFACE_BYTES);
    data.set(new Uint8Array(Float64Array.of(0.1, 0.2, 0.3, 0.5, 0.25).buffer));
    data.set([2, 1], 40);
    expect(parseSurface(data)).toEqual({ emissive: [0.1, 0.2, 0.3], opacity: 0.5, alphaCutoff: 0.25, alphaMode: "blend", doubleSided: false });
    data[40] = 3;
    expect(() => parseSurface(data)).toThrow("no alpha mode 3");
    expect(() => parseSurface(data.subarray(1))).toThrow(WireError);
  });
});
