import type { Drag, DocumentEntity, EntityId, Operation, Selection } from "@theta/client";
import { Vector3 } from "three";
import type { EntityLayer, Preview } from "./entities";
import { elementIndex, faceCentre, vertexPosition, verticesOf } from "./geometry/measure";
import { withExtrudedFace, withMovedVertices } from "./geometry/preview";
import {
  dragEntity,
  extrudeDirection,
  extrudeFace,
  IDENTITY,
  matrixOf,
  movedPlacement,
  moveElement,
  toMeshSpace,
  type DragMotion,
} from "./gestures";
import type { GizmoTarget } from "./gizmo";
import type { SelectionState } from "./selection";

/** What a drag in progress amounts to, for a readout. */
export interface DragReadout {
  readonly kind: "move" | "extrude";
  /** Metres: along the world's axes, or along the normal in the mesh's space. */
  readonly offset: Vector3;
  readonly distance: number;
}

/** From press to release: one drag of what is selected, one command. */
export interface DragSession {
  /** The tool in the hand now, while something is dragged. */
  readonly active: "move" | "extrude" | null;
  /** What is dragged. */
  readonly entity: EntityId | null;
  /** What others are to see of it; after the release until the command is applied here, or refused. */
  readonly current: Drag | null;
  /** What `current` is a drag of. */
  readonly subject: Selection | null;
  start(): void;
  move(motion: DragMotion): void;
  end(motion: DragMotion): void;
  cancel(): void;
}

interface Held {
  readonly entity: DocumentEntity;
  readonly selection: Selection;
  readonly kind: "move" | "extrude";
  /** As last shown. */
  drag: Drag | null;
}

export interface DragPorts {
  readonly entities: EntityLayer;
  readonly selection: () => SelectionState;
  /** Whether this person may drag anything. */
  readonly editable: () => boolean;
  /** Resolves when the document has it, rejects when it never will. */
  readonly perform: (operation: Operation) => Promise<unknown>;
  /** Something else is drawn now, or `current` is another. */
  readonly changed: () => void;
  readonly readout: (readout: DragReadout | null) => void;
}

/** Shows what a drag would do while it lasts, and commits one command at its end. */
export function createDragSession({ entities, selection, editable, perform, changed, readout }: DragPorts): DragSession {
  let held: Held | null = null;
  /** Let go, but not in the document yet. */
  let committing: Held | null = null;

  const release = (): Held | null => {
    const last = held;
    held = null;
    readout(null);
    return last;
  };
  const unpreview = (id: string): void => {
    if (held?.entity.id === id) return;
    entities.preview(id, null);
    changed();
  };

  return {
    get active() {
      return held?.kind ?? null;
    },
    get entity() {
      return held?.entity.id ?? null;
    },
    get current() {
      return (held ?? committing)?.drag ?? null;
    },
    get subject() {
      return (held ?? committing)?.selection ?? null;
    },
    start() {
      const { selected, tool } = selection();
      const view = selected ? entities.views.get(selected.entity) : undefined;
      if (!view || !selected || !editable()) return;
      const kind = selected.kind === "face" && tool === "extrude" ? "extrude" : "move";
      held = { entity: view.entity, selection: selected, kind, drag: null };
    },
    move(motion) {
      if (!held) return;
      const { entity, selection: selected, kind } = held;
      const { offset } = motion;
      held.drag = dragOf(held, motion);
      entities.preview(entity.id, previewOf(entity, selected, held.drag));
      readout({ kind, offset, distance: held.drag.kind === "extrude" ? held.drag.distance : offset.length() });
      changed();
    },
    end(motion) {
      const last = release();
      if (!last) return;
      const operation = operationOf(last, motion);
      if (!operation) {
        unpreview(last.entity.id);
        return;
      }
      committing = last;
      // The preview stays until the document shows the same, so that nothing jumps back for a moment.
      const settle = (): void => {
        if (committing === last) committing = null;
        unpreview(last.entity.id);
      };
      void perform(operation).then(settle, settle);
    },
    cancel() {
      const last = release();
      if (last) unpreview(last.entity.id);
    },
  };
}

/** What a motion is to what is held, as a presence row says it. */
function dragOf({ entity, selection, kind }: Held, motion: DragMotion): Drag {
  if (selection.kind === "object" || !entity.mesh) {
    const { translation, rotation } = movedPlacement(entity.transform, motion);
    return { kind: "object", position: translation, rotation };
  }
  if (kind === "extrude") return { kind, distance: localDistance(entity, selection, motion.offset) };
  return { kind: "element", offset: toMeshSpace(entity.transform, motion.offset).toArray() };
}

/** What a drag makes of an entity, one's own or somebody else's; null when it is of something that isn't there. */
export function previewOf(entity: DocumentEntity, selection: Selection, drag: Drag): Preview | null {
  const { mesh, transform } = entity;
  if (drag.kind === "object") {
    if (selection.kind !== "object") return null;
    const { position: translation, rotation } = drag;
    return { matrix: matrixOf({ translation, rotation, scale: (transform ?? IDENTITY).scale }) };
  }
  if (selection.kind === "object" || !mesh) return null;
  const index = elementIndex(mesh, selection.kind, selection.element);
  if (index === undefined) return null;
  if (drag.kind === "extrude") {
    return selection.kind === "face" ? { mesh: withExtrudedFace(mesh, index, drag.distance) } : null;
  }
  return { mesh: withMovedVertices(mesh, verticesOf(mesh, selection.kind, index), new Vector3(...drag.offset)) };
}

function operationOf({ entity, selection, kind }: Held, motion: DragMotion): Operation | null {
  const { offset } = motion;
  if (selection.kind === "object") return dragEntity(entity, motion);
  if (kind === "extrude") return extrudeFace(entity.id, selection.element, localDistance(entity, selection, offset));
  return moveElement(entity, selection.kind, selection.element, offset);
}

/** How far along the face's normal a drag in the world is, in the mesh's space. */
function localDistance(entity: DocumentEntity, selection: Selection, offset: Vector3): number {
  if (selection.kind !== "face" || !entity.mesh) return 0;
  const face = elementIndex(entity.mesh, "face", selection.element);
  if (face === undefined) return 0;
  const { direction, metres } = extrudeDirection(entity, face);
  return offset.dot(direction) / metres;
}

/** Where the handles for a selection stand: in the middle of what will move. */
export function handlesFor(entity: DocumentEntity | undefined, state: SelectionState): GizmoTarget | null {
  const { mode, selected, tool } = state;
  if (!entity || !selected) return null;
  // Whoever is about to pick a face or a vertex must not get hold of the object's arrows before it.
  if (selected.kind === "object" && mode !== "object") return null;
  const matrix = matrixOf(entity.transform);
  if (selected.kind === "object") return { kind: "move", anchor: new Vector3().setFromMatrixPosition(matrix) };
  const index = entity.mesh ? elementIndex(entity.mesh, selected.kind, selected.element) : undefined;
  if (!entity.mesh || index === undefined) return null;
  if (selected.kind === "vertex") {
    return { kind: "move", anchor: vertexPosition(entity.mesh, index).applyMatrix4(matrix) };
  }
  const anchor = faceCentre(entity.mesh, index).applyMatrix4(matrix);
  return tool === "move"
    ? { kind: "move", anchor }
    : { kind: "extrude", anchor, direction: extrudeDirection(entity, index).direction };
}
