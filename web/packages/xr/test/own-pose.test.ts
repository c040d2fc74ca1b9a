import type { OwnPose } from "@theta/scene";
import { Group, Vector3 } from "three";
import { expect, test, vi } from "vitest";
import { createOwnPoses, ownPose } from "../src/own-pose";
import { createPlayer } from "../src/player";
import { createTestHand } from "./stand-in";

test("others see head, hands and ray where they are in the world, and no hand that is out of sight", () => {
  const player = createPlayer(new Group());
  player.place({ position: new Vector3(1, 0, 0), yaw: Math.PI / 2, scale: 2 });
  player.head.position.set(0, 1.6, 0);
  const left = createTestHand("left");
  const right = createTestHand("right");
  right.grip.position.set(0, 1, -0.5);
  right.aim.position.set(0, 1, -0.6);
  left.grip.known = left.aim.known = false;
  const { head, left: leftPose, right: rightPose, ray } = ownPose(player, left, right, right);
  expect(head.position).toEqual([1, 3.2, 0]);
  expect(head.rotation[1]).toBeCloseTo(Math.SQRT1_2, 12);
  expect(leftPose).toBe(null);
  expect(rightPose?.position).toEqual([0, 2, expect.closeTo(0, 9)]);
  expect(ray?.origin.toArray()).toEqual([expect.closeTo(-0.2), 2, expect.closeTo(0)]);
  expect(ray?.direction.toArray()).toEqual([-1, 0, expect.closeTo(0)]);
});

test("while VR ends the last pose stays, until the desktop's camera is back", () => {
  vi.useFakeTimers();
  const sources: ((() => OwnPose) | null)[] = [];
  let reads = 0;
  const read = () => ({ head: reads++ }) as unknown as OwnPose;
  const poses = createOwnPoses({ showOwn: (source) => void sources.push(source) }, read);
  poses.begin();
  poses.begin();
  expect([sources.length, sources[0]?.(), sources[0]?.()]).toEqual([1, { head: 0 }, { head: 1 }]);
  poses.end();
  expect([sources[0]?.(), sources.length]).toEqual([{ head: 1 }, 1]);
  vi.runAllTimers();
  expect(sources[1]).toBe(null);
  vi.useRealTimers();
});
