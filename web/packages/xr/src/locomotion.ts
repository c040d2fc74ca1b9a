import { MathUtils } from "three";
import { createFlick, withoutDeadZone, type Hand } from "./input";
import type { Player } from "./player";
import type { Teleport } from "./teleport";
import type { XrSettings } from "./ui/types";
import type { Veil } from "./veil";

/** One flick of the thumbstick. */
const SNAP_RADIANS = MathUtils.degToRad(45);
const TURN_RADIANS_PER_SECOND = MathUtils.degToRad(90);
/** In the person's own metres: a giant crosses more of the world in a second. */
const WALK_METRES_PER_SECOND = 2;
const AIM_MIN = 0.7;
const AIM_END = 0.3;
const BRAKE_SECONDS_MAX = 0.05;

export interface Locomotion {
  /** Moves the person as the thumbstick of `hand` says. */
  advance(seconds: number, hand: Hand): void;
  /** Forgets an aimed jump. */
  cancel(): void;
}

/** Snap turns and teleports, or smooth motion for those who chose it. */
export function createLocomotion(player: Player, teleport: Teleport, veil: Veil, settings: XrSettings, snapped: (hand: Hand) => void): Locomotion {
  const flick = createFlick();
  /** After a cancelled aim the stick must come back before it aims again. */
  let spent = false;

  const jump = (hand: Hand): void => {
    const feet = teleport.release();
    if (!feet) return;
    veil.blink(() => player.moveTo(feet));
    snapped(hand);
  };
  const inSteps = (hand: Hand): void => {
    const { aim, squeeze, stick } = hand;
    const isPushed = -stick.y >= AIM_MIN;
    const isResting = Math.hypot(stick.x, stick.y) < AIM_END;
    if (isResting) spent = false;
    if (teleport.aiming) {
      if (squeeze.down || !aim.known) {
        teleport.release();
        spent = true;
      } else if (isResting) jump(hand);
      else teleport.aim(aim);
      return;
    }
    if (isPushed && !spent && aim.known && Math.abs(stick.x) < AIM_MIN) {
      teleport.aim(aim);
      return;
    }
    const turned = flick(stick.x);
    if (turned === 0) return;
    player.turn(-turned * SNAP_RADIANS);
    snapped(hand);
  };
  const smoothly = (seconds: number, { stick }: Hand): void => {
    // After a hitch one must not be somewhere else.
    const step = Math.min(seconds, BRAKE_SECONDS_MAX);
    const x = withoutDeadZone(stick.x);
    const ahead = withoutDeadZone(-stick.y);
    if (ahead !== 0) player.walk(0, ahead * WALK_METRES_PER_SECOND * step);
    if (x !== 0) player.turn(-x * TURN_RADIANS_PER_SECOND * step);
    veil.narrow(settings.state.vignette && (x !== 0 || ahead !== 0));
  };

  return {
    advance(seconds, hand) {
      if (settings.state.smooth) {
        teleport.release();
        smoothly(seconds, hand);
        return;
      }
      veil.narrow(false);
      inSteps(hand);
    },
    cancel() {
      teleport.release();
      veil.narrow(false);
    },
  };
}
