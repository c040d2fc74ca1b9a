import { Box3, Group, Mesh, BoxGeometry, PerspectiveCamera, Vector3 } from "three";
import { expect, test } from "vitest";
import { pointedAt } from "../src/avatar-pointer";
import { createCameraRig } from "../src/camera-rig";
import { footprint } from "../src/contact-shadows";
import type { EntityView } from "../src/entities";
import { startingPlace } from "../src/starting-place";

function cameraFor(others: number, actor: bigint, bounds = new Box3()): PerspectiveCamera {
  const camera = new PerspectiveCamera(45, 1.6, 0.05, 1000);
  createCameraRig(camera, () => false).stand(startingPlace(others, actor, bounds, camera));
  camera.updateMatrixWorld();
  return camera;
}

/** The part of the view between the panels, as the page has them in a window of 1280 × 800. */
const FREE_SHARE = 0.57;

test("two who came one after the other have each other in view, whoever they are", () => {
  const bounds = new Box3(new Vector3(-1, 0, -1), new Vector3(2, 1, 1));
  for (const room of [new Box3(), bounds]) {
    for (const [one, other] of [[0n, 2n ** 64n - 1n], [1023n, 1024n * 1023n], [7n, 7n]] as const) {
      const ana = cameraFor(0, one, room);
      const ben = cameraFor(1, other, room);
      for (const [eye, seen] of [[ana, ben], [ben, ana]] as const) {
        const at = seen.position.clone().project(eye);
        expect(Math.abs(at.x)).toBeLessThan(FREE_SHARE);
        expect(Math.abs(at.y)).toBeLessThan(0.85);
        expect(at.z).toBeLessThan(1);
      }
    }
  }
});

test("nobody of eight stands where another does, and the horizon is in the upper quarter", () => {
  const cameras = Array.from({ length: 8 }, (_, others) => cameraFor(others, BigInt(others) * 7919n));
  cameras.forEach((camera, at) => {
    const horizon = camera.getWorldDirection(new Vector3()).setY(0).multiplyScalar(1e6).add(camera.position).project(camera);
    expect(horizon.y).toBeGreaterThan(0.5);
    expect(horizon.y).toBeLessThan(0.75);
    for (const other of cameras.slice(at + 1)) expect(camera.position.distanceTo(other.position)).toBeGreaterThan(0.5);
  });
});

function box(at: Vector3): EntityView {
  const surface = new Mesh(new BoxGeometry(1, 1, 1));
  const root = new Group();
  root.add(surface);
  root.position.copy(at);
  root.updateMatrixWorld(true);
  const positions = Float64Array.from(surface.geometry.getAttribute("position").array);
  return { root, surface, mesh: { positions } } as unknown as EntityView;
}

test("a ray ends at the first thing it meets, else on the floor, else nowhere", () => {
  const entities = { views: new Map([["a", box(new Vector3(0, 0.5, 0))], ["b", box(new Vector3(0, 0.5, -3))]]) };
  const eye = new Vector3(0, 0.5, 4);
  expect(pointedAt(eye, new Vector3(0, 0, -1), entities)?.z).toBeCloseTo(0.5);
  expect(pointedAt(new Vector3(5, 2, 0), new Vector3(0, -1, 0), entities)?.toArray()).toEqual([5, 0, 0]);
  expect(pointedAt(eye, new Vector3(0, 1, 0), entities)).toBeNull();
});

test("only what is near the floor leaves a soft shadow there", () => {
  expect(footprint(box(new Vector3(2, 0.5, 0))).min.x).toBeCloseTo(1.5);
  expect(footprint(box(new Vector3(2, 3, 0))).isEmpty()).toBe(true);
});
