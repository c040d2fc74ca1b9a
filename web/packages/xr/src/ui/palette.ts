import { linkQuality, type Vector3 as Triple } from "@theta/client";
import { MathUtils, Vector3, type Object3D } from "three";
import { drawLine, setLetters } from "./brush";
import { button, swatch, toggleSwitch } from "./buttons";
import { COLOURS, EM_PER_METRE } from "./look";
import { createPanel, type Box, type Item, type Panel } from "./panel";
import { statusOf } from "./status";
import type { XrPanel, XrSettingsState, XrUiPorts } from "./types";

/** A raised hand is about so far from the eyes; held farther away, the palette grows to look the same. */
const DISTANCE_METRES = 0.55;
const GROWTH_MAX = 1.5;
const EM_METRES = EM_PER_METRE * DISTANCE_METRES;
const WIDTH_METRES = 0.32;
const HEIGHT_METRES = 0.33;
const EDGE_METRES = 0.01;
const GAP_METRES = 0.006;
const ROW_METRES = 0.034;
const PIXELS_PER_METRE = 3200;
/** Where a new thing is put, seen from the person. */
const REACH_METRES = 1.1;

const SWATCHES = [
  ["Porcelain", "#e9e6df"],
  ["Graphite", "#3b424e"],
  ["Coral", "#ea5b4b"],
  ["Amber", "#f2a33a"],
  ["Leaf", "#5fb06a"],
  ["Teal", "#2fa6a0"],
  ["Sky", "#4c9be8"],
  ["Violet", "#9a63d6"],
] as const;
const SWATCH_METRES = 0.0315;
const SWATCH_STEP_METRES = (WIDTH_METRES - EDGE_METRES * 2 - SWATCH_METRES) / (SWATCHES.length - 1);

type Page = "build" | "settings";

export interface PalettePorts extends XrUiPorts {
  /** What a step of the history did, in words. */
  readonly stepWords: (label: string) => string;
}

/** What a builder needs, on the off hand: what to add and select, colours, undo, settings, and the way out. */
export function createPalette(ports: PalettePorts): XrPanel {
  const panel = createPanel({
    ...{ name: "Palette", widthM: WIDTH_METRES, heightM: HEIGHT_METRES, distanceM: DISTANCE_METRES },
    ...{ pixelsPerMetre: PIXELS_PER_METRE, background: COLOURS.panel },
  });
  const items = [addStatus(panel, ports), ...addBuilding(panel, ports), ...addSettings(panel, ports)];
  panel.showPage("build" satisfies Page);
  const touch = (): void => {
    for (const item of items) item.touch();
  };
  const { client, scene, settings } = ports;
  let quality = linkQuality(client.statistics);
  const stops = [
    ...(["connection", "people", "history", "document"] as const).map((event) => client.on(event, touch)),
    client.on("statistics", (statistics) => {
      // Figures change all the time; what is said of them seldom does.
      if (linkQuality(statistics) === quality) return;
      quality = linkQuality(statistics);
      touch();
    }),
    scene.selection.subscribe(touch),
    settings.subscribe(touch),
  ];
  return {
    group: panel.group,
    get targets() {
      return panel.targets;
    },
    advance(seconds) {
      panel.scaleTo(MathUtils.clamp(distanceTo(panel.group, scene) / DISTANCE_METRES, 1, GROWTH_MAX));
      panel.advance(seconds);
    },
    dispose() {
      for (const stop of stops) stop();
      panel.dispose();
    },
  };
}

/** How the connection is and who is here, in one line on every page. */
function addStatus(panel: Panel, { client }: PalettePorts): Item {
  const status = statusOf(client);
  const box = rowOf([1], 0.009, 0.025)[0]!;
  return panel.addText({
    box,
    look: () => ({ label: status().text, emM: EM_METRES, foreground: COLOURS.ink, background: COLOURS.panel }),
    paint(brush) {
      const { text, lamp } = status();
      const middle = (box.height * 1000) / 2;
      brush.beginPath();
      brush.arc(7, middle, 4, 0, Math.PI * 2);
      brush.fillStyle = lamp;
      brush.fill();
      setLetters(brush, { em: EM_METRES * 1000, colour: COLOURS.ink });
      drawLine(brush, text, 17, middle, box.width * 1000 - 18);
    },
  });
}

function addBuilding(panel: Panel, ports: PalettePorts): Item[] {
  const { client, scene, actions, stepWords } = ports;
  const { selection } = scene;
  const canEdit = editing(ports);
  const entity = () => (selection.state.selected ? client.document.entities.get(selection.state.selected.entity) : undefined);
  const common = { page: "build" satisfies Page, emM: EM_METRES };
  const modes = rowOf([1, 1, 1], 0.04);
  const tools = rowOf([1, 1], 0.08);
  const shaping = rowOf([1, 1], 0.12);
  const kinds = rowOf([90, 108, 96], 0.16);
  const steps = rowOf([1, 1], 0.2375, 0.042);
  const last = rowOf([86, 100, 102], 0.2855);
  const step = (way: "undo" | "redo", box: Box) =>
    button({
      ...common,
      ...{ box, icon: way, label: way === "undo" ? "Undo" : "Redo" },
      detail: () => stepWords(client.history[way]?.label ?? ""),
      ink: () => ((client.history[way]?.blockedBy.length ?? 0) > 0 ? COLOURS.warn : COLOURS.ink),
      enabled: () => canEdit() && client.history[way] !== null,
      press: () => void actions[way](),
    });

  return [
    ...(["object", "face", "vertex"] as const).map((mode, at) =>
      button({
        ...common,
        ...{ box: modes[at]!, icon: mode, label: { object: "Object", face: "Face", vertex: "Vertex" }[mode] },
        ...{ active: () => selection.state.mode === mode, enabled: () => true, press: () => selection.setMode(mode) },
      }),
    ),
    ...(["extrude", "move"] as const).map((tool, at) =>
      button({
        ...common,
        ...{ box: tools[at]!, icon: tool === "extrude" ? "pull" : "move", label: tool === "extrude" ? "Pull" : "Move" },
        active: () => (selection.state.mode === "face" ? selection.state.tool === tool : tool === "move"),
        enabled: () => canEdit() && (selection.state.mode === "face" || tool === "move"),
        press: () => selection.setTool(tool),
      }),
    ),
    button({
      ...{ ...common, box: shaping[0]!, icon: "inset", label: "Inset" },
      ...{ enabled: () => canEdit() && selection.state.selected?.kind === "face", press: () => void actions.inset() },
    }),
    button({
      ...{ ...common, box: shaping[1]!, icon: "subdivide", label: "Subdivide" },
      ...{ enabled: () => canEdit() && entity() !== undefined, press: () => void actions.subdivide() },
    }),
    ...(["cube", "pyramid", "plane"] as const).map((kind, at) =>
      button({
        ...common,
        ...{ box: kinds[at]!, icon: kind, label: `Add a ${kind}`, caption: { cube: "Cube", pyramid: "Pyramid", plane: "Plane" }[kind], adds: true },
        ...{ enabled: canEdit, press: () => void actions.add(kind, placeBefore(ports)) },
      }),
    ),
    ...SWATCHES.map(([label, colour], at) =>
      swatch({
        ...{ page: common.page, label, colour, box: { x: EDGE_METRES + at * SWATCH_STEP_METRES, y: 0.201, width: SWATCH_METRES, height: SWATCH_METRES } },
        active: () => hexOf(entity()?.material?.colour ?? null) === colour,
        enabled: () => canEdit() && entity() !== undefined,
        press: () => void actions.paint(triple(colour)),
      }),
    ),
    step("undo", steps[0]!),
    step("redo", steps[1]!),
    button({
      ...common,
      ...{ box: last[0]!, icon: "trash", label: "Delete", ink: () => COLOURS.bad },
      ...{ enabled: () => canEdit() && entity() !== undefined, press: () => void actions.remove() },
    }),
    button({ ...common, box: last[1]!, icon: "settings", label: "Settings", enabled: () => true, press: () => panel.showPage("settings" satisfies Page) }),
    button({ ...common, box: last[2]!, icon: "leave", label: "Leave VR", enabled: () => true, press: () => ports.leave() }),
  ].map((target) => panel.addTarget(target));
}

function addSettings(panel: Panel, { settings }: PalettePorts): Item[] {
  const common = { page: "settings" satisfies Page, emM: EM_METRES };
  const switches: readonly [keyof XrSettingsState, string][] = [
    ["leftHanded", "Left-handed"],
    ["smooth", "Move smoothly"],
    ["vignette", "Narrow view while moving"],
  ];
  return [
    button({ ...common, box: rowOf([1], 0.04)[0]!, icon: "back", label: "Settings", caption: "Back", enabled: () => true, press: () => panel.showPage("build" satisfies Page) }),
    ...switches.map(([name, label], at) =>
      toggleSwitch({
        ...common,
        ...{ box: rowOf([1], 0.09 + at * 0.044, 0.038)[0]!, label, on: () => settings.state[name] },
        // Without smooth motion there is nothing that a narrow view would help with.
        enabled: () => name !== "vignette" || settings.state.smooth,
        press: () => settings.set({ [name]: !settings.state[name] }),
      }),
    ),
  ].map((target) => panel.addTarget(target));
}

/** Boxes side by side across the panel, as wide as their shares. */
function rowOf(shares: readonly number[], y: number, height = ROW_METRES): Box[] {
  const room = WIDTH_METRES - EDGE_METRES * 2 - GAP_METRES * (shares.length - 1);
  const whole = shares.reduce((sum, share) => sum + share, 0);
  let x = EDGE_METRES;
  return shares.map((share) => {
    const box = { x, y, width: (room * share) / whole, height };
    x += box.width + GAP_METRES;
    return box;
  });
}

/** Whether this person may change things: what the room said last, while it is away. */
function editing({ client }: PalettePorts): () => boolean {
  let watching = false;
  return () => {
    const { connection } = client;
    if (connection.phase === "online") watching = connection.role === "viewer";
    return !watching;
  };
}

/** How far from the eyes something is, in the person's own metres. */
function distanceTo(thing: Object3D, { camera, stage }: PalettePorts["scene"]): number {
  return thing.getWorldPosition(here).distanceTo(camera.getWorldPosition(eyes)) / stage.player.scale.x;
}

const here = new Vector3();
const eyes = new Vector3();

/** On the floor, an arm's length before the person, whichever size they have in the world. */
export function placeBefore({ scene }: Pick<PalettePorts, "scene">): Vector3 {
  const { camera, stage } = scene;
  const eye = camera.getWorldPosition(new Vector3());
  const forward = camera.getWorldDirection(new Vector3()).setY(0);
  // Looking straight down, what is before someone is above their eyes.
  if (forward.lengthSq() < 1e-4) forward.set(0, 1, 0).transformDirection(camera.matrixWorld).setY(0);
  return eye.addScaledVector(forward.normalize(), REACH_METRES * stage.player.scale.x).setY(0);
}

function hexOf(colour: Triple | null): string | null {
  return colour && `#${colour.map((value) => Math.round(value * 255).toString(16).padStart(2, "0")).join("")}`;
}

function triple(hex: string): Triple {
  const bits = Number.parseInt(hex.slice(1), 16);
  return [((bits >> 16) & 255) / 255, ((bits >> 8) & 255) / 255, (bits & 255) / 255];
}
