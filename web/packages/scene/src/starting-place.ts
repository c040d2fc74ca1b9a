import type { Actor } from "@theta/client";
import { MathUtils, Sphere, Vector3, type Box3, type PerspectiveCamera } from "three";
import type { RigState } from "./camera-rig";

/** Around the middle from one newcomer to the next: nearly opposite, so that the two have each other in view. */
const NEXT_RADIANS = 2.66;
/** How far a person's own number turns their place, so that two in one seat don't stand in one head. */
const OWN_RADIANS = 0.1;
const FIRST_RADIANS = 0.62;
/** With the camera's angle of view, the horizon is a fifth below the upper rim. */
const PITCH_RADIANS = 0.25;
const DISTANCE_METRES_MIN = 4.8;
const DISTANCE_METRES_MAX = 60;
const OWN_SPREAD = 0.08;
const EMPTY_MIDDLE = new Vector3(0, 0.45, 0);

/** Where a newcomer stands: on a ring around what is there, by how many came before and by who it is. */
export function startingPlace(others: number, actor: Actor, bounds: Box3, camera: PerspectiveCamera): RigState {
  const own = Number(actor % 1024n) / 1023 - 0.5;
  const ownFarness = Number((actor >> 10n) % 1024n) / 1023;
  const distance = MathUtils.clamp(framingDistance(bounds, camera), DISTANCE_METRES_MIN, DISTANCE_METRES_MAX);
  return {
    target: bounds.isEmpty() ? EMPTY_MIDDLE.clone() : bounds.getCenter(new Vector3()),
    yaw: FIRST_RADIANS + others * NEXT_RADIANS + own * OWN_RADIANS,
    pitch: PITCH_RADIANS,
    distance: distance * (1 + ownFarness * OWN_SPREAD),
  };
}

/** From how far the whole of a box is in view, in a narrow window too; 0 when it is empty. */
export function framingDistance(bounds: Box3, camera: PerspectiveCamera): number {
  if (bounds.isEmpty()) return 0;
  const half = MathUtils.degToRad(camera.fov) / 2;
  const narrow = Math.min(half, Math.atan(Math.tan(half) * camera.aspect));
  return (Math.max(bounds.getBoundingSphere(new Sphere()).radius, 0.15) * 1.35) / Math.sin(narrow);
}
