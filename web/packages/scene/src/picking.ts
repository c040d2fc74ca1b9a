import type { ElementId, Selection } from "@theta/client";
import { Matrix3, Raycaster, type Camera, type Ray, type Vector3 } from "three";
import type { EntityLayer, EntityView } from "./entities";
import { elementAt, faceLoop, vertexPosition } from "./geometry/measure";
import { selectionFor, type SelectMode } from "./selection";

/** The face that a hit triangle is a part of; null when the mesh has changed meanwhile. */
export function pickFace(view: EntityView, triangle: number): ElementId | null {
  const face = view.faceOfTriangle[triangle];
  return face === undefined || !view.mesh ? null : elementAt(view.mesh, "face", face);
}

/** Of the hit face's vertices, the one that looks nearest to the hit on the screen. */
export function pickVertex(view: EntityView, triangle: number, point: Vector3, camera: Camera): ElementId | null {
  const at = point.clone().project(camera);
  return pickNearest(view, triangle, (there) => {
    there.project(camera);
    return Math.hypot(there.x - at.x, there.y - at.y);
  });
}

function pickNearest(view: EntityView, triangle: number, distanceTo: (vertex: Vector3) => number): ElementId | null {
  const face = view.faceOfTriangle[triangle];
  if (face === undefined || !view.mesh) return null;
  let nearest: number | null = null;
  let least = Infinity;
  for (const vertex of faceLoop(view.mesh, face)) {
    const distance = distanceTo(vertexPosition(view.mesh, vertex).applyMatrix4(view.root.matrixWorld));
    if (distance < least) {
      least = distance;
      nearest = vertex;
    }
  }
  return nearest === null ? null : elementAt(view.mesh, "vertex", nearest);
}

/** What a ray in the world meets first. */
export interface RayPick {
  readonly selection: Selection;
  readonly point: Vector3;
  /** Unit length, towards where the ray comes from. */
  readonly normal: Vector3;
  readonly distance: number;
}

const caster = new Raycaster();
caster.firstHitOnly = true;

/** What a ray meets first within `far` metres, by what is to be picked; a vertex is the one nearest to the hit. */
export function pickAlong(entities: Pick<EntityLayer, "views">, mode: SelectMode, ray: Ray, far: number): RayPick | null {
  caster.ray.copy(ray);
  caster.far = far;
  const surfaces = [...entities.views.values()].filter(({ root }) => root.visible).map(({ surface }) => surface);
  const [hit] = caster.intersectObjects(surfaces, false);
  const id: unknown = hit?.object.userData.entity;
  const view = typeof id === "string" ? entities.views.get(id) : undefined;
  const triangle = hit?.faceIndex;
  if (!hit?.face || !view || triangle === undefined || triangle === null) return null;
  const { point, distance } = hit;
  const vertex = mode === "vertex" ? pickNearest(view, triangle, (there) => there.distanceTo(point)) : null;
  const selection = selectionFor(mode, view.entity.id, pickFace(view, triangle), vertex);
  if (!selection) return null;
  const normal = hit.face.normal.clone().applyNormalMatrix(new Matrix3().getNormalMatrix(view.root.matrixWorld)).normalize();
  if (normal.dot(ray.direction) > 0) normal.negate();
  return { selection, point, normal, distance };
}
