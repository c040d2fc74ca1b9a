import {
  COORDINATE_METRES_MAX,
  CORRECTION_SECONDS,
  decodeFromParticipant,
  encodeMessage,
  OWNED_ENTITIES_PER_ACTOR_MAX,
  OWNED_REPEAT_SECONDS,
  type OwnedState,
  type Pose,
  type Quaternion,
  type Vector3,
} from "@theta/wire";
import { describe, expect, it } from "vitest";
import { TICK_SECONDS } from "../../src/state/drawn-entities";
import { createHolding } from "../../src/state/holding";
import { GRABBED } from "../../src/state/ownership";
import { createStateReceiver } from "../../src/state/receiving";
import { restoreField } from "../../src/state/schema";
import { findPose, writtenOf } from "../../src/state/standard";
import { createStandardSession, entity, NO_TURN, STANDARD_DESCRIPTORS } from "./standard-room";

const TICK_MS = 1000 * TICK_SECONDS;
const [ONE, TWO] = [entity(1), entity(2)];

const at = (...position: Vector3): Pose => ({ position, rotation: NO_TURN });

/** A page's hand, among entities that stand where `poses` says. */
function createHand(descriptors?: readonly string[]) {
  const session = createStandardSession(descriptors);
  const poses = new Map([[ONE, at(0, 0, 0)], [TWO, at(5, 0, 0)]]);
  const told = new Map<bigint, { tick: number; pose: Pose }>();
  const released: bigint[] = [];
  const grabbed: bigint[] = [];
  const rested: bigint[] = [];
  const holding = createHolding(
    session,
    { poseOf: (id) => poses.get(id) ?? null, told: (id) => told.get(id) ?? null, poseComponent: findPose(session), rest: (id) => void rested.push(id) },
    {
      grab: (_now, id) => void grabbed.push(id),
      release: (_now, id) => void released.push(id),
      holding: (id) => ({ entity: id, owner: 7n, ownership: Number(BigInt.asUintN(32, id)) + 10, authority: 0, grip: GRABBED }),
    },
  );
  function sent(): OwnedState[] {
    const found: OwnedState[] = [];
    for (let message = holding.pollMessage(); message !== null; message = holding.pollMessage()) {
      found.push(decodeFromParticipant(encodeMessage(message)) as OwnedState);
    }
    return found;
  }
  return { session, holding, poses, told, released, grabbed, rested, sent };
}

type Hand = ReturnType<typeof createHand>;

/** Where a message says that its entities are. */
function positionsIn({ session }: Pick<Hand, "session">, message: OwnedState): Record<string, readonly number[]> {
  const receiver = createStateReceiver(session);
  receiver.handleBody(0, 1, message.body);
  const { layout, fields } = findPose(session)!;
  const [written] = receiver.pollUpdate()!.written;
  const columns = restoreField(layout, fields.translation, written!.words, written!.rows) as Float32Array;
  return Object.fromEntries([...written!.entities].map((id, row) => [String(id), [...columns.subarray(3 * row, 3 * row + 3)]]));
}

function shown({ holding }: Pick<Hand, "holding">, nowMs: number, time = Infinity, known = at(0, 0, 0), id = ONE): Vector3 {
  return holding.shown(nowMs, time, id, known).position;
}

describe("what a page holds", () => {
  it("REP-65: is shown where the hand has it, at once", () => {
    const hand = createHand();
    expect(hand.holding.grab(1000, ONE)).toBe(true);
    expect(hand.grabbed).toEqual([ONE]);
    expect(hand.holding.isHeld(ONE)).toBe(true);
    expect([...hand.holding.entities]).toEqual([ONE]);
    expect(shown(hand, 1000, 0, at(9, 9, 9))).toEqual([0, 0, 0]);
    hand.holding.moveTo(1001, ONE, at(1, 2, 3));
    expect(shown(hand, 1001)).toEqual([1, 2, 3]);
  });

  it("REP-66: is told 30 times a second at most, all of it each time, with the newest pose", () => {
    const hand = createHand();
    hand.holding.grab(1000, ONE);
    hand.holding.grab(1000, TWO);
    hand.holding.moveTo(1000, ONE, at(1, 0, 0));
    const [first, ...others] = hand.sent();
    expect(others).toEqual([]);
    expect(positionsIn(hand, first!)).toEqual({ [String(ONE)]: [1, 0, 0], [String(TWO)]: [5, 0, 0] });
    expect([...new Uint32Array(first!.ownerships.slice().buffer)]).toEqual([11, 12]);
    for (let each = 1; each <= 10; each += 1) hand.holding.moveTo(1000 + each, ONE, at(1, each, 0));
    expect(hand.sent()).toEqual([]);
    expect(hand.holding.timeoutMs).toBeCloseTo(1000 + TICK_MS, 6);
    hand.holding.handleTimeout(1000 + TICK_MS - 1);
    expect(hand.sent()).toEqual([]);
    hand.holding.handleTimeout(hand.holding.timeoutMs!);
    const [second] = hand.sent();
    expect(positionsIn(hand, second!)[String(ONE)]).toEqual([1, 10, 0]);
    expect(second!.tick).toBe(first!.tick + 1);
    expect(second!.sequence).toBe(first!.sequence + 1);
  });

  it("REP-82: is said in each tick until the room tells it back, and then once a second", () => {
    const hand = createHand();
    hand.told.set(ONE, { tick: 1, pose: at(0, 0, 0) });
    hand.holding.grab(1000, ONE);
    hand.holding.moveTo(1000, ONE, at(1, 0, 0));
    expect(hand.sent()).toHaveLength(1);
    let nowMs = 1000;
    for (let tick = 1; tick <= 60; tick += 1) {
      expect(hand.holding.timeoutMs).toBeCloseTo(nowMs + TICK_MS, 6);
      nowMs = hand.holding.timeoutMs!;
      hand.holding.handleTimeout(nowMs);
      expect(hand.sent()).toHaveLength(1);
    }
    hand.told.set(ONE, { tick: 9, pose: at(1, 0, 0) });
    hand.holding.handleFrame(nowMs + 1, 9, 60);
    expect(hand.holding.timeoutMs).toBeCloseTo(nowMs + 1000 * OWNED_REPEAT_SECONDS, 6);
    hand.holding.handleTimeout(hand.holding.timeoutMs!);
    expect(hand.sent()).toHaveLength(1);
  });

  it("REP-82: what stays where the room has it is said once a second", () => {
    const hand = createHand();
    hand.told.set(ONE, { tick: 1, pose: at(0, 0, 0) });
    hand.holding.grab(1000, ONE);
    hand.holding.handleTimeout(1000);
    expect(hand.sent()).toHaveLength(1);
    expect(hand.holding.timeoutMs).toBeGreaterThan(1900);
  });

  it("REP-82: is compared with what the room makes of it by the codec", () => {
    const hand = createHand();
    const { layout, fields } = findPose(hand.session)!;
    for (let each = 0; each < 200; each += 1) {
      const turn = [Math.sin(each), Math.cos(3 * each), Math.sin(7 * each), Math.cos(11 * each)] as const;
      const length = Math.hypot(...turn);
      const rotation: Quaternion = [turn[0] / length, turn[1] / length, turn[2] / length, turn[3] / length];
      hand.holding.grab(1000 + 100 * each, ONE);
      hand.holding.moveTo(1000 + 100 * each, ONE, { position: [0.1 * each, 0, 0], rotation });
      const message = hand.sent().at(-1)!;
      // The room takes what it restores, and tells that.
      const heard = poseOf(message.body);
      const ids = BigUint64Array.of(ONE);
      const columns = { translation: Float32Array.from(heard.position), rotation: Float32Array.from(heard.rotation) };
      const { words } = writtenOf(findPose(hand.session)!, ids, columns);
      const pose = restoredOf(words);
      hand.told.set(ONE, { tick: each, pose });
      hand.holding.handleFrame(1001 + 100 * each, each, message.sequence);
      expect(hand.holding.timeoutMs).toBeGreaterThan(1000 + 100 * each + 2 * TICK_MS);
    }

    function poseOf(body: Uint8Array): Pose {
      const receiver = createStateReceiver(hand.session);
      receiver.handleBody(0, 1, body);
      return restoredOf(receiver.pollUpdate()!.written[0]!.words);
    }

    function restoredOf(words: Int32Array): Pose {
      const [x, y, z] = restoreField(layout, fields.translation, words, 1) as Float32Array;
      const [qx, qy, qz, qw] = restoreField(layout, fields.rotation, words, 1) as Float32Array;
      return { position: [x!, y!, z!], rotation: [qx!, qy!, qz!, qw!] };
    }
  });

  it("REP-82: is not said again once the room has it, unless it moved since", () => {
    const hand = createHand();
    hand.told.set(ONE, { tick: 1, pose: at(0, 0, 0) });
    hand.holding.grab(1000, ONE);
    hand.holding.moveTo(1000, ONE, at(1, 0, 0));
    const [first] = hand.sent();
    hand.holding.moveTo(1001, ONE, at(2, 0, 0));
    hand.told.set(ONE, { tick: 50, pose: at(1, 0, 0) });
    hand.holding.handleFrame(1002, 50, first!.sequence);
    expect(hand.holding.timeoutMs).toBeCloseTo(1000 + TICK_MS, 6);
    hand.holding.handleTimeout(1000 + TICK_MS);
    const [second] = hand.sent();
    hand.holding.handleFrame(1040, 51, first!.sequence);
    expect(hand.holding.timeoutMs).toBeCloseTo(1000 + 2 * TICK_MS, 6);
    // The room's echo does not move it out of the hand.
    hand.told.set(ONE, { tick: 53, pose: at(0, 5, 0) });
    hand.holding.handleFrame(1042, 53, second!.sequence);
    expect(shown(hand, 1042)).toEqual([2, 0, 0]);
    // But it is said again, for it to be there in the room as well.
    expect(hand.holding.timeoutMs).toBeCloseTo(1000 + 2 * TICK_MS, 6);
    hand.told.set(ONE, { tick: 54, pose: at(2, 0, 0) });
    hand.holding.handleFrame(1043, 54, second!.sequence);
    expect(hand.holding.timeoutMs).toBeCloseTo(1000 + TICK_MS + 1000 * OWNED_REPEAT_SECONDS, 6);
    // What was said before the room gave the entity to this page did not count, whatever it took of others meanwhile.
    hand.holding.handleHolding(ONE);
    hand.holding.handleHolding(TWO);
    hand.holding.handleFrame(1044, 55, second!.sequence);
    expect(hand.holding.timeoutMs).toBeCloseTo(1000 + 2 * TICK_MS, 6);
  });

  it("cannot be what is not there, what the page cannot write, or too much", () => {
    expect(createHand().holding.grab(0, entity(99))).toBe(false);
    const more = STANDARD_DESCRIPTORS[0].replace('"fields":[', '"fields":[{"dtype":"<u1","kind":"column","name":"more","width":1},');
    expect(createHand([more, STANDARD_DESCRIPTORS[1]]).holding.grab(0, ONE)).toBe(false);
    const hand = createHand();
    for (let index = 1; index <= OWNED_ENTITIES_PER_ACTOR_MAX; index += 1) {
      hand.poses.set(entity(index), at(index, 0, 0));
      expect(hand.holding.grab(0, entity(index))).toBe(true);
    }
    hand.poses.set(entity(1000), at(0, 0, 0));
    expect(hand.holding.grab(0, entity(1000))).toBe(false);
    expect(hand.holding.grab(0, ONE)).toBe(true);
    hand.holding.handleTimeout(hand.holding.timeoutMs!);
    const messages = hand.sent();
    expect(messages.length).toBeGreaterThan(1);
    expect(messages.flatMap((message) => Object.keys(positionsIn(hand, message)))).toHaveLength(OWNED_ENTITIES_PER_ACTOR_MAX);
  });

  it.each([[NaN, 0], [Infinity, 0], [2 * COORDINATE_METRES_MAX, 0], [0, NaN]])("stays where it was at a place that is none (%s, %s)", (x, w) => {
    const hand = createHand();
    hand.holding.grab(1000, ONE);
    hand.sent();
    hand.holding.moveTo(1000, ONE, { position: [x, 0, 0], rotation: [0, 0, 0, w] });
    expect(shown(hand, 1000)).toEqual([0, 0, 0]);
    hand.holding.moveTo(1000, TWO, at(1, 1, 1));
    expect([...hand.holding.entities]).toEqual([ONE]);
  });
});

describe("what a page lets go of", () => {
  function letGo() {
    const hand = createHand();
    hand.holding.grab(1000, ONE);
    hand.holding.moveTo(1000, ONE, at(1, 0, 0));
    hand.sent();
    hand.holding.moveTo(1100, ONE, at(1, 1, 0));
    hand.holding.release(1200, ONE);
    return { ...hand, last: hand.sent().at(-1)! };
  }

  it("is released when the room has where it was let go", () => {
    const hand = letGo();
    expect(positionsIn(hand, hand.last)[String(ONE)]).toEqual([1, 1, 0]);
    expect(hand.released).toEqual([]);
    hand.holding.handleFrame(1210, 40, hand.last.sequence - 1);
    expect(hand.released).toEqual([]);
    hand.holding.moveTo(1215, ONE, at(9, 9, 9));
    hand.told.set(ONE, { tick: 41, pose: at(1, 1, 0) });
    hand.holding.handleFrame(1220, 41, hand.last.sequence);
    expect(hand.released).toEqual([ONE]);
    expect(hand.rested).toEqual([]);
    // It stays there until what is played is at that tick.
    expect(shown(hand, 1230, 40.5 * TICK_SECONDS, at(0.5, 0, 0))).toEqual([1, 1, 0]);
    expect(shown(hand, 1240, 41 * TICK_SECONDS, at(1, 1, 0))).toEqual([1, 1, 0]);
    expect(hand.rested).toEqual([ONE]);
    shown(hand, 1240 + 1000 * CORRECTION_SECONDS, 60 * TICK_SECONDS, at(1, 1, 0));
    expect([...hand.holding.entities]).toEqual([]);
    hand.holding.handleTimeout(3000);
    expect([hand.sent(), hand.holding.timeoutMs]).toEqual([[], null]);
  });

  it("is released after a while when the room does not answer, and said again until then", () => {
    const hand = letGo();
    let messages = 0;
    while (hand.released.length === 0) {
      hand.holding.handleTimeout(hand.holding.timeoutMs!);
      messages += hand.sent().length;
    }
    expect(messages).toBeGreaterThan(3);
    expect(shown(hand, 1800, 0, at(0, 1, 0))).toEqual([1, 1, 0]);
    expect(shown(hand, 2900, 0, at(0.5, 1, 0))[0]).toBeCloseTo(1, 6);
    expect(shown(hand, 2900 + 500 * CORRECTION_SECONDS, 0, at(0.5, 1, 0))[0]).toBeCloseTo(0.75, 6);
    expect(shown(hand, 2900 + 1000 * CORRECTION_SECONDS, 0, at(0.5, 1, 0))).toEqual([0.5, 1, 0]);
    expect([...hand.holding.entities]).toEqual([]);
  });

  it("can be grabbed again from where it is shown", () => {
    const hand = letGo();
    hand.poses.set(ONE, at(1, 1, 0));
    expect(hand.holding.grab(1210, ONE)).toBe(true);
    hand.holding.handleFrame(1220, 41, hand.last.sequence);
    expect(hand.released).toEqual([]);
    expect(hand.holding.isHeld(ONE)).toBe(true);
    hand.holding.release(1230, TWO);
    expect(hand.holding.isHeld(ONE)).toBe(true);
  });

  it("REP-73: what is lost goes to where the room has it, without a jump", () => {
    const hand = createHand();
    hand.holding.grab(1000, ONE);
    hand.holding.moveTo(1000, ONE, at(0.8, 0, 0));
    const lost = { holding: { entity: ONE, owner: 9n, ownership: 4, authority: 0, grip: GRABBED }, refusal: null };
    hand.holding.handleLost(1010, lost);
    hand.holding.handleLost(1010, { ...lost, holding: { ...lost.holding, entity: TWO } });
    expect(hand.holding.isHeld(ONE)).toBe(false);
    expect(shown(hand, 1010)[0]).toBeCloseTo(0.8, 6);
    expect(shown(hand, 1010 + 500 * CORRECTION_SECONDS)[0]).toBeCloseTo(0.4, 6);
    expect(shown(hand, 1010 + 1000 * CORRECTION_SECONDS)).toEqual([0, 0, 0]);
    expect([...hand.holding.entities]).toEqual([]);
  });

  it("is over when the entity ends", () => {
    const hand = createHand();
    hand.holding.grab(1000, ONE);
    hand.holding.handleDespawned(ONE);
    expect([...hand.holding.entities]).toEqual([]);
    expect(hand.holding.timeoutMs).toBeNull();
  });
});
