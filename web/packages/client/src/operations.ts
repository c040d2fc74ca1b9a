/** What `perform` takes, as the payloads that travel. Refuses early what no document could accept; the room decides. */

import {
  COORDINATE_METRES_MAX,
  encodePart,
  ENTITY_NAME_CHARACTERS_MAX,
  fromHex,
  type GestureName,
  MOVED_VERTICES_MAX,
  OPERATIONS,
  PRIMITIVE_METRES_MAX,
  PRIMITIVE_METRES_MIN,
  type Quaternion,
  SCALE_FACTOR_MAX,
  SCALE_FACTOR_MIN,
  type Vector3,
} from "@theta/wire";
import { InvalidOperationError } from "./errors";
import { characterCount, isPrintable } from "./text";
import type { Operation } from "./types";

/** A command's content, before it has a name. */
export interface EncodedOperation {
  readonly typeId: bigint;
  readonly version: number;
  /** MessagePack. */
  readonly payload: Uint8Array;
  /** It makes an entity, whose id follows from the command's name. */
  readonly creates: boolean;
}

const NO_ROTATION: Quaternion = [0, 0, 0, 1];
const NO_SCALE: Vector3 = [1, 1, 1];

/** Throws `InvalidOperationError`. */
export function encodeOperation(operation: Operation): EncodedOperation {
  switch (operation.type) {
    case "create_primitive": {
      const { rotation = NO_ROTATION, scale = NO_SCALE, size, name, translation } = operation;
      within("size", [size], PRIMITIVE_METRES_MIN, PRIMITIVE_METRES_MAX);
      checkName(name);
      checkPlacement(translation, rotation, scale);
      return encoded("create_primitive", { ...operation, rotation, scale }, true);
    }
    case "import_mesh": {
      const { rotation = NO_ROTATION, scale = NO_SCALE, asset, name, translation, colour } = operation;
      if (!/^[0-9a-f]{64}$/.test(asset)) throw new InvalidOperationError("asset", "a name of 64 hexadecimal digits");
      checkName(name);
      checkPlacement(translation, rotation, scale);
      within("colour", colour, 0, 1);
      return encoded("import_mesh", { ...operation, asset: fromHex(asset), rotation, scale }, true);
    }
    case "transform":
      checkPlacement(operation.translation, operation.rotation, operation.scale);
      return encoded("transform", { ...operation, entity: idBytes("entity", operation.entity) });
    case "move_vertices":
      return encodeMove(operation);
    case "extrude_face":
      within("distance", [operation.distance], -PRIMITIVE_METRES_MAX, PRIMITIVE_METRES_MAX);
      if (operation.distance === 0) throw new InvalidOperationError("distance", "other than 0");
      return encoded("extrude_face", {
        entity: idBytes("entity", operation.entity),
        face: idBytes("face", operation.face),
        distance: operation.distance,
      });
    case "paint":
      within("colour", operation.colour, 0, 1);
      return encoded("paint", { entity: idBytes("entity", operation.entity), colour: operation.colour });
    case "rename":
      checkName(operation.name);
      return encoded("rename", { entity: idBytes("entity", operation.entity), name: operation.name });
    case "delete":
      return encoded("delete", { entity: idBytes("entity", operation.entity) });
  }
}

/** Undo (`on` false) or redo. */
export function encodeSetEffective(gestures: readonly GestureName[], on: boolean): EncodedOperation {
  return encoded("set_effective", { gestures, on });
}

type Types = typeof OPERATIONS;
type PayloadOf<Name extends keyof Types> = Parameters<Types[Name]["payload"]["write"]>[1];

function encoded<Name extends keyof Types>(name: Name, payload: PayloadOf<Name>, creates = false): EncodedOperation {
  const { typeId, version, payload: codec } = OPERATIONS[name];
  return { typeId, version, payload: encodePart(codec as never, payload as never), creates };
}

function encodeMove(operation: Extract<Operation, { type: "move_vertices" }>): EncodedOperation {
  const { vertices, targets, deltas } = operation;
  if (vertices.length < 1 || vertices.length > MOVED_VERTICES_MAX || new Set(vertices).size !== vertices.length) {
    throw new InvalidOperationError("vertices", `1 to ${MOVED_VERTICES_MAX} distinct ids`);
  }
  for (const [field, points] of Object.entries({ targets, deltas })) {
    if (points.length !== 3 * vertices.length) throw new InvalidOperationError(field, "3 numbers for each vertex");
    within(field, points, -COORDINATE_METRES_MAX, COORDINATE_METRES_MAX);
  }
  vertices.forEach((id) => idBytes("vertices", id));
  return encoded("move_vertices", {
    entity: idBytes("entity", operation.entity),
    vertices: fromHex(vertices.join("")),
    targets: bytesOf(targets),
    deltas: bytesOf(deltas),
  });
}

function bytesOf(values: Float64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function idBytes(field: string, id: string): Uint8Array {
  if (!/^[0-9a-f]{32}$/.test(id)) throw new InvalidOperationError(field, "an id of 32 hexadecimal digits");
  return fromHex(id);
}

function checkName(name: string): void {
  const count = characterCount(name);
  if (count < 1 || count > ENTITY_NAME_CHARACTERS_MAX || !isPrintable(name)) {
    throw new InvalidOperationError("name", `1 to ${ENTITY_NAME_CHARACTERS_MAX} printable characters`);
  }
}

function checkPlacement(translation: Vector3, rotation: Quaternion, scale: Vector3): void {
  within("translation", translation, -COORDINATE_METRES_MAX, COORDINATE_METRES_MAX);
  const lengthSquared = rotation.reduce((sum, value) => sum + value * value, 0);
  if (!(lengthSquared >= 0.999 && lengthSquared <= 1.001)) {
    throw new InvalidOperationError("rotation", "a unit quaternion (x, y, z, w)");
  }
  within("scale", scale, SCALE_FACTOR_MIN, SCALE_FACTOR_MAX);
}

function within(field: string, values: Iterable<number>, low: number, high: number): void {
  for (const value of values) {
    // Written so that NaN fails too.
    if (!(value >= low && value <= high)) throw new InvalidOperationError(field, `between ${low} and ${high}`);
  }
}
