import { Vector3 } from "three";

/** A thrown thing's speed and weight, in the player's own metres: it lands about 8 m away at most. */
const THROW_METRES_PER_SECOND = 8;
const GRAVITY = 9.81;
const STEP_SECONDS = 0.045;
export const ARC_POINTS = 48;
/** Less level than this nobody stands on it. */
const LEVEL_MIN = 0.9;

/** Where an aimed throw leads. */
export interface Arc {
  /** Along its way, in the player's space; only the first `count` count. */
  readonly points: readonly Vector3[];
  count: number;
  /** Whether one can stand where it ends. */
  valid: boolean;
  /** Where it ends. */
  readonly end: Vector3;
}

/** What a piece of the way from `from` to `to` meets, in the player's space; null when nothing. */
export type Probe = (from: Vector3, to: Vector3) => { readonly point: Vector3; readonly normal: Vector3 } | null;

export function createArc(): Arc {
  return { points: Array.from({ length: ARC_POINTS }, () => new Vector3()), count: 0, valid: false, end: new Vector3() };
}

/** Follows a throw from `from` along `direction` until it meets something, or the floor at height `floor`. */
export function traceArc(arc: Arc, from: Vector3, direction: Vector3, floor: number, probe: Probe): void {
  velocity.copy(direction).setLength(THROW_METRES_PER_SECOND);
  arc.valid = false;
  arc.count = 1;
  let before = arc.points[0] as Vector3;
  before.copy(from);
  while (arc.count < ARC_POINTS) {
    const next = (arc.points[arc.count++] as Vector3).copy(before).addScaledVector(velocity, STEP_SECONDS);
    next.y -= (GRAVITY * STEP_SECONDS * STEP_SECONDS) / 2;
    velocity.y -= GRAVITY * STEP_SECONDS;
    const hit = probe(before, next);
    if (hit) {
      next.copy(hit.point);
      arc.valid = hit.normal.y >= LEVEL_MIN;
      break;
    }
    if (before.y > floor && next.y <= floor) {
      next.lerpVectors(before, next, (before.y - floor) / (before.y - next.y));
      arc.valid = true;
      break;
    }
    before = next;
  }
  arc.end.copy(arc.points[arc.count - 1] as Vector3);
}

const velocity = new Vector3();
