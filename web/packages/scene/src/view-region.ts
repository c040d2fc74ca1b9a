import type { RoomStateView } from "@theta/client";
import { COORDINATE_METRES_MAX, INTEREST_METRES, INTEREST_METRES_MAX } from "@theta/wire";
import { Vector3 } from "three";

/** How far around what the camera looks at one sees, as a share of its distance. */
const REACH_SHARE = 1.25;
/** The region follows when it is off by this share of its radius. */
const OFF_SHARE = 0.15;
const INTERVAL_SECONDS = 0.25;

export interface ViewRegion {
  /**
   * Follows what is looked at from `distance` metres; null: what is around one's head is all. True when it is to be
   * asked again.
   */
  follow(seconds: number, target: Vector3 | null, distance: number): boolean;
  dispose(): void;
}

/**
 * Has the room tell of what the camera looks at, from however far: of itself it tells only of what is near the eye.
 */
export function createViewRegion(state: Pick<RoomStateView, "subscribeToRegion" | "moveRegion" | "unsubscribe">): ViewRegion {
  const centre = new Vector3();
  let radius = 0;
  let region: number | null = null;
  let waited = INTERVAL_SECONDS;

  const end = (): void => {
    if (region !== null) state.unsubscribe(region);
    region = null;
  };
  return {
    follow(seconds, target, distance) {
      waited += seconds;
      if (!target) {
        end();
        return false;
      }
      const reach = Math.min(Math.max(distance * REACH_SHARE, INTEREST_METRES), INTEREST_METRES_MAX);
      const off = Math.max(centre.distanceTo(target), Math.abs(reach - radius));
      if (region !== null && off <= radius * OFF_SHARE) return false;
      if (waited < INTERVAL_SECONDS) return true;
      waited = 0;
      radius = reach;
      centre.copy(target).clampScalar(-COORDINATE_METRES_MAX, COORDINATE_METRES_MAX);
      if (region === null) region = state.subscribeToRegion(centre.toArray(), radius);
      else state.moveRegion(region, centre.toArray(), radius);
      return false;
    },
    dispose: end,
  };
}
