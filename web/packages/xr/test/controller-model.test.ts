import { readFileSync } from "node:fs";
import { BoxGeometry, Group, Matrix4, Mesh, Object3D, Vector3 } from "three";
import { expect, test } from "vitest";
import { buildModel } from "../src/controller-model";
import { createControllers } from "../src/controllers";
import { createTestHand } from "./stand-in";

const FOLDER = new URL("../../../node_modules/@webxr-input-profiles/assets/dist/profiles/meta-quest-touch-plus/", import.meta.url);

interface Gltf {
  readonly nodes: readonly { readonly name: string; readonly mesh?: number }[];
  readonly meshes: readonly { readonly primitives: readonly { readonly material: number; readonly indices: number }[] }[];
  readonly accessors: readonly { readonly count: number }[];
}

/** What a bundled model says of itself. */
function readModel(side: "left" | "right"): Gltf {
  const bytes = readFileSync(new URL(`${side}.glb`, FOLDER));
  return JSON.parse(bytes.subarray(20, 20 + bytes.readUInt32LE(12)).toString()) as Gltf;
}

test.each([
  ["left", "x_button_pressed", "y_button_pressed"],
  ["right", "a_button_pressed", "b_button_pressed"],
] as const)("the bundled %s model has the parts that move, in one material", (side, ...buttons) => {
  const { nodes, meshes, accessors } = readModel(side);
  const names = new Set(nodes.map(({ name }) => name));
  const moving = ["xr_standard_trigger_pressed", "xr_standard_squeeze_pressed", "xr_standard_thumbstick_pressed"];
  for (const part of [...moving, "xr_standard_thumbstick_xaxis_pressed", "xr_standard_thumbstick_yaxis_pressed", ...buttons]) {
    for (const end of ["value", "min", "max"]) expect(names).toContain(`${part}_${end}`);
  }
  const primitives = meshes.flatMap((mesh) => mesh.primitives);
  expect(new Set(primitives.map(({ material }) => material)).size).toBe(1);
  const triangles = primitives.reduce((sum, { indices }) => sum + (accessors[indices]?.count ?? 0) / 3, 0);
  expect(triangles).toBeLessThan(6_000);
});

/** A body with a trigger that goes 1 cm back. */
function createRig(): Group {
  const rig = new Group();
  const node = (name: string, z = 0): Object3D => {
    const made = new Object3D();
    made.name = name;
    made.position.z = z;
    rig.add(made);
    return made;
  };
  rig.add(new Mesh(new BoxGeometry()));
  const value = node("xr_standard_trigger_pressed_value");
  node("xr_standard_trigger_pressed_min");
  node("xr_standard_trigger_pressed_max", 0.01);
  const trigger = new Mesh(new BoxGeometry());
  trigger.position.x = 0.5;
  value.add(trigger);
  return rig;
}

const pressed = (value: number) => ({ buttons: [{ value }] as unknown as GamepadButton[], axes: [] });

test("a controller is one draw call, and its trigger moves in it", () => {
  const model = buildModel(createRig());
  const { mesh } = model;
  expect([mesh.isBatchedMesh, mesh.instanceCount, mesh.children.length]).toEqual([true, 2, 0]);
  const placeOf = (part: number): number[] => {
    const matrix = new Matrix4();
    mesh.getMatrixAt(part, matrix);
    return new Vector3().setFromMatrixPosition(matrix).toArray();
  };
  model.press(pressed(0.5));
  expect([placeOf(0), placeOf(1)]).toEqual([[0, 0, 0], [0.5, 0, expect.closeTo(0.005)]]);
  model.press(pressed(1));
  expect(placeOf(1)[2]).toBeCloseTo(0.01, 6);
});

test("controllers are drawn where they are held, and not while hands are tracked or out of sight", async () => {
  const parent = new Group();
  const models = { left: buildModel(createRig()), right: buildModel(createRig()) };
  const controllers = createControllers(parent, (side) => Promise.resolve(models[side]));
  controllers.load();
  await Promise.resolve();
  await Promise.resolve();
  const hand = createTestHand("right");
  hand.grip.position.set(1, 2, 3);
  controllers.show(hand);
  const grip = models.right.mesh.parent;
  expect([grip?.visible, grip?.position.toArray()]).toEqual([true, [1, 2, 3]]);
  hand.kind = "hand";
  controllers.show(hand);
  expect(grip?.visible).toBe(false);
  hand.kind = "controller";
  hand.grip.known = false;
  controllers.show(hand);
  expect(grip?.visible).toBe(false);
  controllers.dispose();
  expect(parent.children).toEqual([]);
});

test("a model that could not be fetched is asked for again the next time", async () => {
  let asked = 0;
  const controllers = createControllers(new Group(), () => {
    asked++;
    return Promise.reject(new Error("away"));
  });
  controllers.load();
  await new Promise((resolve) => setTimeout(resolve));
  controllers.load();
  expect(asked).toBe(4);
});
