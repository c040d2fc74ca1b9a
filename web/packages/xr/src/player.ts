import { Vector3, type Group } from "three";
import { createPlaced, readPose, toWorld, yawOf, type Placed } from "./placed";

const UP = new Vector3(0, 1, 0);

/** How large a person can make themselves, as a multiple of true scale; the world shrinks as they grow. */
export const PLAYER_SCALE_MIN = 0.05;
export const PLAYER_SCALE_MAX = 20;

/** Where a person's floor is in the world, which way it is turned, and how large it is. */
export interface Standing {
  readonly position: Vector3;
  readonly yaw: number;
  readonly scale: number;
}

export interface Player {
  readonly group: Group;
  readonly yaw: number;
  readonly scale: number;
  /** Where the head is in the group's space, from the last frame. */
  readonly head: Placed;
  /** Takes in where the head is now. */
  track(pose: XRPose | null | undefined): void;
  place(standing: Standing): void;
  /** Puts the person, wherever in their own room they are, on `feet`, looking along `yaw`. */
  stand(feet: Vector3, yaw: number): void;
  /** Turns the world about the head; radians, positive to the left. */
  turn(radians: number): void;
  /** Puts the feet on a place. */
  moveTo(feet: Vector3): void;
  /** Along the floor: metres to the right and ahead of where the head looks, at the person's own scale. */
  walk(right: number, ahead: number): void;
  /** The same place in the world. */
  toWorld(local: Placed, world: Placed): Placed;
  /** Back to where the desktop's camera has its parent. */
  reset(): void;
}

/** The person in the world: the group in which head, hands and panels are. */
export function createPlayer(group: Group): Player {
  const head = createPlaced();
  const step = new Vector3();
  let yaw = 0;

  const place = ({ position, yaw: nextYaw, scale }: Standing): void => {
    yaw = nextYaw;
    group.position.copy(position);
    group.quaternion.setFromAxisAngle(UP, yaw);
    group.scale.setScalar(scale);
    group.updateMatrix();
    group.updateWorldMatrix(true, false);
  };
  /** How far from the group's origin the feet are, in the world's axes. */
  const feetOffset = (turned: number, scale: number): Vector3 =>
    step.set(head.position.x, 0, head.position.z).applyAxisAngle(UP, turned).multiplyScalar(scale);

  return {
    group,
    head,
    get yaw() {
      return yaw;
    },
    get scale() {
      return group.scale.x;
    },
    track: (pose) => readPose(pose, head),
    place,
    stand(feet, wanted) {
      const turned = wanted - yawOf(head.rotation);
      place({ position: feet.clone().sub(feetOffset(turned, 1)), yaw: turned, scale: 1 });
    },
    turn(radians) {
      const scale = group.scale.x;
      const position = group.position.clone().add(feetOffset(yaw, scale));
      position.sub(feetOffset(yaw + radians, scale));
      place({ position, yaw: yaw + radians, scale });
    },
    moveTo(feet) {
      place({ position: feet.clone().sub(feetOffset(yaw, group.scale.x)), yaw, scale: group.scale.x });
    },
    walk(right, ahead) {
      const scale = group.scale.x;
      step.set(right, 0, -ahead).applyAxisAngle(UP, yaw + yawOf(head.rotation)).multiplyScalar(scale);
      place({ position: step.add(group.position), yaw, scale });
    },
    toWorld: (local, world) => toWorld(local, group.matrixWorld, group.quaternion, world),
    reset() {
      place({ position: step.set(0, 0, 0), yaw: 0, scale: 1 });
    },
  };
}
