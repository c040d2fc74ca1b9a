import type { Operation } from "@theta/client";
import { idAt } from "@theta/wire";
import { Quaternion, Vector3 } from "three";
import { expect, test } from "vitest";
import { makePrimitive } from "../../app/test/fake/shapes";
import { createDragSession, handlesFor, type DragReadout } from "../src/drag";
import { createEntityLayer } from "../src/entities";
import type { SelectionState } from "../src/selection";
import { LIGHT_THEME } from "../src/theme";

const ID = "ab".repeat(16);
const MESH = makePrimitive("cube", 1, 3);
const TOP = idAt(MESH.faceIds, 3);
const CUBE = {
  id: ID,
  transform: { translation: [0, 1, 0], rotation: [0, 0, 0, 1], scale: [1, 2, 1] },
  mesh: MESH,
  material: null,
  name: "Cube",
  surface: null,
  owner: null,
} as const;

function stage(state: Partial<SelectionState>, editable = true) {
  const entities = createEntityLayer(LIGHT_THEME);
  entities.sync(new Map([[ID, CUBE]]), { changed: [ID], removed: [] });
  const performed: Operation[] = [];
  const readouts: (DragReadout | null)[] = [];
  let settle: (worked: boolean) => void = () => undefined;
  const whole: SelectionState = { mode: "face", tool: "extrude", selected: null, hovered: null, ...state };
  const session = createDragSession({
    entities,
    selection: () => whole,
    editable: () => editable,
    perform: (operation) => {
      performed.push(operation);
      return new Promise((resolve, reject) => {
        settle = (worked) => (worked ? resolve(null) : reject(new Error("refused")));
      });
    },
    changed: () => undefined,
    readout: (readout) => readouts.push(readout),
  });
  const view = entities.views.get(ID);
  if (!view) throw new Error("no view");
  return { session, view, performed, readouts, settle: (worked: boolean) => settle(worked), state: whole };
}

const FACE = { kind: "face", entity: ID, element: TOP } as const;

test("one press to release is one extrusion, shown while it lasts and measured in the mesh's own metres", async () => {
  const { session, view, performed, readouts, settle } = stage({ selected: FACE });
  session.start();
  expect([session.active, session.entity]).toEqual(["extrude", ID]);
  session.move({ offset: new Vector3(0, 0.4, 0) });
  session.move({ offset: new Vector3(0, 0.5, 0) });
  expect(view.mesh?.faceCount).toBe(10);
  expect(readouts.at(-1)?.distance).toBeCloseTo(0.25, 12);
  expect(performed).toEqual([]);
  session.end({ offset: new Vector3(0, 0.5, 0) });
  expect(performed).toEqual([{ type: "extrude_face", entity: ID, face: TOP, distance: 0.25 }]);
  expect([session.active, session.entity]).toEqual([null, null]);
  // Until the document has it, the preview stands in.
  expect(view.mesh?.faceCount).toBe(10);
  settle(true);
  await Promise.resolve();
  await Promise.resolve();
  expect(view.mesh).toBe(MESH);
});

test("a refusal takes the preview back", async () => {
  const { session, view, settle } = stage({ selected: { kind: "object", entity: ID } });
  session.start();
  session.move({ offset: new Vector3(3, 0, 0) });
  session.end({ offset: new Vector3(3, 0, 0) });
  expect(view.root.matrix.elements[12]).toBe(3);
  settle(false);
  await Promise.resolve();
  await Promise.resolve();
  expect(view.root.matrix.elements[12]).toBe(0);
});

test("a cancelled drag and one that went nowhere commit nothing", () => {
  const { session, view, performed, readouts } = stage({ selected: FACE });
  session.start();
  session.move({ offset: new Vector3(0, 1, 0) });
  session.cancel();
  expect(view.mesh).toBe(MESH);
  session.start();
  session.end({ offset: new Vector3() });
  expect(performed).toEqual([]);
  expect(readouts.at(-1)).toBeNull();
});

test("with the move tool the face's vertices move, and a vertex always does", () => {
  const face = stage({ selected: FACE, tool: "move" });
  face.session.start();
  face.session.end({ offset: new Vector3(0, 0, 0.2) });
  expect(face.performed[0]).toMatchObject({ type: "move_vertices", entity: ID });
  const vertex = stage({ selected: { kind: "vertex", entity: ID, element: idAt(MESH.vertexIds, 0) } });
  vertex.session.start();
  vertex.session.end({ offset: new Vector3(0, 0.2, 0) });
  const moved = vertex.performed[0];
  expect(moved?.type === "move_vertices" && [...moved.deltas]).toEqual([0, 0.1, 0]);
});

test("handles stand in the middle of what they move", () => {
  const { view, state } = stage({ selected: FACE });
  expect(handlesFor(view.entity, state)).toMatchObject({ kind: "extrude", anchor: { x: 0, y: 2, z: 0 } });
  expect(handlesFor(view.entity, { ...state, tool: "move" })).toMatchObject({ kind: "move", anchor: { y: 2 } });
  expect(handlesFor(view.entity, { ...state, mode: "object", selected: { kind: "object", entity: ID } })).toMatchObject({ anchor: { y: 1 } });
  expect(handlesFor(view.entity, { ...state, mode: "face", selected: { kind: "object", entity: ID } })).toBeNull();
  expect(handlesFor(view.entity, { ...state, selected: { ...FACE, element: "00".repeat(16) } })).toBeNull();
  expect(handlesFor(undefined, state)).toBeNull();
});

test("a hand turns an object about where it holds it, and letting go is one transform", () => {
  const { session, view, performed } = stage({ mode: "object", selected: { kind: "object", entity: ID } });
  const turn = new Quaternion().setFromAxisAngle(new Vector3(0, 0, 1), Math.PI / 2);
  const motion = { offset: new Vector3(0, 0, 2), turn, pivot: new Vector3(1, 1, 0) };
  session.start();
  session.move(motion);
  const shown = new Vector3().setFromMatrixPosition(view.root.matrix);
  expect(shown.distanceTo(new Vector3(1, 0, 2))).toBeLessThan(1e-12);
  expect(view.root.matrix.getMaxScaleOnAxis()).toBeCloseTo(2, 12);
  session.end(motion);
  expect(performed).toHaveLength(1);
  const [moved] = performed;
  if (moved?.type !== "transform") throw new Error("no transform");
  expect(new Vector3(...moved.translation).distanceTo(shown)).toBeLessThan(1e-12);
  expect(new Quaternion(...moved.rotation).angleTo(turn)).toBeLessThan(1e-6);
  expect(moved.scale).toEqual([1, 2, 1]);
});

test("a turn alone is a drag too, and a tremble of the hand is none", () => {
  const { session, performed } = stage({ mode: "object", selected: { kind: "object", entity: ID } });
  const turned = (radians: number) => new Quaternion().setFromAxisAngle(new Vector3(0, 1, 0), radians);
  session.start();
  session.end({ offset: new Vector3(), turn: turned(1e-4) });
  expect(performed).toEqual([]);
  session.start();
  session.end({ offset: new Vector3(), turn: turned(0.5) });
  expect(performed).toMatchObject([{ type: "transform", translation: [0, 1, 0] }]);
});

test("REP-5: others are told of a drag until the room has taken it, or refused", async () => {
  const { session, settle } = stage({ selected: FACE });
  session.start();
  expect(session.current).toBeNull();
  session.move({ offset: new Vector3(0, 0.5, 0) });
  expect(session.current).toEqual({ kind: "extrude", distance: 0.25 });
  session.end({ offset: new Vector3(0, 0.6, 0) });
  expect([session.active, session.current, session.subject]).toEqual([null, { kind: "extrude", distance: 0.25 }, FACE]);
  settle(false);
  await Promise.resolve();
  await Promise.resolve();
  expect([session.current, session.subject]).toEqual([null, null]);
});

test("REP-5: what a drag says is an object's placement in the world, or an offset in the mesh's space", () => {
  const object = stage({ mode: "object", selected: { kind: "object", entity: ID } });
  object.session.start();
  object.session.move({ offset: new Vector3(1, 0, 0) });
  expect(object.session.current).toEqual({ kind: "object", position: [1, 1, 0], rotation: [0, 0, 0, 1] });
  object.session.cancel();
  expect(object.session.current).toBeNull();
  const face = stage({ selected: FACE, tool: "move" });
  face.session.start();
  face.session.move({ offset: new Vector3(0, 0.2, 0) });
  expect(face.session.current).toEqual({ kind: "element", offset: [0, 0.1, 0] });
});

test("who only watches drags nothing", () => {
  const { session, view, performed } = stage({ mode: "object", selected: { kind: "object", entity: ID } }, false);
  session.start();
  session.move({ offset: new Vector3(1, 0, 0) });
  session.end({ offset: new Vector3(1, 0, 0) });
  expect([session.active, session.current, performed, view.root.matrix.elements[12]]).toEqual([null, null, [], 0]);
});

test("faces selected together are pulled together, by one command", () => {
  const front = idAt(MESH.faceIds, 5);
  const { session, view, performed } = stage({ selected: { kind: "face", entity: ID, element: TOP, elements: [front, TOP] } });
  session.start();
  const offset = new Vector3(0, 1, 1);
  session.move({ offset });
  expect(view.mesh?.faceCount).toBe(12);
  session.end({ offset });
  expect(performed).toHaveLength(1);
  const [operation] = performed;
  if (operation?.type !== "extrude_region") throw new Error("no region");
  expect(operation.faces).toEqual([front, TOP]);
  // Up and forward alike: the mesh is stretched upwards, so that up is worth less there.
  expect(operation.offset[0]).toBeCloseTo(0, 12);
  expect(operation.offset[1]).toBeCloseTo(operation.offset[2], 12);
});

test("edges and several vertices are moved by what they consist of, each vertex once", () => {
  const [one, other] = [0, 1].map((edge) => idAt(MESH.edgeIds, edge)) as [string, string];
  const { session, performed } = stage({ mode: "edge", selected: { kind: "edge", entity: ID, element: other, elements: [one, other] } });
  session.start();
  session.end({ offset: new Vector3(1, 0, 0) });
  const [operation] = performed;
  if (operation?.type !== "move_vertices") throw new Error("no move");
  expect(new Set(operation.vertices).size).toBe(operation.vertices.length);
  expect(operation.vertices).toHaveLength(3);
});

test("the handles of several elements stand in their middle", () => {
  const state: SelectionState = { mode: "face", tool: "extrude", hovered: null, selected: { kind: "face", entity: ID, element: TOP, elements: [idAt(MESH.faceIds, 5), TOP] } };
  const target = handlesFor(CUBE, state);
  expect(target?.kind).toBe("extrude");
  expect(handlesFor(CUBE, { ...state, mode: "edge", selected: { kind: "edge", entity: ID, element: idAt(MESH.edgeIds, 0) } })).toMatchObject({ kind: "move" });
});
