import type { ElementId, EntityId, Selection } from "@theta/client";

export type SelectMode = "object" | "face" | "vertex";
/** What a drag on a face's handle does. */
export type DragTool = "move" | "extrude";

export interface SelectionState {
  readonly mode: SelectMode;
  readonly tool: DragTool;
  readonly selected: Selection | null;
  readonly hovered: Selection | null;
}

export interface SelectionStore {
  readonly state: SelectionState;
  setMode(mode: SelectMode): void;
  setTool(tool: DragTool): void;
  select(selected: Selection | null): void;
  hover(hovered: Selection | null): void;
  subscribe(listener: (state: SelectionState, before: SelectionState) => void): () => void;
}

/** What this person has selected and how; the scene and the panels both read and write it. */
export function createSelection(): SelectionStore {
  let state: SelectionState = { mode: "object", tool: "extrude", selected: null, hovered: null };
  const listeners = new Set<(state: SelectionState, before: SelectionState) => void>();
  const change = (changes: Partial<SelectionState>): void => {
    const before = state;
    state = { ...state, ...changes };
    for (const listener of listeners) listener(state, before);
  };
  return {
    get state() {
      return state;
    },
    setMode(mode) {
      if (mode === state.mode) return;
      // The object stays selected, so that its faces are at hand.
      const selected: Selection | null = state.selected ? { kind: "object", entity: state.selected.entity } : null;
      change({ mode, selected, hovered: null });
    },
    setTool(tool) {
      if (tool !== state.tool) change({ tool });
    },
    select(selected) {
      if (!sameSelection(selected, state.selected)) change({ selected });
    },
    hover(hovered) {
      if (!sameSelection(hovered, state.hovered)) change({ hovered });
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function sameSelection(a: Selection | null, b: Selection | null): boolean {
  if (a === b) return true;
  return a !== null && b !== null && a.kind === b.kind && a.entity === b.entity && elementOf(a) === elementOf(b);
}

/** The face or vertex selected, if it is one. */
export function elementOf(selection: Selection | null): ElementId | null {
  return selection && selection.kind !== "object" ? selection.element : null;
}

/** What a hit means in a mode. */
export function selectionFor(
  mode: SelectMode,
  entity: EntityId,
  face: ElementId | null,
  vertex: ElementId | null,
): Selection | null {
  if (mode === "object") return { kind: "object", entity };
  const element = mode === "face" ? face : vertex;
  return element === null ? null : { kind: mode, entity, element };
}
