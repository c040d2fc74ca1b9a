import type { Drag, DocumentEntity, EntityId, Operation, Selection } from "@theta/client";
import { Vector3 } from "three";
import type { EntityLayer, Preview } from "./entities";
import { centreOf, indicesOf, regionNormal, verticesOfAll } from "./geometry/measure";
import { withExtrudedRegion, withMovedVertices } from "./geometry/preview";
import {
  dragEntity,
  extrudeDirection,
  extrudeFaces,
  IDENTITY,
  matrixOf,
  movedPlacement,
  moveElements,
  toMeshSpace,
  type DragMotion,
} from "./gestures";
import type { GizmoTarget } from "./gizmo";
import { elementsOf, type SelectionState } from "./selection";

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
  const elements = elementsOf(selection);
  if (drag.kind === "extrude") {
    const faces = selection.kind === "face" ? indicesOf(mesh, "face", elements) : [];
    if (faces.length === 0) return null;
    return { mesh: withExtrudedRegion(mesh, faces, regionNormal(mesh, faces).multiplyScalar(drag.distance)) };
  }
  const vertices = verticesOfAll(mesh, selection.kind, elements);
  return vertices.length === 0 ? null : { mesh: withMovedVertices(mesh, vertices, new Vector3(...drag.offset)) };
}

function operationOf({ entity, selection, kind }: Held, motion: DragMotion): Operation | null {
  const { offset } = motion;
  if (selection.kind === "object") return dragEntity(entity, motion);
  const elements = elementsOf(selection);
  if (kind === "extrude") return extrudeFaces(entity, elements, localDistance(entity, selection, offset));
  return moveElements(entity, selection.kind, elements, offset);
}

/** How far along the faces' normal a drag in the world is, in the mesh's space. */
function localDistance(entity: DocumentEntity, selection: Selection, offset: Vector3): number {
  if (selection.kind !== "face" || !entity.mesh) return 0;
  const faces = indicesOf(entity.mesh, "face", elementsOf(selection));
  if (faces.length === 0) return 0;
  const { direction, metres } = extrudeDirection(entity, ...faces);
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
  const { mesh } = entity;
  const elements = elementsOf(selected);
  const vertices = mesh ? verticesOfAll(mesh, selected.kind, elements) : [];
  if (!mesh || vertices.length === 0) return null;
  const anchor = centreOf(mesh, vertices).applyMatrix4(matrix);
  if (selected.kind !== "face" || tool === "move") return { kind: "move", anchor };
  return { kind: "extrude", anchor, direction: extrudeDirection(entity, ...indicesOf(mesh, "face", elements)).direction };
}
