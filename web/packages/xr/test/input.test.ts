import { expect, test } from "vitest";
import { travelOf } from "../src/controller-model";
import { tick } from "../src/haptics";
import { createFlick, createXrInput, readStick, setPressed, withoutDeadZone } from "../src/input";
import { INDEX_TIP, isPinching, jointDistance, THUMB_TIP } from "../src/joints";
import { createXrSettings } from "../src/settings";

test("one flick is one step, however long it is held, until the stick comes back", () => {
  const flick = createFlick();
  expect([0, 0.5, 0.8, 1, 1, 0.5, 1, 0.2, -0.9, -1, 0, 0.71].map(flick)).toEqual([0, 0, 1, 0, 0, 0, 0, 0, -1, 0, 0, 1]);
});

test("a stick at rest moves nobody, and its rim is full speed", () => {
  expect([0, 0.1, -0.15].map((value) => Math.abs(withoutDeadZone(value)))).toEqual([0, 0, 0]);
  expect(withoutDeadZone(1)).toBe(1);
  expect(withoutDeadZone(-1)).toBe(-1);
  expect(withoutDeadZone(0.575)).toBeCloseTo(0.5, 9);
});

test("a button says once that it went down, and once that it came up", () => {
  const button = { pressed: false, down: false, up: false };
  const seen = [true, true, false, false].map((pressed) => {
    setPressed(button, pressed);
    return [button.down, button.up];
  });
  expect(seen).toEqual([[true, false], [false, false], [false, true], [false, false]]);
});

test("the thumbstick is axes 2 and 3, or the only pair there is", () => {
  const stick = { x: 9, y: 9 };
  readStick({ axes: [0.1, 0.2, 0.3, 0.4] }, stick);
  expect(stick).toEqual({ x: 0.3, y: 0.4 });
  readStick({ axes: [0.1, 0.2] }, stick);
  expect(stick).toEqual({ x: 0.1, y: 0.2 });
  readStick(undefined, stick);
  expect(stick).toEqual({ x: 0, y: 0 });
});

test("a pinch closes nearer than it opens", () => {
  let pinching = false;
  const seen = [0.05, 0.02, 0.014, 0.02, 0.027, 0.03, 0.02].map((metres) => (pinching = isPinching(pinching, metres)));
  expect(seen).toEqual([false, false, true, true, true, false, false]);
});

test("the distance of two finger tips is read from their matrices", () => {
  const matrices = new Float32Array(25 * 16);
  matrices.set([1, 2, 3], THUMB_TIP * 16 + 12);
  matrices.set([1, 2.3, 3.4], INDEX_TIP * 16 + 12);
  expect(jointDistance(matrices, THUMB_TIP, INDEX_TIP)).toBeCloseTo(0.5, 6);
});

test("parts of a controller travel with its buttons and axes", () => {
  const gamepad = { buttons: [{ value: 0.25 }, { value: 7 }] as unknown as GamepadButton[], axes: [0, 0, -1, 0.5] };
  expect(travelOf({ part: "trigger", button: 0 }, gamepad)).toBe(0.25);
  expect(travelOf({ part: "grip", button: 1 }, gamepad)).toBe(1);
  expect(travelOf({ part: "missing", button: 5 }, gamepad)).toBe(0);
  expect(travelOf({ part: "x", axis: 2 }, gamepad)).toBe(0);
  expect(travelOf({ part: "y", axis: 3 }, gamepad)).toBe(0.75);
});

/** A source whose place is known, or not, and the frame that reads it. */
function createSource(handedness: "left" | "right") {
  const axes = [0, 0, 0, 0];
  const buttons = [0, 1].map(() => ({ pressed: false, value: 0, touched: false }));
  return {
    ...{ handedness, targetRayMode: "tracked-pointer", targetRaySpace: {}, gripSpace: {}, profiles: [] },
    gamepad: { axes, buttons },
  } as unknown as XRInputSource & { gamepad: { axes: number[]; buttons: { pressed: boolean; value: number }[] } };
}

function frameOf(sources: readonly XRInputSource[], known = true): XRFrame {
  const pose = { transform: { position: { x: 1, y: 2, z: 3 }, orientation: { x: 0, y: 0, z: 0, w: 1 } } };
  return { session: { inputSources: sources }, getPose: () => (known ? pose : null) } as unknown as XRFrame;
}

const SPACE = {} as XRReferenceSpace;

test("both controllers are read, and one that went away holds nothing", () => {
  const input = createXrInput();
  const left = createSource("left");
  const right = createSource("right");
  left.gamepad.axes[2] = -1;
  input.read(frameOf([left, right]), SPACE);
  right.gamepad.buttons[0]!.value = 0.9;
  input.read(frameOf([left, right]), SPACE);
  expect([input.left.kind, input.right.kind, input.right.aim.known]).toEqual(["controller", "controller", true]);
  expect(input.right.aim.position.toArray()).toEqual([1, 2, 3]);
  expect([input.right.trigger.down, input.right.squeeze.pressed, input.left.stick.x]).toEqual([true, false, -1]);
  input.read(frameOf([left]), SPACE);
  expect([input.right.kind, input.right.trigger.up, input.right.aim.known]).toEqual(["none", true, false]);
});

test("what is held already when a controller appears is not a new press", () => {
  const input = createXrInput();
  const right = createSource("right");
  right.gamepad.buttons[1]!.pressed = true;
  input.read(frameOf([right]), SPACE);
  expect([input.right.squeeze.pressed, input.right.squeeze.down]).toEqual([true, false]);
});

test("out of sight, a hand keeps its last place and says that it is not known", () => {
  const input = createXrInput();
  const right = createSource("right");
  input.read(frameOf([right]), SPACE);
  input.read(frameOf([right], false), SPACE);
  expect([input.right.kind, input.right.aim.known, input.right.aim.position.x]).toEqual(["controller", false, 1]);
});

test("a press shorter than a frame counts for one", () => {
  const input = createXrInput();
  const right = createSource("right");
  const session = new EventTarget();
  input.follow(session as XRSession);
  input.read(frameOf([right]), SPACE);
  for (const type of ["selectstart", "selectend"]) session.dispatchEvent(Object.assign(new Event(type), { inputSource: right }));
  input.read(frameOf([right]), SPACE);
  expect(input.right.trigger.down).toBe(true);
  input.read(frameOf([right]), SPACE);
  expect(input.right.trigger.up).toBe(true);
});

test("a source that goes away while it is pressed does not stay pressed", () => {
  const input = createXrInput();
  const right = createSource("right");
  const session = new EventTarget();
  input.follow(session as XRSession);
  session.dispatchEvent(Object.assign(new Event("squeezestart"), { inputSource: right }));
  input.read(frameOf([right]), SPACE);
  expect(input.right.squeeze.pressed).toBe(true);
  session.dispatchEvent(Object.assign(new Event("inputsourceschange"), { added: [], removed: [right] }));
  input.read(frameOf([right]), SPACE);
  expect(input.right.squeeze.pressed).toBe(false);
});

test("a tick is felt in either form of actuator, and silent without one", () => {
  const felt: unknown[] = [];
  const refusing = () => Promise.reject(new Error("asleep"));
  const source = (gamepad: unknown) => ({ gamepad }) as XRInputSource;
  tick(source({ hapticActuators: [{ pulse: (...pulse: unknown[]) => (felt.push(pulse), refusing()) }] }), "select");
  tick(source({ vibrationActuator: { playEffect: (...effect: unknown[]) => (felt.push(effect), Promise.resolve()) } }), "refusal");
  tick(source({}), "snap");
  tick(null, "snap");
  expect(felt).toEqual([[0.35, 18], ["dual-rumble", { duration: 90, strongMagnitude: 0.9, weakMagnitude: 0.9 }]]);
});

test("choices are remembered, and nonsense in storage is not believed", () => {
  const kept = new Map<string, string>();
  const shelf = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) };
  const settings = createXrSettings(shelf);
  expect(settings.state).toEqual({ leftHanded: false, smooth: false, vignette: true });
  let told = 0;
  const stop = settings.subscribe(() => told++);
  settings.set({ leftHanded: true });
  settings.set({ leftHanded: true });
  stop();
  settings.set({ smooth: true });
  expect(told).toBe(1);
  expect(createXrSettings(shelf).state).toEqual({ leftHanded: true, smooth: true, vignette: true });
  for (const text of ["{", "7", "null", '{"smooth": "yes", "other": true}']) {
    kept.set("theta.xr", text);
    expect(createXrSettings(shelf).state).toEqual({ leftHanded: false, smooth: false, vignette: true });
  }
});

test("a browser that keeps nothing still has settings", () => {
  const settings = createXrSettings({
    getItem: () => {
      throw new Error("denied");
    },
    setItem: () => {
      throw new Error("denied");
    },
  });
  settings.set({ smooth: true });
  expect(settings.state.smooth).toBe(true);
});
