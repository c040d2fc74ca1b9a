import type { Actor, DocumentChange, DocumentEntity, Operation, RoomClient, Selection, Vector3 as Triple } from "@theta/client";
import { Vector3, type PerspectiveCamera, type Ray } from "three";
import { createAvatarLayer, type AvatarLayer } from "./avatars";
import { createCameraInput } from "./camera-input";
import { createCameraRig, type CameraRig } from "./camera-rig";
import { createContactShadows } from "./contact-shadows";
import { createCursor } from "./cursor";
import type { DragReadout, DragSession } from "./drag";
import { createEntityLayer, type EntityLayer } from "./entities";
import { createEnvironment } from "./environment";
import { elementIndex } from "./geometry/measure";
import type { Grip } from "./gizmo";
import { createInteraction } from "./interaction";
import { createOwnPresence, type OwnPose } from "./own-presence";
import { pickAlong, type RayPick } from "./picking";
import { boundsOf, firstPlace, stepAside } from "./placement";
import { createScenePointer, type PointerListener } from "./pointer";
import { createRemoteDrags } from "./remote-drags";
import { createSelection, elementsOf, selectionOf, type SelectionStore } from "./selection";
import { createStage, type Stage } from "./stage";
import { startingPlace } from "./starting-place";
import { createStatePlane, type StatePlane } from "./state-plane";
import type { SceneTheme } from "./theme";
import { viewOf } from "./view";

/** Seconds of flight in which the camera crosses its distance to the target. */
const FLY_SECONDS = 1.1;
const FLY_METRES_PER_SECOND_MIN = 1.2;
const FAST = 3;

export interface SceneOptions {
  readonly canvas: HTMLCanvasElement;
  readonly client: RoomClient;
  readonly theme: SceneTheme;
  /** Whether the camera may glide (see prefers-reduced-motion). */
  readonly glides: () => boolean;
  /** Whether this person may change things now; asked anew whenever the connection changes. */
  readonly editable: () => boolean;
  /** Commits what a gesture did. */
  readonly perform: (operation: Operation) => Promise<unknown>;
  readonly readout: (readout: DragReadout | null) => void;
  /** Someone deleted what was being dragged; the drag is over. */
  readonly dragLost: () => void;
  /** The room went away while something alive was in the hand. */
  readonly holdLost: () => void;
  readonly firstFrame?: () => void;
}

/** What flies the camera: -1, 0 or 1 along each of its axes. */
export interface Flight {
  readonly right: number;
  readonly up: number;
  readonly forward: number;
  readonly fast: boolean;
}

export interface ThetaScene {
  readonly stage: Stage;
  readonly selection: SelectionStore;
  readonly entities: EntityLayer;
  readonly avatars: AvatarLayer;
  /** What is alive in the room beside the document, and one's hand on it. */
  readonly state: Pick<StatePlane, "layer" | "hold">;
  /** One's own drag; a headset's hands drive it as the desktop's handles do. */
  readonly drag: DragSession;
  readonly rig: CameraRig;
  readonly camera: PerspectiveCamera;
  /** How many frames were drawn; it rests while nothing changes. */
  readonly frames: number;
  /** The handles on the stage: where each can be taken hold of, and which way it drags. */
  readonly handles: readonly Grip[];
  /** Where a point of the world is on the page, in CSS pixels; null when it is behind the camera. */
  screenOf(point: Triple | Vector3): { readonly x: number; readonly y: number } | null;
  /** Stands where a newcomer does after `others` people: each sees the one who came before. */
  stand(others: number, actor: Actor): void;
  /**
   * Where on the floor something new belongs: at `near`, before the camera, or beside what is selected; none of
   * `reserved`.
   */
  freePlace(size: number, reserved?: readonly Triple[], near?: Vector3): Vector3;
  /** Looks at what is selected, or at everything. */
  frame(): void;
  fly(flight: Flight): void;
  /** What a ray in the world meets first within `far` metres, by the selection's mode. */
  pickAlong(ray: Ray, far: number): RayPick | null;
  /** In a headset: where others see one's head, hands and ray, asked as often as they are told; null: at the camera. */
  showOwn(source: (() => OwnPose) | null): void;
  /** Gives up the drag in progress; false when there is none. */
  cancelDrag(): boolean;
  /** Which tool others see in this person's hand. */
  setPainting(painting: boolean): void;
  setTheme(theme: SceneTheme): void;
  invalidate(): void;
  dispose(): void;
}

/** The room as one sees it: draws the client's document and people, and turns gestures into operations. */
export function createScene(options: SceneOptions): ThetaScene {
  const parts = createParts(options);
  const { stage, rig, environment, contact, entities, avatars, selection, state, interaction, presence } = parts;
  const stops = followClient(parts, options);
  const flight = createFlight(rig);
  stage.addTask((seconds) => {
    const flying = flight.advance(seconds);
    // In a headset the camera is the head's.
    const moving = !stage.presenting && rig.advance(seconds);
    const view = viewOf(stage);
    const walking = avatars.advance(seconds, view);
    interaction.resize(stage.camera);
    environment.follow(view, view.presenting ? view.eye : rig.target);
    contact.sync(entities);
    presence.advance(seconds);
    const dragging = parts.others.advance();
    const living = state.advance(seconds, view, rig);
    return flying || moving || walking || dragging || living;
  });

  return {
    stage,
    selection,
    entities,
    avatars,
    state,
    drag: interaction.drag,
    rig,
    camera: stage.camera,
    get frames() {
      return stage.frames;
    },
    get handles() {
      return interaction.grips;
    },
    screenOf: (point) => screenOf(stage.canvas, stage.camera, point),
    stand(others, actor) {
      rig.stand(startingPlace(others, actor, entities.bounds(), stage.camera));
      stage.invalidate();
    },
    freePlace: (size, reserved = [], near) => {
      const place = near?.clone() ?? firstPlace(stage.camera, rig, entities, selection.state.selected, size);
      return stepAside(place, entities, reserved, size);
    },
    frame() {
      const bounds = boundsOf(entities, selection.state.selected);
      rig.frame(bounds.isEmpty() ? state.layer.bounds() : bounds);
      stage.invalidate();
    },
    fly(next) {
      flight.steer(next);
      stage.invalidate();
    },
    pickAlong: (ray, far) => pickAlong(entities, selection.state.mode, ray, far),
    showOwn: (source) => presence.showOwn(source),
    cancelDrag() {
      const dragging = interaction.drag.active !== null || state.hold.entity !== null;
      interaction.cancel();
      state.hold.release();
      return dragging;
    },
    setPainting: (painting) => presence.setPainting(painting),
    setTheme(next) {
      environment.setTheme(next);
      contact.setTheme(next);
      entities.setTheme(next);
      state.setTheme(next);
      interaction.setTheme(next);
    },
    invalidate: () => stage.invalidate(),
    dispose() {
      for (const stop of stops) stop();
      for (const part of [parts.pointer, parts.input, state, interaction, avatars, contact, entities, environment, stage]) part.dispose();
    },
  };
}

type Parts = ReturnType<typeof createParts>;

function createParts({ canvas, client, theme, glides, editable, perform, readout, holdLost, firstFrame }: SceneOptions) {
  const stage = createStage(canvas, firstFrame);
  const { scene, camera } = stage;
  const rig = createCameraRig(camera, glides);
  const environment = createEnvironment(theme);
  const entities = createEntityLayer(theme);
  const contact = createContactShadows(theme);
  const avatars = createAvatarLayer(entities, () => stage.invalidate(), () => performance.now());
  const selection = createSelection();
  scene.add(environment.group, contact.mesh, entities.group, avatars.group);
  const cursor = createCursor(canvas);
  const interaction = createInteraction({ stage, entities, selection, theme, cursor, editable, perform, readout, dragged: () => presence.send() });
  const state = createStatePlane({
    ...{ client, stage, theme, cursor, editable, holdLost },
    moved: () => void (stage.presenting || pointer.refresh()),
    now: () => performance.now(),
  });
  const presence = createOwnPresence(client, camera, selection, interaction.drag);
  const others = createRemoteDrags({
    entities,
    isOwn: (entity) => interaction.drag.subject?.entity === entity,
    now: () => performance.now(),
    changed: () => {
      avatars.refreshSelections();
      interaction.draw();
      stage.invalidateShadows();
    },
  });
  const mode = (): SelectionStore["state"]["mode"] => selection.state.mode;
  const isFree = (): boolean => !stage.presenting && !input.dragging && !interaction.dragging;
  const pointer = createScenePointer({ canvas, scene, camera, entities, states: state.layer, mode }, {
    hover: (hovered) => {
      if (isFree()) selection.hover(hovered);
    },
    click: (selected, adds) => {
      if (!adds) selection.select(selected);
      // Shift and a click beside everything: what is selected stays.
      else if (selected) selection.toggle(selected);
    },
    ray: (direction) => {
      presence.point(direction);
      // A handle's colour follows the pointer without anything else having changed.
      stage.invalidate();
    },
    ...handOn(state, isFree, () => isFree() && !input.pressed),
  });
  // After the pointer: a press that a handle takes, or a hand, must be known before the camera sees it.
  const input = createCameraInput(canvas, rig, {
    moved: () => stage.invalidate(),
    taken: () => interaction.dragging || state.hold.entity !== null,
  });
  return { stage, rig, environment, contact, entities, avatars, selection, state, interaction, presence, others, pointer, input };
}

/** What a pointer does to what is alive; the second of two fingers on the view takes nothing. */
function handOn(
  { hold }: StatePlane,
  isFree: () => boolean,
  isFirst: () => boolean,
): Pick<PointerListener, "hoverState" | "takeState" | "moveState" | "dropState"> {
  return {
    hoverState: (pick) => {
      if (isFree()) hold.hover(pick?.state ?? null);
    },
    takeState: (pick) => isFirst() && hold.take(pick),
    moveState: (offset) => hold.move({ offset }),
    dropState: () => hold.release(),
  };
}

/** Keeps the stage up to date with the room; returns what ends that. */
function followClient(parts: Parts, { client, dragLost, editable }: SceneOptions): (() => void)[] {
  let wasEditable = editable();
  const { stage, environment, entities, avatars, selection, interaction, presence, others } = parts;
  const syncDocument = (change: DocumentChange): void => {
    if (interaction.drag.entity !== null && change.removed.includes(interaction.drag.entity)) {
      interaction.cancel();
      dragLost();
    }
    entities.sync(client.document.entities, change);
    others.documentChanged(change);
    forgetGone(selection, client.document.entities);
    environment.fitShadow(entities.bounds());
    avatars.refreshSelections();
    interaction.draw();
    stage.invalidateShadows();
  };
  const syncPeople = (): void => {
    if (avatars.sync(client.people, client.presence)) stage.invalidate();
  };
  syncDocument({ changed: [...client.document.entities.keys()], removed: [] });
  syncPeople();
  others.hear(client.presence.keys(), client.presence);
  presence.send();
  return [
    selection.subscribe((state, before) => {
      interaction.draw();
      if (state.selected !== before.selected) presence.send();
    }),
    client.on("document", syncDocument),
    client.on("presence", (actors) => {
      syncPeople();
      others.hear(actors, client.presence);
    }),
    client.on("people", syncPeople),
    client.on("connection", () => interaction.draw()),
    // Whether there are handles may have changed: the past can only be looked at.
    client.on("status", () => {
      const isEditable = editable();
      if (isEditable !== wasEditable) interaction.draw();
      wasEditable = isEditable;
    }),
    stage.onPresenting(() => {
      interaction.cancel();
      interaction.draw();
    }),
  ];
}

function createFlight(rig: CameraRig): { steer(flight: Flight): void; advance(seconds: number): boolean } {
  let flight: Flight = { right: 0, up: 0, forward: 0, fast: false };
  return {
    steer(next) {
      flight = next;
    },
    advance(seconds) {
      const { right, up, forward, fast } = flight;
      if (right === 0 && up === 0 && forward === 0) return false;
      const speed = Math.max(FLY_METRES_PER_SECOND_MIN, rig.distance / FLY_SECONDS) * (fast ? FAST : 1) * seconds;
      rig.fly(right * speed, up * speed, forward * speed);
      return true;
    },
  };
}

function screenOf(canvas: HTMLCanvasElement, camera: PerspectiveCamera, point: Triple | Vector3) {
  const at = new Vector3(...point).project(camera);
  if (at.z > 1) return null;
  const { left, top, width, height } = canvas.getBoundingClientRect();
  return { x: left + ((at.x + 1) / 2) * width, y: top + ((1 - at.y) / 2) * height };
}

/** Lets go of what is no longer in the document: an undone object, a face that was cut up. */
function forgetGone(selection: SelectionStore, entities: ReadonlyMap<string, DocumentEntity>): void {
  const { selected, hovered } = selection.state;
  if (hovered && remaining(hovered, entities) !== hovered) selection.hover(null);
  if (selected) selection.select(remaining(selected, entities));
}

/** What of a selection is still there: the very same when all of it is; its object when none of its elements are. */
function remaining(selection: Selection, entities: ReadonlyMap<string, DocumentEntity>): Selection | null {
  const entity = entities.get(selection.entity);
  if (!entity) return null;
  if (selection.kind === "object") return selection;
  const { kind } = selection;
  const elements = elementsOf(selection);
  const there = elements.filter((element) => entity.mesh && elementIndex(entity.mesh, kind, element) !== undefined);
  return there.length === elements.length ? selection : selectionOf(entity.id, kind, there);
}
