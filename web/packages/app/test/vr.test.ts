// @vitest-environment happy-dom
import type { ThetaScene } from "@theta/scene";
import { PerspectiveCamera } from "three";
import { afterEach, expect, test, vi } from "vitest";
import type { Actions } from "../src/actions";
import { createCards } from "../src/cards";
import { createNotices } from "../src/notices";
import { createVr } from "../src/vr";
import { FakeClient } from "./fake/fake-client";

const session = { immersive: false, ui: { toast: vi.fn(), panels: [] }, enter: vi.fn(() => Promise.resolve()), leave: vi.fn(() => Promise.resolve()) };
vi.mock("@theta/xr", () => ({ createXr: () => session, createXrUi: () => session.ui, lintXr: () => ({ faults: [], checked: {} }) }));

/** A browser with a headset, without one, or without WebXR at all. */
function browser(supported: boolean | null, { agent = "Desktop", secure = true } = {}) {
  const listeners: (() => void)[] = [];
  const system = { supported, isSessionSupported: () => Promise.resolve(system.supported), addEventListener: (_: string, listener: () => void) => listeners.push(listener) };
  vi.stubGlobal("navigator", { userAgent: agent, xr: supported === null ? undefined : system });
  vi.stubGlobal("isSecureContext", secure);
  const stage = { presenting: false, onPresenting: (listener: (on: boolean) => void) => (present = listener), canvas: document.createElement("canvas") };
  let present: (on: boolean) => void = () => undefined;
  const scene = { stage, camera: new PerspectiveCamera() } as unknown as ThetaScene;
  const notices = createNotices();
  const loaded = vi.fn();
  const cards = createCards(() => undefined);
  const vr = createVr({ client: new FakeClient(), scene, actions: {} as Actions, notices, cards, loaded });
  const plug = (now: boolean): void => {
    system.supported = now;
    for (const listener of listeners) listener();
  };
  return { vr, notices, cards, loaded, plug, presenting: (on: boolean) => present(Boolean((stage.presenting = on))) };
}

const state = (): string | undefined => document.documentElement.dataset.xr;

afterEach(() => {
  vi.unstubAllGlobals();
  vi.clearAllMocks();
  session.immersive = false;
});

test("where there is a headset there is a button; VR is loaded before it is pressed, and left by the same press", async () => {
  const { vr, notices, cards, loaded, presenting } = browser(true);
  expect(vr.button.hidden).toBe(true);
  await vi.waitFor(() => expect(loaded).toHaveBeenCalledOnce());
  expect(vr.button.hidden).toBe(false);
  expect(state()).toBe("ready");
  vr.button.click();
  await vi.waitFor(() => expect(session.enter).toHaveBeenCalledOnce());
  session.immersive = true;
  presenting(true);
  expect(state()).toBe("immersive");
  notices.show("The room said no", { kind: "error", detail: "it is full" });
  expect(session.ui.toast).toHaveBeenCalledWith("The room said no: it is full", "error");
  cards.show("undo", { title: "Can't undo painting", detail: "Ana built on it", actions: [] });
  expect(session.ui.toast).toHaveBeenCalledWith("Can't undo painting: Ana built on it", "warning");
  vr.toggle();
  await vi.waitFor(() => expect(session.leave).toHaveBeenCalledOnce());
  presenting(false);
  expect(state()).toBe("ready");
});

test("a headset that is plugged in later is found, and one that was taken away is forgotten", async () => {
  const { vr, plug } = browser(false);
  plug(true);
  await vi.waitFor(() => expect(vr.button.hidden).toBe(false));
  plug(false);
  await vi.waitFor(() => expect(vr.button.hidden).toBe(true));
  expect(state()).toBe("unsupported");
});

test.each([
  ["no headset", browser.bind(null, false), /finds no headset/u],
  ["no WebXR", browser.bind(null, null), /no WebXR/u],
  ["an insecure address", browser.bind(null, null, { secure: false }), /https/u],
])("with %s nothing is shown, and whoever asks is told why", async (_, open, reason) => {
  const { vr, notices, loaded } = open();
  await Promise.resolve();
  expect(vr.button.hidden).toBe(true);
  expect(state()).toBe("unsupported");
  vr.toggle();
  expect(notices.element.textContent).toMatch(reason);
  expect(loaded).not.toHaveBeenCalled();
});

test("in a headset's own browser the button is there even if VR is not, and says why", () => {
  const { vr, notices } = browser(null, { agent: "Mozilla/5.0 OculusBrowser/39", secure: false });
  expect(vr.button.hidden).toBe(false);
  vr.button.click();
  expect(notices.element.textContent).toContain("No VR here");
});

test("a session that does not start is said", async () => {
  const { vr, notices, loaded } = browser(true);
  await vi.waitFor(() => expect(loaded).toHaveBeenCalledOnce());
  session.enter.mockRejectedValueOnce(new Error("the headset is asleep"));
  vr.toggle();
  await vi.waitFor(() => expect(notices.element.textContent).toContain("the headset is asleep"));
});

test("where VR itself cannot be loaded that is said in plain words", async () => {
  vi.resetModules();
  vi.doMock("@theta/xr", () => Promise.reject(new TypeError("Failed to fetch dynamically imported module: /assets/xr-1.js")));
  const { vr, notices, loaded } = browser(true);
  await vi.waitFor(() => expect(vr.button.hidden).toBe(false));
  vr.toggle();
  await vi.waitFor(() => expect(notices.element.textContent).toContain("The page could not load what VR needs. Is the room still there?"));
  expect(notices.element.textContent).not.toContain("Failed to fetch");
  expect(loaded).not.toHaveBeenCalled();
});
