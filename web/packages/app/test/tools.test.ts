// @vitest-environment happy-dom
import type { Mesh, Operation, Selection } from "@theta/client";
import { adjacencyOf, createSelection, edgeBetween, elementAt, elementsOf, everything, selectionOf, type ThetaScene } from "@theta/scene";
import { idAt, toHex } from "@theta/wire";
import { Vector3 as Point } from "three";
import { beforeEach, expect, test, vi } from "vitest";
import { createActions } from "../src/actions";
import { BINDINGS } from "../src/keymap";
import { createModelling } from "../src/modelling";
import { createNotices } from "../src/notices";
import { createAddMenu } from "../src/panels/add-menu";
import { createTools, type Elsewhere } from "../src/panels/tools";
import { createRoleWatch } from "../src/role";
import { contextOf, contextWords, TOOLS, toolOf, valuesOf } from "../src/tools";
import { stepWords } from "../src/words";
import { FakeClient } from "./fake/fake-client";
import { makeMesh } from "./fake/shapes";

const CUBE_ID = "1".padStart(32, "0");

async function room(mesh?: Mesh) {
  const client = new FakeClient();
  client.connect({ name: "Mira" });
  const selection = createSelection();
  const scene = { selection, freePlace: () => new Point(), setPainting: () => undefined } as unknown as ThetaScene;
  const notices = createNotices();
  const role = createRoleWatch(client);
  const actions = createActions(client, () => scene, notices, role, () => ({ refuseUndo: () => undefined, settle: () => undefined }));
  await actions.add("cube");
  client.performed.length = 0;
  const entity = client.document.entities.get(CUBE_ID)!;
  if (mesh) (client.document.entities as Map<string, unknown>).set(CUBE_ID, { ...entity, mesh });
  let left = 0;
  const pressed: string[] = [];
  const elsewhere: Elsewhere[] = [
    { id: "extrude-faces", label: "Extrude", key: "x", does: "Pulls", place: "first", applies: ({ kind }) => kind === "face", press: () => pressed.push("extrude") },
    { id: "grow-part", label: "Connected", key: "l", does: "Selects", place: "select", applies: ({ kind }) => kind !== "object", press: () => actions.grow("part") },
  ];
  const tools = createTools({ client, selection, actions, role, notices, leave: () => left++, elsewhere });
  document.body.replaceChildren(tools.element, notices.element);
  const show = (selected: Selection | null): void => selection.select(selected);
  return { client, selection, actions, notices, tools, mesh: mesh ?? entity.mesh!, pressed, show, left: () => left };
}

const listed = (): (string | undefined)[] => [...document.querySelectorAll<HTMLElement>(".tool")].map((button) => button.dataset.testid?.replace("tool-", ""));
const byId = <Kind extends HTMLElement>(testId: string): Kind => {
  const found = document.querySelector<Kind>(`[data-testid="${testId}"]`);
  if (!found) throw new Error(`no ${testId}`);
  return found;
};
const submit = (): unknown => document.querySelector("form")?.dispatchEvent(new Event("submit", { cancelable: true, bubbles: true }));

/** Two squares one above the other, open above and below: two rims of four edges. */
const TUBE = makeMesh(
  [
    [0, 0, 0],
    [1, 0, 0],
    [1, 0, 1],
    [0, 0, 1],
    [0, 1, 0],
    [1, 1, 0],
    [1, 1, 1],
    [0, 1, 1],
  ],
  [0, 1, 2, 3].map((at) => [at, at + 4, ((at + 1) % 4) + 4, (at + 1) % 4]),
);
const TETRAHEDRON = makeMesh(
  [
    [0, 0, 0],
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  [
    [0, 2, 1],
    [0, 1, 3],
    [1, 2, 3],
    [0, 3, 2],
  ],
);
const edgeId = (mesh: Mesh, a: number, b: number): string => idAt(mesh.edgeIds, edgeBetween(adjacencyOf(mesh), a, b));
const vertexId = (mesh: Mesh, vertex: number): string => idAt(mesh.vertexIds, vertex);

beforeEach(() => document.body.replaceChildren());

test("only what applies to the selection is listed, and nothing when nothing is selected", async () => {
  const { mesh, show, tools } = await room();
  show({ kind: "face", entity: CUBE_ID, element: idAt(mesh.faceIds, 0) });
  expect(listed()).toEqual(["extrude-faces", "inset", "poke", "subdivide", "mirror", "triangulate", "flip", "grow-part"]);
  expect(byId("tool-subject").textContent).toBe("A face of Cube");
  show({ kind: "edge", entity: CUBE_ID, element: idAt(mesh.edgeIds, 0) });
  expect(listed()).toEqual(["bevel", "loop-cut", "split-edge", "crease", "dissolve", "subdivide", "mirror", "grow-part"]);
  show(selectionOf(CUBE_ID, "vertex", [vertexId(mesh, 0), vertexId(mesh, 3)]));
  expect(listed()).toEqual(["connect", "weld", "weld-near", "subdivide", "mirror", "grow-part"]);
  expect(byId("tool-subject").textContent).toBe("2 vertices of Cube");
  show({ kind: "object", entity: CUBE_ID });
  expect(listed()).toEqual(["weld-near", "subdivide", "mirror", "triangulate", "flip", "surface"]);
  show(null);
  expect(tools.element.hidden).toBe(true);
});

test("an open rim can be filled, bridged and pulled; what is closed can't", async () => {
  const { show } = await room(TUBE);
  show({ kind: "edge", entity: CUBE_ID, element: edgeId(TUBE, 0, 1) });
  expect(listed()).toEqual(expect.arrayContaining(["extrude-edges", "fill-hole"]));
  expect(listed()).not.toContain("bridge");
  expect(listed()).not.toContain("bevel");
  show(selectionOf(CUBE_ID, "edge", [edgeId(TUBE, 6, 7), edgeId(TUBE, 0, 1)]));
  expect(listed()).toContain("bridge");
  show({ kind: "edge", entity: CUBE_ID, element: edgeId(TUBE, 0, 4) });
  expect(listed()).not.toContain("fill-hole");
});

test("a tool with numbers asks for them; Apply does it as one step, as often as it is pressed", async () => {
  const { client, mesh, show, tools } = await room();
  const faces = [0, 3].map((face) => idAt(mesh.faceIds, face));
  show(selectionOf(CUBE_ID, "face", faces));
  tools.press("inset");
  expect(document.activeElement).toBe(byId("inset-distance"));
  expect(byId("tool-inset").getAttribute("aria-pressed")).toBe("true");
  byId<HTMLInputElement>("inset-distance").value = "0,2";
  byId<HTMLInputElement>("inset-depth").value = "-0.05";
  const perform = vi.spyOn(client, "perform");
  submit();
  await Promise.resolve();
  expect(perform).toHaveBeenCalledOnce();
  const inset = { type: "inset_face", entity: CUBE_ID, distance: 0.2, depth: -0.05 };
  expect(client.performed).toEqual(faces.map((face) => ({ ...inset, face })));
  submit();
  await vi.waitFor(() => expect(client.performed).toHaveLength(4));
  show({ kind: "object", entity: CUBE_ID });
  show(selectionOf(CUBE_ID, "face", faces));
  tools.press("inset");
  expect(byId<HTMLInputElement>("inset-distance").value).toBe("0,2");
});

test("Enter in a choice applies, too", async () => {
  const { client, show, tools } = await room();
  show({ kind: "object", entity: CUBE_ID });
  tools.press("subdivide");
  const scheme = byId<HTMLSelectElement>("subdivide-scheme");
  scheme.value = "linear";
  scheme.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
  await vi.waitFor(() => expect(client.performed).toEqual([{ type: "subdivide", entity: CUBE_ID, scheme: "linear" }]));
});

test("one goes on with what a tool made, unless something else was selected meanwhile", async () => {
  const { client, mesh, show, selection, actions } = await room();
  const becomes = (after: Mesh, meanwhile = (): void => undefined): void => {
    vi.spyOn(client, "perform").mockImplementationOnce(() => {
      const entity = client.document.entities.get(CUBE_ID)!;
      (client.document.entities as Map<string, unknown>).set(CUBE_ID, { ...entity, mesh: after });
      meanwhile();
      return Promise.resolve({ names: [], created: [], seq: 1n, corrections: [] });
    });
  };
  const values = valuesOf(new Map([["t", 0.5], ["width", 0.1]]));
  const edge = (): void => show({ kind: "edge", entity: CUBE_ID, element: idAt(mesh.edgeIds, 0) });
  /** The mesh with one more of each, and an edge between the two new vertices. */
  const renamed = (ids: Uint8Array, at: number): Uint8Array => ids.map((byte, index) => (index >= at * 16 && index < at * 16 + 16 ? 0xee : byte));
  const [a, b] = [mesh.edges[0]!, mesh.edges[1]!];
  const after: Mesh = { ...mesh, vertexIds: renamed(renamed(mesh.vertexIds, a), b).map((byte, at) => (at === b * 16 ? 0xef : byte)), edgeIds: renamed(mesh.edgeIds, 0), faceIds: renamed(mesh.faceIds, 2) };
  const reset = (): void => void (client.document.entities as Map<string, unknown>).set(CUBE_ID, { ...client.document.entities.get(CUBE_ID)!, mesh });
  const apply = (id: string): Promise<boolean> => actions.apply(toolOf(id)!, values);

  for (const [tool, kind, mode, count] of [["split-edge", "vertex", "vertex", 2], ["loop-cut", "edge", "edge", 1], ["bevel", "face", "face", 1]] as const) {
    reset();
    selection.setMode("edge");
    edge();
    becomes(after, () => selection.select({ kind: "object", entity: CUBE_ID }));
    await apply(tool);
    expect(selection.state.mode).toBe(mode);
    expect(selection.state.selected).toMatchObject({ kind, element: toHex((kind === "vertex" ? after.vertexIds.subarray(b * 16, b * 16 + 16) : new Uint8Array(16).fill(0xee))) });
    expect(elementsOf(selection.state.selected)).toHaveLength(count);
  }
  reset();
  selection.setMode("edge");
  edge();
  becomes(after, () => show({ kind: "edge", entity: CUBE_ID, element: idAt(mesh.edgeIds, 5) }));
  await apply("split-edge");
  expect(selection.state.selected).toMatchObject({ kind: "edge", element: idAt(mesh.edgeIds, 5) });
  reset();
  edge();
  becomes(after, () => show(null));
  await apply("split-edge");
  expect(selection.state.selected).toBeNull();
});

test("of many things done at once it is said how many the room refused", async () => {
  const { client, mesh, show, actions } = await room();
  show(selectionOf(CUBE_ID, "face", [0, 1].map((face) => idAt(mesh.faceIds, face))));
  const names = [1n, 2n].map((number) => ({ actor: "a", number }));
  vi.spyOn(client, "perform").mockResolvedValueOnce({ names, created: [], seq: 1n, corrections: [] } as never);
  await actions.apply(toolOf("poke")!, valuesOf(new Map()));
  expect(actions.refusal(names[0] as never)).toBe("1 of 2 could not be done");
  expect(actions.refusal(names[0] as never)).toBe("1 of 2 could not be done");
  expect(actions.refusal(names[1] as never)).toBe("That could not be done");
  expect(actions.refusal({ actor: "b", number: 1n } as never)).toBeNull();
});

test("a number that is none, or out of its limits, is marked and nothing is sent", async () => {
  const { client, mesh, show, tools } = await room();
  show({ kind: "edge", entity: CUBE_ID, element: idAt(mesh.edgeIds, 0) });
  tools.press("loop-cut");
  for (const text of ["", "half", "1", "-0.1"]) {
    byId<HTMLInputElement>("loop-cut-t").value = text;
    submit();
    expect(byId("loop-cut-t").getAttribute("aria-invalid")).toBe("true");
  }
  byId<HTMLInputElement>("loop-cut-t").value = "0.25";
  submit();
  await Promise.resolve();
  expect(client.performed).toEqual([{ type: "loop_cut", entity: CUBE_ID, edge: idAt(mesh.edgeIds, 0), t: 0.25 }]);
});

test("a key whose tool doesn't apply says what to select", async () => {
  const { client, mesh, show, tools, notices } = await room();
  show({ kind: "face", entity: CUBE_ID, element: idAt(mesh.faceIds, 0) });
  tools.press("bevel");
  expect(notices.element.textContent).toContain("Bevel: select edges between two faces first");
  expect(client.performed).toEqual([]);
});

test("the numbers go away with the selection that they were for, and give the keyboard back", async () => {
  const { mesh, show, tools, left } = await room();
  show({ kind: "edge", entity: CUBE_ID, element: idAt(mesh.edgeIds, 0) });
  tools.press("bevel");
  expect(left()).toBe(0);
  show({ kind: "face", entity: CUBE_ID, element: idAt(mesh.faceIds, 0) });
  expect(document.querySelector("form")).toBeNull();
  expect(left()).toBe(1);
});

test("who only watches presses in vain", async () => {
  const { client, mesh, show, tools } = await room();
  show({ kind: "face", entity: CUBE_ID, element: idAt(mesh.faceIds, 0) });
  client.setConnection({ phase: "online", role: "viewer", actor: 1n, roomName: "studio", resumed: false });
  tools.press("poke");
  expect(byId("tool-poke").matches("fieldset:disabled *")).toBe(true);
  await Promise.resolve();
  expect(client.performed).toEqual([]);
});

/** What a tool makes of a selection, with the numbers that it suggests. */
function operationsOf(id: string, mesh: Mesh, selected: Selection, changes: Record<string, number | string> = {}): readonly Operation[] {
  const entity = { id: CUBE_ID, mesh, name: "It", transform: null, material: { colour: [1, 0.5, 0], metallic: 0, roughness: 0.5 }, surface: null, owner: null } as const;
  const document = { entities: new Map([[CUBE_ID, entity]]), seq: 0n, hash: "", status: "current", moment: null } as const;
  const context = contextOf({ document }, { mode: "edge", tool: "move", selected, hovered: null })!;
  const tool = toolOf(id)!;
  expect(tool.applies(context), `${id} on ${contextWords(context)}`).toBe(true);
  const fields = (tool.fields?.(context) ?? []).map((field): [string, number | string] => [field.name, changes[field.name] ?? field.initial]);
  return tool.operations(context, valuesOf(new Map(fields)));
}

const edges = (...ids: string[]): Selection => selectionOf(CUBE_ID, "edge", ids);
const entity = CUBE_ID;

test("every tool becomes the operations of its name", () => {
  const [a, b] = [edgeId(TETRAHEDRON, 0, 1), edgeId(TETRAHEDRON, 1, 2)];
  const both = edges(a, b);
  const each = (type: string, more: object = {}): object[] => [a, b].map((edge) => ({ type, entity, edge, ...more }));
  expect(operationsOf("bevel", TETRAHEDRON, both, { width: 0.1 })).toEqual(each("bevel_edge", { width: 0.1 }));
  expect(operationsOf("split-edge", TETRAHEDRON, both)).toEqual(each("split_edge", { t: 0.5 }));
  expect(operationsOf("collapse", TETRAHEDRON, both)).toEqual(each("collapse_edge", { t: 0.5 }));
  expect(operationsOf("flip-edge", TETRAHEDRON, both)).toEqual(each("flip_edge"));
  expect(operationsOf("dissolve", TETRAHEDRON, both)).toEqual(each("dissolve_edge"));
  expect(operationsOf("crease", TETRAHEDRON, both)).toEqual([{ type: "set_crease", entity, edges: [a, b], sharpness: 2 }]);
  const face = idAt(TETRAHEDRON.faceIds, 2);
  const faces: Selection = { kind: "face", entity, element: face };
  expect(operationsOf("poke", TETRAHEDRON, faces)).toEqual([{ type: "poke", entity, face }]);
  expect(operationsOf("triangulate", TETRAHEDRON, faces)).toEqual([{ type: "triangulate_faces", entity, faces: [face] }]);
  expect(operationsOf("flip", TETRAHEDRON, faces)).toEqual([{ type: "flip_normals", entity, faces: [face] }]);
  const object: Selection = { kind: "object", entity };
  expect(operationsOf("flip", TETRAHEDRON, object)).toEqual([{ type: "flip_normals", entity, faces: [idAt(TETRAHEDRON.faceIds, 0)] }]);
  expect(operationsOf("triangulate", TUBE, object)).toMatchObject([{ type: "triangulate_faces", faces: { length: 4 } }]);
  expect(operationsOf("subdivide", TUBE, object, { scheme: "linear" })).toEqual([{ type: "subdivide", entity, scheme: "linear" }]);
  expect(operationsOf("mirror", TUBE, object, { axis: "z", offset: 2 })).toEqual([{ type: "mirror", entity, axis: "z", offset: 2, weldDistance: 0.001 }]);
  expect(operationsOf("weld-near", TUBE, object)).toEqual([{ type: "weld_by_distance", entity, vertices: [], distance: 0.001 }]);
});

test("vertices are welded in their middle, connected across the face they share, and made a face in their order", () => {
  const pick = (mesh: Mesh, ...vertices: number[]): Selection => selectionOf(CUBE_ID, "vertex", vertices.map((vertex) => vertexId(mesh, vertex)));
  expect(operationsOf("weld", TUBE, pick(TUBE, 0, 6))).toEqual([{ type: "weld", entity, vertices: [vertexId(TUBE, 0), vertexId(TUBE, 6)], point: [0.5, 0.5, 0.5] }]);
  expect(operationsOf("connect", TUBE, pick(TUBE, 0, 5))).toEqual([
    { type: "split_face", entity, face: elementAt(TUBE, "face", 0), start: vertexId(TUBE, 0), end: vertexId(TUBE, 5) },
  ]);
  expect(operationsOf("make-face", TUBE, pick(TUBE, 3, 2, 1, 0))).toMatchObject([{ type: "add_face", vertices: [3, 2, 1, 0].map((vertex) => vertexId(TUBE, vertex)) }]);
  expect(() => operationsOf("connect", TUBE, pick(TUBE, 0, 1))).toThrow("connect on 2 vertices");
  expect(() => operationsOf("connect", TUBE, pick(TUBE, 0, 6))).toThrow();
});

test("a bridge goes from the edge chosen last to the nearest edge of the other rim", () => {
  const [low, high] = [edgeId(TUBE, 0, 1), edgeId(TUBE, 6, 7)];
  expect(operationsOf("bridge", TUBE, edges(high, low), { shift: 1 })).toEqual([{ type: "bridge", entity, edge: low, other: edgeId(TUBE, 4, 5), shift: 1 }]);
  expect(operationsOf("fill-hole", TUBE, edges(low))).toEqual([{ type: "fill_hole", entity, edge: low }]);
  expect(operationsOf("extrude-edges", TUBE, edges(low), { x: 1 })).toEqual([{ type: "extrude_edges", entity, edges: [low], offset: [1, 0.25, 0] }]);
  expect(() => operationsOf("bridge", TUBE, edges(low, edgeId(TUBE, 1, 2)))).toThrow();
});

test("of a loop the edge that was chosen is the one that is cut through", () => {
  const [chosen, other] = [edgeId(TUBE, 0, 4), edgeId(TUBE, 1, 5)];
  const loop: Selection = { kind: "edge", entity, element: chosen, elements: [chosen, other] };
  expect(operationsOf("loop-cut", TUBE, loop)).toEqual([{ type: "loop_cut", entity, edge: chosen, t: 0.5 }]);
});

test("a surface keeps the object's colour and glows in it", () => {
  expect(operationsOf("surface", TUBE, { kind: "object", entity }, { opacity: 0.4, glow: 0.5 })).toEqual([
    {
      type: "set_surface",
      entity,
      surface: { metallic: 0, roughness: 0.5, emissive: [0.5, 0.25, 0], opacity: 0.4, alphaMode: "blend", alphaCutoff: 0.5, doubleSided: true },
    },
  ]);
});

test("every tool has a name, a key of its own and words for undo", async () => {
  const keys = BINDINGS.flatMap((binding) => binding.keys);
  for (const { id, key, does, needs } of TOOLS) {
    expect(keys.filter((one) => one === key), id).toHaveLength(1);
    expect(does).toMatch(/^[A-Z]/u);
    expect(needs).not.toBe("");
  }
  const { client } = await room();
  const model = createModelling(client);
  for (const name of Object.keys(model)) {
    const label = name.replace(/[A-Z]/gu, (letter) => ` ${letter.toLowerCase()}`);
    expect(stepWords(label), label).not.toBe(label);
  }
});

test("colours go to the faces selected, and else to the object", async () => {
  const { client, actions, mesh, show } = await room();
  const faces = elementsOfFace(mesh, 1, 2);
  show(selectionOf(CUBE_ID, "face", faces));
  await actions.paint([1, 0, 0]);
  expect(client.performed).toEqual([{ type: "paint_faces", entity: CUBE_ID, faces, colour: [1, 0, 0] }]);
  show({ kind: "vertex", entity: CUBE_ID, element: vertexId(mesh, 0) });
  await actions.paint([0, 1, 0]);
  expect(client.performed.at(-1)).toEqual({ type: "paint", entity: CUBE_ID, colour: [0, 1, 0] });
});

function elementsOfFace(mesh: Mesh, ...faces: number[]): string[] {
  return faces.map((face) => idAt(mesh.faceIds, face));
}

test("without a number an inset is a fifth of the smallest face's side", async () => {
  const { client, actions, mesh, show } = await room();
  const faces = elementsOfFace(mesh, 0, 1);
  show(selectionOf(CUBE_ID, "face", faces));
  await actions.inset();
  expect(client.performed).toMatchObject(faces.map((face) => ({ type: "inset_face", entity: CUBE_ID, face, depth: 0 })));
  const [operation] = client.performed;
  expect(operation?.type === "inset_face" && operation.distance).toBeCloseTo(0.1, 12);
  await actions.subdivide();
  expect(client.performed.at(-1)).toEqual({ type: "subdivide", entity: CUBE_ID, scheme: "catmull-clark" });
});

test("Delete takes out the elements selected, and the object when none are", async () => {
  const { client, actions, mesh, show } = await room();
  const [edge] = [idAt(mesh.edgeIds, 3)];
  show({ kind: "edge", entity: CUBE_ID, element: edge });
  await actions.remove();
  expect(client.performed).toEqual([{ type: "delete_elements", entity: CUBE_ID, vertices: [], edges: [edge], faces: [] }]);
  await actions.removeObject();
  expect(client.performed.at(-1)).toEqual({ type: "delete", entity: CUBE_ID });
});

test("more of them than a packet holds is said, not sent", async () => {
  const points = Array.from({ length: 303 }, (_, at): [number, number, number] => [at, at % 3, 0]);
  const many = makeMesh(points, Array.from({ length: 101 }, (_, at) => [at * 3, at * 3 + 1, at * 3 + 2]));
  const { client, notices, show, tools } = await room(many);
  show(everything(many, CUBE_ID, "face"));
  tools.press("poke");
  await Promise.resolve();
  expect(client.performed).toEqual([]);
  expect(notices.element.textContent).toContain("select at most 100");
});

test("faces become an object of their own: their bytes, then both steps at once", async () => {
  const { client, actions, mesh, selection, show, notices } = await room();
  const faces = elementsOfFace(mesh, 3);
  show(selectionOf(CUBE_ID, "face", faces));
  await actions.separate();
  expect(toHex(client.uploaded[0]!.subarray(0, 20))).toBe("544d4331" + "04000000" + "04000000" + "01000000" + "04000000");
  expect(client.performed).toMatchObject([
    { type: "import_mesh", name: "Cube 2", surface: { alphaMode: "opaque" } },
    { type: "delete_elements", entity: CUBE_ID, faces },
  ]);
  expect(selection.state).toMatchObject({ mode: "object", selected: { kind: "object" } });
  expect(selection.state.selected?.entity).not.toBe(CUBE_ID);
  show(everything(mesh, CUBE_ID, "face"));
  await actions.separate();
  expect(notices.element.textContent).toContain("can't be separated");
  expect(client.uploaded).toHaveLength(1);
});

test("the menu adds every shape, with what it takes of what was typed", () => {
  const added: unknown[][] = [];
  const menu = createAddMenu({ add: (...wanted) => Promise.resolve(void added.push(wanted)) });
  document.body.append(menu.element, menu.button);
  expect([...menu.element.querySelectorAll("button")].map((button) => button.textContent)).toEqual([
    "Cube", "Pyramid", "Cone", "Cylinder", "Sphere", "Icosphere", "Torus", "Plane", "Grid", "N-gon",
  ]);
  byId<HTMLInputElement>("shape-segments").value = "8";
  byId<HTMLInputElement>("shape-size").value = "2";
  byId("shape-cone").click();
  byId("shape-cube").click();
  expect(added).toEqual([["cone", undefined, { size: 2, segments: 8 }], ["cube", undefined, { size: 2 }]]);
  byId<HTMLInputElement>("shape-segments").value = "2";
  byId("shape-torus").click();
  expect(byId("shape-segments").getAttribute("aria-invalid")).toBe("true");
  byId("shape-cube").click();
  expect(added).toHaveLength(3);
});

test("the console has a method for every operation", async () => {
  const { client } = await room();
  const model = createModelling(client);
  await model.loopCut(CUBE_ID, { edge: "ab".repeat(16), t: 0.5 });
  await model.compactMesh(CUBE_ID);
  expect(client.performed).toEqual([
    { type: "loop_cut", entity: CUBE_ID, edge: "ab".repeat(16), t: 0.5 },
    { type: "compact_mesh", entity: CUBE_ID },
  ]);
});
