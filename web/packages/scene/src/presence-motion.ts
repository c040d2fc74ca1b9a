import type { Pose, Presence } from "@theta/client";
import { Quaternion, Vector3 } from "three";

/** After this long, 63 % of the way to what was last heard is done: hides the gaps between messages at 30 Hz. */
const SETTLE_SECONDS = 0.06;
/** Who is far away in a crowd is told of more seldom (INT-21): then half of the time between two messages. */
const SETTLE_SHARE = 0.5;
/** Of whom nothing new came for longer was at rest: no message was far between, and it moves off like anybody. */
const APART_SECONDS_MAX = 1.2;
/** Further than this, someone has been elsewhere meanwhile; gliding there would look like flying. */
const JUMP_METRES = 6;
const AT_REST = 1e-4;

export interface Placed {
  readonly position: Vector3;
  readonly rotation: Quaternion;
}

export interface MotionState {
  readonly head: Placed;
  /** A hand that is not seen rests where it was last. */
  readonly left: Placed;
  readonly right: Placed;
  readonly rayOrigin: Vector3;
  readonly rayDirection: Vector3;
}

export interface PresenceMotion {
  readonly state: MotionState;
  /** This was heard, so long after what was heard before, if that is known. */
  aim(presence: Presence, apartSeconds?: number): void;
  /** One step nearer; true while there is way left. */
  advance(seconds: number): boolean;
}

const LIMBS = ["head", "left", "right"] as const;

/** Glides from what was shown to what was last heard. */
export function createPresenceMotion(first: Presence): PresenceMotion {
  const state = stateOf(first);
  let goal = stateOf(first);
  let heard = first;
  let settleSeconds = SETTLE_SECONDS;
  return {
    state,
    aim(presence, apartSeconds = 0) {
      settleSeconds = apartSeconds > APART_SECONDS_MAX ? SETTLE_SECONDS : Math.max(SETTLE_SECONDS, SETTLE_SHARE * apartSeconds);
      goal = stateOf(presence, goal);
      const jumps = state.head.position.distanceTo(goal.head.position) > JUMP_METRES;
      if (jumps) copyState(state, goal);
      // What comes into sight is where it is: it didn't fly there.
      for (const limb of LIMBS) if (!heard[limb] && presence[limb]) copyPlace(state[limb], goal[limb]);
      if (!heard.ray && presence.ray) copyRay(state, goal);
      heard = presence;
    },
    advance(seconds) {
      const share = 1 - Math.exp(-seconds / settleSeconds);
      let left = 0;
      for (const limb of LIMBS) {
        const [from, to] = [state[limb], goal[limb]];
        from.position.lerp(to.position, share);
        from.rotation.slerp(to.rotation, share);
        left += from.position.distanceTo(to.position) + from.rotation.angleTo(to.rotation);
      }
      state.rayOrigin.lerp(goal.rayOrigin, share);
      state.rayDirection.lerp(goal.rayDirection, share).normalize();
      left += state.rayOrigin.distanceTo(goal.rayOrigin) + state.rayDirection.distanceTo(goal.rayDirection);
      if (left > AT_REST) return true;
      copyState(state, goal);
      return false;
    },
  };
}

function stateOf({ head, left, right, ray }: Presence, before?: MotionState): MotionState {
  return {
    head: placedAt(head, before?.head),
    left: placedAt(left, before?.left),
    right: placedAt(right, before?.right),
    rayOrigin: ray ? new Vector3(...ray.origin) : (before?.rayOrigin ?? new Vector3()).clone(),
    rayDirection: ray
      ? new Vector3(...ray.direction).normalize()
      : (before?.rayDirection ?? new Vector3(0, 0, -1)).clone(),
  };
}

function placedAt(pose: Pose | null, before: Placed | undefined): Placed {
  return {
    position: pose ? new Vector3(...pose.position) : (before?.position ?? new Vector3()).clone(),
    rotation: pose ? new Quaternion(...pose.rotation).normalize() : (before?.rotation ?? new Quaternion()).clone(),
  };
}

function copyState(to: MotionState, from: MotionState): void {
  for (const limb of LIMBS) copyPlace(to[limb], from[limb]);
  copyRay(to, from);
}

function copyPlace(to: Placed, from: Placed): void {
  to.position.copy(from.position);
  to.rotation.copy(from.rotation);
}

function copyRay(to: MotionState, from: MotionState): void {
  to.rayOrigin.copy(from.rayOrigin);
  to.rayDirection.copy(from.rayDirection);
}
