import type { XrSettings, XrSettingsState } from "./ui/types";

const KEY = "theta.xr";
const DEFAULTS: XrSettingsState = { leftHanded: false, smooth: false, vignette: true };

/** Where the choices are remembered; the browser's `localStorage` fits. */
export interface SettingsShelf {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** What a person chose for VR, remembered on this device; without a shelf, for this visit. */
export function createXrSettings(shelf: SettingsShelf | null): XrSettings {
  let state = parse(attempt(() => shelf?.getItem(KEY) ?? "") ?? "");
  const listeners = new Set<() => void>();
  return {
    get state() {
      return state;
    },
    set(change) {
      const next = { ...state, ...change };
      if (next.leftHanded === state.leftHanded && next.smooth === state.smooth && next.vignette === state.vignette) return;
      state = next;
      attempt(() => shelf?.setItem(KEY, JSON.stringify(state)));
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The browser's storage; null where it is denied, which throws at the mere mention. */
export function localShelf(): SettingsShelf | null {
  return attempt(() => localStorage);
}

function parse(text: string): XrSettingsState {
  const kept: unknown = attempt(() => JSON.parse(text) as unknown);
  const state: Record<string, boolean> = { ...DEFAULTS };
  if (typeof kept !== "object" || kept === null) return DEFAULTS;
  for (const [name, value] of Object.entries(kept)) if (name in DEFAULTS && typeof value === "boolean") state[name] = value;
  return state as unknown as XrSettingsState;
}

function attempt<Result>(run: () => Result): Result | null {
  try {
    return run();
  } catch {
    return null;
  }
}
