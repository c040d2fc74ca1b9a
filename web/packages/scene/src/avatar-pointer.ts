import { BufferAttribute, Color, CylinderGeometry, Group, Mesh, MeshBasicMaterial, Plane, Ray, Raycaster, Vector3 } from "three";
import type { EntityLayer } from "./entities";
import { createCursor } from "./labels";
import type { MotionState } from "./presence-motion";
import type { View } from "./view";

/** Without anything to point at, a ray is this long. */
const RAY_METRES = 4;
const REACH_METRES = 60;
/** A ray is seen from a little before where it starts: outside the head for a desktop's, before the hand else. */
const HEAD_METRES = 0.26;
const HAND_METRES = 0.07;
const IDLE_MILLISECONDS = 6_000;
const FADE_SECONDS = 0.25;
const FADED = 0.01;
const RAY_OPACITY = 0.75;
const UP = new Vector3(0, 1, 0);

/** A beam of one metre along +y, faint at the head and clear where it points. */
export function createBeamGeometry(): CylinderGeometry {
  const beam = new CylinderGeometry(0.0022, 0.0044, 1, 8, 1, true).translate(0, 0.5, 0);
  const { position } = beam.attributes;
  const colours = Array.from({ length: position?.count ?? 0 }, (_, at) => [1, 1, 1, 0.15 + 0.85 * (position?.getY(at) ?? 0)]);
  beam.setAttribute("color", new BufferAttribute(new Float32Array(colours.flat()), 4));
  return beam;
}

export interface AvatarPointer {
  readonly group: Group;
  /** They pointed elsewhere: it is seen again, and fades when nothing follows. */
  stir(): void;
  /** Draws ray and cursor; true while it fades. */
  advance(seconds: number, state: MotionState, view: View, entities: EntityLayer): boolean;
  dispose(): void;
}

/** Where somebody points: a ray from their eye or hand, and at its end a cursor with their name. */
export function createAvatarPointer(name: string, colour: number, beam: CylinderGeometry, wake: () => void): AvatarPointer {
  const material = new MeshBasicMaterial({
    color: new Color(colour),
    vertexColors: true,
    transparent: true,
    depthWrite: false,
    toneMapped: false,
  });
  const ray = new Mesh(beam, material);
  const cursor = createCursor(name, colour);
  const group = new Group();
  group.add(ray, cursor.mesh);
  const targetOf = createTargeting();
  let goal = 1;
  let opacity = 1;
  let timer = 0;

  return {
    group,
    stir() {
      goal = 1;
      clearTimeout(timer);
      timer = window.setTimeout(() => {
        goal = 0;
        wake();
      }, IDLE_MILLISECONDS);
    },
    advance(seconds, { head, rayOrigin, rayDirection }, view, entities) {
      opacity += (goal - opacity) * (1 - Math.exp(-seconds / FADE_SECONDS));
      const fading = Math.abs(goal - opacity) > FADED;
      if (!fading) opacity = goal;
      group.visible = opacity > 0;
      if (!group.visible) return fading;
      const end = targetOf(rayOrigin, rayDirection, entities);
      const length = end?.distanceTo(rayOrigin) ?? RAY_METRES;
      const ahead = rayOrigin.distanceTo(head.position) < HEAD_METRES ? HEAD_METRES : HAND_METRES;
      material.opacity = RAY_OPACITY * opacity;
      ray.visible = length > ahead;
      ray.position.copy(rayOrigin).addScaledVector(rayDirection, ahead);
      ray.quaternion.setFromUnitVectors(UP, rayDirection);
      // Far rays would be thinner than a pixel.
      const thickness = Math.max(view.scale, view.eye.distanceTo(end ?? rayOrigin) * 0.35);
      ray.scale.set(thickness, length - ahead, thickness);
      cursor.mesh.visible = end !== null;
      cursor.mesh.material.opacity = opacity;
      if (end) cursor.place(end, view);
      return fading;
    },
    dispose() {
      clearTimeout(timer);
      material.dispose();
      cursor.dispose();
    },
  };
}

/** As `pointedAt`, looked up again only when ray or room changed. */
function createTargeting(): (origin: Vector3, direction: Vector3, entities: EntityLayer) => Vector3 | null {
  const from = new Vector3();
  const along = new Vector3();
  let revision = -1;
  let target: Vector3 | null = null;
  return (origin, direction, entities) => {
    if (entities.revision === revision && from.equals(origin) && along.equals(direction)) return target;
    from.copy(origin);
    along.copy(direction);
    revision = entities.revision;
    target = pointedAt(origin, direction, entities);
    return target;
  };
}

const caster = new Raycaster();
caster.firstHitOnly = true;
const FLOOR = new Plane(UP.clone(), 0);

/** What a ray meets first: something in the room, or the floor; null when that is nothing near. */
export function pointedAt(origin: Vector3, direction: Vector3, entities: Pick<EntityLayer, "views">): Vector3 | null {
  caster.ray.copy(new Ray(origin, direction));
  caster.far = REACH_METRES;
  const surfaces = [...entities.views.values()].filter(({ root }) => root.visible).map(({ surface }) => surface);
  const [hit] = caster.intersectObjects(surfaces, false);
  if (hit) return hit.point;
  const floor = caster.ray.intersectPlane(FLOOR, new Vector3());
  return floor && floor.distanceTo(origin) <= REACH_METRES ? floor : null;
}
