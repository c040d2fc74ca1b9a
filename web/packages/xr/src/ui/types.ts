import type { PrimitiveKind, RoomClient, Vector3 as Triple } from "@theta/client";
import type { ThetaScene } from "@theta/scene";
import type { Group, Mesh, Vector3 } from "three";

/** Something on a panel that a ray can press. */
export interface XrTarget {
  /** Takes rays and draws nothing itself: its panel shows it. */
  readonly node: Mesh;
  readonly label: string;
  readonly enabled: boolean;
  /** Does what it says; nothing while it is not enabled. */
  activate(): void;
  setHovered(hovered: boolean): void;
}

/** A plane with things to read and to press, in metres. */
export interface XrPanel {
  readonly group: Group;
  /** Those that can be seen now. */
  readonly targets: readonly XrTarget[];
  /** Called for every frame in VR; draws the panel anew only when something on it changed. */
  advance(seconds: number): void;
  dispose(): void;
}

export interface XrUi {
  /** Whoever creates this puts it on the off hand: its middle at the origin, looking along +z. */
  readonly palette: XrPanel;
  /** All panels, the palette among them; the others stand in the player's group already. */
  readonly panels: readonly XrPanel[];
  toast(words: string, kind: "info" | "warning" | "error"): void;
  dispose(): void;
}

/** What the palette can do; the app shows what went wrong, in VR as a toast. */
export interface XrActions {
  /** Puts a primitive of 0.5 m on the floor at, or beside, a place in the world. */
  add(kind: PrimitiveKind, at: Vector3): Promise<void>;
  /** The elements selected, or the object when none are. */
  remove(): Promise<void>;
  /** The faces selected, or the object when none are. */
  paint(colour: Triple): Promise<void>;
  /** A smaller face inside each face selected, as wide as suits it. */
  inset(): Promise<void>;
  /** The whole object, smoothly. */
  subdivide(): Promise<void>;
  undo(): Promise<void>;
  redo(): Promise<void>;
}

export interface XrSettingsState {
  readonly leftHanded: boolean;
  /** Moves by the thumbstick without teleporting. */
  readonly smooth: boolean;
  /** Narrows the view while moving smoothly. */
  readonly vignette: boolean;
}

export interface XrSettings {
  readonly state: XrSettingsState;
  set(change: Partial<XrSettingsState>): void;
  subscribe(listener: () => void): () => void;
}

export interface XrUiPorts {
  readonly scene: ThetaScene;
  readonly client: RoomClient;
  readonly actions: XrActions;
  readonly settings: XrSettings;
  leave(): void;
}

/** What `createXr` is given as its `ui`, because the settings and the way out are the session's. */
export type CreateXrUi = (ports: XrUiPorts) => XrUi;

/** What an XR element says of itself in `userData.xr`, for the lint. Lengths in metres, colours as #rrggbb. */
export interface XrElement {
  readonly kind: "panel" | "target" | "text";
  /** What it says, or what it is called; a name tag leaves it out. */
  readonly label?: string;
  readonly widthM: number;
  readonly heightM: number;
  /** The size of its letters; 0 where there are none. */
  readonly emM: number;
  readonly foreground: string;
  readonly background: string;
  /** From how far it is meant to be looked at. */
  readonly distanceM: number;
}
