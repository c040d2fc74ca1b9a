import { Quaternion, Vector3, type Matrix4 } from "three";

/** A place and a direction that are written anew each frame, and whether they are known now. */
export interface Placed {
  readonly position: Vector3;
  readonly rotation: Quaternion;
  known: boolean;
}

export function createPlaced(): Placed {
  return { position: new Vector3(), rotation: new Quaternion(), known: false };
}

/** Takes a pose over; without one, the last known stays and `known` says so. */
export function readPose(pose: XRPose | null | undefined, into: Placed): void {
  into.known = pose !== null && pose !== undefined;
  if (!pose) return;
  const { position, orientation } = pose.transform;
  into.position.set(position.x, position.y, position.z);
  into.rotation.set(orientation.x, orientation.y, orientation.z, orientation.w);
}

/** How far a direction is turned about the vertical: 0 looks along -z, a quarter turn to the left is π/2. */
export function yawOf(rotation: Quaternion): number {
  AHEAD.set(0, 0, -1).applyQuaternion(rotation);
  // Looking straight up or down, the top of the head tells.
  if (Math.hypot(AHEAD.x, AHEAD.z) < 1e-3) AHEAD.set(0, Math.sign(-AHEAD.y), 0).applyQuaternion(rotation);
  return Math.atan2(-AHEAD.x, -AHEAD.z);
}

/** The same place seen from outside of `frame`, which scales evenly. */
export function toWorld(local: Placed, frame: Matrix4, frameRotation: Quaternion, world: Placed): Placed {
  world.position.copy(local.position).applyMatrix4(frame);
  world.rotation.multiplyQuaternions(frameRotation, local.rotation);
  world.known = local.known;
  return world;
}

const AHEAD = new Vector3();
