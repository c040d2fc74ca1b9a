import type { Grab, Hit } from "./grab";
import { tick } from "./haptics";
import type { Hand } from "./input";
import type { Placed } from "./placed";

export interface Holding {
  /** Something is in the hand until this one has followed it to its end. */
  readonly active: boolean;
  /** Takes what was hit into a hand, for as long as it keeps a button pressed. */
  take(hand: Hand, hit: Hit, from: Placed, button: "squeeze" | "trigger"): void;
  /** Takes it along with the hand, which points from `aim`, and lets go of it when the button is let go. */
  follow(seconds: number, hand: Hand, aim: Placed): void;
}

/** A hand's hold on a thing, from press to release. */
export function createHolding(grab: Grab): Holding {
  let heldBy: "squeeze" | "trigger" = "squeeze";
  let heldIn: Hand["kind"] = "none";
  return {
    get active() {
      return grab.held;
    },
    take(hand, hit, from, button) {
      if (!grab.start(hit, from)) return;
      heldBy = button;
      heldIn = hand.kind;
      tick(hand.source, "select");
    },
    follow(seconds, hand, aim) {
      const isLet = hand.kind === heldIn && !hand[heldBy].pressed;
      // Let go of out of sight: it stays where it was last seen, not where the hand turns up again.
      if (isLet && grab.lost) {
        grab.end();
        return;
      }
      // A controller that was put down leaves a bare hand, somewhere else.
      if (hand.kind !== heldIn && hand.kind !== "none") grab.cancel();
      // Lost from sight for too long, or deleted by somebody.
      if (!grab.follow(seconds, aim)) tick(hand.source, "refusal");
      else if (isLet) grab.end();
    },
  };
}
