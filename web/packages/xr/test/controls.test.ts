import { Group, Mesh, PlaneGeometry, Quaternion, Vector3 } from "three";
import { expect, test } from "vitest";
import type { XrPanel, XrTarget } from "../src/ui/types";
import { createTestControls, press } from "./stand-in";

const CUBE = { kind: "object", entity: "cube" } as const;
const ASIDE = new Quaternion().setFromAxisAngle(new Vector3(0, 1, 0), 1);

test("the ray hovers, the trigger selects with a tick, and on nothing it empties the selection", () => {
  const { right, selection, frame, beam } = createTestControls();
  frame();
  expect([selection.state.hovered, selection.state.selected, beam.metres]).toEqual([CUBE, null, 2]);
  press(right.trigger, true);
  frame();
  expect([selection.state.selected, right.ticks]).toEqual([CUBE, [18]]);
  press(right.trigger, false);
  right.aim.rotation.copy(ASIDE);
  frame();
  expect([selection.state.hovered, selection.state.selected, beam.metres]).toEqual([null, CUBE, null]);
  press(right.trigger, true);
  frame();
  expect([selection.state.selected, right.ticks]).toEqual([null, [18]]);
});

test("from grip to release is one drag, as far as the hand went", () => {
  const { right, selection, frame, log, moves, controls } = createTestControls();
  frame();
  press(right.squeeze, true);
  frame();
  expect([log, controls.grab.active, selection.state.selected]).toEqual([["start"], true, CUBE]);
  for (const x of [0.1, 0.2, 0.3]) {
    right.aim.position.x = x;
    frame();
  }
  expect(moves.at(-1)?.toArray()).toEqual([expect.closeTo(0.3), 0, 0]);
  press(right.squeeze, false);
  frame();
  expect([log, controls.grab.held]).toEqual([["start", "end 0.3 0 0"], false]);
});

test("what is alive and nearer is taken by the grip, carried, and stays where it is let go of: no drag, no selection", () => {
  const { right, world, selection, hovered, frame, log, moves, controls, beam } = createTestControls();
  world.living = 1.5;
  frame();
  expect([hovered.living, selection.state.hovered, beam.metres]).toEqual([7n, null, 1.5]);
  press(right.trigger, true);
  frame();
  press(right.trigger, false);
  frame();
  expect([selection.state.selected, log]).toEqual([null, []]);
  press(right.squeeze, true);
  frame();
  expect([log, controls.grab.active, right.ticks]).toEqual([["take"], true, [18]]);
  right.aim.position.x = 0.3;
  frame();
  expect(moves.at(-1)?.toArray()).toEqual([expect.closeTo(0.3), 0, 0]);
  press(right.squeeze, false);
  frame();
  expect([log, controls.grab.held, selection.state.selected]).toEqual([["take", "release"], false, null]);
});

test("what is alive behind a thing is not meant", () => {
  const { world, hovered, selection, frame } = createTestControls();
  world.living = 3;
  frame();
  expect([hovered.living, selection.state.hovered]).toEqual([null, CUBE]);
  world.thing = false;
  frame();
  expect([hovered.living, selection.state.hovered]).toEqual([7n, null]);
});

test("what somebody takes out of the hand is felt to be gone", () => {
  const { right, world, frame, log, hold, controls } = createTestControls();
  world.living = 1;
  press(right.squeeze, true);
  frame();
  hold.release();
  frame();
  expect([log, right.ticks, controls.grab.held]).toEqual([["take", "release"], [18, 90], false]);
});

test("two grips on something alive that was only just taken hold the world instead", () => {
  const { left, right, world, frame, log, controls } = createTestControls();
  world.living = 1;
  press(right.squeeze, true);
  frame();
  press(left.squeeze, true);
  frame();
  expect([log, controls.worldGrab.active]).toEqual([["take", "release"], true]);
});

test("a viewer is told, and nothing is dragged", () => {
  const { right, frame, log } = createTestControls({ editable: false });
  press(right.squeeze, true);
  frame();
  right.aim.position.x = 1;
  frame();
  expect(log).toEqual(["warning: You are watching; ask for an editor's link."]);
  expect(right.ticks).toEqual([90]);
});

test("a hand out of sight for more than a second lets go of nothing done", () => {
  const { right, frame, log } = createTestControls();
  press(right.squeeze, true);
  frame();
  right.aim.position.x = 0.5;
  frame();
  right.aim.known = false;
  for (let count = 0; count < 9; count++) frame(0.1);
  expect(log).toEqual(["start"]);
  for (let count = 0; count < 3; count++) frame(0.1);
  expect(log).toEqual(["start", "cancel"]);
  expect(right.ticks).toEqual([18, 90]);
});

test("let go of out of sight, a thing stays where it was last seen", () => {
  const { right, frame, log } = createTestControls();
  press(right.squeeze, true);
  frame();
  right.aim.position.x = 0.5;
  frame();
  right.aim.known = false;
  frame(0.1);
  Object.assign(right.aim, { known: true }).position.x = 4;
  press(right.squeeze, false);
  frame();
  expect(log).toEqual(["start", "end 0.5 0 0"]);
});

test("a controller put down for a bare hand cancels what it held", () => {
  const { right, frame, log } = createTestControls();
  press(right.squeeze, true);
  frame();
  right.kind = "hand";
  press(right.squeeze, false);
  frame();
  expect(log).toEqual(["start", "cancel"]);
});

test("what somebody deletes is out of the hand, and felt to be", () => {
  const { right, frame, log, drag, controls } = createTestControls();
  press(right.squeeze, true);
  frame();
  drag.cancel();
  frame();
  press(right.squeeze, false);
  frame();
  expect([log, right.ticks, controls.grab.held]).toEqual([["start", "cancel"], [18, 90], false]);
});

test("both grips on nothing hold the world, and the thing under the ray only until the second grip closes", () => {
  const { left, right, frame, log, controls, player } = createTestControls();
  left.grip.position.set(-0.2, 1, -0.3);
  right.grip.position.set(0.2, 1, -0.3);
  press(right.squeeze, true);
  frame();
  expect(controls.grab.active).toBe(true);
  press(left.squeeze, true);
  frame();
  expect([log, controls.grab.active, controls.worldGrab.active]).toEqual([["start", "cancel"], false, true]);
  left.grip.position.x = -0.4;
  right.grip.position.x = 0.4;
  frame();
  expect(player.scale).toBeCloseTo(0.5, 9);
  press(left.squeeze, false);
  frame();
  frame();
  expect([controls.worldGrab.active, controls.grab.active]).toEqual([false, false]);
});

test("a thing that was moved already stays in the hand when the other grip closes", () => {
  const { left, right, frame, controls } = createTestControls();
  press(right.squeeze, true);
  frame();
  right.aim.position.x = 0.2;
  frame();
  press(left.squeeze, true);
  frame();
  expect([controls.grab.active, controls.worldGrab.active]).toEqual([true, false]);
});

test("the off hand's stick undoes once for each flick, and says why it can't", () => {
  const { left, frame, log, history } = createTestControls();
  const flick = (x: number): void => {
    for (const value of [x, x, 0]) {
      left.stick.x = value;
      frame();
    }
  };
  flick(-1);
  flick(1);
  history.undo = { label: "paint", blockedBy: ["Ana", "Bo"] };
  flick(-1);
  expect(log).toEqual(["undo", "warning: Nothing to redo", "warning: Can't undo: Ana, Bo changed this since"]);
  expect(left.ticks).toEqual([25, 90, 90]);
});

test("the dominant stick snaps by 45 degrees, and a push and release forward jumps", () => {
  const { right, frame, player, snapped, teleport, controls } = createTestControls();
  right.aim.position.set(0, 1.2, 0);
  right.stick.x = 1;
  frame();
  frame();
  expect(player.yaw).toBeCloseTo(-Math.PI / 4, 9);
  right.stick.x = 0;
  frame();
  player.turn(Math.PI / 4);
  right.stick.y = -1;
  frame();
  frame();
  expect([teleport.aiming, controls.grab.active]).toEqual([true, false]);
  right.stick.y = 0;
  frame();
  expect(player.group.position.z).toBeLessThan(-2);
  expect(snapped).toEqual(["right", "right"]);
});

test("a hand lost while it aims goes nowhere", () => {
  const { right, frame, player, teleport } = createTestControls();
  right.aim.position.set(0, 1.2, 0);
  right.stick.y = -1;
  frame();
  frame();
  right.aim.known = false;
  right.stick.y = 0;
  frame();
  expect([teleport.aiming, player.group.position.z]).toEqual([false, 0]);
});

test("a grip gives up an aimed jump, and takes hold of nothing", () => {
  const { right, frame, player, teleport, log } = createTestControls();
  right.stick.y = -1;
  frame();
  press(right.squeeze, true);
  frame();
  expect([teleport.aiming, log]).toEqual([false, []]);
  press(right.squeeze, false);
  frame();
  expect(teleport.aiming).toBe(false);
  right.stick.y = 0;
  frame();
  expect(player.group.position.z).toBe(0);
});

test("smooth motion walks as fast as the person is large, and never far in one frame", () => {
  const { right, frame, player, settings } = createTestControls();
  settings.set({ smooth: true });
  player.place({ position: new Vector3(), yaw: 0, scale: 2 });
  right.stick.y = -1;
  frame(0.02);
  expect(player.group.position.z).toBeCloseTo(-0.08, 9);
  frame(1);
  expect(player.group.position.z).toBeCloseTo(-0.28, 9);
});

test("left-handed, all of it is the other way round", () => {
  const { left, right, frame, log, settings, selection } = createTestControls();
  settings.set({ leftHanded: true });
  press(left.trigger, true);
  right.stick.x = -1;
  frame();
  expect([selection.state.selected, left.ticks, log]).toEqual([CUBE, [18], ["undo"]]);
});

test("a pinch selects, and becomes a grab once the hand has moved 2 cm", () => {
  const { right, frame, log, selection } = createTestControls();
  right.kind = "hand";
  press(right.trigger, true);
  frame();
  right.aim.position.x = 0.015;
  frame();
  expect([log, selection.state.selected]).toEqual([[], CUBE]);
  right.aim.position.x = 0.03;
  frame();
  frame();
  press(right.trigger, false);
  frame();
  expect(log).toEqual(["start", "end 0.03 0 0"]);
});

test("two pinches on nothing hold the world", () => {
  const { left, right, frame, world, controls } = createTestControls();
  world.thing = false;
  left.kind = right.kind = "hand";
  press(right.trigger, true);
  frame();
  press(left.trigger, true);
  frame();
  expect(controls.worldGrab.active).toBe(true);
});

function createTestPanel(enabled: boolean) {
  const log: string[] = [];
  const group = new Group();
  const back = new Mesh(new PlaneGeometry(1, 1));
  const node = new Mesh(new PlaneGeometry(0.2, 0.2));
  node.position.z = 0.001;
  group.position.z = -1;
  group.add(back, node);
  new Group().add(group);
  group.updateWorldMatrix(true, true);
  const target: XrTarget = {
    ...{ node, label: "Undo", enabled, activate: () => void log.push("pressed") },
    setHovered: (hovered) => void log.push(hovered ? "on" : "off"),
  };
  const panel: XrPanel = { group, targets: [target], advance: () => undefined, dispose: () => undefined };
  return { panel, log };
}

test("a panel is before everything behind it, and its targets are pressed by the trigger", () => {
  const { panel, log } = createTestPanel(true);
  const { right, frame, selection, beam } = createTestControls({ panels: [panel] });
  press(right.trigger, true);
  frame();
  expect([log, right.ticks, selection.state.selected, selection.state.hovered]).toEqual([["on", "pressed"], [18], null, null]);
  expect(beam.metres).toBeCloseTo(0.999, 6);
  press(right.trigger, false);
  right.aim.position.x = 0.3;
  frame();
  press(right.trigger, true);
  frame();
  expect([log, selection.state.selected]).toEqual([["on", "pressed", "off"], null]);
  press(right.squeeze, true);
  frame();
  expect(selection.state.selected).toBe(null);
});

test("a disabled target is felt as a refusal", () => {
  const { panel } = createTestPanel(false);
  const { right, frame } = createTestControls({ panels: [panel] });
  press(right.trigger, true);
  frame();
  expect(right.ticks).toEqual([90]);
});

test("a hidden panel takes no rays", () => {
  const { panel, log } = createTestPanel(true);
  panel.group.visible = false;
  const { frame, selection } = createTestControls({ panels: [panel] });
  frame();
  expect([log, selection.state.hovered]).toEqual([[], CUBE]);
});

test("cancelled, nothing is held, hovered or aimed", () => {
  const { right, frame, log, controls, selection } = createTestControls();
  press(right.squeeze, true);
  frame();
  controls.cancel();
  expect([log, selection.state.hovered, controls.grab.held]).toEqual([["start", "cancel"], null, false]);
});
