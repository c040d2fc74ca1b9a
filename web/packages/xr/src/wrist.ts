import { Group, MathUtils, type Object3D } from "three";
import type { Hand } from "./input";

/** Above the hand and a little before it, so that the controller doesn't cover it. */
const UP_METRES = 0.2;
const AHEAD_METRES = 0.06;
/** It leans back, towards eyes that look down on the hand. */
const LEAN_RADIANS = MathUtils.degToRad(-30);
/** And turns inwards: a hand is beside the eyes, not before them. */
const INWARDS_RADIANS = MathUtils.degToRad(18);

export interface Wrist {
  /** Where the panel stands, in the player's space. */
  readonly group: Group;
  follow(hand: Hand): void;
  dispose(): void;
}

/** Carries a panel on a hand. */
export function createWrist(parent: Group, panel: Object3D): Wrist {
  const group = new Group();
  const stand = new Group();
  stand.position.set(0, UP_METRES, -AHEAD_METRES);
  stand.rotation.order = "YXZ";
  stand.rotation.x = LEAN_RADIANS;
  group.add(stand.add(panel));
  parent.add(group);
  return {
    group,
    follow({ aim, side }) {
      group.visible = aim.known;
      if (!aim.known) return;
      group.position.copy(aim.position);
      group.quaternion.copy(aim.rotation);
      stand.rotation.y = side === "left" ? INWARDS_RADIANS : -INWARDS_RADIANS;
      group.updateWorldMatrix(true, true);
    },
    dispose() {
      stand.remove(panel);
      parent.remove(group);
    },
  };
}
