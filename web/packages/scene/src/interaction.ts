import type { EntityId, Operation } from "@theta/client";
import type { PerspectiveCamera } from "three";
import { createDragSession, handlesFor, type DragReadout } from "./drag";
import type { EntityLayer } from "./entities";
import { createGizmo, type Grip } from "./gizmo";
import { createHighlight } from "./highlight";
import { sameSelection, type SelectionStore } from "./selection";
import type { Stage } from "./stage";
import type { SceneTheme } from "./theme";

export interface InteractionPorts {
  readonly stage: Stage;
  readonly entities: EntityLayer;
  readonly selection: SelectionStore;
  readonly theme: SceneTheme;
  /** Whether there are handles: not for those who only watch. */
  readonly editable: () => boolean;
  readonly perform: (operation: Operation) => Promise<unknown>;
  readonly readout: (readout: DragReadout | null) => void;
}

export interface Interaction {
  /** A handle is held. */
  readonly dragging: boolean;
  readonly tool: "move" | "extrude" | null;
  /** Whose handle is held. */
  readonly held: EntityId | null;
  readonly grips: readonly Grip[];
  /** Draws outlines and handles where the selection is now. */
  draw(): void;
  cancel(): void;
  resize(camera: PerspectiveCamera): void;
  setTheme(theme: SceneTheme): void;
  dispose(): void;
}

/** One's own selection on the stage: outline, hover, and the handles to drag it by. */
export function createInteraction(ports: InteractionPorts): Interaction {
  const { stage, entities, selection } = ports;
  let { theme } = ports;
  const selectedHighlight = createHighlight(stylesOf(theme).selected);
  const hoveredHighlight = createHighlight(stylesOf(theme).hovered);
  stage.scene.add(selectedHighlight.group, hoveredHighlight.group);

  const drag = createDragSession({
    entities,
    selection: () => selection.state,
    perform: ports.perform,
    readout: ports.readout,
    changed: () => {
      draw();
      stage.invalidateShadows();
    },
  });
  const gizmo = createGizmo(stage.scene, drag);

  const draw = (): void => {
    const { selected, hovered } = selection.state;
    const view = selected ? entities.views.get(selected.entity) : undefined;
    selectedHighlight.show(view, selected);
    const over = hovered && !gizmo.dragging && !sameSelection(hovered, selected) ? hovered : null;
    hoveredHighlight.show(over ? entities.views.get(over.entity) : undefined, over);
    const target = ports.editable() ? handlesFor(view?.entity, selection.state) : null;
    if (drag.active === null) gizmo.show(target, theme.accent);
    stage.canvas.style.cursor = over ? "pointer" : "";
    stage.invalidate();
  };

  return {
    get dragging() {
      return gizmo.dragging;
    },
    get tool() {
      return drag.active;
    },
    get held() {
      return drag.entity;
    },
    get grips() {
      return gizmo.grips;
    },
    draw,
    cancel: () => gizmo.cancel(),
    resize: (camera) => gizmo.resize(camera),
    setTheme(next) {
      theme = next;
      selectedHighlight.setStyle(stylesOf(next).selected);
      hoveredHighlight.setStyle(stylesOf(next).hovered);
      draw();
    },
    dispose() {
      gizmo.dispose();
      selectedHighlight.dispose();
      hoveredHighlight.dispose();
    },
  };
}

function stylesOf({ accent, hover }: SceneTheme) {
  return {
    selected: { colour: accent, width: 2.5, fill: 0.28, opacity: 1 },
    hovered: { colour: hover, width: 2, fill: 0.14, opacity: 0.75 },
  };
}
