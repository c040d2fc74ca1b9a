import type { ElementId, Selection } from "@theta/client";
import { Line3, Matrix3, Raycaster, Vector3, type Camera, type Ray } from "three";
import type { EntityLayer, EntityView } from "./entities";
import { elementAt, faceLoop, vertexPosition } from "./geometry/measure";
import { grown } from "./growing";
import { kindOf, selectionFor, type SelectMode } from "./selection";
import { adjacencyOf } from "./topology";

/** The face that a hit triangle is a part of; null when the mesh has changed meanwhile. */
export function pickFace(view: EntityView, triangle: number): ElementId | null {
  const face = view.faceOfTriangle[triangle];
  return face === undefined || !view.mesh ? null : elementAt(view.mesh, "face", face);
}

/** Of the hit face's vertices, the one that looks nearest to the hit on the screen. */
export function pickVertex(view: EntityView, triangle: number, point: Vector3, camera: Camera): ElementId | null {
  return nearestVertex(view, triangle, point, onScreen(camera));
}

/** Of the hit face's edges, the one that looks nearest to the hit on the screen. */
export function pickEdge(view: EntityView, triangle: number, point: Vector3, camera: Camera): ElementId | null {
  return nearestEdge(view, triangle, point, onScreen(camera));
}

/** What a hit on a triangle means in a mode; what looks nearest on the screen when there is a camera, else in the room. */
export function meaningOf(
  view: EntityView,
  mode: SelectMode,
  triangle: number,
  point: Vector3,
  camera: Camera | null,
): Selection | null {
  const project = camera ? onScreen(camera) : inRoom;
  const kind = kindOf(mode);
  const vertex = kind === "vertex" ? nearestVertex(view, triangle, point, project) : null;
  const edge = kind === "edge" ? nearestEdge(view, triangle, point, project) : null;
  const selection = selectionFor(mode, view.entity.id, pickFace(view, triangle), vertex, edge);
  return selection && view.mesh ? grown(mode, view.mesh, selection) : selection;
}

/** Where a point of the world is for the one who picks; changes and returns it. */
type Project = (point: Vector3) => Vector3;

const inRoom: Project = (point) => point;

function onScreen(camera: Camera): Project {
  return (point) => point.project(camera).setZ(0);
}

function nearestVertex(view: EntityView, triangle: number, point: Vector3, project: Project): ElementId | null {
  const corners = cornersOf(view, triangle, project);
  const at = project(point.clone());
  const nearest = leastOf(corners, (corner) => corner.at.distanceTo(at));
  return nearest && view.mesh ? elementAt(view.mesh, "vertex", nearest.vertex) : null;
}

function nearestEdge(view: EntityView, triangle: number, point: Vector3, project: Project): ElementId | null {
  const corners = cornersOf(view, triangle, project);
  const at = project(point.clone());
  const side = new Line3();
  const nearest = leastOf(corners, ({ at: start }, index) => {
    side.set(start, (corners[(index + 1) % corners.length] as Corner).at);
    return side.closestPointToPoint(at, true, new Vector3()).distanceTo(at);
  });
  const edge = nearest && view.mesh ? (adjacencyOf(view.mesh).edgeOf[nearest.corner] ?? -1) : -1;
  return edge < 0 || !view.mesh ? null : elementAt(view.mesh, "edge", edge);
}

interface Corner {
  readonly corner: number;
  readonly vertex: number;
  readonly at: Vector3;
}

/** The corners of the face that a triangle is a part of. */
function cornersOf(view: EntityView, triangle: number, project: Project): Corner[] {
  const { mesh } = view;
  const face = view.faceOfTriangle[triangle];
  if (face === undefined || !mesh) return [];
  const first = mesh.faceOffsets[face] as number;
  return Array.from(faceLoop(mesh, face), (vertex, index) => ({
    corner: first + index,
    vertex,
    at: project(vertexPosition(mesh, vertex).applyMatrix4(view.root.matrixWorld)),
  }));
}

function leastOf<Item>(items: readonly Item[], measure: (item: Item, index: number) => number): Item | null {
  let least = Infinity;
  let found: Item | null = null;
  items.forEach((item, index) => {
    const value = measure(item, index);
    if (value >= least) return;
    least = value;
    found = item;
  });
  return found;
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

/** What a ray meets first within `far` metres, by what is to be picked; of edges and vertices the one nearest to the hit. */
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
  const selection = meaningOf(view, mode, triangle, point, null);
  if (!selection) return null;
  const normal = hit.face.normal.clone().applyNormalMatrix(new Matrix3().getNormalMatrix(view.root.matrixWorld)).normalize();
  if (normal.dot(ray.direction) > 0) normal.negate();
  return { selection, point, normal, distance };
}
