import { MathUtils, Quaternion, Vector3, type PerspectiveCamera } from "three";
import { drawPlate, setLetters, wrap } from "./brush";
import { COLOURS, EM_PER_METRE } from "./look";
import { createPanel, type Item } from "./panel";
import type { Brush } from "./surface";
import type { XrPanel } from "./types";

const DISTANCE_METRES = 1.3;
const EM_METRES = EM_PER_METRE * DISTANCE_METRES;
const WIDTH_METRES = 0.86;
const CARD_METRES = 0.125;
/** Cards begin at whole pixels: half-cleared ones would show as lines. */
const GAP_METRES = 0.0125;
const PIXELS_PER_METRE = 1200;
const TOASTS_MAX = 3;
const LINES_MAX = 2;
const SECONDS = 4;
/** Above the middle of the view: below it are the hands with what they hold, and the palette. */
const ABOVE_EYE_METRES = 0.24;
/** The head turns this far before the notices come after it, and until they are this near. */
const TURN_RADIANS = MathUtils.degToRad(24);
const ARRIVED_RADIANS = MathUtils.degToRad(2);
const WALK_METRES = 0.35;
const ARRIVED_METRES = 0.04;
const FOLLOW_PER_SECOND = 5;

export type ToastKind = "info" | "warning" | "error";

export interface Toasts {
  readonly panel: XrPanel;
  show(words: string, kind: ToastKind): void;
}

interface Shown {
  readonly words: string;
  readonly kind: ToastKind;
  seconds: number;
}

/** Notices before the person, each for four seconds; they follow the head when it has turned away. */
export function createToasts(camera: PerspectiveCamera): Toasts {
  const panel = createPanel({
    ...{ name: "Notices", widthM: WIDTH_METRES, heightM: CARD_METRES * TOASTS_MAX + GAP_METRES * (TOASTS_MAX - 1) },
    ...{ distanceM: DISTANCE_METRES, pixelsPerMetre: PIXELS_PER_METRE, background: null, onTop: true },
  });
  const shown: Shown[] = [];
  // The newest stands lowest, so that it is where one looks first.
  const cards: Item[] = Array.from({ length: TOASTS_MAX }, (_, slot) => {
    const box = { x: 0, y: (TOASTS_MAX - 1 - slot) * (CARD_METRES + GAP_METRES), width: WIDTH_METRES, height: CARD_METRES };
    const own = (): Shown | undefined => shown.at(-1 - slot);
    return panel.addText({
      box,
      look: () => ({ label: own()?.words ?? "", emM: EM_METRES, foreground: COLOURS.ink, background: COLOURS.panel }),
      paint: (brush) => drawCard(brush, own()),
    });
  });
  const arrange = (): void => {
    for (const [slot, card] of cards.entries()) {
      card.setVisible(slot < shown.length);
      card.touch();
    }
    panel.group.visible = shown.length > 0;
  };
  const follow = createFollower(panel.group.position, panel.group.quaternion);
  arrange();

  return {
    panel: {
      group: panel.group,
      targets: [],
      advance(seconds) {
        if (shown.length === 0) return;
        for (const one of shown) one.seconds -= seconds;
        const left = shown.filter((one) => one.seconds > 0);
        if (left.length < shown.length) {
          shown.splice(0, shown.length, ...left);
          arrange();
        }
        follow.advance(seconds, camera);
        panel.advance(seconds);
      },
      dispose: () => panel.dispose(),
    },
    show(words, kind) {
      if (shown.length === 0) follow.jump(camera);
      const same = shown.findIndex((one) => one.words === words);
      if (same >= 0) shown.splice(same, 1);
      shown.push({ words, kind, seconds: SECONDS });
      if (shown.length > TOASTS_MAX) shown.shift();
      arrange();
    },
  };
}

const MARKS: Record<ToastKind, string> = { info: COLOURS.accent, warning: COLOURS.warn, error: COLOURS.bad };

function drawCard(brush: Brush, card: Shown | undefined): void {
  if (!card) return;
  const width = WIDTH_METRES * 1000;
  const em = EM_METRES * 1000;
  const padding = 34;
  setLetters(brush, { em, colour: COLOURS.ink });
  const lines = wrap(brush, card.words, width - padding * 2, LINES_MAX);
  const wide = Math.max(...lines.map((line) => brush.measureText(line).width)) + padding * 2;
  const high = lines.length * em * 1.3 + 30;
  const left = (width - wide) / 2;
  // A short card stands at the foot of its place, next to the one below.
  const top = CARD_METRES * 1000 - high;
  drawPlate(brush, left, top, wide, high, 18, COLOURS.panel);
  brush.save();
  brush.beginPath();
  brush.roundRect(left, top, wide, high, 18);
  brush.clip();
  drawPlate(brush, left, top, 9, high, 0, MARKS[card.kind]);
  brush.restore();
  setLetters(brush, { em, colour: COLOURS.ink });
  for (const [index, line] of lines.entries()) brush.fillText(line, left + padding, top + 15 + em * 1.3 * (index + 0.5));
}

/** Keeps a place before the head, in the space of the head's parent: at once, or after the head has turned away. */
function createFollower(position: Vector3, rotation: Quaternion) {
  const wanted = new Vector3();
  const wantedRotation = new Quaternion();
  const forward = new Vector3();
  const upright = new Vector3(0, 1, 0);
  /** Where the head was when the notices came to rest. */
  const stoodAt = new Vector3();
  let following = false;

  const aim = ({ position: eye, quaternion }: PerspectiveCamera): void => {
    forward.set(0, 0, -1).applyQuaternion(quaternion).setY(0);
    if (forward.lengthSq() < 1e-4) forward.set(0, 1, 0).applyQuaternion(quaternion).setY(0);
    forward.normalize();
    wanted.copy(eye).addScaledVector(forward, Math.sqrt(DISTANCE_METRES ** 2 - ABOVE_EYE_METRES ** 2));
    wanted.y += ABOVE_EYE_METRES;
    // The panel's face looks along +z: back to the eye.
    const tilt = Math.asin(ABOVE_EYE_METRES / DISTANCE_METRES);
    wantedRotation.setFromAxisAngle(upright, Math.atan2(-forward.x, -forward.z));
    wantedRotation.multiply(new Quaternion().setFromAxisAngle(new Vector3(1, 0, 0), tilt));
  };
  return {
    jump(camera: PerspectiveCamera): void {
      aim(camera);
      position.copy(wanted);
      rotation.copy(wantedRotation);
      stoodAt.copy(camera.position);
      following = false;
    },
    advance(seconds: number, camera: PerspectiveCamera): void {
      aim(camera);
      const away = rotation.angleTo(wantedRotation);
      if (away > TURN_RADIANS || camera.position.distanceTo(stoodAt) > WALK_METRES) following = true;
      if (!following) return;
      const share = 1 - Math.exp(-FOLLOW_PER_SECOND * seconds);
      position.lerp(wanted, share);
      rotation.slerp(wantedRotation, share);
      if (away > ARRIVED_RADIANS || position.distanceTo(wanted) > ARRIVED_METRES) return;
      following = false;
      stoodAt.copy(camera.position);
    },
  };
}
