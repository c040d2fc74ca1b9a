import type { Operation } from "@theta/client";
import type { PerspectiveCamera } from "three";
import type { Cursor } from "./cursor";
import { createDragSession, handlesFor, type DragReadout, type DragSession } from "./drag";
import type { EntityLayer } from "./entities";
import { createGizmo, type Grip } from "./gizmo";
import { createHighlight } from "./highlight";
import { sameSelection, type SelectionStore } from "./selection";
import type { Stage } from "./stage";
import type { SceneTheme } from "./theme";
import { createVertexDots } from "./vertex-dots";

export interface InteractionPorts {
  readonly stage: Stage;
  readonly entities: EntityLayer;
  readonly selection: SelectionStore;
  readonly theme: SceneTheme;
  readonly cursor: Cursor;
  /** Whether there are handles: not for those who only watch. */
  readonly editable: () => boolean;
  readonly perform: (operation: Operation) => Promise<unknown>;
  readonly readout: (readout: DragReadout | null) => void;
  /** What others are to see of one's drag is another now. */
  readonly dragged: () => void;
}

export interface Interaction {
  /** A handle is held. */
  readonly dragging: boolean;
  /** One's drag, by a handle or by hand. */
  readonly drag: DragSession;
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
  const dots = createVertexDots(theme.hover);
  stage.scene.add(selectedHighlight.group, hoveredHighlight.group, dots.points);

  const drag = createDragSession({
    entities,
    selection: () => selection.state,
    editable: ports.editable,
    perform: ports.perform,
    readout: ports.readout,
    changed: () => {
      draw();
      stage.invalidateShadows();
      ports.dragged();
    },
  });
  const gizmo = createGizmo(stage.scene, {
    start: () => drag.start(),
    move: (offset) => drag.move({ offset }),
    end: (offset) => drag.end({ offset }),
    cancel: () => drag.cancel(),
  });

  const draw = (): void => {
    const { mode, selected, hovered } = selection.state;
    const view = selected ? entities.views.get(selected.entity) : undefined;
    selectedHighlight.show(view, selected);
    dots.show(mode === "vertex" ? view : undefined);
    const over = hovered && !gizmo.dragging && !sameSelection(hovered, selected) ? hovered : null;
    hoveredHighlight.show(over ? entities.views.get(over.entity) : undefined, over);
    // In a headset one takes hold of the things themselves.
    const target = ports.editable() && !stage.presenting ? handlesFor(view?.entity, selection.state) : null;
    if (drag.active === null) gizmo.show(target, theme.accent);
    ports.cursor.set("document", over ? "pointer" : "");
    stage.invalidate();
  };

  return {
    get dragging() {
      return gizmo.dragging;
    },
    drag,
    get grips() {
      return gizmo.grips;
    },
    draw,
    cancel() {
      gizmo.cancel();
      drag.cancel();
    },
    resize: (camera) => gizmo.resize(camera),
    setTheme(next) {
      theme = next;
      selectedHighlight.setStyle(stylesOf(next).selected);
      hoveredHighlight.setStyle(stylesOf(next).hovered);
      dots.setColour(next.hover);
      draw();
    },
    dispose() {
      gizmo.dispose();
      selectedHighlight.dispose();
      hoveredHighlight.dispose();
      dots.dispose();
    },
  };
}

function stylesOf({ accent, hover }: SceneTheme) {
  return {
    selected: { colour: accent, width: 2.5, fill: 0.28, opacity: 1 },
    hovered: { colour: hover, width: 2, fill: 0.14, opacity: 0.75 },
  };
}
