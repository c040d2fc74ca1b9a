import { Vector3 } from "three";
import type { Hit } from "./grab";
import type { Hand } from "./input";
import { createPlaced, type Placed } from "./placed";

export interface Pinch {
  /** Where the hand pointed from when it began, in the world. */
  readonly from: Placed;
  /** What it began on, until it is forgotten. */
  readonly hit: Hit | null;
  /** It began on something: on a thing, or on a panel. */
  readonly busy: boolean;
  begin(hand: Hand, aim: Placed, on: Hit | null, onPanel: boolean): void;
  /** How far the hand has moved since, in the person's own metres. */
  moved(hand: Hand): number;
  forget(): void;
}

/** A pinch from its beginning: on what, and from where. */
export function createPinch(): Pinch {
  const start = new Vector3();
  const from = createPlaced();
  let hit: Hit | null = null;
  let busy = false;
  return {
    from,
    get hit() {
      return hit;
    },
    get busy() {
      return busy;
    },
    begin(hand, aim, on, onPanel) {
      if (hand.kind !== "hand") return;
      hit = on;
      busy = on !== null || onPanel;
      start.copy(hand.aim.position);
      from.position.copy(aim.position);
      from.rotation.copy(aim.rotation);
    },
    moved: (hand) => (hand.aim.known ? hand.aim.position.distanceTo(start) : 0),
    forget() {
      hit = null;
      busy = false;
    },
  };
}
