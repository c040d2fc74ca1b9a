/**
 * What a page holds: shown where the hand has it, told to the room, and given back without a jump (REP-65, REP-66,
 * REP-72, REP-73).
 *
 *     held → letting go → released → blending → as the room has it
 *       └─────────┴──────────┴─ lost ─┘
 *
 * Who lets go says where first, and releases when the room has that, so that the last pose is not lost with a datagram.
 * Then the entity stays where it was until what is played has come to the same tick.
 */

import { COORDINATE_METRES_MAX, OWNED_ENTITIES_PER_ACTOR_MAX, type OwnedState, OWNERSHIP_RELEASE_SECONDS_MAX, type Pose } from "@theta/wire";
import { type DrawnEntities, type Overrides, TICK_SECONDS } from "./drawn-entities";
import { createOwnedStateSender } from "./owned-state";
import { type Correction, isNewer, type OwnershipView } from "./ownership";
import { type Blend, createBlend, createPrediction, type Prediction, stepTo } from "./prediction";
import { restoreField, type SessionComponents } from "./schema";
import { writtenOf } from "./standard";
import type { Written } from "./updates";

/** `OwnedState` goes out at most this often, for each tick of the room. */
const SEND_MS = 1000 * TICK_SECONDS;
/** How long the room may take to have the last pose, and to play it. */
const LETTING_GO_MS = 1000 * OWNERSHIP_RELEASE_SECONDS_MAX;
const RELEASED_MS = 1_000;

interface Hold {
  phase: "held" | "letting go" | "released" | "blending";
  /** Where it is in the hand. */
  hand: Pose;
  /** Where it is once it is out of the hand. */
  prediction: Prediction<Pose>;
  readonly blend: Blend;
  /** Of the last message that told of it; `null` before. */
  sequence: number | null;
  /** Whether the room is to hear of the hand's pose, and whether it never did. */
  isOpen: boolean;
  isUnsent: boolean;
  /** When the phase ends in any case. */
  deadlineMs: number;
  /** At this tick the room had the last pose; and whether what is shown of the room's knows that it ends there. */
  answeredTick: number | null;
  isAtRest: boolean;
}

export interface Holding extends Overrides {
  /** When to call `handleTimeout`, in monotonic milliseconds; `null` for never. */
  readonly timeoutMs: number | null;
  isHeld(entity: bigint): boolean;
  /** False when it is not there, cannot be told to the room, or when too much is held. */
  grab(nowMs: number, entity: bigint): boolean;
  moveTo(nowMs: number, entity: bigint, pose: Pose): void;
  release(nowMs: number, entity: bigint): void;
  /** The room told who has it. */
  handleHolding(entity: bigint): void;
  /** The room decided otherwise. */
  handleLost(nowMs: number, lost: Correction): void;
  handleDespawned(entity: bigint): void;
  /** A frame of this tick was shown; the room had taken the inputs up to `input`. */
  handleFrame(nowMs: number, tick: number, input: number): void;
  handleTimeout(nowMs: number): void;
  pollMessage(): OwnedState | null;
}

export function createHolding(
  session: Pick<SessionComponents, "layouts">,
  drawn: Pick<DrawnEntities, "poseOf" | "told" | "poseComponent" | "rest">,
  ownership: Pick<OwnershipView, "grab" | "release" | "holding">,
): Holding {
  const holds = new Map<bigint, Hold>();
  const sender = createOwnedStateSender(session);
  const messages: OwnedState[] = [];
  let tick = 0;
  let sentMs = -Infinity;

  /** Those that this page moves. */
  function inHand(): [bigint, Hold][] {
    return [...holds].filter(([, { phase }]) => phase === "held" || phase === "letting go");
  }

  function send(nowMs: number): void {
    const held = inHand();
    const entities = BigUint64Array.from(held, ([entity]) => entity);
    const ownerships = Uint32Array.from(held, ([entity]) => ownership.holding(entity).ownership);
    tick += 1;
    sentMs = nowMs;
    const made = sender.messages(nowMs, tick, entities, ownerships, held.length === 0 ? [] : [posesOf(entities, held)]);
    messages.push(...made);
    for (const [entity, hold] of held) {
      hold.isUnsent = false;
      hold.isOpen = isElsewhere(entity, hold);
      // The last of several messages answers for those before.
      hold.sequence = made.at(-1)!.sequence;
      hold.prediction.handleInput(hold.sequence, hold.hand);
    }
  }

  function posesOf(entities: BigUint64Array, held: readonly [bigint, Pick<Hold, "hand">][]): Written {
    const translation = Float32Array.from(held.flatMap(([, { hand }]) => hand.position));
    const rotation = Float32Array.from(held.flatMap(([, { hand }]) => hand.rotation));
    return writtenOf(drawn.poseComponent!, entities, { translation, rotation });
  }

  /** Whether the room tells otherwise than the hand has it: it did not hear yet, or moves it as well. */
  function isElsewhere(entity: bigint, { hand }: Hold): boolean {
    const told = drawn.told(entity);
    if (told === null) return true;
    // The room restores what it hears, and tells that: off by a rounding, for some rotations.
    const { position, rotation } = restored(restored(hand));
    const { pose } = told;
    return position.some((value, at) => value !== pose.position[at]) || rotation.some((value, at) => value !== pose.rotation[at]);
  }

  /** A pose as it arrives. */
  function restored(pose: Pose): Pose {
    const { layout, fields } = drawn.poseComponent!;
    const { words } = posesOf(BigUint64Array.of(0n), [[0n, { hand: pose }]]);
    const [x, y, z] = restoreField(layout, fields.translation, words, 1) as Float32Array;
    const [qx, qy, qz, qw] = restoreField(layout, fields.rotation, words, 1) as Float32Array;
    return { position: [x!, y!, z!], rotation: [qx!, qy!, qz!, qw!] };
  }

  function sendMs(): number | null {
    const isDue = inHand().some(([, { isOpen }]) => isOpen);
    const dueMs = isDue ? sentMs + SEND_MS : Infinity;
    const nextMs = Math.min(dueMs, sender.timeoutMs ?? Infinity);
    return nextMs === Infinity ? null : nextMs;
  }

  function letGo(nowMs: number, entity: bigint, hold: Hold): void {
    ownership.release(nowMs, entity);
    hold.phase = "released";
    hold.deadlineMs = nowMs + RELEASED_MS;
  }

  return {
    get entities() {
      return holds.keys();
    },
    get timeoutMs() {
      const times = inHand().flatMap(([, { phase, deadlineMs }]) => (phase === "letting go" ? [deadlineMs] : []));
      const toSend = sendMs();
      if (toSend !== null) times.push(toSend);
      return times.length === 0 ? null : Math.min(...times);
    },
    isHeld: (entity) => holds.get(entity)?.phase === "held",
    grab(nowMs, entity) {
      const pose = drawn.poseOf(entity);
      if (pose === null || drawn.poseComponent?.isWhole !== true) return false;
      if (!holds.has(entity) && holds.size >= OWNED_ENTITIES_PER_ACTOR_MAX) return false;
      const prediction = createPrediction(pose, stepTo);
      const sending = { sequence: null, isOpen: true, isUnsent: true, deadlineMs: Infinity };
      const ending = { blend: createBlend(), answeredTick: null, isAtRest: false };
      holds.set(entity, { phase: "held", hand: pose, prediction, ...sending, ...ending });
      ownership.grab(nowMs, entity);
      return true;
    },
    moveTo(nowMs, entity, pose) {
      const hold = holds.get(entity);
      if (hold?.phase !== "held" || !isSayable(pose)) return;
      hold.hand = pose;
      hold.isOpen = true;
      hold.isUnsent = true;
      if (nowMs >= sentMs + SEND_MS) send(nowMs);
    },
    release(nowMs, entity) {
      const hold = holds.get(entity);
      if (hold?.phase !== "held") return;
      hold.phase = "letting go";
      hold.deadlineMs = nowMs + LETTING_GO_MS;
      hold.isOpen = true;
      hold.sequence = null;
      if (nowMs >= sentMs + SEND_MS) send(nowMs);
    },
    handleHolding(entity) {
      const hold = holds.get(entity);
      if (hold === undefined || (hold.phase !== "held" && hold.phase !== "letting go")) return;
      // What was sent before the room gave it to this page did not count.
      hold.isOpen = hold.isUnsent = true;
      hold.sequence = null;
    },
    handleLost(nowMs, { holding }) {
      const hold = holds.get(holding.entity);
      if (hold === undefined) return;
      if (hold.phase === "held" || hold.phase === "letting go") hold.prediction = createPrediction(hold.hand, stepTo);
      hold.phase = "released";
      hold.deadlineMs = nowMs;
    },
    handleDespawned: (entity) => void holds.delete(entity),
    handleFrame(nowMs, told, input) {
      for (const [entity, hold] of holds) {
        const known = drawn.told(entity);
        if (known?.tick === told) hold.prediction.handleAnswer(nowMs, input, known.pose);
        if (hold.phase === "held" && !hold.isUnsent) hold.isOpen = isElsewhere(entity, hold);
        if (hold.sequence === null || isNewer(hold.sequence, input)) continue;
        if (hold.phase === "letting go") letGo(nowMs, entity, hold);
        hold.answeredTick ??= hold.phase === "released" ? told : null;
      }
    },
    handleTimeout(nowMs) {
      const toSend = sendMs();
      if (toSend !== null && nowMs >= toSend) send(nowMs);
      for (const [entity, hold] of holds) {
        if (hold.phase === "letting go" && nowMs >= hold.deadlineMs) letGo(nowMs, entity, hold);
      }
    },
    pollMessage: () => messages.shift() ?? null,
    shown(nowMs, time, entity, known) {
      const hold = holds.get(entity)!;
      if (hold.phase === "held" || hold.phase === "letting go") return hold.hand;
      if (hold.phase === "released") {
        const left = hold.prediction.shown(nowMs);
        // Its movement ended in the hand: it does not go on after it.
        if (hold.answeredTick !== null && !hold.isAtRest) drawn.rest(entity);
        hold.isAtRest ||= hold.answeredTick !== null;
        const isPlayed = hold.answeredTick !== null && time >= hold.answeredTick * TICK_SECONDS;
        if (!isPlayed && nowMs < hold.deadlineMs) return left;
        hold.blend.start(nowMs, left, known);
        hold.phase = "blending";
      }
      if (hold.blend.isOver(nowMs)) holds.delete(entity);
      return hold.blend.shown(nowMs, known);
    },
  };
}

/** What the room would take. */
function isSayable({ position, rotation }: Pose): boolean {
  return (
    position.every((value) => Math.abs(value) <= COORDINATE_METRES_MAX) && rotation.every((value) => Number.isFinite(value))
  );
}
