// @vitest-environment happy-dom
import { RefusedError } from "@theta/client";
import { createSelection, type ThetaScene } from "@theta/scene";
import { Vector3 as Point } from "three";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { placingOperations, fittingScale, isOddSize, packetsOf, sizeOf } from "../src/import/placing";
import type { Model } from "../src/import/model";
import type { ReadModel } from "../src/import/reader";
import { readModel } from "../src/import/read-model";
import { createImporting, type Importer, type ImportingPorts } from "../src/importing";
import { createNotices } from "../src/notices";
import { lengthWords } from "../src/panels/import-card";
import { createRoleWatch } from "../src/role";
import { FakeClient } from "./fake/fake-client";
import { obj, OBJ_CUBE } from "./import/files";

const read: ReadModel = async (bytes, fileName, limits, progress) => {
  await Promise.resolve();
  return readModel(bytes, fileName, limits, progress);
};

function room(role: "editor" | "viewer" = "editor", ports: Partial<ImportingPorts> = {}) {
  const client = new FakeClient();
  client.connect();
  client.setConnection({ phase: "online", role, actor: 1n, roomName: "studio", resumed: false });
  const selection = createSelection();
  const scene = {
    selection,
    entities: { views: new Map() },
    rig: { distance: 5, frame: () => undefined },
    freePlace: () => new Point(1, 0, 2),
    invalidate: () => undefined,
  } as unknown as ThetaScene;
  const notices = createNotices();
  const importing = createImporting({ client, scene: () => scene, notices, role: createRoleWatch(client), read, ...ports });
  document.body.replaceChildren(...importing.elements, notices.element);
  return { client, selection, importing };
}

const file = (text: string, name = "cube.obj") => new File([obj(text).buffer as ArrayBuffer], name);
const byId = <Kind extends HTMLElement>(id: string) => document.querySelector<Kind>(`[data-testid="${id}"]`)!;
const said = () => byId("notices").textContent;

beforeEach(() => vi.useRealTimers());
afterEach(() => document.body.replaceChildren());

test("a file becomes one packet of one gesture, standing on the floor where there is place, and is selected", async () => {
  const { client, selection, importing } = room();
  const perform = vi.spyOn(client, "perform");
  await importing.take([file(OBJ_CUBE)]);
  expect(perform).toHaveBeenCalledTimes(1);
  expect(client.performed).toMatchObject([
    { type: "import_mesh", name: "Box", translation: [1, 1, 2], rotation: [0, 0, 0, 1], scale: [1, 1, 1], colour: [0.72, 0.74, 0.78] },
  ]);
  expect(client.uploaded).toHaveLength(1);
  expect(said()).toContain("cube.obj is in the room1 object, 6 faces, 2 m across. Undo takes it back in one step.");
  expect(selection.state.selected).toMatchObject({ kind: "object" });
  expect(byId("import-card").hidden).toBe(true);
  await client.undo();
  expect(client.document.entities.size).toBe(0);
});

test("while it is under way the stage is shown, and Cancel calls it off before anything is placed", async () => {
  const { client, importing } = room();
  let store = (): void => undefined;
  client.storing = new Promise((resolve) => (store = resolve));
  const done = importing.take([file(OBJ_CUBE)]);
  await vi.waitFor(() => expect(client.uploaded).toHaveLength(1));
  expect(byId("import-card").hidden).toBe(false);
  expect(byId<HTMLProgressElement>("import-progress").value).toBeGreaterThan(0.3);
  await importing.take([file(OBJ_CUBE)]);
  expect(said()).toContain("One import at a time");
  byId("import-cancel").click();
  store();
  await done;
  expect(client.performed).toEqual([]);
  expect(byId("import-card").hidden).toBe(true);
});

test("where the importer itself cannot be loaded that is said, and the next try is free", async () => {
  let isAway = true;
  const load = (): Promise<Importer> => (isAway ? Promise.reject(new TypeError("Failed to fetch")) : import("../src/import"));
  const { client, importing } = room("editor", { load });
  await importing.take([file(OBJ_CUBE)]);
  expect(said()).toContain("The page could not load what reads models");
  expect(byId("import-card").hidden).toBe(true);
  isAway = false;
  await importing.take([file(OBJ_CUBE)]);
  expect(client.performed).toHaveLength(1);
});

test("what cannot be read, and what the room refuses, is said with the file's name; the next file goes on", async () => {
  const { client, importing } = room();
  await importing.take([file("v 0 0\n", "bad.obj")]);
  expect(said()).toContain("This OBJ is broken in line 1bad.obj: A vertex needs three numbers.");
  await importing.take([file("x", "scene.gltf")]);
  expect(said()).toContain("A .gltf is only half a model");
  vi.spyOn(client, "uploadAsset").mockRejectedValueOnce(new RefusedError("AssetsFull", "the room holds enough"));
  await importing.take(["one", "two", "three", "four"].map((name) => file(OBJ_CUBE, `${name}.obj`)));
  expect(client.performed).toHaveLength(3);
  expect(said()).toContain("The room said noone.obj");
  expect(said()).toContain("four.obj is in the room");
});

test("a model that was not made in metres is asked about", async () => {
  const { client, importing } = room();
  const large = OBJ_CUBE.replaceAll("1 ", "100 ").replaceAll(" 1\n", " 100\n");
  const ask = async (choice: string): Promise<void> => {
    const taken = importing.take([file(large.replace(/^f .*$/gm, "")
      + "f 1 4 3 2\nf 5 6 7 8\n")]);
    await vi.waitFor(() => expect(byId<HTMLDialogElement>("size-question").open).toBe(true));
    expect(byId("size-words").textContent).toContain("200 m across");
    byId(choice).click();
    await taken;
  };
  await ask("size-leave");
  expect(client.performed).toEqual([]);
  await ask("size-fit");
  await ask("size-keep");
  expect(client.performed.map((one) => (one.type === "import_mesh" ? one.scale?.[0] : null))).toEqual([1 / 200, 1]);
});

test("viewers, and people whose room is away, get a clear no", async () => {
  const viewer = room("viewer");
  await viewer.importing.take([file(OBJ_CUBE)]);
  expect(said()).toContain("You are watching; ask for an editor's link.");
  const { client, importing } = room();
  client.setConnection({ phase: "waiting", attempt: 1, retryAtMs: 0, reason: "gone" });
  await importing.take([file(OBJ_CUBE)]);
  expect(said()).toContain("The room is away");
  expect(client.uploaded).toEqual([]);
});

test("files over the page say what would happen, text does not, and a drop takes them", async () => {
  const { client } = room();
  const drag = (type: string, files: File[], types = ["Files"]): DragEvent => {
    const event = new Event(type, { bubbles: true, cancelable: true }) as DragEvent;
    Object.defineProperty(event, "dataTransfer", { value: { types, files, dropEffect: "" } });
    document.body.dispatchEvent(event);
    return event;
  };
  expect(drag("dragenter", [], ["text/plain"]).defaultPrevented).toBe(false);
  expect(byId("drop").hidden).toBe(true);
  drag("dragenter", []);
  drag("dragenter", []);
  drag("dragleave", []);
  expect(byId("drop").hidden).toBe(false);
  expect(byId("drop-words").textContent).toBe("Drop a GLB or OBJ to bring it in");
  expect(drag("dragover", []).defaultPrevented).toBe(true);
  drag("dragleave", []);
  expect(byId("drop").hidden).toBe(true);
  drag("dragenter", []);
  expect(drag("drop", [file(OBJ_CUBE)]).defaultPrevented).toBe(true);
  expect(byId("drop").hidden).toBe(true);
  await vi.waitFor(() => expect(client.performed).toHaveLength(1));
});

const part = (faceCount: number, translation: readonly [number, number, number] = [0, 0, 0]): Model["parts"][number] => ({
  name: "p",
  colour: [1, 1, 1],
  rotation: [0, 0, 0, 1],
  asset: 0,
  translation,
  faceCount,
});

test("a model keeps its shape when it is scaled, its lowest point on the floor", () => {
  const model: Model = { parts: [part(1, [10, 5, 0]), part(1, [30, 7, 0])], assets: [], low: [0, 4, -10], high: [40, 8, 10], notes: [] };
  expect(sizeOf(model)).toBe(40);
  const placed = placingOperations(model, ["aa"], [1, 0, 2], 0.5);
  expect(placed.map((one) => (one.type === "import_mesh" ? one.translation : null))).toEqual([[-4, 0.5, 2], [6, 1.5, 2]]);
});

test("packets cost no more than the room lets a packet cost", () => {
  const parts = [39_999, 39_999, 20_000, 0, 0].map((faces) => part(faces));
  const model: Model = { parts, assets: [], low: [0, 0, 0], high: [1, 1, 1], notes: [] };
  const packets = packetsOf(model, placingOperations(model, ["aa"], [0, 0, 0], 1));
  expect(packets.map((packet) => packet.length)).toEqual([1, 1, 3]);
  const many: Model = { ...model, parts: Array.from({ length: 100 }, () => part(10)) };
  expect(packetsOf(many, placingOperations(many, ["aa"], [0, 0, 0], 1))).toHaveLength(1);
});

test("sizes in words, and which are odd", () => {
  expect([1_250, 120, 1, 0.05, 0.004, 0.00002].map(lengthWords)).toEqual(["1.3 km", "120 m", "1 m", "5 cm", "4 mm", "0.02 mm"]);
  expect([101, 100, 0.01, 0.009].map(isOddSize)).toEqual([true, false, false, true]);
  expect([200, 0.001, 0, 1e12].map(fittingScale)).toEqual([1 / 200, 1000, 1, 1e-6]);
});
