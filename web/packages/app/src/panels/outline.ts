import type { DocumentEntity, RoomClient, Selection } from "@theta/client";
import { directionName, elementAt, elementOf, faceArea, faceNormal, vertexPosition, type SelectionStore } from "@theta/scene";
import { card, h } from "../dom";
import { createListbox, type Row } from "./listbox";

/** More rows than this help nobody, and would slow the page. */
const ELEMENT_ROWS_MAX = 300;

export interface Outline {
  readonly element: HTMLElement;
  /** Puts the keyboard into the list of objects. */
  focus(): void;
}

/** What is in the room, as a list; under it the faces or vertices of the selected object. */
export function createOutline(client: RoomClient, selection: SelectionStore): Outline {
  const objects = createListbox({
    label: "Objects",
    testId: "objects",
    empty: "Nothing here yet.",
    select: (entity) => selection.select({ kind: "object", entity }),
    hover: (entity) => selection.hover(entity === null ? null : { kind: "object", entity }),
  });
  const elementOfRow = (element: string): Selection | null => {
    const { mode, selected } = selection.state;
    return selected && mode !== "object" ? { kind: mode, entity: selected.entity, element } : null;
  };
  const elements = createListbox({
    label: "Faces",
    testId: "elements",
    empty: "Select an object first.",
    select: (element) => selection.select(elementOfRow(element)),
    hover: (element) => selection.hover(element === null ? null : elementOfRow(element)),
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
    const title = mode === "face" ? "Faces" : "Vertices";
    if (heading) heading.textContent = title;
    elements.element.setAttribute("aria-label", title);
    const entity = selected ? entities.get(selected.entity) : undefined;
    elements.show(entity ? elementRows(entity, mode) : [], elementOf(selected));
  };
  client.on("document", show);
  selection.subscribe((state, before) => {
    if (state.selected !== before.selected || state.mode !== before.mode) show();
  });
  show();

  return {
    element: h("div", { class: "column left", children: [outline, parts] }),
    focus: () => objects.element.focus(),
  };
}

function objectRow(entity: DocumentEntity): Row {
  const { colour } = entity.material ?? { colour: [0.8, 0.8, 0.8] as const };
  const rgb = colour.map((value) => Math.round(value * 255)).join(" ");
  return { id: entity.id, label: entity.name ?? "Unnamed", colour: `rgb(${rgb})` };
}

function elementRows(entity: DocumentEntity, kind: "face" | "vertex"): Row[] {
  const { mesh } = entity;
  if (!mesh) return [];
  const count = Math.min(kind === "face" ? mesh.faceCount : mesh.vertexCount, ELEMENT_ROWS_MAX);
  return Array.from({ length: count }, (_, index) => {
    const id = elementAt(mesh, kind, index);
    if (kind === "vertex") {
      const at = vertexPosition(mesh, index).toArray();
      return { id, label: `Vertex ${index + 1}`, note: at.map((value) => value.toFixed(2)).join("  ") };
    }
    const area = faceArea(mesh, index).toPrecision(2);
    return { id, label: `Face ${index + 1}`, note: `${directionName(faceNormal(mesh, index))} · ${Number(area)} m²` };
  });
}
