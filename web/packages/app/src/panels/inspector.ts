import type { DocumentEntity, RoomClient, Selection, Vector3 } from "@theta/client";
import { elementIndex, faceColour, IDENTITY, type DragReadout, type SelectionStore } from "@theta/scene";
import type { Actions } from "../actions";
import { card, h, iconButton } from "../dom";
import type { RoleWatch } from "../role";
import { focusField, numberField, submitRow, vectorField } from "./fields";
import { createPalette } from "./palette";

export interface Inspector {
  readonly element: HTMLElement;
  readonly focusName: () => void;
  readonly focusDistance: () => void;
  readonly focusMove: () => void;
  /** Shows a drag in the fields while it lasts. */
  readout(readout: DragReadout | null): void;
}

/** What is selected, in numbers: name, colour, place; for a face how far to extrude it; and `maker`, who made it. */
export function createInspector(
  client: RoomClient,
  selection: SelectionStore,
  actions: Actions,
  role: RoleWatch,
  leave: () => void = () => undefined,
  maker: HTMLElement | null = null,
): Inspector {
  const parts = createParts(actions);
  const { name, place, move, distance, extrude, palette, hint, fields } = parts;
  const entity = (): DocumentEntity | undefined => {
    const { selected } = selection.state;
    return selected ? client.document.entities.get(selected.entity) : undefined;
  };
  const show = (): void => {
    const { mode, selected } = selection.state;
    const one = entity();
    // What goes away must not take the keyboard with it.
    if (!one && fields.contains(document.activeElement)) leave();
    fields.hidden = !one;
    hint.hidden = one !== undefined;
    hint.textContent = role.watching ? "Click something in the room." : "Click something in the room, or add a cube with C.";
    if (!one || !selected) return;
    if (document.activeElement !== name) name.value = one.name ?? "";
    place.element.hidden = mode !== "object";
    extrude.hidden = mode !== "face" && mode !== "part";
    extrude.disabled = selected.kind !== "face";
    move.element.hidden = mode === "object";
    move.element.disabled = selected.kind === "object";
    place.show((one.transform ?? IDENTITY).translation);
    palette.show(colourOf(one, selected));
  };

  name.addEventListener("change", () => {
    const wanted = name.value.trim();
    if (wanted) void actions.rename(wanted);
    else name.value = entity()?.name ?? "";
  });
  name.addEventListener("keydown", (event) => {
    if (event.key === "Enter") name.blur();
    // Before the window's listener leaves the field, which would commit what is in it.
    if (event.key === "Escape") name.value = entity()?.name ?? "";
  });
  client.on("document", show);
  selection.subscribe((state, before) => {
    if (state.selected !== before.selected || state.mode !== before.mode) show();
  });
  role.follow((watching) => {
    fields.disabled = watching;
    show();
  });

  return {
    element: card("Selection", "inspector", [hint, fields, maker]),
    focusName: () => focusField(name),
    focusDistance: () => focusField(distance),
    focusMove: () => focusField(place.element.hidden ? move.inputs[0] : place.inputs[0]),
    readout(readout) {
      const one = entity();
      const before = one?.transform ?? IDENTITY;
      if (!readout) {
        place.show(before.translation);
        move.show([0, 0, 0]);
      } else if (readout.kind === "extrude") {
        distance.value = readout.distance.toFixed(3);
      } else {
        const offset = readout.offset.toArray();
        move.show(offset);
        place.show(offset.map((value, axis) => value + (before.translation[axis] ?? 0)) as unknown as Vector3);
      }
    },
  };
}

function createParts(actions: Actions) {
  const name = h("input", {
    testId: "entity-name",
    attributes: { type: "text", maxlength: "128", "aria-label": "Name", autocomplete: "off", spellcheck: "false" },
  });
  const remove = iconButton("trash", "Delete the object", "delete");
  const place = vectorField("Position", "position", "m");
  const move = vectorField("Move by", "move", "m");
  const distance = numberField("Distance", "extrude-distance");
  distance.value = "0.25";
  const extrude = submitRow("Extrude", "extrude", distance, (value) => void actions.extrude(value));
  const palette = createPalette((colour) => void actions.paint(colour));
  const hint = h("p", { class: "empty", testId: "inspector-hint" });
  const fields = h("fieldset", {
    class: "fields",
    attributes: { "aria-label": "Properties" },
    children: [
      h("div", { class: "row", children: [name, remove] }),
      place.element,
      extrude,
      move.element,
      palette.element,
    ],
  });

  remove.addEventListener("click", () => void actions.removeObject());
  place.onSubmit((value) => void actions.place(value));
  move.onSubmit((value) => {
    move.show([0, 0, 0]);
    void actions.moveBy(value);
  });
  move.show([0, 0, 0]);
  return { name, place, move, distance, extrude, palette, hint, fields };
}

/** Of the face chosen last its own colour, if it has one; else the object's. */
function colourOf({ mesh, material }: DocumentEntity, selected: Selection): Vector3 | null {
  const face = mesh && selected.kind === "face" ? elementIndex(mesh, "face", selected.element) : undefined;
  return (mesh && face !== undefined ? faceColour(mesh, face) : null) ?? material?.colour ?? null;
}
