/** What `perform` takes, as the payloads that travel. Refuses early what no document could accept; the room decides. */

import {
  encodePart,
  fromHex,
  type GestureName,
  OPERATIONS,
  PRIMITIVE_METRES_MAX,
  PRIMITIVE_METRES_MIN,
  type Quaternion,
  type Vector3,
} from "@theta/wire";
import { InvalidOperationError } from "./errors";
import { checkName, checkPlacement, idBytes, within } from "./field-checks";
import { encodeMeshOperation, isMeshOperation } from "./mesh-operations";
import { parametersOf, SHAPE_PARAMETERS, type ShapeParameterName } from "./shapes";
import type { Operation, SurfaceValues } from "./types";

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
  if (isMeshOperation(operation)) return { ...encodeMeshOperation(operation), creates: false };
  switch (operation.type) {
    case "create_primitive":
      return encodeCreation(operation);
    case "import_mesh": {
      const { rotation = NO_ROTATION, scale = NO_SCALE, asset, name, translation, colour } = operation;
      if (!/^[0-9a-f]{64}$/.test(asset)) throw new InvalidOperationError("asset", "a name of 64 hexadecimal digits");
      checkName(name);
      checkPlacement(translation, rotation, scale);
      within("colour", colour, 0, 1);
      const common = { name, translation, colour, asset: fromHex(asset), rotation, scale };
      if (!operation.surface) return encoded("import_mesh", common, true);
      checkSurface(operation.surface);
      return encoded("import_mesh_v2", { ...common, surface: operation.surface }, true);
    }
    case "transform":
      checkPlacement(operation.translation, operation.rotation, operation.scale);
      return encoded("transform", { ...operation, entity: idBytes("entity", operation.entity) });
    case "paint":
      within("colour", operation.colour, 0, 1);
      return encoded("paint", { entity: idBytes("entity", operation.entity), colour: operation.colour });
    case "set_surface":
      checkSurface(operation.surface);
      return encoded("set_surface", { entity: idBytes("entity", operation.entity), surface: operation.surface });
    case "rename":
      checkName(operation.name);
      return encoded("rename", { entity: idBytes("entity", operation.entity), name: operation.name });
    case "delete":
      return encoded("delete", { entity: idBytes("entity", operation.entity) });
  }
}

/** Undo (`on` false) or redo of one's own gestures; with those of others in `cascade`. */
export function encodeSetEffective(
  gestures: readonly GestureName[],
  on: boolean,
  cascade: readonly GestureName[] = [],
): EncodedOperation {
  return encoded("set_effective_v2", { gestures, on, cascade });
}

type Types = typeof OPERATIONS;
type PayloadOf<Name extends keyof Types> = Parameters<Types[Name]["payload"]["write"]>[1];

/** A payload of a command's type. */
export function encoded<Name extends keyof Types>(name: Name, payload: PayloadOf<Name>, creates = false): EncodedOperation {
  const { typeId, version, payload: codec } = OPERATIONS[name];
  return { typeId, version, payload: encodePart(codec as never, payload as never), creates };
}

function encodeCreation(operation: Extract<Operation, { type: "create_primitive" }>): EncodedOperation {
  const { kind, rotation = NO_ROTATION, scale = NO_SCALE, size, name, translation } = operation;
  within("size", [size], PRIMITIVE_METRES_MIN, PRIMITIVE_METRES_MAX);
  checkName(name);
  checkPlacement(translation, rotation, scale);
  const common = { kind, size, name, translation, rotation, scale };
  if (!Object.hasOwn(SHAPE_PARAMETERS, kind)) {
    throw new InvalidOperationError("kind", `one of ${Object.keys(SHAPE_PARAMETERS).join(", ")}`);
  }
  const takes = parametersOf(kind);
  const value = (parameter: ShapeParameterName): number => {
    const limits = takes[parameter];
    const given = operation[parameter];
    if (limits === undefined) {
      if (given === undefined) return 0;
      throw new InvalidOperationError(parameter, `left out, since a ${kind} has none`);
    }
    const wanted = given ?? limits.default;
    within(parameter, [wanted], limits.low, limits.high);
    return wanted;
  };
  const parameters = { segments: value("segments"), rings: value("rings"), levels: value("levels"), tube: value("tube") };
  // Shapes without parameters are as they have been from the first.
  if (Object.keys(takes).length === 0) return encoded("create_primitive", common, true);
  return encoded("create_primitive_v2", { ...common, ...parameters }, true);
}

function checkSurface(surface: SurfaceValues): void {
  for (const field of ["metallic", "roughness", "opacity", "alphaCutoff"] as const) within(field, [surface[field]], 0, 1);
  within("emissive", surface.emissive, 0, 1);
}
