import type { StateBody } from "@theta/client";
import { Color, Frustum, InstancedMesh, Matrix4, PerspectiveCamera, Quaternion, Ray, Raycaster, Vector3, type Intersection } from "three";
import { expect, test } from "vitest";
import { FakeState } from "../../app/test/fake/fake-state";
import { createStateEntityLayer } from "../src/state-entities";
import { createInstanceColumn } from "../src/state/instance-column";
import { DARK_THEME, LIGHT_THEME } from "../src/theme";

const EYE = new Vector3(0, 0, 10);
const SMALL = [0.2, 0.2, 0.2] as const;
const BALL: StateBody = { shape: "sphere", size: [1, 1, 1], colour: [1, 0, 0], position: [0, 0, 0] };
const BOX: StateBody = { ...BALL, shape: "box", colour: [0, 0, 1] };

function stage() {
  const state = new FakeState(1n);
  const layer = createStateEntityLayer(state, LIGHT_THEME);
  let now = 0;
  const advance = (): boolean => layer.advance((now += 16), EYE, null);
  const meshes = layer.group.children.filter((child): child is InstancedMesh => child instanceof InstancedMesh);
  /** Of the shapes themselves: the last that were added of those that take light. */
  const shapes = meshes.filter(({ receiveShadow }) => receiveShadow);
  const [, , , , boxes, balls] = shapes as [InstancedMesh, InstancedMesh, InstancedMesh, InstancedMesh, InstancedMesh, InstancedMesh];
  const placesOf = (mesh: InstancedMesh): number[][] =>
    Array.from({ length: mesh.count }, (_, at) => {
      const matrix = new Matrix4();
      mesh.getMatrixAt(at, matrix);
      return new Vector3().setFromMatrixPosition(matrix).toArray();
    });
  return { state, layer, advance, shapes, boxes, balls, placesOf };
}

const along = (x: number, y: number): Ray => new Ray(new Vector3(x, y, 10), new Vector3(0, 0, -1));

test("each shape has one mesh of small things and one of large ones, with as many instances as there are", () => {
  const { state, layer, advance, shapes } = stage();
  for (const [at, shape] of (["box", "sphere", "cylinder", "cone", "box"] as const).entries()) {
    state.put(BigInt(at + 1), { ...BALL, shape, size: SMALL, position: [at, 0, 0] });
  }
  state.put(6n, BALL);
  expect([advance(), layer.count]).toEqual([true, 6]);
  expect(shapes.map(({ count, visible }) => (visible ? count : null))).toEqual([2, 1, 1, 1, null, 1, null, null]);
  expect(shapes.every(({ geometry }) => geometry.hasAttribute("normal"))).toBe(true);
  expect(advance()).toBe(false);
});

test("an instance is where three's own matrix would have it, in the colour that it has on the page", () => {
  const { state, advance, boxes } = stage();
  const rotation = new Quaternion(0.1, -0.7, 0.3, 0.4).normalize();
  state.put(7n, { shape: "box", size: [0.2, 1, 3], colour: [1, 0.5019607843137255, 0], position: [4, 5, 6], rotation: [rotation.x, rotation.y, rotation.z, rotation.w] });
  advance();
  const [shown, wanted] = [new Matrix4(), new Matrix4().compose(new Vector3(4, 5, 6), rotation, new Vector3(0.2, 1, 3))];
  boxes.getMatrixAt(0, shown);
  shown.elements.forEach((value, at) => expect(value).toBeCloseTo(wanted.elements[at] as number, 5));
  const colour = new Color();
  boxes.getColorAt(0, colour);
  expect(colour.getHex()).toBe(0xff8000);
});

test("what goes leaves no hole, and the one that took its row is still itself", () => {
  const { state, layer, advance, balls, placesOf } = stage();
  for (const entity of [1n, 2n, 3n, 4n]) state.put(entity, { ...BALL, position: [Number(entity), 0, 0] });
  advance();
  state.take(2n);
  expect([advance(), layer.count]).toEqual([true, 3]);
  expect(placesOf(balls).map(([x]) => x).sort()).toEqual([1, 3, 4]);
  state.place(4n, [40, 0, 0]);
  advance();
  expect(placesOf(balls).map(([x]) => x).sort()).toEqual([1, 3, 40]);
  expect(layer.pickAlong(along(40, 0), 100)?.state).toBe(4n);
  for (const entity of [1n, 3n, 4n]) state.take(entity);
  advance();
  expect([layer.count, balls.count, balls.visible]).toEqual([0, 0, false]);
});

test("one that becomes another shape is drawn as that alone", () => {
  const { state, advance, boxes, balls, placesOf } = stage();
  for (const entity of [1n, 2n, 3n]) state.put(entity, { ...BALL, position: [Number(entity), 0, 0] });
  advance();
  state.put(1n, { ...BOX, position: [1, 0, 0] });
  advance();
  expect([placesOf(boxes), placesOf(balls).map(([x]) => x)]).toEqual([[[1, 0, 0]], [3, 2]]);
});

test("the more there are, the coarser the small ones; the large ones stay as they are", () => {
  const { state, advance, shapes, balls } = stage();
  const small = shapes[1]!;
  const triangles = (mesh: InstancedMesh): number => mesh.geometry.getIndex()!.count / 3;
  state.put(10_000n, BALL);
  const seen: number[] = [];
  for (let at = 0; at <= 4_000; at++) {
    state.put(BigInt(at), { ...BALL, size: SMALL });
    if (![0, 500, 4_000].includes(at)) continue;
    advance();
    seen.push(triangles(small));
  }
  expect([seen, triangles(balls)]).toEqual([[440, 168, 90], 440]);
});

test("a thousand are where they belong after room was made for them, more than once", () => {
  const { state, layer, advance, balls, placesOf } = stage();
  for (let at = 0; at < 40; at++) state.put(BigInt(at), { ...BALL, position: [at, 0, 0] });
  advance();
  for (let at = 40; at < 1000; at++) state.put(BigInt(at), { ...BALL, position: [at, 0, 0] });
  advance();
  expect([layer.count, balls.count]).toEqual([1000, 1000]);
  expect(placesOf(balls).map(([x]) => x)).toEqual(Array.from({ length: 1000 }, (_, at) => at));
  const colour = new Color();
  balls.getColorAt(12, colour);
  expect(colour.getHex()).toBe(0xff0000);
});

test(`random comings, goings and changes of shape leave every entity in its place (seed 11)`, () => {
  const { state, layer, advance, shapes, placesOf } = stage();
  let seed = 11;
  const random = (below: number): number => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) % below;
  const kinds = ["box", "sphere", "cylinder", "cone"] as const;
  const truth = new Map<bigint, { kind: number; x: number }>();
  for (let step = 0; step < 2000; step++) {
    const entity = BigInt(random(150));
    const kind = random(4);
    if (random(3) === 0) {
      if (truth.delete(entity)) state.take(entity);
    } else {
      truth.set(entity, { kind, x: step });
      state.put(entity, { ...BALL, shape: kinds[kind]!, position: [step, 0, 0] });
    }
    if (random(4) === 0) advance();
  }
  advance();
  expect(layer.count).toBe(truth.size);
  shapes.slice(4).forEach((mesh, kind) => {
    const wanted = [...truth.values()].filter((one) => one.kind === kind).map(({ x }) => x);
    expect(placesOf(mesh).map(([x]) => x).sort()).toEqual(wanted.sort());
  });
});

test("only blocks of rows that were written are sent, and they wait until they are", () => {
  const column = createInstanceColumn(256, 3, null);
  column.touch(5);
  column.touch(6);
  column.touch(200);
  column.flush();
  expect(column.attribute.updateRanges).toEqual([{ start: 0, count: 192 }, { start: 576, count: 192 }]);
  column.touch(64);
  column.flush();
  expect(column.attribute.updateRanges).toEqual([{ start: 0, count: 384 }, { start: 576, count: 192 }]);
  column.attribute.onUploadCallback();
  column.touch(255);
  column.flush();
  expect(column.attribute.updateRanges).toEqual([{ start: 576, count: 192 }]);
});

test("what surrounds a mesh follows its instances, and out of view they are left out", () => {
  const { state, advance, balls } = stage();
  state.put(1n, BALL);
  state.put(2n, { ...BALL, size: [4, 4, 4], position: [10, 0, 0] });
  advance();
  const ball = balls.boundingSphere!;
  expect([ball.center.x, ball.containsPoint(new Vector3(-0.5, 0, 0)), ball.containsPoint(new Vector3(12, 0, 0))]).toEqual([5, true, true]);
  const camera = new PerspectiveCamera();
  camera.position.set(0, 0, 10);
  camera.updateMatrixWorld();
  const seen = new Frustum().setFromProjectionMatrix(camera.projectionMatrix.clone().multiply(camera.matrixWorldInverse));
  expect(seen.intersectsObject(balls)).toBe(true);
  for (const entity of [1n, 2n]) state.place(entity, [0, 0, 500]);
  advance();
  expect(seen.intersectsObject(balls)).toBe(false);
});

test("a ray means the first shape that it meets as it is drawn, or one that it passes closely", () => {
  const { state, layer, advance } = stage();
  state.put(1n, BALL);
  state.put(2n, { ...BOX, position: [0, 0, -3] });
  state.put(3n, { ...BALL, shape: "cone", position: [5, 0, 0] });
  state.put(4n, { ...BALL, size: [0.02, 0.02, 0.02], position: [-5, 0, 0] });
  advance();
  expect(layer.pickAlong(along(0, 0), 100)).toMatchObject({ state: 1n, distance: expect.closeTo(9.5, 3) as number });
  expect(layer.pickAlong(along(0.48, 0.48), 100)).toMatchObject({ state: 2n, distance: expect.closeTo(12.5, 5) as number });
  expect(layer.pickAlong(along(0, 0), 9)).toBeNull();
  expect(layer.pickAlong(along(5.4, -0.45), 100)?.state).toBe(3n);
  expect(layer.pickAlong(along(5.4, 0.45), 100)).toBeNull();
  expect(layer.pickAlong(along(-5.03, 0), 100)?.state).toBe(4n);
  expect(layer.pickAlong(along(-5.2, 0), 100)).toBeNull();
  expect(layer.pickAlong(new Ray(new Vector3(0, 0, 10), new Vector3(0, 0, 1)), 100)).toBeNull();
});

test("a turned and stretched box is met where it is", () => {
  const { state, layer, advance } = stage();
  const { x, y, z, w } = new Quaternion().setFromAxisAngle(new Vector3(0, 0, 1), Math.PI / 2);
  state.put(1n, { ...BOX, size: [4, 1, 1], rotation: [x, y, z, w] });
  advance();
  expect(layer.pickAlong(along(0, 1.9), 100)?.distance).toBeCloseTo(9.5, 5);
  expect(layer.pickAlong(along(1.9, 0), 100)).toBeNull();
});

test("what is too large for a hand is not meant, nor what is behind it", () => {
  const { state, layer, advance } = stage();
  state.put(1n, { ...BOX, size: [30, 30, 0.1] });
  state.put(2n, { ...BALL, position: [0, 0, -5] });
  state.put(3n, { ...BALL, position: [0, 0, 5] });
  advance();
  expect(layer.pickAlong(along(0, 0), 100)?.state).toBe(3n);
  expect(layer.pickAlong(along(8, 8), 100)).toBeNull();
  state.take(3n);
  state.put(4n, { ...BALL, size: [0.02, 0.02, 0.02], position: [3, 0, 1] });
  advance();
  expect(layer.pickAlong(along(0, 0), 100)).toBeNull();
  expect(layer.pickAlong(along(3.03, 0), 100)?.state).toBe(4n);
});

test("pointers find them among all else on the stage, by their row", () => {
  const { state, layer, advance } = stage();
  state.put(9n, BALL);
  advance();
  const hits: Intersection[] = [];
  const caster = new Raycaster(new Vector3(0, 0, 10), new Vector3(0, 0, -1));
  layer.pickable.raycast(caster, hits);
  expect(hits.map(({ instanceId, distance }) => [layer.entityAt(instanceId!), Math.round(distance * 10)])).toEqual([[9n, 95]]);
  expect(layer.entityAt(1)).toBeNull();
});

test("a mark outlines and tints one entity, follows it, and leaves its own colour behind", () => {
  const { state, layer, advance, balls } = stage();
  state.put(1n, { ...BALL, colour: [0, 0, 0] });
  state.put(2n, { ...BALL, colour: [0, 0, 0], position: [3, 0, 0] });
  advance();
  const outline = layer.group.children.find(({ type }) => type === "Group")!.children[1] as InstancedMesh;
  const colourAt = (at: number): number => {
    const colour = new Color();
    balls.getColorAt(at, colour);
    return colour.getHex();
  };
  layer.mark(new Map([[2n, 0xff0000]]));
  expect(advance()).toBe(true);
  expect([colourAt(0), colourAt(1), outline.count, outline.visible]).toEqual([0, 0x4d0000, 1, true]);
  expect(advance()).toBe(false);
  state.take(1n);
  advance();
  expect([colourAt(0), outline.count]).toEqual([0x4d0000, 1]);
  layer.mark(new Map());
  expect(advance()).toBe(true);
  expect([colourAt(0), outline.count, outline.visible]).toEqual([0, 0, false]);
});

test("where one is, where all are, and both themes", () => {
  const { state, layer, advance } = stage();
  expect([layer.placeOf(1n), layer.bounds().isEmpty(), layer.pickAlong(along(0, 0), 9)]).toEqual([null, true, null]);
  state.put(1n, { ...BALL, position: [1, 2, 3] });
  advance();
  expect(layer.placeOf(1n)).toMatchObject({ position: { x: 1, y: 2, z: 3 }, rotation: [0, 0, 0, 1] });
  expect(layer.bounds().containsPoint(new Vector3(1, 2.5, 3))).toBe(true);
  layer.setTheme(DARK_THEME);
  layer.dispose();
});
