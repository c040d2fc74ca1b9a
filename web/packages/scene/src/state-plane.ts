import type { RoomClient } from "@theta/client";
import { Frustum, Matrix4 } from "three";
import type { CameraRig } from "./camera-rig";
import type { Cursor } from "./cursor";
import type { Stage } from "./stage";
import { createStateEntityLayer, type StateEntityLayer } from "./state-entities";
import { createStateHold, type StateHold } from "./state-hold";
import type { SceneTheme } from "./theme";
import { viewOf, type View } from "./view";
import { createViewRegion } from "./view-region";

/** Frames go on for so long after the last that showed anything new: the room's ticks may be as far apart. */
const AWAKE_MS = 250;
/** Nothing tells that what was at rest moves again: while no frames are drawn, it is looked for this often. */
const LOOK_MS = 50;
/** Of the world around one's head, for each metre of one's own. */
const HEADSET_REACH_METRES = 8;

export interface StatePlanePorts {
  readonly client: Pick<RoomClient, "state" | "people" | "connection" | "on">;
  readonly stage: Pick<Stage, "scene" | "camera" | "player" | "presenting" | "onPresenting" | "invalidate">;
  readonly theme: SceneTheme;
  readonly cursor: Cursor;
  readonly editable: () => boolean;
  /** Something moved that the pointer may be on. */
  readonly moved: () => void;
  /** The room went away while something was in the hand, which is empty now. */
  readonly holdLost: () => void;
  /** Milliseconds, rising: `performance.now()`. */
  readonly now: () => number;
}

/** What is alive in the room, drawn and taken hold of. */
export interface StatePlane {
  readonly layer: StateEntityLayer;
  readonly hold: StateHold;
  /** In every frame; true while there is more to come. */
  advance(seconds: number, view: View, rig: Pick<CameraRig, "target" | "distance">): boolean;
  setTheme(theme: SceneTheme): void;
  dispose(): void;
}

export function createStatePlane(ports: StatePlanePorts): StatePlane {
  const { client, stage, theme, cursor, moved, holdLost, now } = ports;
  const { state } = client;
  const layer = createStateEntityLayer(state, theme);
  const region = createViewRegion(state);
  const hold = createStateHold({
    ...{ state, layer, theme },
    // A room that is away cannot say who has it.
    editable: () => ports.editable() && client.connection.phase === "online",
    colourOf: (actor) => client.people.find((person) => person.actor === actor && !person.self)?.colour ?? null,
    changed: () => {
      showCursor();
      stage.invalidate();
    },
  });
  stage.scene.add(layer.group);
  const sight = new Frustum();
  const projection = new Matrix4();
  let movedMs = -Infinity;
  let isMoved = false;
  let looking: ReturnType<typeof setTimeout> | undefined;

  const showCursor = (): void => {
    const over = hold.hovered === null ? "" : hold.allowed ? "grab" : "not-allowed";
    cursor.set("state", hold.entity === null ? over : "grabbing");
  };
  const step = (view: View): boolean => {
    const nowMs = now();
    const { projectionMatrix, matrixWorldInverse } = stage.camera;
    sight.setFromProjectionMatrix(projection.multiplyMatrices(projectionMatrix, matrixWorldInverse));
    const differs = layer.advance(nowMs, view.eye, sight);
    if (differs) movedMs = nowMs;
    isMoved ||= differs;
    return differs;
  };
  const look = (): void => {
    looking = undefined;
    if (stage.presenting) return;
    if (step(viewOf(stage))) stage.invalidate();
    else rest();
  };
  const rest = (): void => {
    if (state.entityCount > 0) looking ??= setTimeout(look, LOOK_MS);
  };
  const stops = [
    client.on("state", () => stage.invalidate()),
    client.on("stateLost", ({ entity }) => hold.lose(entity)),
    client.on("people", () => hold.refresh()),
    client.on("connection", ({ phase }) => {
      if (phase === "online" || hold.entity === null) return;
      hold.release();
      holdLost();
    }),
    // A hand on the page and one in a headset are not the same.
    stage.onPresenting(() => {
      hold.release();
      hold.hover(null);
    }),
  ];

  return {
    layer,
    hold,
    advance(seconds, view, rig) {
      clearTimeout(looking);
      looking = undefined;
      hold.advance();
      step(view);
      if (isMoved) moved();
      isMoved = false;
      const isLarge = view.scale > 1;
      const follows = view.presenting
        ? region.follow(seconds, isLarge ? view.eye : null, view.scale * HEADSET_REACH_METRES)
        : region.follow(seconds, rig.target, rig.distance);
      const isAwake = now() - movedMs < AWAKE_MS;
      if (!isAwake) rest();
      return isAwake || follows;
    },
    setTheme(next) {
      layer.setTheme(next);
      hold.setTheme(next);
    },
    dispose() {
      clearTimeout(looking);
      for (const stop of stops) stop();
      region.dispose();
      layer.dispose();
    },
  };
}
