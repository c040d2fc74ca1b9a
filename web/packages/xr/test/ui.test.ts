// @vitest-environment happy-dom
import { createSelection, type ThetaScene } from "@theta/scene";
import { Group, PerspectiveCamera, Vector3 } from "three";
import { beforeEach, expect, test, vi } from "vitest";
import { FakeClient } from "../../app/test/fake/fake-client";
import { lintXr } from "../src/lint";
import { createXrSettings } from "../src/settings";
import { createXrUi } from "../src/ui";
import { cutTo, wrap } from "../src/ui/brush";
import { company } from "../src/ui/status";
import type { XrActions, XrElement, XrTarget } from "../src/ui/types";

const INK = { measureText: (text: string) => ({ width: [...text].length }) as TextMetrics };

function room() {
  const client = new FakeClient();
  client.connect({ name: "Mira" });
  const player = new Group();
  const camera = new PerspectiveCamera();
  camera.position.set(0, 1.6, 0);
  player.add(camera);
  const selection = createSelection();
  const stage = { player, presenting: true };
  const scene = { selection, camera, stage } as unknown as ThetaScene;
  const actions = {
    add: vi.fn<XrActions["add"]>(async (kind) => void (await client.perform([{ type: "create_primitive", kind, size: 0.5, name: kind, translation: [0, 0, 0] }]))),
    remove: vi.fn<XrActions["remove"]>(() => Promise.resolve()),
    paint: vi.fn<XrActions["paint"]>(() => Promise.resolve()),
    inset: vi.fn<XrActions["inset"]>(() => Promise.resolve()),
    subdivide: vi.fn<XrActions["subdivide"]>(() => Promise.resolve()),
    undo: vi.fn<XrActions["undo"]>(async () => void (await client.undo())),
    redo: vi.fn<XrActions["redo"]>(async () => void (await client.redo())),
  };
  const settings = createXrSettings(null);
  const leave = vi.fn();
  const ui = createXrUi({ client, scene, actions, settings, leave, stepWords: (label) => `(${label})` });
  player.add(ui.palette.group);
  const target = (label: string): XrTarget => {
    const found = ui.palette.targets.find((one) => one.label.startsWith(label));
    if (!found) throw new Error(`no ${label} among ${ui.palette.targets.map((one) => one.label).join(", ")}`);
    return found;
  };
  const texts = (): string[] => {
    const found: string[] = [];
    for (const { group } of ui.panels) {
      group.traverseVisible((node) => {
        if (node.name === "xr-text") found.push((node.userData.xr as { label: string }).label);
      });
    }
    return found;
  };
  const advance = (seconds: number): void => {
    for (const panel of ui.panels) panel.advance(seconds);
  };
  return { client, selection, player, camera, stage, actions, settings, leave, ui, target, texts, advance };
}

let here: ReturnType<typeof room>;
beforeEach(() => {
  here = room();
});

function faults() {
  const { player, ui } = here;
  ui.palette.group.position.set(0, 1.35, -0.45);
  return lintXr({ root: player, panels: ui.panels, eye: new Vector3(0, 1.6, 0), scale: 1 });
}

test("every page, state and notice is large and legible enough", async () => {
  const { selection, client, actions, ui, target, advance } = here;
  expect(faults().faults).toEqual([]);
  await actions.add("cube", new Vector3());
  const [entity] = client.document.entities.keys();
  selection.select({ kind: "object", entity: entity ?? "" });
  selection.setMode("face");
  for (const state of ["hovered", "pressed"] as const) {
    for (const one of ui.palette.targets) {
      one.setHovered(true);
      if (state === "pressed" && !/^(Settings|Leave)/u.test(one.label)) one.activate();
    }
    expect(faults().faults).toEqual([]);
    advance(1);
  }
  target("Settings").activate();
  ui.toast("The room said no", "error");
  ui.toast("Ana came in", "info");
  const { faults: found, checked } = faults();
  expect(found).toEqual([]);
  expect(checked).toEqual({ panel: 2, target: 4, text: 3 });
});

test("letters are made 24 mm high for each metre they are meant to be read from", () => {
  const { ui, target } = here;
  ui.toast("The room said no", "error");
  const ems: number[] = [];
  for (let page = 0; page < 2; page += 1) {
    for (const { group } of ui.panels) {
      group.traverseVisible(({ userData }) => {
        const told = userData.xr as XrElement | undefined;
        if (told && told.emM > 0) ems.push(told.emM / told.distanceM);
      });
    }
    target("Settings").activate();
  }
  expect(ems.length).toBeGreaterThan(14);
  expect(Math.min(...ems)).toBeGreaterThanOrEqual(0.024);
});

test("the palette builds, selects, paints and goes back, each by one press", async () => {
  const { selection, client, actions, target } = here;
  expect(target("Undo").enabled).toBe(false);
  expect(target("Delete").enabled).toBe(false);
  target("Undo").activate();
  expect(actions.undo).not.toHaveBeenCalled();

  target("Add a cube").activate();
  await vi.waitFor(() => expect(client.document.entities.size).toBe(1));
  expect(target("Undo").label).toBe("Undo (create primitive)");
  const [entity] = client.document.entities.keys();
  selection.select({ kind: "object", entity: entity ?? "" });
  target("Coral").activate();
  expect(actions.paint).toHaveBeenCalledWith([0xea / 255, 0x5b / 255, 0x4b / 255]);
  target("Delete").activate();
  expect(actions.remove).toHaveBeenCalledOnce();

  expect(target("Inset").enabled).toBe(false);
  target("Subdivide").activate();
  expect(actions.subdivide).toHaveBeenCalledOnce();
  selection.select({ kind: "face", entity: entity ?? "", element: "ab".repeat(16) });
  target("Inset").activate();
  expect(actions.inset).toHaveBeenCalledOnce();

  expect(target("Pull").enabled).toBe(false);
  target("Face").activate();
  expect(selection.state.mode).toBe("face");
  target("Move").activate();
  expect(selection.state.tool).toBe("move");
  target("Pull").activate();
  expect(selection.state.tool).toBe("extrude");

  target("Undo").activate();
  await vi.waitFor(() => expect(target("Redo").enabled).toBe(true));
  target("Redo").activate();
  expect(actions.redo).toHaveBeenCalledOnce();
  target("Leave VR").activate();
  expect(here.leave).toHaveBeenCalledOnce();
});

test("something new stands on the floor an arm's length ahead, at whichever size the person is", () => {
  const { camera, player, actions, target } = here;
  camera.rotation.set(-0.8, Math.PI / 2, 0, "YXZ");
  player.position.set(2, 0, 3);
  player.updateMatrixWorld(true);
  target("Add a pyramid").activate();
  const [kind, at] = actions.add.mock.lastCall ?? [];
  expect(kind).toBe("pyramid");
  expect(at?.toArray()).toEqual([expect.closeTo(2 - 1.1), 0, expect.closeTo(3)]);
  player.scale.setScalar(4);
  player.updateMatrixWorld(true);
  target("Add a plane").activate();
  expect(actions.add.mock.lastCall?.[1].toArray()).toEqual([expect.closeTo(2 - 4.4), 0, expect.closeTo(3)]);
  camera.rotation.set(-Math.PI / 2, 0, 0, "YXZ");
  player.updateMatrixWorld(true);
  target("Add a plane").activate();
  expect(actions.add.mock.lastCall?.[1].toArray()).toEqual([expect.closeTo(2), 0, expect.closeTo(3 - 4.4)]);
});

test("held low and far from the eyes, the palette grows and is as legible as before", () => {
  const { ui, player, advance } = here;
  const seenFrom = (y: number, z: number) => {
    ui.palette.group.position.set(0, y, z);
    advance(0.1);
    return lintXr({ root: player, panels: ui.panels, eye: new Vector3(0, 1.6, 0), scale: 1 }).faults;
  };
  expect(seenFrom(1.35, -0.4)).toEqual([]);
  expect(ui.palette.group.scale.x).toBe(1);
  expect(seenFrom(1.05, -0.55)).toEqual([]);
  expect(ui.palette.group.scale.x).toBeCloseTo(Math.hypot(0.55, 0.55) / 0.55);
  seenFrom(1.35, -0.4);
  player.scale.setScalar(5);
  seenFrom(1.35, -0.4);
  expect(ui.palette.group.scale.x).toBe(1);
});

test("a viewer reads and leaves, and changes nothing", () => {
  const { client, target, texts } = here;
  client.setConnection({ phase: "online", role: "viewer", actor: 1n, roomName: "studio", resumed: false });
  for (const label of ["Add a cube", "Coral", "Undo", "Delete", "Move"]) expect(target(label).enabled, label).toBe(false);
  for (const label of ["Object", "Settings", "Leave VR"]) expect(target(label).enabled, label).toBe(true);
  expect(texts()).toContain("Watching · nobody else yet");
  client.setConnection({ phase: "waiting", attempt: 1, retryAtMs: 0, reason: "gone" });
  expect(target("Add a cube").enabled).toBe(false);
});

test("a poor link is said, and that it is good again", () => {
  const { client, texts } = here;
  client.setStatistics({ roundTripMs: 900, jitterMs: 10, lossShare: 0 });
  expect(texts()[0]).toBe("Slow link · nobody else yet");
  client.setStatistics({ roundTripMs: 40 });
  expect(texts()[0]).toBe("Live · nobody else yet");
});

test("a lost connection is seen and told of, and so is its return", () => {
  const { client, texts } = here;
  client.setConnection({ phase: "waiting", attempt: 1, retryAtMs: 0, reason: "gone" });
  expect(texts()).toEqual(["Connection lost · reconnecting", "Connection lost. What you do is sent when it is back."]);
  client.connect({ name: "Mira" });
  expect(texts()[0]).toBe("Live · nobody else yet");
  expect(texts()).toContain("Back in the room");
});

test("settings are pages of switches, and kept where the hands read them", () => {
  const { settings, target } = here;
  target("Settings").activate();
  expect(target("Narrow view").enabled).toBe(false);
  target("Move smoothly off").activate();
  target("Left-handed off").activate();
  expect(settings.state).toEqual({ leftHanded: true, smooth: true, vignette: true });
  expect(target("Left-handed on").enabled).toBe(true);
  expect(target("Narrow view").enabled).toBe(true);
  target("Settings").activate();
  expect(target("Leave VR").enabled).toBe(true);
});

test("notices stay four seconds, three at most, and are not repeated", () => {
  const { ui, texts, advance } = here;
  const notices = (): string[] => texts().slice(1);
  ui.toast("One", "info");
  advance(3);
  ui.toast("Two", "info");
  expect(notices()).toEqual(["Two", "One"]);
  advance(1.5);
  expect(notices()).toEqual(["Two"]);
  for (const words of ["Three", "Two", "Four", "Five"]) ui.toast(words, "warning");
  expect(notices()).toEqual(["Five", "Four", "Two"]);
  advance(4.1);
  expect(notices()).toEqual([]);
});

test("what happens on the page alone is not kept for the headset", () => {
  const { stage, ui, texts } = here;
  stage.presenting = false;
  ui.toast("Old", "info");
  expect(texts()).toEqual(["Live · nobody else yet"]);
});

test("notices wait while the head looks about, and come after it when it has turned away", () => {
  const { ui, camera, advance } = here;
  ui.toast("Here", "info");
  const group = ui.panels[1]?.group;
  const eye = new Vector3(0, 1.6, 0);
  const start = group?.position.clone() ?? new Vector3();
  expect(start.distanceTo(eye)).toBeCloseTo(1.3);
  expect(new Vector3(0, 0, 1).applyQuaternion(group!.quaternion).dot(eye.clone().sub(start).normalize())).toBeGreaterThan(0.99);
  camera.rotation.y = 0.3;
  advance(0.1);
  expect(group?.position.distanceTo(start)).toBe(0);
  camera.rotation.y = Math.PI / 2;
  for (let frame = 0; frame < 120; frame++) advance(1 / 60);
  expect(group?.position.x).toBeLessThan(-1.2);
});

test("chat lines and people come and go as notices", () => {
  const { client, texts } = here;
  const [me] = client.people;
  const ana = { ...me!, actor: 7n, name: "Ana", self: false };
  client.people = [me!, ana];
  client.emit("people", client.people);
  expect(texts()).toEqual(["Live · with Ana", "Ana came in"]);
  client.emit("chat", { actor: 7n, name: "Ana", colour: 0, text: "hello", atMs: 0 });
  client.emit("chat", { actor: 1n, name: "Mira", colour: 0, text: "mine", atMs: 0 });
  client.people = [me!];
  client.emit("people", client.people);
  expect(texts()).toEqual(["Live · nobody else yet", "Ana left", "Ana: hello", "Ana came in"]);
});

test("company is told in one line", () => {
  const people = (...names: string[]) => names.map((name, at) => ({ actor: BigInt(at), author: "", name, colour: 0, role: "editor" as const, self: name === "me" }));
  expect(company(people("me"))).toBe("nobody else yet");
  expect(company(people("me", "Ana", "Bo"))).toBe("with Ana and Bo");
  expect(company(people("me", "Ana", "Bo", "Cy", "Di"))).toBe("with Ana, Bo and 2 more");
});

test("texts are cut and wrapped to their room", () => {
  expect(cutTo(INK, "short", 5)).toBe("short");
  expect(cutTo(INK, "longer words", 8)).toBe("longer…");
  expect(wrap(INK, "one two three four", 9, 2)).toEqual(["one two", "three fo…"]);
  expect(wrap(INK, "one two three", 9, 2)).toEqual(["one two", "three"]);
  expect(wrap(INK, "", 9, 2)).toEqual([""]);
});
