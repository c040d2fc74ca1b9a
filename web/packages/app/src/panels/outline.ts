import type { DocumentEntity, Mesh, RoomClient, Selection } from "@theta/client";
import {
  directionName,
  edgeLength,
  elementIndex,
  faceArea,
  faceNormal,
  kindOf,
  partsOf,
  vertexPosition,
  type SelectionStore,
  type SelectMode,
} from "@theta/scene";
import { card, h } from "../dom";
import { rowOf, rowsOf, selectionOfRow } from "../selecting";
import { createListbox, type Row } from "./listbox";

/** More rows than this help nobody, and would slow the page. */
const ELEMENT_ROWS_MAX = 300;

const TITLES: Readonly<Record<SelectMode, string>> = {
  object: "Faces",
  face: "Faces",
  vertex: "Vertices",
  edge: "Edges",
  loop: "Edges",
  part: "Parts",
};

export interface Outline {
  readonly element: HTMLElement;
  /** Puts the keyboard into the list of objects. */
  focus(): void;
}

/** What is in the room, as a list; under it `between`, and the elements of the selected object. */
export function createOutline(client: RoomClient, selection: SelectionStore, between: readonly HTMLElement[] = []): Outline {
  const objects = createListbox({
    label: "Objects",
    testId: "objects",
    empty: "Nothing here yet.",
    select: (entity) => selection.select({ kind: "object", entity }),
    hover: (entity) => selection.hover(entity === null ? null : { kind: "object", entity }),
  });
  const selectedEntity = (): DocumentEntity | undefined => {
    const { selected } = selection.state;
    return selected ? client.document.entities.get(selected.entity) : undefined;
  };
  const chosen = (element: string): Selection | null => {
    const entity = selectedEntity();
    return entity ? selectionOfRow(entity, selection.state.mode, element) : null;
  };
  const elements = createListbox({
    label: "Faces",
    testId: "elements",
    empty: "Select an object first.",
    select: (element) => selection.select(chosen(element)),
    hover: (element) => selection.hover(element === null ? null : chosen(element)),
  });
  const count = h("span", { class: "count", testId: "object-count" });
  const outline = card("Objects", "outline", [objects.element], count);
  const parts = card("Faces", "parts", [elements.element]);
  const heading = parts.querySelector("h2");

  const show = (): void => {
    const { entities } = client.document;
    const { mode, selected } = selection.state;
    objects.show([...entities.values()].map(objectRow), selected?.entity ?? null);
    count.textContent = String(entities.size);
    parts.hidden = mode === "object";
    if (mode === "object") return;
    if (heading) heading.textContent = TITLES[mode];
    elements.element.setAttribute("aria-label", TITLES[mode]);
    const mesh = selectedEntity()?.mesh;
    if (mesh) elements.show(elementRows(mesh, mode), rowOf(mesh, mode, selected));
    else elements.show([], null);
  };
  client.on("document", show);
  selection.subscribe((state, before) => {
    if (state.selected !== before.selected || state.mode !== before.mode) show();
  });
  show();

  return {
    element: h("div", { class: "column left", children: [outline, ...between, parts] }),
    focus: () => objects.element.focus(),
  };
}

function objectRow(entity: DocumentEntity): Row {
  const { colour } = entity.material ?? { colour: [0.8, 0.8, 0.8] as const };
  const rgb = colour.map((value) => Math.round(value * 255)).join(" ");
  return { id: entity.id, label: entity.name ?? "Unnamed", colour: `rgb(${rgb})` };
}

function elementRows(mesh: Mesh, mode: SelectMode): Row[] {
  return rowsOf(mesh, mode, ELEMENT_ROWS_MAX).map((id, at) => {
    const kind = kindOf(mode) ?? "face";
    const index = elementIndex(mesh, kind, id) ?? 0;
    const number = at + 1;
    if (mode === "part") {
      const { length } = partsOf(mesh).faces[at] ?? [];
      return { id, label: `Part ${number}`, note: length === 1 ? "1 face" : `${length} faces` };
    }
    if (kind === "vertex") {
      const place = vertexPosition(mesh, index).toArray();
      return { id, label: `Vertex ${number}`, note: place.map((value) => value.toFixed(2)).join("  ") };
    }
    if (kind === "edge") return { id, label: `Edge ${number}`, note: `${Number(edgeLength(mesh, index).toPrecision(3))} m` };
    const area = faceArea(mesh, index).toPrecision(2);
    return { id, label: `Face ${number}`, note: `${directionName(faceNormal(mesh, index))} · ${Number(area)} m²` };
  });
}
