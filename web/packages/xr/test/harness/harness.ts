/** VR without a room or the page around it: `npm run dev`, then /packages/xr/test/harness/harness.html. Never built. */
import type { Operation } from "@theta/client";
import { createScene, LIGHT_THEME } from "@theta/scene";
import { createXr, type XrActions } from "@theta/xr";
import { createXrUi } from "../../src/ui";
import { FakeClient } from "../../../app/test/fake/fake-client";

const client = new FakeClient();
const scene = createScene({
  canvas: document.querySelector("canvas") as HTMLCanvasElement,
  client,
  theme: LIGHT_THEME,
  glides: () => false,
  editable: () => client.connection.phase === "online" && client.connection.role !== "viewer",
  perform: (operation: Operation) => client.perform([operation]),
  readout: () => undefined,
  dragLost: () => undefined,
  holdLost: () => undefined,
});
const selected = (): string | null => scene.selection.state.selected?.entity ?? null;
const actions: XrActions = {
  async add(kind, at) {
    await client.perform([{ type: "create_primitive", kind, size: 0.5, name: kind, translation: [at.x, 0.25, at.z] }]);
  },
  async remove() {
    const entity = selected();
    if (entity) await client.perform([{ type: "delete", entity }]);
  },
  async paint(colour) {
    const entity = selected();
    if (entity) await client.perform([{ type: "paint", entity, colour }]);
  },
  async inset() {
    const { selected: one } = scene.selection.state;
    if (one?.kind !== "face") return;
    await client.perform([{ type: "inset_face", entity: one.entity, face: one.element, distance: 0.05, depth: 0 }]);
  },
  async subdivide() {
    const entity = selected();
    if (entity) await client.perform([{ type: "subdivide", entity, scheme: "catmull-clark" }]);
  },
  undo: async () => void (await client.undo()),
  redo: async () => void (await client.redo()),
};
const xr = createXr({
  ...{ scene, client, actions },
  ui: (ports) => createXrUi({ ...ports, stepWords: (label) => label }),
});
xr.onChange((immersive) => {
  document.documentElement.dataset.xr = immersive ? "immersive" : "ready";
});
document.querySelector("button")?.addEventListener("click", () => void xr.enter());
client.connect({ name: "Mira" });
const cube = { type: "create_primitive", kind: "cube", size: 0.8, name: "Tower", translation: [0, 0.4, 0] } as const;
const pyramid = { ...cube, kind: "pyramid", name: "Roof", size: 0.7, translation: [1.3, 0.35, -0.4] } as const;
const plane = { ...cube, kind: "plane", name: "Terrace", size: 2.2, translation: [0.2, 0.004, 0.4] } as const;
await client.perform([cube, pyramid, plane]);
Object.assign(window, { theta: { client, scene, xr } });
document.documentElement.dataset.xr = "ready";
