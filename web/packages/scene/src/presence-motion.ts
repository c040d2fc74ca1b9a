import type { Presence } from "@theta/client";
import { Quaternion, Vector3 } from "three";

/** After this long, 63 % of the way to what was last heard is done: hides the gaps between messages at 30 Hz. */
const SETTLE_SECONDS = 0.06;
/** Further than this, someone has been elsewhere meanwhile; gliding there would look like flying. */
const JUMP_METRES = 6;
const AT_REST = 1e-4;

export interface MotionState {
  readonly headPosition: Vector3;
  readonly headRotation: Quaternion;
  readonly rayOrigin: Vector3;
  readonly rayDirection: Vector3;
}

export interface PresenceMotion {
  readonly state: MotionState;
  aim(presence: Presence): void;
  /** One step nearer; true while there is way left. */
  advance(seconds: number): boolean;
}

/** Glides from what was shown to what was last heard. */
export function createPresenceMotion(first: Presence): PresenceMotion {
  const state = stateOf(first);
  let goal = stateOf(first);
  return {
    state,
    aim(presence) {
      goal = stateOf(presence, goal);
      if (state.headPosition.distanceTo(goal.headPosition) > JUMP_METRES) copyState(state, goal);
    },
    advance(seconds) {
      const share = 1 - Math.exp(-seconds / SETTLE_SECONDS);
      state.headPosition.lerp(goal.headPosition, share);
      state.headRotation.slerp(goal.headRotation, share);
      state.rayOrigin.lerp(goal.rayOrigin, share);
      state.rayDirection.lerp(goal.rayDirection, share).normalize();
      const left =
        state.headPosition.distanceTo(goal.headPosition) +
        state.headRotation.angleTo(goal.headRotation) +
        state.rayOrigin.distanceTo(goal.rayOrigin) +
        state.rayDirection.distanceTo(goal.rayDirection);
      if (left > AT_REST) return true;
      copyState(state, goal);
      return false;
    },
  };
}

function stateOf(presence: Presence, before?: MotionState): MotionState {
  const { head, ray } = presence;
  return {
    headPosition: head ? new Vector3(...head.position) : (before?.headPosition ?? new Vector3()).clone(),
    headRotation: head ? new Quaternion(...head.rotation).normalize() : (before?.headRotation ?? new Quaternion()).clone(),
    rayOrigin: ray ? new Vector3(...ray.origin) : (before?.rayOrigin ?? new Vector3()).clone(),
    rayDirection: ray
      ? new Vector3(...ray.direction).normalize()
      : (before?.rayDirection ?? new Vector3(0, 0, -1)).clone(),
  };
}

function copyState(to: MotionState, from: MotionState): void {
  to.headPosition.copy(from.headPosition);
  to.headRotation.copy(from.headRotation);
  to.rayOrigin.copy(from.rayOrigin);
  to.rayDirection.copy(from.rayDirection);
}
