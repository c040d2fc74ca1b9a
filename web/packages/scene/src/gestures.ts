import type { DocumentEntity, ElementId, ElementKind, EntityId, Operation, Transform, Vector3 as Triple } from "@theta/client";
import { Matrix4, Quaternion, Vector3 } from "three";
import { elementAt, regionNormal, vertexPosition, verticesOfAll, indicesOf } from "./geometry/measure";
import { SHAPES, type ShapeKind } from "./shapes";

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
 * Where the pull of faces leads in the world: its direction, and how many metres there one metre in the mesh's space makes.
 */
export function extrudeDirection(entity: DocumentEntity, ...faces: readonly number[]): { direction: Vector3; metres: number } {
  if (!entity.mesh) return { direction: new Vector3(0, 1, 0), metres: 1 };
  const direction = regionNormal(entity.mesh, faces).applyMatrix4(matrixOf(entity.transform).setPosition(0, 0, 0));
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

/** The operation that drags elements' vertices by `worldDelta`; null when that is nothing. */
export function moveElements(
  entity: DocumentEntity,
  kind: ElementKind,
  elements: readonly ElementId[],
  worldDelta: Vector3,
): Operation | null {
  const { mesh } = entity;
  const vertices = mesh ? verticesOfAll(mesh, kind, elements) : [];
  if (!mesh || vertices.length === 0 || !(worldDelta.length() >= GESTURE_METRES_MIN)) return null;
  const delta = toMeshSpace(entity.transform, worldDelta);
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

/** The operation that pulls faces out together by `distance` along the mean of their normals, in the mesh's space. */
export function extrudeFaces(entity: DocumentEntity, faces: readonly ElementId[], distance: number): Operation | null {
  const [face] = faces;
  if (face === undefined || !(Math.abs(distance) >= GESTURE_METRES_MIN)) return null;
  if (faces.length === 1) return extrudeFace(entity.id, face, distance);
  if (!entity.mesh) return null;
  const offset = regionNormal(entity.mesh, indicesOf(entity.mesh, "face", faces)).multiplyScalar(distance).toArray();
  return { type: "extrude_region", entity: entity.id, faces, offset };
}

/** The first of "Cube", "Cube 2", "Cube 3" … that is free. */
export function freeName(kind: ShapeKind, taken: Iterable<string | null>): string {
  return freeNameLike(SHAPES[kind].name, taken);
}

/** The first of "Lid", "Lid 2", "Lid 3" … that is free; a number behind what is given is not counted on. */
export function freeNameLike(given: string, taken: Iterable<string | null>): string {
  const names = new Set(taken);
  const stem = given.replace(/ \d+$/u, "");
  let name = stem;
  for (let count = 2; names.has(name); count++) name = `${stem} ${count}`;
  return name;
}

/** The operation that makes a shape standing on the floor at `at` (its y is ignored). */
export function createPrimitive(
  kind: ShapeKind,
  size: number,
  at: Vector3,
  taken: Iterable<string | null>,
): Extract<Operation, { type: "create_primitive" }> {
  const translation: Triple = [roundTo(at.x, 0.01), roundTo(SHAPES[kind].lift * size, 1e-6), roundTo(at.z, 0.01)];
  return { type: "create_primitive", kind, size, name: freeName(kind, taken), translation };
}

/** To the nearest multiple of `step`, without the dust of binary fractions. */
export function roundTo(value: number, step: number): number {
  return Number((Math.round(value / step) * step).toFixed(6));
}
