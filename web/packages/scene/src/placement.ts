import type { Selection, Vector3 as Triple } from "@theta/client";
import { Box3, Plane, Raycaster, Vector2, Vector3, type PerspectiveCamera } from "three";
import type { CameraRig } from "./camera-rig";
import type { EntityLayer } from "./entities";
import { vertexPosition, verticesOfAll } from "./geometry/measure";
import { elementsOf } from "./selection";

/** The floor below a target this low, as a share of the distance to it, is in view with it. */
const FLOOR_SHARE = 0.2;

/** What of the room a selection takes up; everything when there is none. */
export function boundsOf(entities: EntityLayer, selected: Selection | null): Box3 {
  const view = selected ? entities.views.get(selected.entity) : undefined;
  if (!view || !selected) return entities.bounds();
  const { mesh } = view;
  const vertices = mesh && selected.kind !== "object" ? verticesOfAll(mesh, selected.kind, elementsOf(selected)) : [];
  if (mesh && vertices.length > 0) {
    return new Box3().setFromPoints(vertices.map((vertex) => vertexPosition(mesh, vertex))).applyMatrix4(view.root.matrixWorld);
  }
  return new Box3().setFromObject(view.root);
}

/** Where on the floor something new would stand best: beside what is selected, or where the camera looks. */
export function firstPlace(
  camera: PerspectiveCamera,
  rig: CameraRig,
  entities: EntityLayer,
  selected: Selection | null,
  size: number,
): Vector3 {
  const view = selected ? entities.views.get(selected.entity) : undefined;
  const place = new Vector3();
  if (view) {
    const bounds = new Box3().setFromObject(view.root);
    place.set(bounds.max.x + size * 0.75, 0, (bounds.min.z + bounds.max.z) / 2);
  } else {
    place.copy(rig.target).setY(0);
    // High above the floor, what is below the target may be out of view: then where the camera looks.
    if (rig.target.y > rig.distance * FLOOR_SHARE) lookedAt(camera, rig, place);
  }
  return place;
}

function lookedAt(camera: PerspectiveCamera, rig: CameraRig, place: Vector3): void {
  const caster = new Raycaster();
  caster.setFromCamera(new Vector2(0, 0), camera);
  const hit = caster.ray.intersectPlane(new Plane(new Vector3(0, 1, 0), 0), place);
  const reach = Math.max(rig.distance * 2.5, 4);
  if (!hit || hit.distanceTo(camera.position) > reach) caster.ray.at(rig.distance, place).setY(0);
}

/**
 * Moves `place` beside what stands there, or will: things of this size at the `reserved` places. So two presses
 * don't make two things in one place.
 */
export function stepAside(
  place: Vector3,
  entities: Pick<EntityLayer, "views">,
  reserved: readonly Triple[],
  size: number,
): Vector3 {
  const taken = [...entities.views.values()].map(({ root }) => new Box3().setFromObject(root));
  for (const centre of reserved) taken.push(new Box3().setFromCenterAndSize(new Vector3(...centre), new Vector3(size, size, size)));
  for (let tries = 0; tries < 64; tries++) {
    const half = new Vector3(size / 2, 1e3, size / 2);
    const wanted = new Box3(place.clone().sub(half), place.clone().add(half)).expandByScalar(-1e-3);
    if (!taken.some((box) => box.intersectsBox(wanted))) break;
    place.x += size * 1.25;
  }
  return place;
}
