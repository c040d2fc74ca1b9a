import { MathUtils, Vector3 } from "three";
import type { Hand } from "./input";
import { PLAYER_SCALE_MAX, PLAYER_SCALE_MIN, type Player, type Standing } from "./player";

/** Hands closer together than this, seen from above, don't say which way they turn. */
const TURN_METRES_MIN = 0.05;
const APART_METRES_MIN = 0.02;
/** This near to true scale, it is true scale. */
const TRUE_SCALE_SHARE = 0.05;
const UP = new Vector3(0, 1, 0);

/** Two hands that hold the world: where each took hold, in the world, and how the person stood then. */
export interface WorldHold {
  readonly left: Vector3;
  readonly right: Vector3;
  readonly standing: Standing;
}

/**
 * Where the person stands when the world follows two hands: `left` and `right` are where the hands are now, in the
 * person's own space. What was between the hands stays between them; it turns about the vertical only.
 */
export function followHands(hold: WorldHold, left: Vector3, right: Vector3): Standing {
  const { standing } = hold;
  const held = hold.right.clone().sub(hold.left);
  const now = right.clone().sub(left);
  const wanted = held.length() / Math.max(now.length(), APART_METRES_MIN);
  const isTrue = Math.abs(Math.log(wanted)) < TRUE_SCALE_SHARE;
  const scale = isTrue ? 1 : MathUtils.clamp(wanted, PLAYER_SCALE_MIN, PLAYER_SCALE_MAX);
  const flat = Math.min(Math.hypot(held.x, held.z) / standing.scale, Math.hypot(now.x, now.z));
  const yaw = flat < TURN_METRES_MIN ? standing.yaw : bearing(held) - bearing(now);
  const middle = left.clone().add(right).multiplyScalar(scale / 2).applyAxisAngle(UP, yaw);
  const position = hold.left.clone().add(hold.right).multiplyScalar(0.5).sub(middle);
  return { position, yaw, scale };
}

/** Which way a vector points, seen from above; grows as a turn to the left does. */
function bearing({ x, z }: Vector3): number {
  return Math.atan2(-z, x);
}

export interface WorldGrab {
  readonly active: boolean;
  start(left: Hand, right: Hand): void;
  /** Moves, turns and scales the person so that the world follows both hands. */
  follow(left: Hand, right: Hand): void;
  end(): void;
}

/** Takes the world in both hands. */
export function createWorldGrab(player: Player): WorldGrab {
  let hold: WorldHold | null = null;
  const placeOf = ({ grip, aim }: Hand): Vector3 => (grip.known ? grip.position : aim.position);
  const isKnown = ({ grip, aim }: Hand): boolean => grip.known || aim.known;
  const inWorld = (hand: Hand): Vector3 => player.group.localToWorld(placeOf(hand).clone());
  return {
    get active() {
      return hold !== null;
    },
    start(left, right) {
      if (!isKnown(left) || !isKnown(right)) return;
      const standing = { position: player.group.position.clone(), yaw: player.yaw, scale: player.scale };
      hold = { left: inWorld(left), right: inWorld(right), standing };
    },
    follow(left, right) {
      if (hold && isKnown(left) && isKnown(right)) player.place(followHands(hold, placeOf(left), placeOf(right)));
    },
    end() {
      hold = null;
    },
  };
}
