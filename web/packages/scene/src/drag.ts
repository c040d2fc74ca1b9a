import type { DocumentEntity, EntityId, Operation, Selection } from "@theta/client";
import { Matrix4, Vector3 } from "three";
import type { EntityLayer } from "./entities";
import { elementIndex, faceCentre, vertexPosition, verticesOf } from "./geometry/measure";
import { withExtrudedFace, withMovedVertices } from "./geometry/preview";
import { extrudeDirection, extrudeFace, matrixOf, moveElement, moveEntity, toMeshSpace } from "./gestures";
import type { GizmoListener, GizmoTarget } from "./gizmo";
import type { SelectionState } from "./selection";

/** What a drag in progress amounts to, for a readout. */
export interface DragReadout {
  readonly kind: "move" | "extrude";
  /** Metres: along the world's axes, or along the normal in the mesh's space. */
  readonly offset: Vector3;
  readonly distance: number;
}

export interface DragSession extends GizmoListener {
  /** The tool in the hand now, while something is dragged. */
  readonly active: "move" | "extrude" | null;
  /** What is dragged. */
  readonly entity: EntityId | null;
}

interface Held {
  readonly entity: DocumentEntity;
  readonly selection: Selection;
  readonly kind: "move" | "extrude";
}

export interface DragPorts {
  readonly entities: EntityLayer;
  readonly selection: () => SelectionState;
  /** Resolves when the document has it, rejects when it never will. */
  readonly perform: (operation: Operation) => Promise<unknown>;
  readonly changed: () => void;
  readonly readout: (readout: DragReadout | null) => void;
}

/** From press to release on a handle: shows what it would do while it lasts, and commits one command at its end. */
export function createDragSession({ entities, selection, perform, changed, readout }: DragPorts): DragSession {
  let held: Held | null = null;

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
    start() {
      const { selected, tool } = selection();
      const view = selected ? entities.views.get(selected.entity) : undefined;
      if (!view || !selected) return;
      const kind = selected.kind === "face" && tool === "extrude" ? "extrude" : "move";
      held = { entity: view.entity, selection: selected, kind };
    },
    move(offset) {
      if (!held) return;
      const { entity, selection: selected, kind } = held;
      const distance = kind === "extrude" ? localDistance(entity, selected, offset) : offset.length();
      entities.preview(entity.id, previewOf(held, offset, distance));
      readout({ kind, offset, distance });
      changed();
    },
    end(offset) {
      const last = release();
      if (!last) return;
      const operation = operationOf(last, offset);
      if (!operation) {
        unpreview(last.entity.id);
        return;
      }
      // The preview stays until the document shows the same, so that nothing jumps back for a moment.
      const settle = (): void => unpreview(last.entity.id);
      void perform(operation).then(settle, settle);
    },
    cancel() {
      const last = release();
      if (last) unpreview(last.entity.id);
    },
  };
}

function previewOf({ entity, selection, kind }: Held, offset: Vector3, distance: number) {
  const { mesh } = entity;
  if (selection.kind === "object" || !mesh) {
    return { matrix: new Matrix4().makeTranslation(offset).multiply(matrixOf(entity.transform)) };
  }
  const index = elementIndex(mesh, selection.kind, selection.element);
  if (index === undefined) return null;
  if (kind === "extrude") return { mesh: withExtrudedFace(mesh, index, distance) };
  const vertices = verticesOf(mesh, selection.kind, index);
  return { mesh: withMovedVertices(mesh, vertices, toMeshSpace(entity.transform, offset)) };
}

function operationOf({ entity, selection, kind }: Held, offset: Vector3): Operation | null {
  if (selection.kind === "object") return moveEntity(entity, offset);
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
