import type { Actor, RoomStateView, StateEntity } from "@theta/client";
import { movedPlacement, type DragMotion } from "./gestures";
import type { StateEntityLayer, StatePlace } from "./state-entities";
import type { StatePick } from "./state/picking";
import type { SceneTheme } from "./theme";

export interface StateHoldPorts {
  readonly state: Pick<RoomStateView, "grab" | "moveTo" | "release" | "held" | "heldRevision">;
  readonly layer: Pick<StateEntityLayer, "mark" | "placeOf">;
  /** Whether this person may take hold of anything. */
  readonly editable: () => boolean;
  /** In which colour (0xRRGGBB) others' hands show; null for this page's own, and for strangers. */
  readonly colourOf: (actor: Actor) => number | null;
  readonly theme: SceneTheme;
  /** What is marked, or in the hand, is something else now. */
  readonly changed: () => void;
}

/** One's hand on what is alive in the room: from press to release, seen by all, and no step of anybody's history. */
export interface StateHold {
  /** What is in the hand. */
  readonly entity: StateEntity | null;
  /** What one points at. */
  readonly hovered: StateEntity | null;
  /** What one points at may be taken. */
  readonly allowed: boolean;
  hover(entity: StateEntity | null): void;
  /** Takes hold of it; false when one may not, or cannot now. */
  take(pick: StatePick): boolean;
  /** Moves it from where it was taken. Nothing when the hand is empty. */
  move(motion: DragMotion): void;
  /** Lets go of it where it is. */
  release(): void;
  /** It is another's, or gone: the hand is empty. */
  lose(entity: StateEntity): void;
  /** In every frame: follows who holds what, and what one may. */
  advance(): void;
  /** Whose colours are which is another now. */
  refresh(): void;
  setTheme(theme: SceneTheme): void;
}

export function createStateHold(ports: StateHoldPorts): StateHold {
  const { state, layer, editable, colourOf, changed } = ports;
  let { theme } = ports;
  let held: { readonly entity: StateEntity; readonly from: StatePlace } | null = null;
  let hovered: StateEntity | null = null;
  let seen = -1;
  let isAllowed = editable();

  const mark = (): void => {
    const marks = new Map<StateEntity, number>();
    for (const [entity, actor] of state.held) {
      const colour = colourOf(actor);
      if (colour !== null) marks.set(entity, colour);
    }
    if (hovered !== null && !held && editable()) marks.set(hovered, theme.hover);
    if (held) marks.set(held.entity, theme.accent);
    layer.mark(marks);
    changed();
  };
  const drop = (): void => {
    held = null;
    mark();
  };

  return {
    get entity() {
      return held?.entity ?? null;
    },
    get hovered() {
      return hovered;
    },
    get allowed() {
      return editable();
    },
    hover(entity) {
      if (entity === hovered) return;
      hovered = entity;
      mark();
    },
    take({ state: entity }) {
      this.release();
      const from = layer.placeOf(entity);
      if (!from || !editable() || !state.grab(entity)) return false;
      held = { entity, from };
      mark();
      return true;
    },
    move(motion) {
      if (!held) return;
      const { position, rotation } = held.from;
      const to = movedPlacement({ translation: position.toArray(), rotation, scale: [1, 1, 1] }, motion);
      state.moveTo(held.entity, to.translation, to.rotation);
      changed();
    },
    release() {
      if (!held) return;
      state.release(held.entity);
      drop();
    },
    lose(entity) {
      if (held?.entity === entity) drop();
    },
    advance() {
      // Gone from the room, or out of what this page is told of; or this person only watches from now on.
      if (held && (!editable() || !layer.placeOf(held.entity))) this.release();
      if (state.heldRevision === seen && editable() === isAllowed) return;
      seen = state.heldRevision;
      isAllowed = editable();
      mark();
    },
    refresh: mark,
    setTheme(next) {
      theme = next;
      mark();
    },
  };
}
