import type { Presence } from "@theta/client";
import { Box3, PerspectiveCamera, Vector3 } from "three";
import { expect, test } from "vitest";
import { createCameraRig } from "../src/camera-rig";
import { shadowOnFloor } from "../src/environment";
import { createPresenceMotion } from "../src/presence-motion";

function at(x: number): Presence {
  return {
    tool: "select",
    selection: null,
    head: { position: [x, 1.6, 0], rotation: [0, 0, 0, 1] },
    ray: { origin: [x, 1.6, 0], direction: [0, 0, -2] },
    left: null,
    right: null,
    drag: null,
  };
}

test("an avatar glides to where it was last heard, the same for one long step as for many short ones", () => {
  const coarse = createPresenceMotion(at(0));
  const fine = createPresenceMotion(at(0));
  coarse.aim(at(1));
  fine.aim(at(1));
  expect(coarse.advance(0.05)).toBe(true);
  for (let step = 0; step < 5; step++) fine.advance(0.01);
  expect(coarse.state.head.position.x).toBeGreaterThan(0.4);
  expect(fine.state.head.position.x).toBeCloseTo(coarse.state.head.position.x, 9);
  expect(fine.state.rayDirection.length()).toBeCloseTo(1, 9);
});

/** How far somebody who walks at 1.2 m/s goes in each drawn frame, told of so many seconds apart, after the first ones. */
function strides(apartSeconds: number, told: number): number[] {
  const motion = createPresenceMotion(at(0));
  const metres: number[] = [];
  for (let heard = 1; heard <= told; heard++) {
    motion.aim(at(heard * apartSeconds * 1.2), apartSeconds);
    for (let frame = 0; frame < Math.round(apartSeconds * 60); frame++) {
      const before = motion.state.head.position.x;
      motion.advance(1 / 60);
      metres.push(motion.state.head.position.x - before);
    }
  }
  return metres.slice(metres.length / 2);
}

test("somebody far away, of whom one hears more seldom, walks and does not leap from place to place", () => {
  for (const apart of [1 / 30, 0.2, 0.8]) {
    const steady = 1.2 / 60;
    expect(Math.max(...strides(apart, 20))).toBeLessThan(2.4 * steady);
    expect(Math.min(...strides(apart, 20))).toBeGreaterThan(0.3 * steady);
  }
});

test("who was at rest moves off as fast as anybody, and so does one who is told of often", () => {
  const [often, rested, seldom] = [0, 60, 0.8].map((apart) => {
    const motion = createPresenceMotion(at(0));
    motion.aim(at(1), apart);
    motion.advance(0.06);
    return motion.state.head.position.x;
  });
  expect(often).toBeCloseTo(1 - Math.exp(-1), 9);
  expect(rested).toBe(often);
  expect(seldom).toBeLessThan(0.2);
});

test("it comes to rest exactly there, so that drawing can stop", () => {
  const motion = createPresenceMotion(at(0));
  motion.aim(at(1));
  let steps = 0;
  while (motion.advance(1 / 60)) expect(++steps).toBeLessThan(120);
  expect(motion.state.head.position.x).toBe(1);
  expect(motion.advance(1 / 60)).toBe(false);
});

test("someone who was elsewhere meanwhile appears there, and one without a head stays where it was", () => {
  const motion = createPresenceMotion(at(0));
  motion.aim(at(50));
  expect(motion.state.head.position.x).toBe(50);
  motion.aim({ tool: "none", selection: null, head: null, ray: null, left: null, right: null, drag: null });
  motion.advance(1);
  expect(motion.state.head.position.x).toBe(50);
});

test("hands glide as the head does, and one that comes into sight is where it is at once", () => {
  const hand = (x: number) => ({ position: [x, 1, 0], rotation: [0, 0, 0, 1] }) as const;
  const motion = createPresenceMotion(at(0));
  motion.aim({ ...at(0), left: hand(2) });
  expect(motion.state.left.position.x).toBe(2);
  motion.aim({ ...at(0), left: hand(3), right: hand(5) });
  expect(motion.advance(0.05)).toBe(true);
  expect(motion.state.left.position.x).toBeGreaterThan(2.4);
  expect(motion.state.left.position.x).toBeLessThan(3);
  expect(motion.state.right.position.x).toBe(5);
  motion.aim(at(0));
  while (motion.advance(1 / 60));
  expect(motion.state.left.position.x).toBe(3);
});

function rigWithoutGliding() {
  const camera = new PerspectiveCamera(45, 1.5, 0.1, 100);
  return { camera, rig: createCameraRig(camera, () => false) };
}

function settle(rig: { advance(seconds: number): boolean }): void {
  for (let step = 0; step < 400 && rig.advance(1 / 60); step++);
}

test("orbiting keeps the distance to the target and stops short of the pole", () => {
  const { camera, rig } = rigWithoutGliding();
  rig.orbit(1, 9);
  settle(rig);
  expect(camera.position.distanceTo(rig.target)).toBeCloseTo(rig.distance, 9);
  expect(camera.position.y - rig.target.y).toBeLessThan(rig.distance);
});

test("looking around turns the head but leaves the eye where it is", () => {
  const { camera, rig } = rigWithoutGliding();
  const eye = camera.position.clone();
  const before = rig.target.clone();
  rig.look(0.4, -0.2);
  settle(rig);
  expect(camera.position.distanceTo(eye)).toBeLessThan(1e-9);
  expect(rig.target.distanceTo(before)).toBeGreaterThan(0.5);
});

test("flying forward goes where one looks, and up is up", () => {
  const { camera, rig } = rigWithoutGliding();
  const eye = camera.position.clone();
  const ahead = camera.getWorldDirection(new Vector3());
  rig.fly(0, 0, 2);
  settle(rig);
  expect(camera.position.clone().sub(eye).distanceTo(ahead.multiplyScalar(2))).toBeLessThan(1e-9);
  const { x, z } = camera.position;
  rig.fly(0, 1, 0);
  settle(rig);
  expect([camera.position.x, camera.position.z]).toEqual([expect.closeTo(x, 9), expect.closeTo(z, 9)]);
});

test("framing puts the whole box into the view, in a narrow window too", () => {
  for (const aspect of [0.5, 2]) {
    const { camera, rig } = rigWithoutGliding();
    camera.aspect = aspect;
    camera.updateProjectionMatrix();
    const box = new Box3(new Vector3(4, 0, 4), new Vector3(6, 3, 5));
    rig.frame(box);
    settle(rig);
    for (const x of [4, 6]) {
      for (const y of [0, 3]) {
        const corner = new Vector3(x, y, 5).project(camera);
        expect(Math.max(Math.abs(corner.x), Math.abs(corner.y))).toBeLessThan(1);
      }
    }
  }
});

test("zoom stays within its limits", () => {
  const { rig } = rigWithoutGliding();
  for (let press = 0; press < 100; press++) rig.zoom(0.5);
  settle(rig);
  expect(rig.distance).toBeGreaterThan(0.05);
  for (let press = 0; press < 100; press++) rig.zoom(3);
  settle(rig);
  expect(rig.distance).toBeLessThanOrEqual(200);
});

test("a box's shadow is looked for where it stands and where the light throws it", () => {
  const box = new Box3(new Vector3(-1, 0, -1), new Vector3(1, 2, 1));
  const touched = shadowOnFloor(box);
  expect([touched.min.x <= -1, touched.max.z >= 1]).toEqual([true, true]);
  expect(touched.max.x).toBeGreaterThan(1.9);
  expect(touched.min.z).toBeLessThan(-2.1);
});
