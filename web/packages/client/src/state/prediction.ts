/**
 * What a participant does itself is shown at once, and made to agree with the room without a jump (REP-72, REP-73).
 *
 * `step` says what an input does; it is called again for inputs that the room has not answered, so it must depend on its
 * arguments only.
 */

import {
  CORRECTION_METRES_MAX,
  CORRECTION_SECONDS,
  type Pose,
  PREDICTED_INPUTS_MAX,
  type Quaternion,
  type Vector3,
} from "@theta/wire";
import { isNewer } from "./ownership";

/** What an input does to a pose. */
export type Step<Input> = (pose: Pose, input: Input) => Pose;

export interface Prediction<Input> {
  /** Where the object is by all that is known, uncorrected. */
  readonly pose: Pose;
  /** How many inputs the room has not answered. */
  readonly unanswered: number;
  /** Inputs that were given up because PREDICTED_INPUTS_MAX were without an answer. */
  readonly dropped: number;
  /** This participant moves the object; `sequence` is that of the message which tells the room. */
  handleInput(sequence: number, input: Input): void;
  /** The room has the object at `pose`, the inputs up to `sequence` taken; an older answer is passed over. */
  handleAnswer(nowMs: number, sequence: number, pose: Pose): void;
  /** Where to show the object: within CORRECTION_SECONDS, what was shown before an answer becomes `pose`. */
  shown(nowMs: number): Pose;
}

const NO_TURN: Quaternion = [0, 0, 0, 1];
const NO_CHANGE: Pose = { position: [0, 0, 0], rotation: NO_TURN };

/** An input that says where the object is: held in a hand. */
export const stepTo: Step<Pose> = (_, wanted) => wanted;

/** An input that says how the object moves: by a difference in the world, and a turn about itself. */
export const stepBy: Step<Pose> = (pose, change) => ({
  position: added(pose.position, change.position, 1),
  rotation: normalised(multiplied(change.rotation, pose.rotation)),
});

/** What was shown becomes what is known, within CORRECTION_SECONDS and without a jump (REP-73). */
export interface Blend {
  /** Where something is known to be was corrected to `known`, while `shown` was shown. */
  start(nowMs: number, shown: Pose, known: Pose): void;
  /** Where to show what is at `known` now. */
  shown(nowMs: number, known: Pose): Pose;
  isOver(nowMs: number): boolean;
}

export function createBlend(): Blend {
  let error = NO_CHANGE;
  let correctedMs = -Infinity;

  const passed = (nowMs: number) => (nowMs - correctedMs) / 1000 / CORRECTION_SECONDS;

  function isOver(nowMs: number): boolean {
    return passed(nowMs) >= 1 || error === NO_CHANGE;
  }

  return {
    start(nowMs, shown, known) {
      error = difference(shown, known);
      const [x, y, z] = error.position;
      if (x * x + y * y + z * z > CORRECTION_METRES_MAX * CORRECTION_METRES_MAX) error = NO_CHANGE;
      correctedMs = nowMs;
    },
    shown(nowMs, known) {
      if (isOver(nowMs)) return known;
      const left = 1 - Math.max(passed(nowMs), 0);
      const share = left * left * (3 - 2 * left);
      return {
        position: added(known.position, error.position, share),
        rotation: normalised(multiplied(partOf(error.rotation, share), known.rotation)),
      };
    },
    isOver,
  };
}

export function createPrediction<Input>(start: Pose, step: Step<Input>): Prediction<Input> {
  let pose = start;
  let dropped = 0;
  let inputs: { readonly sequence: number; readonly input: Input }[] = [];
  let answered: number | null = null;
  const blend = createBlend();

  const shown = (nowMs: number): Pose => blend.shown(nowMs, pose);

  return {
    get pose() {
      return pose;
    },
    get unanswered() {
      return inputs.length;
    },
    get dropped() {
      return dropped;
    },
    handleInput(sequence, input) {
      pose = step(pose, input);
      inputs.push({ sequence, input });
      if (inputs.length > PREDICTED_INPUTS_MAX) {
        inputs.shift();
        dropped += 1;
      }
    },
    handleAnswer(nowMs, sequence, told) {
      if (answered !== null && isNewer(answered, sequence)) return;
      answered = sequence;
      const rest = inputs.findIndex((each) => isNewer(each.sequence, sequence));
      inputs = rest < 0 ? [] : inputs.slice(rest);
      const before = shown(nowMs);
      pose = inputs.reduce((made, each) => step(made, each.input), told);
      blend.start(nowMs, before, pose);
    },
    shown,
  };
}

/** What leads from `other` to `one`: the difference of the positions, and the turn. */
function difference(one: Pose, other: Pose): Pose {
  const [ax, ay, az] = one.position;
  const [bx, by, bz] = other.position;
  const [x, y, z, w] = other.rotation;
  return { position: [ax - bx, ay - by, az - bz], rotation: normalised(multiplied(one.rotation, [-x, -y, -z, w])) };
}

function added([x, y, z]: Vector3, [dx, dy, dz]: Vector3, share: number): Vector3 {
  return [x + dx * share, y + dy * share, z + dz * share];
}

/** The turn `other`, then the turn `one`. */
function multiplied([ax, ay, az, aw]: Quaternion, [bx, by, bz, bw]: Quaternion): Quaternion {
  return [
    aw * bx + ax * bw + ay * bz - az * by,
    aw * by - ax * bz + ay * bw + az * bx,
    aw * bz + ax * by - ay * bx + az * bw,
    aw * bw - ax * bx - ay * by - az * bz,
  ];
}

function normalised([x, y, z, w]: Quaternion): Quaternion {
  const length = Math.sqrt(x * x + y * y + z * z + w * w);
  return length > 0 ? [x / length, y / length, z / length, w / length] : NO_TURN;
}

/** A part of a turn, the shorter way. */
function partOf([x, y, z, w]: Quaternion, share: number): Quaternion {
  const sign = w < 0 ? -share : share;
  return normalised([x * sign, y * sign, z * sign, 1 + (Math.abs(w) - 1) * share]);
}
