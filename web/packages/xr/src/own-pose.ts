import type { Pose } from "@theta/client";
import type { OwnPose, ThetaScene } from "@theta/scene";
import { Vector3 } from "three";
import type { Hand } from "./input";
import { createPlaced, type Placed } from "./placed";
import type { Player } from "./player";

export interface OwnPoses {
  /** From now on, until the end; again and again if need be. */
  begin(): void;
  end(): void;
}

/** Shows one's own body to the others as long as one is in VR. */
export function createOwnPoses(scene: Pick<ThetaScene, "showOwn">, read: () => OwnPose): OwnPoses {
  let present = false;
  let shown: OwnPose | null = null;
  return {
    begin() {
      if (present) return;
      present = true;
      scene.showOwn(() => {
        // While VR ends, the camera is neither the head's nor the desktop's.
        if (present || !shown) shown = read();
        return shown;
      });
    },
    end() {
      present = false;
      // Once the desktop's camera is back.
      setTimeout(() => {
        if (!present) scene.showOwn(null);
      });
    },
  };
}

/** Where one's head, hands and ray are in the world, for the others to see. */
export function ownPose(player: Player, left: Hand, right: Hand, dominant: Hand): OwnPose {
  return {
    head: poseOf(player, player.head),
    left: handPose(player, left),
    right: handPose(player, right),
    ray: dominant.aim.known ? rayOf(player, dominant.aim) : null,
  };
}

function handPose(player: Player, { grip, aim }: Hand): Pose | null {
  if (grip.known) return poseOf(player, grip);
  return aim.known ? poseOf(player, aim) : null;
}

function poseOf(player: Player, local: Placed): Pose {
  const { position, rotation } = player.toWorld(local, WORLD);
  return { position: position.toArray(), rotation: [rotation.x, rotation.y, rotation.z, rotation.w] };
}

function rayOf(player: Player, local: Placed) {
  const { position, rotation } = player.toWorld(local, WORLD);
  return { origin: position.clone(), direction: new Vector3(0, 0, -1).applyQuaternion(rotation) };
}

const WORLD = createPlaced();
