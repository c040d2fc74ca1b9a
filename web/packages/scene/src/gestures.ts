import type { DocumentEntity, ElementId, EntityId, Operation, PrimitiveKind, Transform, Vector3 as Triple } from "@theta/client";
import { Matrix4, Quaternion, Vector3 } from "three";
import { elementAt, elementIndex, faceNormal, vertexPosition, verticesOf } from "./geometry/measure";

/** Shorter than this, a drag is a click that slipped. */
export const GESTURE_METRES_MIN = 1e-4;
const GESTURE_RADIANS_MIN = 1e-3;
const UNTURNED = new Quaternion();

export const IDENTITY: Transform = { translation: [0, 0, 0], rotation: [0, 0, 0, 1], scale: [1, 1, 1] };

/** An entity's placement as a matrix. */
export function matrixOf(transform: Transform | null, target = new Matrix4()): Matrix4 {
  const { translation, rotation, scale } = transform ?? IDENTITY;
  return target.compose(new Vector3(...translation), new Quaternion(...rotation), new Vector3(...scale));
}

/** A drag in the world as seen in the mesh's own space. */
export function toMeshSpace(transform: Transform | null, worldDelta: Vector3): Vector3 {
  const linear = matrixOf(transform).setPosition(0, 0, 0);
  return worldDelta.clone().applyMatrix4(linear.invert());
}

/**
 * Where a face's pull leads in the world: its direction, and how many metres there one metre in the mesh's space makes.
 */
export function extrudeDirection(entity: DocumentEntity, face: number): { direction: Vector3; metres: number } {
  if (!entity.mesh) return { direction: new Vector3(0, 1, 0), metres: 1 };
  const direction = faceNormal(entity.mesh, face).applyMatrix4(matrixOf(entity.transform).setPosition(0, 0, 0));
  const metres = direction.length();
  return metres > 0 ? { direction: direction.divideScalar(metres), metres } : { direction, metres: 1 };
}

/** How far something was dragged since the press, in the world: turned about the pivot, then moved. Only objects turn. */
export interface DragMotion {
  readonly offset: Vector3;
  readonly turn?: Quaternion;
  /** Default: the object's origin. */
  readonly pivot?: Vector3;
}

/** Where a drag leads something placed so. */
export function movedPlacement(transform: Transform | null, { offset, turn, pivot }: DragMotion): Transform {
  const { translation, rotation, scale } = transform ?? IDENTITY;
  const place = new Vector3(...translation);
  if (!turn) return { translation: place.add(offset).toArray(), rotation, scale };
  const about = pivot ?? place.clone();
  const turned = turn.clone().multiply(new Quaternion(...rotation)).normalize();
  return {
    translation: place.sub(about).applyQuaternion(turn).add(about).add(offset).toArray(),
    rotation: [turned.x, turned.y, turned.z, turned.w],
    scale,
  };
}

/** The operation that puts an entity `worldDelta` further; null when that is nothing. */
export function moveEntity(entity: DocumentEntity, worldDelta: Vector3): Operation | null {
  return dragEntity(entity, { offset: worldDelta });
}

/** The operation that a drag of a whole entity amounts to; null when that is nothing. */
export function dragEntity(entity: DocumentEntity, motion: DragMotion): Operation | null {
  const { offset, turn } = motion;
  const turns = turn !== undefined && turn.angleTo(UNTURNED) >= GESTURE_RADIANS_MIN;
  if (!turns && !(offset.length() >= GESTURE_METRES_MIN)) return null;
  return placeEntity(entity.id, movedPlacement(entity.transform, turns ? motion : { offset }));
}

/** The operation that gives an entity a placement. */
export function placeEntity(entity: EntityId, transform: Transform): Operation {
  return { type: "transform", entity, ...transform };
}

/** The operation that drags a face's or a vertex's vertices by `worldDelta`; null when that is nothing. */
export function moveElement(
  entity: DocumentEntity,
  kind: "face" | "vertex",
  element: ElementId,
  worldDelta: Vector3,
): Operation | null {
  const { mesh } = entity;
  const index = mesh ? elementIndex(mesh, kind, element) : undefined;
  if (!mesh || index === undefined || !(worldDelta.length() >= GESTURE_METRES_MIN)) return null;
  const delta = toMeshSpace(entity.transform, worldDelta);
  const vertices = verticesOf(mesh, kind, index);
  const targets = new Float64Array(vertices.length * 3);
  const deltas = new Float64Array(vertices.length * 3);
  vertices.forEach((vertex, at) => {
    vertexPosition(mesh, vertex).add(delta).toArray(targets, at * 3);
    delta.toArray(deltas, at * 3);
  });
  return {
    type: "move_vertices",
    entity: entity.id,
    vertices: vertices.map((vertex) => elementAt(mesh, "vertex", vertex)),
    targets,
    deltas,
  };
}

/** The operation that pulls a face; `distance` in the mesh's space, null when that is nothing. */
export function extrudeFace(entity: EntityId, face: ElementId, distance: number): Operation | null {
  if (!(Math.abs(distance) >= GESTURE_METRES_MIN)) return null;
  return { type: "extrude_face", entity, face, distance };
}

const PRIMITIVE_NAMES: Record<PrimitiveKind, string> = { cube: "Cube", pyramid: "Pyramid", plane: "Plane" };

/** The first of "Cube", "Cube 2", "Cube 3" … that is free. */
export function freeName(kind: PrimitiveKind, taken: Iterable<string | null>): string {
  const names = new Set(taken);
  const stem = PRIMITIVE_NAMES[kind];
  let name = stem;
  for (let count = 2; names.has(name); count++) name = `${stem} ${count}`;
  return name;
}

/** The operation that makes a primitive standing on the floor at `at` (its y is ignored). */
export function createPrimitive(
  kind: PrimitiveKind,
  size: number,
  at: Vector3,
  taken: Iterable<string | null>,
): Extract<Operation, { type: "create_primitive" }> {
  // A cube and a pyramid are centred on their origin, so that they stand when lifted by half their height.
  const lift = kind === "plane" ? 0 : size / 2;
  const translation: Triple = [roundTo(at.x, 0.01), lift, roundTo(at.z, 0.01)];
  return { type: "create_primitive", kind, size, name: freeName(kind, taken), translation };
}

/** To the nearest multiple of `step`, without the dust of binary fractions. */
export function roundTo(value: number, step: number): number {
  return Number((Math.round(value / step) * step).toFixed(6));
}
