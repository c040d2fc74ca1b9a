/** Operations on a mesh as payloads: each field is checked, and written as it travels. */

import {
  ATTRIBUTE_WIDTH_MAX,
  COMMAND_ELEMENTS_MAX,
  COORDINATE_METRES_MAX,
  CREASE_MAX,
  encodePart,
  MESH_FACE_CORNERS_MAX,
  MOVED_VERTICES_MAX,
  OPERATIONS,
  PRIMITIVE_METRES_MAX,
  type Vector3,
} from "@theta/wire";
import { InvalidOperationError } from "./errors";
import { bytesOf, idBytes, idsBytes, within } from "./field-checks";
import type { MeshOperation, MeshOperationFields, MeshOperationName } from "./mesh-operation-types";

/** A field's value as it travels. Throws `InvalidOperationError`. */
type Write<Given, Sent> = (field: string, value: Given) => Sent;

type Types = typeof OPERATIONS;
/** Which command type carries an operation; of two versions the later. */
type WireName<Name extends MeshOperationName> = `${Name}_v3` extends keyof Types
  ? `${Name}_v3`
  : `${Name}_v2` extends keyof Types
    ? `${Name}_v2`
    : Name;
type Payload<Name extends MeshOperationName> = WireName<Name> extends keyof Types
  ? Parameters<Types[WireName<Name>]["payload"]["write"]>[1]
  : never;

interface Way<Name extends MeshOperationName> {
  readonly wire: WireName<Name>;
  readonly fields: {
    readonly [Field in keyof MeshOperationFields[Name]]: Write<
      MeshOperationFields[Name][Field],
      Field extends keyof Payload<Name> ? Payload<Name>[Field] : never
    >;
  };
}

const some = (min = 1, max = COMMAND_ELEMENTS_MAX): Write<readonly string[], Uint8Array> => (field, ids) =>
  idsBytes(field, ids, min, max);
const number = (low: number, high: number): Write<number, number> => (field, value) => {
  within(field, [value], low, high);
  return value;
};
const vector = (low: number, high: number): Write<Vector3, Vector3> => (field, value) => {
  within(field, value, low, high);
  return value;
};
const inside: Write<number, number> = (field, value) => {
  if (!(value > 0 && value < 1)) throw new InvalidOperationError(field, "more than 0 and less than 1");
  return value;
};
const other = (write: Write<number, number>): Write<number, number> => (field, value) => {
  if (value === 0) throw new InvalidOperationError(field, "other than 0");
  return write(field, value);
};
const oneOf = <const Choice extends string>(...choices: readonly Choice[]): Write<Choice, Choice> => (field, value) => {
  if (!choices.includes(value)) throw new InvalidOperationError(field, `one of ${choices.join(", ")}`);
  return value;
};
const points: Write<Float64Array, Uint8Array> = (field, value) => {
  within(field, value, -COORDINATE_METRES_MAX, COORDINATE_METRES_MAX);
  return bytesOf(value);
};
const count: Write<number, number> = (field, value) => {
  if (!Number.isInteger(value) || value < 0) throw new InvalidOperationError(field, "a whole number from 0 on");
  return value;
};
const distance = number(-PRIMITIVE_METRES_MAX, PRIMITIVE_METRES_MAX);
const point = vector(-COORDINATE_METRES_MAX, COORDINATE_METRES_MAX);
const closeness = number(0, COORDINATE_METRES_MAX);

const ATTRIBUTE_NAME = /^[a-z0-9_-]{1,32}$/;

const WAYS: { readonly [Name in MeshOperationName]: Way<Name> } = {
  create_vertex: { wire: "create_vertex", fields: { point } },
  move_vertices: { wire: "move_vertices_v2", fields: { vertices: some(1, MOVED_VERTICES_MAX), targets: points, deltas: points } },
  dissolve_vertex: { wire: "dissolve_vertex", fields: { vertex: idBytes } },
  weld: { wire: "weld", fields: { vertices: some(2), point } },
  weld_by_distance: { wire: "weld_by_distance", fields: { vertices: some(0), distance: closeness } },
  split_edge: { wire: "split_edge", fields: { edge: idBytes, t: inside } },
  dissolve_edge: { wire: "dissolve_edge", fields: { edge: idBytes } },
  flip_edge: { wire: "flip_edge", fields: { edge: idBytes } },
  collapse_edge: { wire: "collapse_edge", fields: { edge: idBytes, t: number(0, 1) } },
  bevel_edge: { wire: "bevel_edge", fields: { edge: idBytes, width: other(number(0, PRIMITIVE_METRES_MAX)) } },
  loop_cut: { wire: "loop_cut", fields: { edge: idBytes, t: inside } },
  extrude_edges: { wire: "extrude_edges", fields: { edges: some(), offset: point } },
  fill_hole: { wire: "fill_hole", fields: { edge: idBytes } },
  bridge: { wire: "bridge", fields: { edge: idBytes, other: idBytes, shift: count } },
  set_crease: { wire: "set_crease", fields: { edges: some(), sharpness: number(0, CREASE_MAX) } },
  add_face: { wire: "add_face", fields: { vertices: some(3, MESH_FACE_CORNERS_MAX) } },
  split_face: { wire: "split_face", fields: { face: idBytes, start: idBytes, end: idBytes } },
  poke: { wire: "poke", fields: { face: idBytes } },
  triangulate_faces: { wire: "triangulate_faces", fields: { faces: some() } },
  extrude_face: { wire: "extrude_face_v3", fields: { face: idBytes, distance: other(distance) } },
  inset_face: { wire: "inset_face", fields: { face: idBytes, distance, depth: distance } },
  extrude_region: { wire: "extrude_region", fields: { faces: some(), offset: point } },
  flip_normals: { wire: "flip_normals", fields: { faces: some() } },
  paint_faces: { wire: "paint_faces", fields: { faces: some(), colour: vector(0, 1) } },
  delete_elements: { wire: "delete_elements", fields: { vertices: some(0), edges: some(0), faces: some(0) } },
  set_attribute: {
    wire: "set_attribute",
    fields: {
      domain: oneOf("vertex", "edge", "face", "corner"),
      attribute: (field, name) => {
        if (!ATTRIBUTE_NAME.test(name)) throw new InvalidOperationError(field, "1 to 32 of a-z, 0-9, _ and -");
        return name;
      },
      kind: oneOf("f8", "i4", "u1"),
      width: number(1, ATTRIBUTE_WIDTH_MAX),
      elements: (field, ids) => idsBytes(field, ids, 1, COMMAND_ELEMENTS_MAX, true),
      values: (_, values) => bytesOf(values),
    },
  },
  subdivide: { wire: "subdivide", fields: { scheme: oneOf("linear", "catmull-clark", "loop") } },
  mirror: { wire: "mirror", fields: { axis: oneOf("x", "y", "z"), offset: number(-COORDINATE_METRES_MAX, COORDINATE_METRES_MAX), weldDistance: closeness } },
  compact_mesh: { wire: "compact_mesh", fields: {} },
};

/** Every operation on a mesh, by name. */
export const MESH_OPERATIONS = Object.keys(WAYS) as readonly MeshOperationName[];

export function isMeshOperation(operation: { readonly type: string }): operation is MeshOperation {
  return Object.hasOwn(WAYS, operation.type);
}

/** The command type and the payload of an operation on a mesh. Throws `InvalidOperationError`. */
export function encodeMeshOperation(operation: MeshOperation): { typeId: bigint; version: number; payload: Uint8Array } {
  const { wire, fields } = WAYS[operation.type];
  checkTogether(operation);
  const payload: Record<string, unknown> = { entity: idBytes("entity", operation.entity) };
  for (const [field, write] of Object.entries(fields as Record<string, Write<unknown, unknown>>)) {
    payload[field] = write(field, (operation as unknown as Record<string, unknown>)[field]);
  }
  const { typeId, version, payload: codec } = OPERATIONS[wire];
  return { typeId, version, payload: encodePart(codec as never, payload as never) };
}

/** What one field alone does not show. */
function checkTogether(operation: MeshOperation): void {
  if (operation.type === "move_vertices") {
    for (const field of ["targets", "deltas"] as const) {
      if (operation[field].length === 3 * operation.vertices.length) continue;
      throw new InvalidOperationError(field, "3 numbers for each vertex");
    }
  }
  if (operation.type === "delete_elements") {
    const all = operation.vertices.length + operation.edges.length + operation.faces.length;
    if (all < 1 || all > COMMAND_ELEMENTS_MAX) {
      throw new InvalidOperationError("elements", `1 to ${COMMAND_ELEMENTS_MAX} of all kinds together`);
    }
  }
}
