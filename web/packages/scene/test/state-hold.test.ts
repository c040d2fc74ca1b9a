import type { Person, StateBody } from "@theta/client";
import { DARK_THEME, LIGHT_THEME } from "../src/theme";
import { Group, PerspectiveCamera, Quaternion, Scene, Vector3 } from "three";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakeState } from "../../app/test/fake/fake-state";
import { createCursor } from "../src/cursor";
import { createStatePlane } from "../src/state-plane";
import { viewOf } from "../src/view";
import { createViewRegion } from "../src/view-region";

const SELF = 1n;
const BEN = { actor: 2n, colour: 0x00ff00, self: false } as Person;
const BALL: StateBody = { shape: "sphere", size: [1, 1, 1], colour: [0, 0, 0], position: [1, 2, 3] };
const RIG = { target: new Vector3(), distance: 4 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function room({ editable = true } = {}) {
  const state = new FakeState(SELF);
  const listeners = new Map<string, (value: never) => void>();
  const client = {
    state,
    connection: { phase: "online" },
    people: [{ actor: SELF, colour: 0, self: true } as Person, BEN],
    on(event: string, listener: (value: never) => void) {
      listeners.set(event, listener);
      return () => listeners.delete(event);
    },
  };
  const canvas = { style: { cursor: "" } };
  const stage = {
    ...{ scene: new Scene(), camera: new PerspectiveCamera(), player: new Group(), presenting: false, invalidate: vi.fn() },
    onPresenting(listener: (presenting: boolean) => void) {
      listeners.set("presenting", listener);
      return () => listeners.delete("presenting");
    },
  };
  stage.camera.position.set(1, 2, 10);
  stage.camera.updateMatrixWorld();
  const moved = vi.fn();
  const holdLost = vi.fn();
  const may = { edit: editable };
  const clock = { ms: 1000 };
  const plane = createStatePlane({
    ...{ client: client as never, stage, theme: LIGHT_THEME, moved, holdLost },
    cursor: createCursor(canvas as HTMLCanvasElement),
    editable: () => may.edit,
    now: () => clock.ms,
  });
  const marks: ReadonlyMap<bigint, number>[] = [];
  vi.spyOn(plane.layer, "mark").mockImplementation((next) => void marks.push(next));
  const frame = (seconds = 1 / 60): boolean => {
    clock.ms += seconds * 1000;
    return plane.advance(seconds, viewOf(stage), RIG);
  };
  const pick = (entity: bigint) => ({ state: entity, point: new Vector3(1, 2, 3.5), distance: 5 });
  const tell = (event: string, value: unknown): void => listeners.get(event)?.(value as never);
  return { state, plane, client, canvas, stage, may, moved, holdLost, clock, marks, frame, pick, tell, listeners };
}

const inHand = ({ state, plane, frame, pick }: ReturnType<typeof room>): void => {
  state.put(7n, BALL);
  frame();
  expect(plane.hold.take(pick(7n))).toBe(true);
};

test("what one points at is outlined, and the cursor offers to take it", () => {
  const { state, plane, canvas, marks, frame } = room();
  state.put(7n, BALL);
  frame();
  plane.hold.hover(7n);
  expect([[...marks.at(-1)!], canvas.style.cursor]).toEqual([[[7n, LIGHT_THEME.hover]], "grab"]);
  plane.setTheme(DARK_THEME);
  expect([...marks.at(-1)!]).toEqual([[7n, DARK_THEME.hover]]);
  plane.hold.hover(null);
  expect([[...marks.at(-1)!], canvas.style.cursor]).toEqual([[], ""]);
});

test("who only watches takes nothing, and the cursor says so", () => {
  const { state, plane, canvas, marks, frame, pick } = room({ editable: false });
  state.put(7n, BALL);
  frame();
  plane.hold.hover(7n);
  expect([[...marks.at(-1)!], canvas.style.cursor]).toEqual([[], "not-allowed"]);
  expect([plane.hold.take(pick(7n)), state.asked.filter(([what]) => what === "grab")]).toEqual([false, []]);
});

test("in the hand it goes where the hand goes, and stays where it is let go of", () => {
  const one = room();
  const { state, plane, canvas, marks, frame } = one;
  inHand(one);
  expect([[...marks.at(-1)!], canvas.style.cursor, plane.hold.entity]).toEqual([[[7n, LIGHT_THEME.accent]], "grabbing", 7n]);
  plane.hold.move({ offset: new Vector3(1, 0, 0) });
  plane.hold.move({ offset: new Vector3(0, 0.5, 0) });
  frame();
  expect(plane.layer.placeOf(7n)?.position.toArray()).toEqual([1, 2.5, 3]);
  plane.hold.release();
  expect([state.held.size, plane.hold.entity, canvas.style.cursor]).toEqual([0, null, ""]);
  plane.hold.move({ offset: new Vector3(9, 9, 9) });
  frame();
  expect(plane.layer.placeOf(7n)?.position.toArray()).toEqual([1, 2.5, 3]);
});

test("a hand that turns turns it about where it was taken", () => {
  const one = room();
  const { plane, frame } = one;
  inHand(one);
  const turn = new Quaternion().setFromAxisAngle(new Vector3(0, 1, 0), Math.PI);
  plane.hold.move({ offset: new Vector3(), turn, pivot: new Vector3(1, 2, 4) });
  frame();
  const place = plane.layer.placeOf(7n)!;
  expect(place.position.toArray().map((value) => Number(value.toFixed(5)))).toEqual([1, 2, 5]);
  expect(Math.abs(place.rotation[1])).toBeCloseTo(1, 6);
});

test("what the room refuses is not in the hand", () => {
  const { state, plane, frame, pick } = room();
  state.put(7n, BALL);
  frame();
  state.grants = false;
  expect([plane.hold.take(pick(7n)), plane.hold.entity]).toEqual([false, null]);
  expect(plane.hold.take(pick(8n))).toBe(false);
});

test("what another takes, or what goes, is out of the hand", () => {
  const one = room();
  const { state, plane, frame, tell } = one;
  inHand(one);
  tell("stateLost", { entity: 8n, owner: 2n, reason: null });
  expect(plane.hold.entity).toBe(7n);
  tell("stateLost", { entity: 7n, owner: 2n, reason: null });
  expect(plane.hold.entity).toBeNull();
  inHand(one);
  state.take(7n);
  frame();
  frame();
  expect([plane.hold.entity, state.held.size]).toEqual([null, 0]);
});

test("what is in others' hands has their colour; what is in a stranger's has none", () => {
  const { state, marks, frame } = room();
  state.put(7n, BALL);
  state.put(8n, BALL);
  state.hold(7n, BEN.actor);
  state.hold(8n, 99n);
  frame();
  expect([...marks.at(-1)!]).toEqual([[7n, BEN.colour]]);
  state.hold(7n, null);
  frame();
  expect([...marks.at(-1)!]).toEqual([]);
});

test("frames go on for a while after the last movement, then rest, and are asked for again by the next", () => {
  const { state, stage, moved, frame, clock } = room();
  state.put(7n, BALL);
  expect([frame(), moved.mock.calls.length]).toEqual([true, 1]);
  let more = 0;
  while (frame() && more < 100) more++;
  expect([more >= 10, more <= 20, moved.mock.calls.length]).toEqual([true, true, 1]);
  stage.invalidate.mockClear();
  vi.advanceTimersByTime(1000);
  expect(stage.invalidate).not.toHaveBeenCalled();
  state.place(7n, [0, 0, 0]);
  clock.ms += 1000;
  vi.advanceTimersByTime(60);
  expect(stage.invalidate).toHaveBeenCalled();
  expect(frame()).toBe(true);
});

test("what moves in one step while no frames are drawn is looked for under the pointer too", () => {
  const { state, moved, frame, clock } = room();
  state.put(7n, BALL);
  while (frame());
  moved.mockClear();
  state.place(7n, [0, 0, 0]);
  clock.ms += 1000;
  vi.advanceTimersByTime(60);
  frame();
  expect(moved).toHaveBeenCalledTimes(1);
});

test("what moves out of view asks for no frames, and is where it belongs once it is seen; what leaves the view is taken out of it", () => {
  const { state, plane, stage, moved, frame, clock } = room();
  const behind: StateBody = { ...BALL, position: [1, 2, 20] };
  state.put(7n, behind);
  while (frame());
  stage.invalidate.mockClear();
  moved.mockClear();
  for (let step = 0; step < 10; step++) {
    state.place(7n, [step, 2, 20]);
    clock.ms += 50;
    vi.advanceTimersByTime(50);
  }
  expect([stage.invalidate.mock.calls.length, moved.mock.calls.length]).toEqual([0, 0]);
  expect([frame(), plane.layer.placeOf(7n)?.position.x]).toEqual([false, 9]);
  for (const position of [[1, 2, 3], [1, 2, 20]] as const) {
    state.place(7n, position);
    stage.invalidate.mockClear();
    clock.ms += 1000;
    vi.advanceTimersByTime(60);
    expect(stage.invalidate, `at ${position.join()}`).toHaveBeenCalled();
    while (frame());
  }
});

test("who may change nothing any more has an empty hand, and sees it at once", () => {
  const one = room();
  const { state, plane, canvas, may, marks, frame } = one;
  inHand(one);
  may.edit = false;
  frame();
  expect([plane.hold.entity, state.held.size]).toEqual([null, 0]);
  plane.hold.hover(7n);
  expect([marks.at(-1)!.size, canvas.style.cursor]).toEqual([0, "not-allowed"]);
  may.edit = true;
  frame();
  expect([marks.at(-1)!.size, canvas.style.cursor]).toEqual([1, "grab"]);
});

test("a connection that is lost takes it out of the hand, and says so", () => {
  const one = room();
  const { state, plane, client, holdLost, tell } = one;
  inHand(one);
  tell("connection", { phase: "online" });
  expect([plane.hold.entity, holdLost.mock.calls.length]).toEqual([7n, 0]);
  tell("connection", (client.connection = { phase: "waiting" }));
  tell("connection", (client.connection = { phase: "connecting" }));
  expect([plane.hold.entity, state.held.size, holdLost.mock.calls.length]).toEqual([null, 0, 1]);
});

test("who puts a headset on or takes it off lets go of what was in the hand, and points at nothing", () => {
  const one = room();
  const { state, plane, listeners } = one;
  inHand(one);
  plane.hold.hover(7n);
  listeners.get("presenting")?.(true as never);
  expect([plane.hold.entity, plane.hold.hovered, state.held.size]).toEqual([null, null, 0]);
});

test("a hand that takes another thing lets go of the first", () => {
  const one = room();
  const { state, plane, frame, pick } = one;
  inHand(one);
  state.put(8n, BALL);
  frame();
  expect([plane.hold.take(pick(8n)), plane.hold.entity, [...state.held.keys()]]).toEqual([true, 8n, [8n]]);
});

test("whoever comes into the list of people after what they hold gives it their colour", () => {
  const { state, client, marks, frame, tell } = room();
  state.put(7n, BALL);
  state.hold(7n, 3n);
  frame();
  expect(marks.at(-1)!.size).toBe(0);
  client.people.push({ actor: 3n, colour: 0x123456, self: false } as Person);
  tell("people", client.people);
  expect([...marks.at(-1)!]).toEqual([[7n, 0x123456]]);
});

test("an empty world is never looked at again, and appearing asks for a frame", () => {
  const { stage, frame, tell, plane, listeners } = room();
  expect(frame()).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
  tell("state", { appeared: 1, disappeared: 0 });
  expect(stage.invalidate).toHaveBeenCalled();
  plane.dispose();
  expect(listeners.size).toBe(0);
});

test("the room is asked for what the camera looks at, again when that is elsewhere, and not too often", () => {
  const state = new FakeState(SELF);
  const region = createViewRegion(state);
  const target = new Vector3(1, 0, 0);
  expect(region.follow(0.1, target, 4)).toBe(false);
  expect(state.asked).toEqual([["subscribeToRegion", [1, 0, 0], 10]]);
  expect(region.follow(0.1, target.set(2, 0, 0), 4)).toBe(false);
  expect(region.follow(0.1, target.set(5, 0, 0), 4)).toBe(true);
  expect(region.follow(0.2, target, 40)).toBe(false);
  expect(state.asked.slice(1)).toEqual([["moveRegion", 0, [5, 0, 0], 50]]);
  region.follow(1, target, 1000);
  expect(state.asked.at(-1)).toEqual(["moveRegion", 0, [5, 0, 0], 64]);
  expect(region.follow(1, null, 4)).toBe(false);
  expect(state.asked.at(-1)).toEqual(["unsubscribe", 0]);
  region.dispose();
  expect(state.asked).toHaveLength(4);
});

test("in a headset only who is larger than life needs more than what is around their head", () => {
  const { state, stage, frame } = room();
  stage.presenting = true;
  frame();
  expect(state.asked).toEqual([]);
  stage.player.scale.setScalar(5);
  frame(1);
  expect(state.asked).toEqual([["subscribeToRegion", [1, 2, 10], 50]]);
});

test("of two kinds of things under the pointer, what is alive has the cursor", () => {
  const canvas = { style: { cursor: "" } };
  const cursor = createCursor(canvas as HTMLCanvasElement);
  cursor.set("document", "pointer");
  cursor.set("state", "grabbing");
  expect(canvas.style.cursor).toBe("grabbing");
  cursor.set("state", "");
  expect(canvas.style.cursor).toBe("pointer");
});
