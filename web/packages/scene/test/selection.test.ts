import { idAt } from "@theta/wire";
import { PerspectiveCamera, Ray, Vector3 } from "three";
import { expect, test } from "vitest";
import { makePrimitive } from "../../app/test/fake/shapes";
import { createEntityLayer } from "../src/entities";
import { pickAlong, pickFace, pickVertex } from "../src/picking";
import { createSelection, sameSelection, selectionFor, type SelectionState } from "../src/selection";
import { LIGHT_THEME } from "../src/theme";

const ENTITY = "ab".repeat(16);
const FACE = { kind: "face", entity: ENTITY, element: "cd".repeat(16) } as const;

test("another mode keeps the object and lets go of its element", () => {
  const selection = createSelection();
  selection.setMode("face");
  selection.select(FACE);
  selection.setMode("vertex");
  expect(selection.state).toMatchObject({ mode: "vertex", selected: { kind: "object", entity: ENTITY } });
});

test("listeners hear each change once, with what was before", () => {
  const selection = createSelection();
  const heard: [SelectionState, SelectionState][] = [];
  const stop = selection.subscribe((state, before) => heard.push([state, before]));
  selection.select(FACE);
  selection.select({ ...FACE });
  expect(heard).toHaveLength(1);
  expect(heard[0]?.[1].selected).toBeNull();
  stop();
  selection.select(null);
  expect(heard).toHaveLength(1);
});

test("selections are the same when kind, object and element are", () => {
  expect(sameSelection(FACE, { ...FACE })).toBe(true);
  expect(sameSelection(FACE, { ...FACE, kind: "vertex" })).toBe(false);
  expect(sameSelection(FACE, { kind: "object", entity: ENTITY })).toBe(false);
  expect(sameSelection(null, FACE)).toBe(false);
});

test("a hit means what the mode says", () => {
  expect(selectionFor("object", ENTITY, "f", "v")).toEqual({ kind: "object", entity: ENTITY });
  expect(selectionFor("face", ENTITY, "f", "v")).toEqual({ kind: "face", entity: ENTITY, element: "f" });
  expect(selectionFor("vertex", ENTITY, "f", "v")).toEqual({ kind: "vertex", entity: ENTITY, element: "v" });
  expect(selectionFor("vertex", ENTITY, "f", null)).toBeNull();
});

function cubeOnStage() {
  const mesh = makePrimitive("cube", 1, 5);
  const layer = createEntityLayer(LIGHT_THEME);
  const cube = {
    id: ENTITY,
    transform: { translation: [0, 0, -3], rotation: [0, 0, 0, 1], scale: [1, 1, 1] },
    mesh,
    material: null,
    name: "Cube",
    surface: null,
    owner: null,
  } as const;
  layer.sync(new Map([[ENTITY, cube]]), { changed: [ENTITY], removed: [] });
  const view = layer.views.get(ENTITY);
  if (!view) throw new Error("no view");
  return { layer, view, mesh, cube };
}

test("a triangle leads to its face, and the point on it to the vertex that looks nearest", () => {
  const { view, mesh } = cubeOnStage();
  const camera = new PerspectiveCamera(50, 1, 0.1, 10);
  camera.updateMatrixWorld();
  // Triangles 10 and 11 are the front face; its corners are the vertices 4, 5, 7 and 6.
  expect(pickFace(view, 10)).toBe(idAt(mesh.faceIds, 5));
  expect(pickFace(view, 99)).toBeNull();
  expect(pickVertex(view, 10, new Vector3(0.3, 0.4, -2.5), camera)).toBe(idAt(mesh.vertexIds, 7));
  expect(pickVertex(view, 11, new Vector3(-0.4, -0.3, -2.5), camera)).toBe(idAt(mesh.vertexIds, 4));
});

test("only what changed is built anew, and a preview outlives changes until it ends", () => {
  const { layer, view, mesh, cube } = cubeOnStage();
  const { geometry } = view.surface;
  const painted = { ...cube, material: { colour: [1, 0, 0], metallic: 0, roughness: 1 } } as const;
  layer.sync(new Map([[ENTITY, painted]]), { changed: [ENTITY], removed: [] });
  expect(view.surface.geometry).toBe(geometry);

  const other = makePrimitive("pyramid", 1, 6);
  layer.preview(ENTITY, { mesh: other });
  layer.sync(new Map([[ENTITY, painted]]), { changed: [ENTITY], removed: [] });
  expect(view.mesh).toBe(other);
  layer.preview(ENTITY, null);
  expect(view.mesh).toBe(mesh);

  layer.sync(new Map(), { changed: [], removed: [ENTITY] });
  expect(layer.views.size).toBe(0);
  layer.preview(ENTITY, null);
});

test("a ray meets the nearest surface from either side, and means what the mode asks for", () => {
  const { layer, mesh } = cubeOnStage();
  const ray = new Ray(new Vector3(0.3, 0.4, 5), new Vector3(0, 0, -1));
  const hit = pickAlong(layer, "object", ray, 100);
  expect(hit?.selection).toEqual({ kind: "object", entity: ENTITY });
  expect(hit?.normal.z).toBeCloseTo(1, 12);
  expect(hit?.distance).toBeCloseTo(5 - (hit?.point.z ?? 0), 6);
  expect(pickAlong(layer, "face", ray, 100)?.selection).toMatchObject({ kind: "face", element: idAt(mesh.faceIds, 5) });
  expect(pickAlong(layer, "vertex", ray, 100)?.selection).toMatchObject({ kind: "vertex", element: idAt(mesh.vertexIds, 7) });
  const inside = new Ray(hit?.point.clone().setZ((hit.point.z ?? 0) - 0.2) ?? new Vector3(), new Vector3(0, 0, 1));
  expect(pickAlong(layer, "object", inside, 100)?.normal.z).toBeCloseTo(-1, 12);
});

test("a ray that misses, or ends before, meets nothing", () => {
  const { layer } = cubeOnStage();
  expect(pickAlong(layer, "object", new Ray(new Vector3(9, 0, 5), new Vector3(0, 0, -1)), 100)).toBeNull();
  expect(pickAlong(layer, "object", new Ray(new Vector3(0, 0, 5), new Vector3(0, 0, -1)), 1)).toBeNull();
});
