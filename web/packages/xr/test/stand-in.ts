import type { DragMotion, RayPick, StatePick, ThetaScene } from "@theta/scene";
import { createSelection } from "@theta/scene";
import { Group, Vector3, type Ray } from "three";
import { createControls } from "../src/controls";
import type { Button, Hand } from "../src/input";
import { createJoints } from "../src/joints";
import { createLocomotion } from "../src/locomotion";
import { createPlaced } from "../src/placed";
import { createPlayer } from "../src/player";
import { createXrSettings } from "../src/settings";
import { createTeleport } from "../src/teleport";
import type { XrPanel } from "../src/ui/types";
import { createVeil } from "../src/veil";

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** A hand that a test moves and presses. */
export interface TestHand extends Mutable<Hand> {
  readonly trigger: Mutable<Button>;
  readonly squeeze: Mutable<Button>;
  readonly stick: { x: number; y: number };
  readonly ticks: number[];
}

export function createTestHand(side: "left" | "right"): TestHand {
  const button = (): Mutable<Button> => ({ pressed: false, down: false, up: false });
  const ticks: number[] = [];
  const pulse = (_strength: number, milliseconds: number): Promise<void> => {
    ticks.push(milliseconds);
    return Promise.resolve();
  };
  const source = { gamepad: { buttons: [], axes: [], hapticActuators: [{ pulse }] } } as unknown as XRInputSource;
  const hand: TestHand = {
    ...{ side, kind: "controller", source, aim: createPlaced(), grip: createPlaced() },
    ...{ trigger: button(), squeeze: button(), stick: { x: 0, y: 0 }, joints: createJoints(), ticks },
  };
  hand.aim.known = hand.grip.known = true;
  return hand;
}

/** Presses or lets go, as one frame sees it. */
export function press(button: Mutable<Button>, pressed: boolean): void {
  button.down = pressed && !button.pressed;
  button.up = !pressed && button.pressed;
  button.pressed = pressed;
}

/** Controls over a stage with one thing on it, two metres ahead, that a test can take away, and room for something alive. */
export function createTestControls({ panels = [], editable = true }: { panels?: XrPanel[]; editable?: boolean } = {}) {
  const left = createTestHand("left");
  const right = createTestHand("right");
  const selection = createSelection();
  const log: string[] = [];
  const moves: Vector3[] = [];
  let active: "move" | null = null;
  const drag = {
    get active() {
      return active;
    },
    start() {
      log.push("start");
      active = "move";
    },
    move: ({ offset }: DragMotion) => void moves.push(offset.clone()),
    end({ offset }: DragMotion) {
      log.push(`end ${offset.toArray().map((value) => Number(value.toFixed(6))).join(" ")}`);
      active = null;
    },
    cancel() {
      log.push("cancel");
      active = null;
    },
  };
  const world = { thing: true, living: null as number | null };
  /** Something alive, where `living` says how far ahead it is. */
  let held: bigint | null = null;
  const hold = {
    get entity() {
      return held;
    },
    hover: (entity: bigint | null) => void (hovered.living = entity),
    take({ state }: StatePick) {
      log.push("take");
      held = state;
      return true;
    },
    move: ({ offset }: DragMotion) => void moves.push(offset.clone()),
    release() {
      if (held !== null) log.push("release");
      held = null;
    },
  };
  const hovered = { living: null as bigint | null };
  const pickLiving = ({ origin, direction }: Ray, far: number): StatePick | null => {
    const distance = world.living;
    if (distance === null || direction.z > -0.99 || far < distance) return null;
    return { state: 7n, point: origin.clone().addScaledVector(direction, distance), distance };
  };
  const pickAlong = ({ origin, direction }: Ray, far: number): RayPick | null => {
    if (!world.thing || direction.z > -0.99 || far < 2) return null;
    const point = origin.clone().addScaledVector(direction, 2);
    return { selection: { kind: "object", entity: "cube" }, point, normal: new Vector3(0, 0, 1), distance: 2 };
  };
  const scene = { selection, drag, pickAlong, state: { layer: { pickAlong: pickLiving }, hold } } as unknown as ThetaScene;
  const group = new Group();
  const player = createPlayer(group);
  player.head.position.set(0, 1.6, 0);
  player.head.known = true;
  const settings = createXrSettings(null);
  const veil = createVeil(new Group(), () => true);
  const teleport = createTeleport(player, new Group(), () => null);
  const snapped: string[] = [];
  const history = { undo: { label: "paint", blockedBy: [] as string[] } as { label: string; blockedBy: string[] } | null, redo: null };
  const step = (way: string) => () => {
    log.push(way);
    return Promise.resolve();
  };
  const beam = { metres: null as number | null, show: (_: unknown, metres: number | null) => void (beam.metres = metres), hide() {}, setColour() {}, dispose() {} };
  const controls = createControls({
    ...{ scene, settings, player, teleport, beam },
    client: { history } as never,
    actions: { undo: step("undo"), redo: step("redo") } as never,
    input: { left, right } as never,
    locomotion: createLocomotion(player, teleport, veil, settings, ({ side }) => snapped.push(side)),
    panels: () => panels,
    toast: (words, kind) => void log.push(`${kind}: ${words}`),
    editable: () => editable,
  });
  /** One frame: what was pressed in it went down or up in it only. */
  const frame = (seconds = 1 / 72): void => {
    controls.advance(seconds);
    for (const hand of [left, right]) for (const button of [hand.trigger, hand.squeeze]) button.down = button.up = false;
  };
  return { left, right, selection, log, moves, drag, hold, hovered, world, player, settings, veil, teleport, snapped, history, controls, beam, frame };
}
