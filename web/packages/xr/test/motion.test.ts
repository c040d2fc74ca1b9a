import { Group, Quaternion, Vector3 } from "three";
import { expect, test } from "vitest";
import { createArc, traceArc } from "../src/arc";
import { rigidMotion } from "../src/grab";
import { createPlaced, yawOf } from "../src/placed";
import { createPlayer, PLAYER_SCALE_MAX, PLAYER_SCALE_MIN, type Standing } from "../src/player";
import { followHands, type WorldHold } from "../src/world-grab";

const UP = new Vector3(0, 1, 0);
const turned = (yaw: number, pitch = 0): Quaternion =>
  new Quaternion().setFromAxisAngle(UP, yaw).multiply(new Quaternion().setFromAxisAngle(new Vector3(1, 0, 0), pitch));

function near(actual: Vector3, expected: readonly number[], digits = 9): void {
  actual.toArray().forEach((value, axis) => expect(value).toBeCloseTo(expected[axis] ?? NaN, digits));
}

/** A player whose head is at `head` in their own room. */
function playerWith(head: readonly [number, number, number], yaw = 0) {
  const group = new Group();
  const player = createPlayer(group);
  player.head.position.set(...head);
  player.head.rotation.copy(turned(yaw));
  player.head.known = true;
  const headInWorld = (): Vector3 => group.localToWorld(player.head.position.clone());
  return { player, group, headInWorld };
}

test("a yaw is read back from a rotation, looking level, down and straight down", () => {
  for (const yaw of [-3, -1.2, 0, 0.4, 2.9]) {
    expect(yawOf(turned(yaw))).toBeCloseTo(yaw, 9);
    expect(yawOf(turned(yaw, -1.3))).toBeCloseTo(yaw, 9);
    expect(yawOf(turned(yaw, -Math.PI / 2))).toBeCloseTo(yaw, 6);
    expect(yawOf(turned(yaw, Math.PI / 2))).toBeCloseTo(yaw, 6);
  }
});

test("wherever in their room a person is, they stand on the place and look the way they were put", () => {
  const { player, group, headInWorld } = playerWith([0.7, 1.62, -0.4], 2.1);
  player.stand(new Vector3(3, 0, -5), -0.8);
  near(headInWorld(), [3, 1.62, -5]);
  const facing = group.quaternion.clone().multiply(player.head.rotation);
  expect(yawOf(facing)).toBeCloseTo(-0.8, 9);
  expect(player.scale).toBe(1);
});

test("a turn keeps the head where it is, at any scale", () => {
  const { player, headInWorld } = playerWith([0.5, 1.6, 0.3]);
  player.place({ position: new Vector3(1, 0.5, 2), yaw: 0.3, scale: 4 });
  const before = headInWorld();
  player.turn(Math.PI / 4);
  near(headInWorld(), before.toArray());
  expect(player.yaw).toBeCloseTo(0.3 + Math.PI / 4, 12);
});

test("a teleport puts the feet on the place, not the middle of the room", () => {
  const { player, headInWorld } = playerWith([0.5, 1.6, 0.3]);
  player.place({ position: new Vector3(1, 0, 2), yaw: 1, scale: 2 });
  player.moveTo(new Vector3(-4, 0.75, 9));
  near(headInWorld(), [-4, 0.75 + 3.2, 9]);
});

test("one walks where the head looks, at the person's own scale", () => {
  const { player, group } = playerWith([0, 1.6, 0], Math.PI / 2);
  player.place({ position: new Vector3(), yaw: 0, scale: 3 });
  player.walk(0, 1);
  near(group.position, [-3, 0, 0]);
});

const HOLD: WorldHold = {
  left: new Vector3(-0.2, 1, -1),
  right: new Vector3(0.2, 1, -1),
  standing: { position: new Vector3(), yaw: 0, scale: 1 },
};

function inWorld({ position, yaw, scale }: Standing, local: Vector3): Vector3 {
  return local.clone().multiplyScalar(scale).applyAxisAngle(UP, yaw).add(position);
}

test("hands that move together move the person the other way", () => {
  const next = followHands(HOLD, new Vector3(-0.2, 1.1, -0.7), new Vector3(0.2, 1.1, -0.7));
  near(next.position, [0, -0.1, -0.3]);
  expect([next.yaw, next.scale]).toEqual([0, 1]);
});

test("what was between the hands stays there, while they spread and turn", () => {
  const left = new Vector3(-0.3, 1.2, -0.8);
  const right = new Vector3(0.25, 1.2, -1.2);
  const next = followHands(HOLD, left, right);
  near(inWorld(next, left), HOLD.left.toArray());
  near(inWorld(next, right), HOLD.right.toArray());
});

test("hands twice as far apart make the person half as large", () => {
  expect(followHands(HOLD, new Vector3(-0.4, 1, -1), new Vector3(0.4, 1, -1)).scale).toBeCloseTo(0.5, 12);
});

test("the scale stays within its limits, and what is between the hands stays there then, too", () => {
  for (const [apart, limit] of [[40, PLAYER_SCALE_MIN], [0.001, PLAYER_SCALE_MAX]] as const) {
    const next = followHands(HOLD, new Vector3(-apart / 2, 1, -1), new Vector3(apart / 2, 1, -1));
    expect(next.scale).toBe(limit);
    near(inWorld(next, new Vector3(0, 1, -1)), [0, 1, -1]);
  }
});

test("near true scale it is true scale", () => {
  expect(followHands(HOLD, new Vector3(-0.204, 1, -1), new Vector3(0.204, 1, -1)).scale).toBe(1);
});

test("hands above one another don't turn the world", () => {
  const hold = { ...HOLD, left: new Vector3(0, 1, -1), right: new Vector3(0.01, 1.5, -1) };
  expect(followHands(hold, new Vector3(0, 1, -1), new Vector3(-0.01, 1.5, -1)).yaw).toBe(0);
});

test("what is grabbed hangs on the ray: the point hit stays where it is along it", () => {
  const before = createPlaced();
  const now = createPlaced();
  before.position.set(0.2, 1.4, 0);
  now.position.set(0.5, 1.5, 0.1);
  now.rotation.copy(turned(0.6, 0.2));
  const point = new Vector3(0.2, 1.4, -2);
  const motion = { offset: new Vector3(), turn: new Quaternion(), pivot: new Vector3() };
  rigidMotion(before, now, point, motion);
  const expected = new Vector3(0, 0, -2).applyQuaternion(now.rotation).add(now.position);
  near(point.clone().add(motion.offset), expected.toArray());
  expect(motion.turn.angleTo(now.rotation)).toBeCloseTo(0, 6);
  expect(motion.pivot.equals(point)).toBe(true);
});

test("a hand that moves without turning takes the thing just as far", () => {
  const before = createPlaced();
  before.rotation.copy(turned(1, -0.4));
  const now = createPlaced();
  now.rotation.copy(before.rotation);
  now.position.set(0.1, 0.3, -0.2);
  const motion = { offset: new Vector3(), turn: new Quaternion(), pivot: new Vector3() };
  rigidMotion(before, now, new Vector3(5, 1, 5), motion);
  near(motion.offset, [0.1, 0.3, -0.2]);
});

const FORWARD = new Vector3(0, 0, -1);
const nothing = (): null => null;

test("a throw lands on the floor, farther when aimed higher", () => {
  const arc = createArc();
  traceArc(arc, new Vector3(0, 1.2, 0), FORWARD, 0, nothing);
  expect(arc.valid).toBe(true);
  expect(arc.end.y).toBeCloseTo(0, 9);
  const level = -arc.end.z;
  expect(level).toBeGreaterThan(3);
  traceArc(arc, new Vector3(0, 1.2, 0), new Vector3(0, 0.5, -1), 0, nothing);
  expect(-arc.end.z).toBeGreaterThan(level);
  expect(-arc.end.z).toBeLessThan(9);
});

test("nobody can stand on a wall, but on a table", () => {
  const arc = createArc();
  const wall = (_from: Vector3, to: Vector3) => (to.z < -2 ? { point: new Vector3(0, 1, -2), normal: new Vector3(0, 0, 1) } : null);
  traceArc(arc, new Vector3(0, 1.2, 0), FORWARD, 0, wall);
  expect(arc.valid).toBe(false);
  near(arc.end, [0, 1, -2]);
  const table = (_from: Vector3, to: Vector3) => (to.y < 0.7 ? { point: new Vector3(0, 0.7, -3), normal: new Vector3(0, 1, 0) } : null);
  traceArc(arc, new Vector3(0, 1.2, 0), FORWARD, 0, table);
  expect(arc.valid).toBe(true);
  near(arc.end, [0, 0.7, -3]);
});

test("a throw that never comes down leads nowhere", () => {
  const arc = createArc();
  traceArc(arc, new Vector3(0, 1.2, 0), FORWARD, -1000, nothing);
  expect(arc.valid).toBe(false);
});
