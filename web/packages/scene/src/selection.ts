import type { ElementId, ElementKind, EntityId, Selection } from "@theta/client";

export type SelectMode = "object" | "face" | "vertex" | "edge" | "loop" | "part";
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
  /** Adds elements to those of the same object and kind, or takes them out when all of them are selected already. */
  toggle(selected: Selection): void;
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
  const select = (selected: Selection | null): void => {
    if (!sameSelection(selected, state.selected)) change({ selected });
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
    select,
    toggle(selected) {
      select(toggled(state.selected, selected));
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
  if (a === null || b === null || a.kind !== b.kind || a.entity !== b.entity || elementOf(a) !== elementOf(b)) return false;
  if (a.kind === "object" || b.kind === "object" || a.elements === b.elements) return true;
  const [one, other] = [elementsOf(a), elementsOf(b)];
  return one.length === other.length && one.every((element, at) => element === other[at]);
}

/** The element selected last, if it is not the whole object. */
export function elementOf(selection: Selection | null): ElementId | null {
  return selection && selection.kind !== "object" ? selection.element : null;
}

/** All elements selected. */
export function elementsOf(selection: Selection | null): readonly ElementId[] {
  if (!selection || selection.kind === "object") return [];
  return selection.elements ?? [selection.element];
}

/** What kind of element a mode is about; null: none. */
export function kindOf(mode: SelectMode): ElementKind | null {
  return ({ object: null, face: "face", vertex: "vertex", edge: "edge", loop: "edge", part: "face" } as const)[mode];
}

/** A selection of elements, the last of which is the active one; of the object when there are none. */
export function selectionOf(entity: EntityId, kind: ElementKind, elements: readonly ElementId[]): Selection {
  const element = elements.at(-1);
  if (element === undefined) return { kind: "object", entity };
  return elements.length === 1 ? { kind, entity, element } : { kind, entity, element, elements };
}

function toggled(before: Selection | null, more: Selection): Selection {
  if (more.kind === "object" || before?.kind !== more.kind || before.entity !== more.entity) return more;
  const added = elementsOf(more);
  const held = new Set(elementsOf(before));
  if (added.every((element) => held.has(element))) {
    const out = new Set(added);
    return selectionOf(more.entity, more.kind, elementsOf(before).filter((element) => !out.has(element)));
  }
  return selectionOf(more.entity, more.kind, [...elementsOf(before), ...added.filter((element) => !held.has(element))]);
}

/** What a hit means in a mode. */
export function selectionFor(
  mode: SelectMode,
  entity: EntityId,
  face: ElementId | null,
  vertex: ElementId | null,
  edge: ElementId | null = null,
): Selection | null {
  const kind = kindOf(mode);
  if (kind === null) return { kind: "object", entity };
  const element = { face, vertex, edge }[kind];
  return element === null ? null : { kind, entity, element };
}
