import type { RoomClient } from "@theta/client";
import type { ThetaScene } from "@theta/scene";
import type { Xr, XrLintReport } from "@theta/xr";
import type { Actions } from "./actions";
import type { Cards } from "./cards";
import { h, icon } from "./dom";
import type { Notices } from "./notices";
import { stepWords } from "./words";

/** Headsets' own browsers say so in their names; elsewhere, that there is no headset is no news. */
const HEADSET_BROWSER = /OculusBrowser|Quest|Pico|Wolvic|VIVE/u;

export interface VrPorts {
  readonly client: RoomClient;
  readonly scene: ThetaScene;
  readonly actions: Actions;
  readonly notices: Notices;
  readonly cards: Cards;
  /** VR is at hand: for tinkerers. */
  readonly loaded: (hook: XrHook) => void;
}

/** `window.theta.xr`; docs/guide/page.md says what there is. */
export interface XrHook {
  readonly session: Xr;
  /** Whether everything in VR is large and legible enough right now. */
  lint(): XrLintReport;
}

export interface Vr {
  readonly button: HTMLButtonElement;
  /** Enters VR, or leaves it. */
  readonly toggle: () => void;
}

/** The way into VR and back. All that is needed there is loaded only where there is a headset. */
export function createVr(ports: VrPorts): Vr {
  const { scene, notices } = ports;
  const { dataset } = document.documentElement;
  const button = h("button", {
    class: "toggle enter-vr",
    testId: "enter-vr",
    attributes: { type: "button", hidden: "", "aria-label": "Enter VR", title: "Enter VR (V)" },
    children: [icon("headset"), h("span", { text: "Enter VR" })],
  });
  let supported = false;
  let hook: Promise<XrHook> | null = null;
  const load = (): Promise<XrHook> => {
    hook ??= createHook(ports).catch((error: unknown) => {
      // The next press tries again: the room may have been away.
      hook = null;
      throw error;
    });
    return hook;
  };

  const show = (): void => {
    dataset.xr = scene.stage.presenting ? "immersive" : supported ? "ready" : "unsupported";
    button.hidden = !supported && !HEADSET_BROWSER.test(navigator.userAgent);
    button.classList.toggle("unavailable", !supported);
    button.setAttribute("aria-pressed", String(scene.stage.presenting));
  };
  const look = async (): Promise<void> => {
    supported = await canEnter();
    show();
    // Loaded ahead, because a browser opens a headset only for a moment after a press.
    if (supported) await load().catch(() => undefined);
  };
  const toggle = async (): Promise<void> => {
    if (!supported) {
      notices.show("No VR here", { kind: "warning", topic: "vr", detail: reasonFor(navigator.xr) });
      return;
    }
    try {
      const { session } = await load();
      if (session.immersive) await session.leave();
      else await session.enter();
      notices.clear("vr");
    } catch (error) {
      notices.show("VR did not start", { kind: "error", topic: "vr", detail: error instanceof Error ? error.message : String(error) });
    }
  };
  button.addEventListener("click", () => void toggle());
  navigator.xr?.addEventListener("devicechange", () => void look());
  scene.stage.onPresenting((presenting) => {
    show();
    if (!presenting) scene.stage.canvas.focus();
  });
  show();
  void look();
  return { button, toggle: () => void toggle() };
}

async function createHook({ client, scene, actions, notices, cards, loaded }: VrPorts): Promise<XrHook> {
  const { createXr, createXrUi, lintXr } = await import("@theta/xr").catch(() => {
    throw new Error("The page could not load what VR needs. Is the room still there? If it is, reload the page and try again.");
  });
  const session = createXr({ scene, client, actions, ui: (ports) => createXrUi({ ...ports, stepWords }) });
  notices.follow((words, kind) => session.ui?.toast(words, kind));
  cards.follow((words) => session.ui?.toast(words, "warning"));
  const { stage, camera } = scene;
  const hook: XrHook = {
    session,
    lint() {
      const eye = camera.getWorldPosition(camera.position.clone());
      return lintXr({ root: stage.scene, panels: session.ui?.panels ?? [], eye, scale: stage.player.scale.x });
    },
  };
  loaded(hook);
  return hook;
}

async function canEnter(): Promise<boolean> {
  try {
    return (await navigator.xr?.isSessionSupported("immersive-vr")) ?? false;
  } catch {
    // A page that may not use the headset (see Permissions-Policy) is told so by a rejection.
    return false;
  }
}

/** Why there is no VR, for somebody who asked. */
function reasonFor(system: XRSystem | undefined): string {
  if (!isSecureContext) return "Browsers open headsets only for pages at an https:// address or at localhost. Use the https link of this room.";
  if (!system) return "This browser has no WebXR. A headset's own browser has it, and Chrome on a computer with a headset.";
  return "The browser finds no headset. Connect one, or open this room's link in the headset's own browser.";
}
