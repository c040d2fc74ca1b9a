import type { Box3, Vector3 } from "three";

/** Further than this from what is there, nobody could take hold of it, nor read its names. */
export const ARRIVAL_METRES_MAX = 3;

/**
 * Where somebody stands who enters VR from a camera above `feet`: there, or on the way from there to what is in the room,
 * when that is far. Whoever stands among it stays where they are. Changes `feet`.
 */
export function comeNear(feet: Vector3, room: Box3): Vector3 {
  if (room.isEmpty()) return feet;
  const nearest = room.clampPoint(feet, feet.clone()).setY(feet.y);
  const away = feet.distanceTo(nearest);
  return away > ARRIVAL_METRES_MAX ? feet.lerp(nearest, 1 - ARRIVAL_METRES_MAX / away) : feet;
}
