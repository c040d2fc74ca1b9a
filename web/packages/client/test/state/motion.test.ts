import {
  encodeMessage,
  fromHex,
  OWNERSHIP_REPEAT_SECONDS,
  type OwnershipChanged,
  type OwnershipRefused,
  type OwnershipRow,
  type Pose,
  PREDICTED_INPUTS_MAX,
  toHex,
} from "@theta/wire";
import { describe, expect, it } from "vitest";
import motion from "../../../../../spec/vectors/state_motion.json";
import identity from "../../../../../spec/vectors/identity.json";
import { plain } from "../../../wire/test/vectors";
import { RoomFaultError } from "../../src/errors";
import { createInterpolationBuffer, createPlaybackClock } from "../../src/state/interpolation";
import { createOwnershipView, GRABBED, isNewer, type OwnershipView } from "../../src/state/ownership";
import { createOwnedStateSender } from "../../src/state/owned-state";
import { createPrediction, stepBy, stepTo } from "../../src/state/prediction";
import type { ComponentLayout } from "../../src/state/schema";
import { createVectorSession } from "./vectors";

/** Numbers may differ by so much between the languages. */
const DIGITS = 9;
const ANNA = BigInt(identity.actors[0]!.actor);

type PlainRow = { entity: string; owner: string; ownership: number; authority: number; grip: number };
type PlainMessage = { type: string; rows?: PlainRow[]; row?: PlainRow; ownership?: number; authority?: number; reason?: string };
type Step = { do: string; now: number; entity?: string; keep?: boolean; message?: PlainMessage };

function rowOf(row: PlainRow): OwnershipRow {
  return { ...row, entity: BigInt(row.entity), owner: BigInt(row.owner) };
}

function tell(view: OwnershipView, nowMs: number, message: PlainMessage): void {
  if (message.type === "OwnershipChanged") {
    const told: OwnershipChanged = { type: "OwnershipChanged", rows: message.rows!.map(rowOf) };
    view.handleChanged(nowMs, told);
  } else {
    view.handleRefused(nowMs, { ...message, row: rowOf(message.row!) } as unknown as OwnershipRefused);
  }
}

function act(view: OwnershipView, step: Step): void {
  const nowMs = step.now * 1000;
  const entity = BigInt(step.entity ?? 0);
  if (step.do === "grab") view.grab(nowMs, entity);
  else if (step.do === "touch") view.touch(nowMs, entity);
  else if (step.do === "release") view.release(nowMs, entity, step.keep);
  else if (step.do === "despawned") view.handleDespawned(entity);
  else if (step.do === "timeout") view.handleTimeout(nowMs);
  else tell(view, nowMs, step.message!);
}

function drained<T>(poll: () => T | null): T[] {
  const found: T[] = [];
  for (let each = poll(); each !== null; each = poll()) found.push(each);
  return found;
}

function poseOf([position, rotation]: number[][]): Pose {
  return { position, rotation } as unknown as Pose;
}

function expectClose(found: ArrayLike<number>, wanted: readonly number[]): void {
  expect(found.length).toBe(wanted.length);
  for (const [at, number] of wanted.entries()) expect(found[at]).toBeCloseTo(number, DIGITS);
}

describe("ownership", () => {
  it("REP-60: compares sequence numbers as serial ones", () => {
    expect(motion.newer.length).toBeGreaterThan(0);
    for (const { one, other, newer } of motion.newer) expect(isNewer(one, other), `${one} ${other}`).toBe(newer);
  });

  it.each(motion.views)("REP-65: $title", ({ steps }) => {
    const view = createOwnershipView(ANNA);
    for (const step of steps) {
      act(view, step);
      expect(drained(() => view.pollMessage()).map(plain)).toEqual(step.messages);
      expect(drained(() => view.pollCorrection()).map(plain)).toEqual(step.corrections);
      for (const holding of step.holdings) expect(plain(view.holding(BigInt(holding.entity)))).toEqual(holding);
      expect(view.owned.map(String)).toEqual(step.owned);
      expect(view.timeoutMs).toBe(step.timeout === null ? null : step.timeout * 1000);
    }
  });

  it("REP-65: asks again until it is answered, and no more when the entity has ended", () => {
    const view = createOwnershipView(ANNA);
    view.grab(0, 5n);
    expect(drained(() => view.pollMessage())).toHaveLength(1);
    view.handleTimeout(OWNERSHIP_REPEAT_SECONDS * 1000 - 1);
    expect(drained(() => view.pollMessage())).toHaveLength(0);
    view.handleTimeout(OWNERSHIP_REPEAT_SECONDS * 1000);
    expect(drained(() => view.pollMessage())).toEqual([{ type: "ClaimOwnership", entity: 5n, ownership: 1, authority: 0 }]);
    expect(view.holding(5n)).toEqual({ entity: 5n, owner: ANNA, ownership: 1, authority: 0, grip: GRABBED });
    view.handleDespawned(5n);
    expect(view.timeoutMs).toBeNull();
    expect(view.owns(5n)).toBe(false);
  });

  it("REP-65: takes again what it has just let go of, before the room has answered", () => {
    const view = createOwnershipView(ANNA);
    view.grab(0, 5n);
    view.handleChanged(1, { type: "OwnershipChanged", rows: [{ entity: 5n, owner: ANNA, ownership: 1, authority: 0, grip: GRABBED }] });
    view.release(2, 5n);
    view.grab(3, 5n);
    expect(drained(() => view.pollMessage()).slice(1)).toEqual([
      { type: "ReleaseOwnership", entity: 5n, ownership: 1, authority: 0, keep: false },
      { type: "ClaimOwnership", entity: 5n, ownership: 2, authority: 0 },
    ]);
    view.handleChanged(4, { type: "OwnershipChanged", rows: [{ entity: 5n, owner: 0n, ownership: 1, authority: 1, grip: 0 }] });
    expect([view.owns(5n), view.pollCorrection()]).toEqual([true, null]);
    view.handleChanged(5, { type: "OwnershipChanged", rows: [{ entity: 5n, owner: ANNA, ownership: 2, authority: 0, grip: GRABBED }] });
    expect([view.owns(5n), view.pollCorrection(), view.timeoutMs]).toEqual([true, null, null]);
  });

  it("REP-60: takes nothing of a message with a grip that there is not", () => {
    const view = createOwnershipView(ANNA);
    const row = { entity: 5n, owner: 9n, ownership: 1, authority: 0, grip: 3 };
    expect(() => view.handleChanged(0, { type: "OwnershipChanged", rows: [{ ...row, grip: GRABBED }, row] })).toThrow(RoomFaultError);
    expect(() => view.handleRefused(0, { type: "OwnershipRefused", ownership: 1, authority: 0, reason: "held", row })).toThrow("grip is 3");
    expect(view.holding(5n).owner).toBe(0n);
  });

  it("REP-83: says again what it wants over another connection", () => {
    const view = createOwnershipView(ANNA);
    view.grab(0, 5n);
    view.grab(0, 6n);
    drained(() => view.pollMessage());
    view.handleChanged(1, { type: "OwnershipChanged", rows: [{ entity: 5n, owner: ANNA, ownership: 1, authority: 0, grip: GRABBED }] });
    view.handleResumed(100);
    expect(drained(() => view.pollMessage())).toEqual([
      { type: "ClaimOwnership", entity: 6n, ownership: 1, authority: 0 },
      { type: "ClaimOwnership", entity: 5n, ownership: 1, authority: 0 },
    ]);
    expect(view.timeoutMs).toBe(100 + 1000 * OWNERSHIP_REPEAT_SECONDS);
    view.handleChanged(200, { type: "OwnershipChanged", rows: [{ entity: 5n, owner: ANNA, ownership: 1, authority: 0, grip: GRABBED }] });
    view.handleTimeout(view.timeoutMs!);
    expect(drained(() => view.pollMessage())).toMatchObject([{ entity: 6n }]);
    expect(view.owns(5n)).toBe(true);
  });
});

describe("interpolation", () => {
  it.each(motion.clocks)("REP-68: shows the room's time a little late", ({ tick_seconds: tickSeconds, events }) => {
    const clock = createPlaybackClock(tickSeconds);
    for (const event of events) {
      if (event.tick === undefined) {
        const shown = clock.advance(event.now * 1000);
        if (event.shown == null) expect(shown).toBeNull();
        else expect(shown).toBeCloseTo(event.shown, DIGITS);
      } else {
        clock.handleTick(event.now * 1000, event.tick);
        expect(clock.delay).toBeCloseTo(event.delay, DIGITS);
        expect(clock.jitter).toBeCloseTo(event.jitter, DIGITS);
      }
    }
  });

  it.each(motion.buffers)("REP-69 REP-70 REP-71: values at any time", ({ tracks, events }) => {
    const buffer = createInterpolationBuffer(
      tracks.map(({ name, width, is_rotation: isRotation, jump }) => ({ name, width, isRotation, jump })),
    );
    for (const { do: what, time, slots, columns, values } of events) {
      if (what === "samples") {
        const flat = Object.entries(columns!).map(([name, rows]) => [name, rows.flat()] as const);
        buffer.handleSamples(time, slots, Object.fromEntries(flat));
      } else if (what === "rest") buffer.handleRest(time, slots);
      else if (what === "forget") buffer.forget(slots);
      else {
        const found = buffer.valuesAt(time, slots);
        for (const [name, rows] of Object.entries(values!)) expectClose(found[name]!, rows.flat());
      }
    }
  });

  it("shows a thousand entities", () => {
    const buffer = createInterpolationBuffer([{ name: "metres", width: 3 }, { name: "rotation", width: 4, isRotation: true }]);
    const slots = Uint32Array.from({ length: 1000 }, (_, slot) => slot);
    const columns = { metres: new Float32Array(3000).fill(1), rotation: new Float32Array(4000).fill(0.5) };
    for (let tick = 0; tick < 20; tick += 1) buffer.handleSamples(tick / 30, slots, columns);
    const found = buffer.valuesAt(0.5, slots);
    expect(new Set(found.metres)).toEqual(new Set([1]));
    expect(found.rotation).toHaveLength(4000);
  });
});

describe("owned state", () => {
  it.each(motion.uploads)("REP-66: entities are told in these bytes", ({ tick, entities, ownerships, written, messages }) => {
    const session = createVectorSession();
    const values = written.map((each) => ({
      number: each.number,
      rows: each.entities.length,
      entities: BigUint64Array.from(each.entities, BigInt),
      words: wordsOf(session.layouts[each.number]!, each.lanes),
      objects: each.objects.map((field) => field.map(fromHex)),
    }));
    const sender = createOwnedStateSender(session);
    const found = sender.messages(0, tick, BigUint64Array.from(entities, BigInt), Uint32Array.from(ownerships), values);
    expect(found.map((message) => toHex(encodeMessage(message)))).toEqual(messages);
  });
});

/** Lanes in decimal, row after row, as 32 or 64 bits each. */
function wordsOf(layout: ComponentLayout, rows: readonly string[]): Int32Array {
  const natural = layout.groups.flatMap((lanes, group) => new Array<number>(lanes).fill(layout.naturalBytes[group]!));
  return Int32Array.from(
    rows.flatMap((row) =>
      natural.flatMap((bytes, lane) => {
        const value = BigInt(row.split(" ")[lane]!);
        return bytes === 8 ? [Number(BigInt.asIntN(32, value)), Number(value >> 32n)] : [Number(value)];
      }),
    ),
  );
}

describe("prediction", () => {
  it.each(motion.predictions)("REP-72 REP-73: a step $step, answered and corrected", ({ step, start, events }) => {
    const held = createPrediction(poseOf(start), step === "to" ? stepTo : stepBy);
    for (const { do: what, now, sequence, pose, unanswered } of events) {
      if (what === "input") held.handleInput(sequence!, poseOf(pose));
      else if (what === "answer") held.handleAnswer(now * 1000, sequence!, poseOf(pose));
      else {
        const { position, rotation } = held.shown(now * 1000);
        expectClose([...position, ...rotation], pose.flat());
        expect(held.unanswered).toBe(unanswered);
      }
    }
  });

  it("REP-72: keeps so many inputs, and does those again", () => {
    const held = createPrediction({ position: [0, 0, 0], rotation: [0, 0, 0, 1] }, stepBy);
    const change: Pose = { position: [1, 0, 0], rotation: [0, 0, 0, 1] };
    for (let sequence = 1; sequence <= PREDICTED_INPUTS_MAX + 3; sequence += 1) held.handleInput(sequence, change);
    expect([held.unanswered, held.dropped]).toEqual([PREDICTED_INPUTS_MAX, 3]);
    held.handleAnswer(0, 3, { position: [0, 2, 0], rotation: [0, 0, 0, 1] });
    expect(held.pose.position).toEqual([PREDICTED_INPUTS_MAX, 2, 0]);
  });
});
