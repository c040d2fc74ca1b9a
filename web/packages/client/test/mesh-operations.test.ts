import { type Codec, decodePart, fromHex, OPERATIONS, toHex } from "@theta/wire";
import { describe, expect, it } from "vitest";
import { InvalidOperationError } from "../src/errors";
import { MESH_OPERATIONS } from "../src/mesh-operations";
import { encodeOperation } from "../src/operations";
import { SHAPE_PARAMETERS, type PrimitiveKind } from "../src/shapes";
import type { MeshOperation, MeshOperationName } from "../src/mesh-operation-types";
import type { Operation, SurfaceValues } from "../src/types";

const entity = "ab".repeat(16);
const [A, B, C] = ["01", "02", "03"].map((byte) => byte.repeat(16)) as [string, string, string];
const AT = [1, -2, 0.5] as const;
const NUMBERS = Float64Array.of(0, 1, 2, 3, 4, 5);

/** One of each, with what travels beside the entity. */
const EACH: { readonly [Name in MeshOperationName]: readonly [Extract<MeshOperation, { type: Name }>, object] } = {
  create_vertex: [{ type: "create_vertex", entity, point: AT }, { point: AT }],
  move_vertices: [
    { type: "move_vertices", entity, vertices: [A, B], targets: NUMBERS, deltas: NUMBERS },
    { vertices: A + B, targets: toHex(new Uint8Array(NUMBERS.buffer)), deltas: toHex(new Uint8Array(NUMBERS.buffer)) },
  ],
  dissolve_vertex: [{ type: "dissolve_vertex", entity, vertex: A }, { vertex: A }],
  weld: [{ type: "weld", entity, vertices: [A, B], point: AT }, { vertices: A + B, point: AT }],
  weld_by_distance: [{ type: "weld_by_distance", entity, vertices: [], distance: 0.1 }, { vertices: "", distance: 0.1 }],
  split_edge: [{ type: "split_edge", entity, edge: A, t: 0.25 }, { edge: A, t: 0.25 }],
  dissolve_edge: [{ type: "dissolve_edge", entity, edge: A }, { edge: A }],
  flip_edge: [{ type: "flip_edge", entity, edge: A }, { edge: A }],
  collapse_edge: [{ type: "collapse_edge", entity, edge: A, t: 1 }, { edge: A, t: 1 }],
  bevel_edge: [{ type: "bevel_edge", entity, edge: A, width: 0.1 }, { edge: A, width: 0.1 }],
  loop_cut: [{ type: "loop_cut", entity, edge: A, t: 0.5 }, { edge: A, t: 0.5 }],
  extrude_edges: [{ type: "extrude_edges", entity, edges: [A, B], offset: AT }, { edges: A + B, offset: AT }],
  fill_hole: [{ type: "fill_hole", entity, edge: A }, { edge: A }],
  bridge: [{ type: "bridge", entity, edge: A, other: B, shift: 3 }, { edge: A, other: B, shift: 3 }],
  set_crease: [{ type: "set_crease", entity, edges: [A], sharpness: 2 }, { edges: A, sharpness: 2 }],
  add_face: [{ type: "add_face", entity, vertices: [A, B, C] }, { vertices: A + B + C }],
  split_face: [{ type: "split_face", entity, face: A, start: B, end: C }, { face: A, start: B, end: C }],
  poke: [{ type: "poke", entity, face: A }, { face: A }],
  triangulate_faces: [{ type: "triangulate_faces", entity, faces: [A, B] }, { faces: A + B }],
  extrude_face: [{ type: "extrude_face", entity, face: A, distance: -1 }, { face: A, distance: -1 }],
  inset_face: [{ type: "inset_face", entity, face: A, distance: 0.1, depth: 0 }, { face: A, distance: 0.1, depth: 0 }],
  extrude_region: [{ type: "extrude_region", entity, faces: [A, B], offset: AT }, { faces: A + B, offset: AT }],
  flip_normals: [{ type: "flip_normals", entity, faces: [A] }, { faces: A }],
  paint_faces: [{ type: "paint_faces", entity, faces: [A], colour: [1, 0, 0.5] }, { faces: A, colour: [1, 0, 0.5] }],
  delete_elements: [{ type: "delete_elements", entity, vertices: [], edges: [A], faces: [B] }, { vertices: "", edges: A, faces: B }],
  set_attribute: [
    { type: "set_attribute", entity, domain: "corner", attribute: "uv", kind: "u1", width: 2, elements: [A, B, A, C], values: Uint8Array.of(1, 2, 3, 4) },
    { domain: "corner", attribute: "uv", kind: "u1", width: 2, elements: A + B + A + C, values: "01020304" },
  ],
  subdivide: [{ type: "subdivide", entity, scheme: "loop" }, { scheme: "loop" }],
  mirror: [{ type: "mirror", entity, axis: "z", offset: 1, weldDistance: 0.01 }, { axis: "z", offset: 1, weldDistance: 0.01 }],
  compact_mesh: [{ type: "compact_mesh", entity }, {}],
};

/** What an operation's payload holds, by the codec of the command type that it names. */
function sent(operation: Operation): { name: string; version: number; fields: Record<string, unknown> } {
  const { typeId, version, payload } = encodeOperation(operation);
  const type = Object.values(OPERATIONS).find((one) => one.typeId === typeId && one.version === version)!;
  const fields = decodePart(type.payload as Codec<object>, payload, type.name) as Record<string, unknown>;
  return { name: type.name, version, fields };
}

function plain(fields: object): object {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value instanceof Uint8Array ? toHex(value) : (value as unknown)]));
}

describe("operations on a mesh", () => {
  it("are all here", () => {
    expect(Object.keys(EACH).sort()).toEqual([...MESH_OPERATIONS].sort());
  });

  it.each(MESH_OPERATIONS)("%s: travels with its fields, as its latest version", (name) => {
    const [operation, fields] = EACH[name];
    const was = sent(operation);
    expect(was.name).toBe(`theta.${name}`);
    expect(was.version).toBe({ move_vertices: 2, extrude_face: 3 }[name as string] ?? 1);
    expect(plain(was.fields)).toEqual({ entity, ...fields });
    expect(encodeOperation(operation).creates).toBe(false);
  });

  it.each<[string, MeshOperation]>([
    ["t", { type: "split_edge", entity, edge: A, t: 0 }],
    ["t", { type: "loop_cut", entity, edge: A, t: 1 }],
    ["t", { type: "collapse_edge", entity, edge: A, t: 1.1 }],
    ["edge", { type: "dissolve_edge", entity, edge: "no id" }],
    ["entity", { type: "dissolve_edge", entity: "no id", edge: A }],
    ["width", { type: "bevel_edge", entity, edge: A, width: 0 }],
    ["distance", { type: "extrude_face", entity, face: A, distance: 0 }],
    ["distance", { type: "inset_face", entity, face: A, distance: NaN, depth: 0 }],
    ["offset", { type: "extrude_region", entity, faces: [A], offset: [0, Infinity, 0] }],
    ["faces", { type: "triangulate_faces", entity, faces: [] }],
    ["faces", { type: "triangulate_faces", entity, faces: [A, A] }],
    ["vertices", { type: "weld", entity, vertices: [A], point: AT }],
    ["vertices", { type: "add_face", entity, vertices: [A, B] }],
    ["targets", { type: "move_vertices", entity, vertices: [A], targets: NUMBERS, deltas: NUMBERS }],
    ["elements", { type: "delete_elements", entity, vertices: [], edges: [], faces: [] }],
    ["colour", { type: "paint_faces", entity, faces: [A], colour: [2, 0, 0] }],
    ["sharpness", { type: "set_crease", entity, edges: [A], sharpness: 11 }],
    ["shift", { type: "bridge", entity, edge: A, other: B, shift: 0.5 }],
    ["scheme", { type: "subdivide", entity, scheme: "round" as "loop" }],
    ["axis", { type: "mirror", entity, axis: "w" as "x", offset: 0, weldDistance: 0 }],
    ["attribute", { type: "set_attribute", entity, domain: "face", attribute: "UV", kind: "u1", width: 1, elements: [A], values: Uint8Array.of(1) }],
  ])("%s is checked before anything is sent: %o", (field, operation) => {
    expect(() => encodeOperation(operation)).toThrow(InvalidOperationError);
    expect(() => encodeOperation(operation)).toThrow(new RegExp(`^${field} must be`, "u"));
  });
});

describe("shapes", () => {
  const creation = (kind: PrimitiveKind, more: object = {}): Operation => ({ type: "create_primitive", kind, size: 1, name: "It", translation: [0, 0, 0], ...more });

  it("without parameters are as they have been from the first, others have theirs filled in", () => {
    expect(sent(creation("cube"))).toMatchObject({ version: 1, fields: { kind: "cube" } });
    expect(sent(creation("sphere", { segments: 8 }))).toMatchObject({ version: 2, fields: { segments: 8, rings: 16, levels: 0, tube: 0 } });
    expect(sent(creation("torus"))).toMatchObject({ version: 2, fields: { segments: 48, rings: 12, levels: 0, tube: 0.25 } });
    expect(sent(creation("icosphere"))).toMatchObject({ version: 2, fields: { segments: 0, rings: 0, levels: 2, tube: 0 } });
    for (const kind of Object.keys(SHAPE_PARAMETERS) as PrimitiveKind[]) expect(encodeOperation(creation(kind)).creates).toBe(true);
  });

  it.each([
    ["kind", creation("egg" as PrimitiveKind)],
    ["segments", creation("cone", { segments: 2 })],
    ["segments", creation("cube", { segments: 8 })],
    ["levels", creation("icosphere", { levels: 7 })],
    ["tube", creation("torus", { tube: 1 })],
    ["size", creation("grid", { size: 0 })],
  ])("%s out of its limits is refused", (field, operation) => {
    expect(() => encodeOperation(operation)).toThrow(new RegExp(`^${field} must be`, "u"));
  });
});

describe("a surface", () => {
  const surface: SurfaceValues = { metallic: 1, roughness: 0.5, emissive: [0, 0, 1], opacity: 0.4, alphaMode: "blend", alphaCutoff: 0.5, doubleSided: false };

  it("travels whole, and within its limits only", () => {
    expect(sent({ type: "set_surface", entity, surface })).toMatchObject({ name: "theta.set_surface", fields: { entity: fromHex(entity), surface } });
    const part: Operation = { type: "import_mesh", asset: "cd".repeat(32), name: "Part", translation: [0, 0, 0], colour: [1, 1, 1] };
    expect(sent(part)).toMatchObject({ name: "theta.import_mesh", version: 1 });
    expect(sent({ ...part, surface })).toMatchObject({ name: "theta.import_mesh", version: 2, fields: { surface } });
    expect(() => encodeOperation({ type: "set_surface", entity, surface: { ...surface, opacity: 2 } })).toThrow("opacity must be");
    expect(() => encodeOperation({ type: "set_surface", entity, surface: { ...surface, emissive: [-1, 0, 0] } })).toThrow("emissive must be");
  });
});
