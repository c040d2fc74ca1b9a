import { Box3, MathUtils, Quaternion, Vector3, type PerspectiveCamera } from "three";
import { framingDistance, startingPlace } from "./starting-place";

const PITCH_MAX = Math.PI / 2 - 0.02;
const DISTANCE_METRES_MIN = 0.08;
const DISTANCE_METRES_MAX = 200;
const SETTLE_SECONDS = 0.07;
const AT_REST = 1e-4;

export interface RigState {
  readonly target: Vector3;
  yaw: number;
  pitch: number;
  distance: number;
}

export interface CameraRig {
  readonly target: Vector3;
  readonly distance: number;
  /** Around the target; radians. */
  orbit(yaw: number, pitch: number): void;
  /** Around the eye, which stays where it is; radians. */
  look(yaw: number, pitch: number): void;
  /** Across the view, in pixels of a view `height` pixels high. */
  pan(right: number, up: number, height: number): void;
  zoom(factor: number): void;
  /** Along the view's axes, in metres. */
  fly(right: number, up: number, forward: number): void;
  frame(bounds: Box3): void;
  /** Where it was asked to be. */
  readonly place: RigState;
  /** Is there at once, without gliding. */
  stand(place: RigState): void;
  /** One step nearer to where it was asked to be; true while there is way left. */
  advance(seconds: number): boolean;
}

/** A camera that looks at a target from a distance; every move glides, unless motion is unwelcome. */
export function createCameraRig(camera: PerspectiveCamera, glides: () => boolean): CameraRig {
  const goal = startingPlace(0, 0n, new Box3(), camera);
  const shown: RigState = { ...goal, target: goal.target.clone() };
  place(camera, shown);

  const clampPitch = (): void => {
    goal.pitch = MathUtils.clamp(goal.pitch, -PITCH_MAX, PITCH_MAX);
  };
  return {
    target: shown.target,
    get distance() {
      return shown.distance;
    },
    orbit(yaw, pitch) {
      goal.yaw += yaw;
      goal.pitch += pitch;
      clampPitch();
    },
    look(yaw, pitch) {
      const eye = eyeOf(goal);
      goal.yaw += yaw;
      goal.pitch += pitch;
      clampPitch();
      goal.target.sub(eyeOf(goal).sub(eye));
      // An eye that stays put must not swing while target and angles glide at their own pace.
      copyState(shown, goal);
    },
    pan(right, up, height) {
      const metres = (2 * goal.distance * Math.tan(MathUtils.degToRad(camera.fov) / 2)) / Math.max(height, 1);
      const axes = axesOf(goal);
      goal.target.addScaledVector(axes.right, right * metres).addScaledVector(axes.up, up * metres);
    },
    zoom(factor) {
      goal.distance = MathUtils.clamp(goal.distance * factor, DISTANCE_METRES_MIN, DISTANCE_METRES_MAX);
    },
    fly(right, up, forward) {
      const axes = axesOf(goal);
      const step = new Vector3()
        .addScaledVector(axes.right, right)
        .addScaledVector(UP, up)
        .addScaledVector(axes.forward, forward);
      goal.target.add(step);
    },
    frame(bounds) {
      if (bounds.isEmpty()) {
        const { target, distance } = startingPlace(0, 0n, bounds, camera);
        goal.target.copy(target);
        goal.distance = distance;
        return;
      }
      bounds.getCenter(goal.target);
      goal.distance = MathUtils.clamp(framingDistance(bounds, camera), DISTANCE_METRES_MIN, DISTANCE_METRES_MAX);
    },
    get place() {
      return { ...goal, target: goal.target.clone() };
    },
    stand(next) {
      copyState(goal, next);
      clampPitch();
      goal.distance = MathUtils.clamp(goal.distance, DISTANCE_METRES_MIN, DISTANCE_METRES_MAX);
      copyState(shown, goal);
      place(camera, shown);
    },
    advance(seconds) {
      const share = glides() ? 1 - Math.exp(-seconds / SETTLE_SECONDS) : 1;
      shown.target.lerp(goal.target, share);
      shown.yaw += (goal.yaw - shown.yaw) * share;
      shown.pitch += (goal.pitch - shown.pitch) * share;
      shown.distance += (goal.distance - shown.distance) * share;
      const left =
        shown.target.distanceTo(goal.target) / goal.distance +
        Math.abs(shown.yaw - goal.yaw) +
        Math.abs(shown.pitch - goal.pitch) +
        Math.abs(shown.distance / goal.distance - 1);
      const moving = left > AT_REST;
      if (!moving) copyState(shown, goal);
      place(camera, shown);
      return moving;
    },
  };
}

const UP = new Vector3(0, 1, 0);

function rotationOf({ yaw, pitch }: RigState): Quaternion {
  const turn = new Quaternion().setFromAxisAngle(UP, yaw);
  return turn.multiply(new Quaternion().setFromAxisAngle(new Vector3(1, 0, 0), -pitch));
}

function axesOf(state: RigState): { right: Vector3; up: Vector3; forward: Vector3 } {
  const rotation = rotationOf(state);
  return {
    right: new Vector3(1, 0, 0).applyQuaternion(rotation),
    up: new Vector3(0, 1, 0).applyQuaternion(rotation),
    forward: new Vector3(0, 0, -1).applyQuaternion(rotation),
  };
}

function eyeOf(state: RigState): Vector3 {
  return new Vector3(0, 0, state.distance).applyQuaternion(rotationOf(state)).add(state.target);
}

function place(camera: PerspectiveCamera, state: RigState): void {
  camera.quaternion.copy(rotationOf(state));
  camera.position.copy(eyeOf(state));
  camera.updateMatrixWorld();
}

function copyState(to: RigState, from: RigState): void {
  to.target.copy(from.target);
  to.yaw = from.yaw;
  to.pitch = from.pitch;
  to.distance = from.distance;
}
