import { createPlaced, readPose, type Placed } from "./placed";
import { createJoints, readJoints, type HandJoints } from "./joints";

export type Side = "left" | "right";

/** A button, with what happened to it in this frame. */
export interface Button {
  readonly pressed: boolean;
  readonly down: boolean;
  readonly up: boolean;
}

/** One hand, and what is in it; read anew each frame. Places are in the player's space. */
export interface Hand {
  readonly side: Side;
  readonly kind: "none" | "controller" | "hand";
  readonly source: XRInputSource | null;
  /** Where it points from. */
  readonly aim: Placed;
  readonly grip: Placed;
  /** The trigger, or a pinch. */
  readonly trigger: Button;
  readonly squeeze: Button;
  readonly stick: { readonly x: number; readonly y: number };
  readonly joints: HandJoints;
}

export interface XrInput {
  readonly left: Hand;
  readonly right: Hand;
  /** Reads everything; `space` is the player's own floor. */
  read(frame: XRFrame, space: XRReferenceSpace): void;
  /** Listens to a session's own idea of what is pressed, until it ends. */
  follow(session: XRSession): void;
  /** Nothing is in the hands any more. */
  clear(): void;
}

const TRIGGER = 0;
const SQUEEZE = 1;
const PRESSED_MIN = 0.5;

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

interface MutableHand extends Mutable<Hand> {
  readonly trigger: Mutable<Button>;
  readonly squeeze: Mutable<Button>;
  readonly stick: { x: number; y: number };
}

/** Reads controllers and hands: where they are, and what was pressed since the frame before. */
export function createXrInput(): XrInput {
  const left = createHand("left");
  const right = createHand("right");
  const held = createHeld();

  const readSource = (hand: MutableHand, source: XRInputSource, frame: XRFrame, space: XRReferenceSpace): void => {
    const isNew = hand.source !== source;
    hand.source = source;
    hand.kind = source.hand ? "hand" : "controller";
    readPose(frame.getPose(source.targetRaySpace, space), hand.aim);
    readPose(source.gripSpace && frame.getPose(source.gripSpace, space), hand.grip);
    readJoints(source.hand, frame, space, hand.joints);
    // A bare hand's gamepad, where it has one, says how nearly it pinches: not what it holds.
    const pad = hand.kind === "controller" ? source.gamepad : undefined;
    setPressed(hand.trigger, held.select.take(source) || hand.joints.pinching || isPressed(pad, TRIGGER));
    setPressed(hand.squeeze, held.squeeze.take(source) || isPressed(pad, SQUEEZE));
    readStick(pad, hand.stick);
    // What was held already when a hand came into sight was not pressed for what it points at now.
    if (isNew) hand.trigger.down = hand.squeeze.down = false;
  };

  return {
    left,
    right,
    read(frame, space) {
      let leftSource: XRInputSource | null = null;
      let rightSource: XRInputSource | null = null;
      for (const source of frame.session.inputSources) {
        if (source.targetRayMode !== "tracked-pointer") continue;
        if (source.handedness === "left") leftSource = source;
        else rightSource = source;
      }
      if (leftSource) readSource(left, leftSource, frame, space);
      else empty(left);
      if (rightSource) readSource(right, rightSource, frame, space);
      else empty(right);
    },
    follow: (session) => held.follow(session),
    clear() {
      held.clear();
      empty(left);
      empty(right);
    },
  };
}

/** Says -1 or 1 once for each flick of a thumbstick to the side, and 0 otherwise. */
export function createFlick(pushed = 0.7, rested = 0.35): (value: number) => -1 | 0 | 1 {
  let ready = true;
  return (value) => {
    if (Math.abs(value) < rested) ready = true;
    if (!ready || Math.abs(value) < pushed) return 0;
    ready = false;
    return value < 0 ? -1 : 1;
  };
}

/** A thumbstick's way out of its dead zone, from 0 at the zone's rim to 1 at the stick's. */
export function withoutDeadZone(value: number, zone = 0.15): number {
  const beyond = Math.abs(value) - zone;
  return beyond <= 0 ? 0 : Math.sign(value) * Math.min(beyond / (1 - zone), 1);
}

/** Writes what happened to a button. */
export function setPressed(button: Mutable<Button>, pressed: boolean): void {
  button.down = pressed && !button.pressed;
  button.up = !pressed && button.pressed;
  button.pressed = pressed;
}

/** Thumbsticks are axes 2 and 3 of an xr-standard gamepad; 0 and 1 belong to a touchpad. */
export function readStick(gamepad: Pick<Gamepad, "axes"> | undefined, into: { x: number; y: number }): void {
  const at = gamepad && gamepad.axes.length >= 4 ? 2 : 0;
  into.x = gamepad?.axes[at] ?? 0;
  into.y = gamepad?.axes[at + 1] ?? 0;
}

function isPressed(gamepad: Gamepad | undefined, index: number): boolean {
  const button = gamepad?.buttons[index];
  return button !== undefined && (button.pressed || button.value >= PRESSED_MIN);
}

function createHand(side: Side): MutableHand {
  const button = (): Mutable<Button> => ({ pressed: false, down: false, up: false });
  return {
    side,
    kind: "none",
    source: null,
    aim: createPlaced(),
    grip: createPlaced(),
    trigger: button(),
    squeeze: button(),
    stick: { x: 0, y: 0 },
    joints: createJoints(),
  };
}

function empty(hand: MutableHand): void {
  hand.source = null;
  hand.kind = "none";
  hand.aim.known = hand.grip.known = hand.joints.known = hand.joints.pinching = false;
  setPressed(hand.trigger, false);
  setPressed(hand.squeeze, false);
  hand.stick.x = hand.stick.y = 0;
}

/** What the session's events say is held; a press shorter than a frame counts for one. */
function createHeld() {
  const create = () => {
    const sources = new Set<XRInputSource>();
    const brief = new Set<XRInputSource>();
    return {
      sources,
      begin(source: XRInputSource) {
        sources.add(source);
        brief.add(source);
      },
      take(source: XRInputSource): boolean {
        return brief.delete(source) || sources.has(source);
      },
      forget(source: XRInputSource) {
        sources.delete(source);
        brief.delete(source);
      },
      clear() {
        sources.clear();
        brief.clear();
      },
    };
  };
  const select = create();
  const squeeze = create();
  return {
    select,
    squeeze,
    follow(session: XRSession) {
      session.addEventListener("selectstart", ({ inputSource }) => select.begin(inputSource));
      session.addEventListener("selectend", ({ inputSource }) => void select.sources.delete(inputSource));
      session.addEventListener("squeezestart", ({ inputSource }) => squeeze.begin(inputSource));
      session.addEventListener("squeezeend", ({ inputSource }) => void squeeze.sources.delete(inputSource));
      session.addEventListener("inputsourceschange", ({ removed }) => {
        for (const source of removed) {
          select.forget(source);
          squeeze.forget(source);
        }
      });
    },
    clear() {
      select.clear();
      squeeze.clear();
    },
  };
}
