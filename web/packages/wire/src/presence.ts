/** Presence rows: 184 bytes each, little-endian (theta.replication.presence). */

import { viewOf } from "./bytes";
import {
  PRESENCE_BYTES,
  PRESENCE_DRAGS,
  PRESENCE_HEAD_VALID,
  PRESENCE_LEFT_VALID,
  PRESENCE_OFFSETS,
  PRESENCE_RAY_VALID,
  PRESENCE_RIGHT_VALID,
  PRESENCE_SELECTIONS,
  PRESENCE_TOOLS,
  type Quaternion,
  type Vector3,
} from "./generated";
import { WireError } from "./schema";

const AT = PRESENCE_OFFSETS;

/** Where a head or a hand is. */
export interface Pose {
  readonly position: Vector3;
  readonly rotation: Quaternion;
}

export interface PresenceRow {
  readonly actor: bigint;
  /** Rises with every row of an actor, modulo 2^32. */
  readonly sequence: number;
  readonly tool: (typeof PRESENCE_TOOLS)[number];
  readonly selectionKind: (typeof PRESENCE_SELECTIONS)[number];
  readonly head: Pose | null;
  readonly ray: { readonly origin: Vector3; readonly direction: Vector3 } | null;
  /** 16 bytes; zeros when nothing is selected. */
  readonly selectedEntity: Uint8Array;
  /** 16 bytes; zeros unless a face or a vertex is selected. */
  readonly selectedElement: Uint8Array;
  readonly left: Pose | null;
  readonly right: Pose | null;
  readonly dragKind: (typeof PRESENCE_DRAGS)[number];
  /** What it means depends on `dragKind` (REP-5). */
  readonly drag: Pose;
}

export function encodePresenceRow(row: PresenceRow): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(PRESENCE_BYTES);
  const view = viewOf(bytes);
  const flags =
    (row.head === null ? 0 : PRESENCE_HEAD_VALID) |
    (row.ray === null ? 0 : PRESENCE_RAY_VALID) |
    (row.left === null ? 0 : PRESENCE_LEFT_VALID) |
    (row.right === null ? 0 : PRESENCE_RIGHT_VALID);
  view.setBigUint64(AT.actor, row.actor, true);
  view.setUint32(AT.sequence, row.sequence, true);
  view.setUint8(AT.flags, flags);
  view.setUint8(AT.tool, PRESENCE_TOOLS.indexOf(row.tool));
  view.setUint8(AT.selection, PRESENCE_SELECTIONS.indexOf(row.selectionKind));
  view.setUint8(AT.drag, PRESENCE_DRAGS.indexOf(row.dragKind));
  setPose(view, AT.headPosition, AT.headRotation, row.head);
  setFloats(view, AT.rayOrigin, row.ray?.origin ?? [0, 0, 0]);
  setFloats(view, AT.rayDirection, row.ray?.direction ?? [0, 0, -1]);
  bytes.set(row.selectedEntity, AT.selectedEntity);
  bytes.set(row.selectedElement, AT.selectedElement);
  setPose(view, AT.leftPosition, AT.leftRotation, row.left);
  setPose(view, AT.rightPosition, AT.rightRotation, row.right);
  setPose(view, AT.dragPosition, AT.dragRotation, row.drag);
  return bytes;
}

/** The rows of a batch. Throws `WireError` when they aren't whole; an unknown tool, selection or drag reads as none. */
export function decodePresenceRows(rows: Uint8Array): PresenceRow[] {
  if (rows.length % PRESENCE_BYTES !== 0) throw new WireError(`presence: ${rows.length} bytes are no whole rows`);
  return Array.from({ length: rows.length / PRESENCE_BYTES }, (_, index) =>
    decodeRow(rows.subarray(index * PRESENCE_BYTES, (index + 1) * PRESENCE_BYTES)),
  );
}

function decodeRow(bytes: Uint8Array): PresenceRow {
  const view = viewOf(bytes);
  const flags = view.getUint8(AT.flags);
  const at = (offset: number, index: number): number => view.getFloat32(offset + 4 * index, true);
  const vector = (offset: number): Vector3 => [at(offset, 0), at(offset, 1), at(offset, 2)];
  const pose = (position: number, rotation: number): Pose => ({
    position: vector(position),
    rotation: [...vector(rotation), at(rotation, 3)],
  });
  return {
    actor: view.getBigUint64(AT.actor, true),
    sequence: view.getUint32(AT.sequence, true),
    tool: PRESENCE_TOOLS[view.getUint8(AT.tool)] ?? "none",
    selectionKind: PRESENCE_SELECTIONS[view.getUint8(AT.selection)] ?? "none",
    head: flags & PRESENCE_HEAD_VALID ? pose(AT.headPosition, AT.headRotation) : null,
    ray: flags & PRESENCE_RAY_VALID ? { origin: vector(AT.rayOrigin), direction: vector(AT.rayDirection) } : null,
    selectedEntity: bytes.slice(AT.selectedEntity, AT.selectedEntity + 16),
    selectedElement: bytes.slice(AT.selectedElement, AT.selectedElement + 16),
    left: flags & PRESENCE_LEFT_VALID ? pose(AT.leftPosition, AT.leftRotation) : null,
    right: flags & PRESENCE_RIGHT_VALID ? pose(AT.rightPosition, AT.rightRotation) : null,
    dragKind: PRESENCE_DRAGS[view.getUint8(AT.drag)] ?? "none",
    drag: pose(AT.dragPosition, AT.dragRotation),
  };
}

function setPose(view: DataView, position: number, rotation: number, pose: Pose | null): void {
  setFloats(view, position, pose?.position ?? [0, 0, 0]);
  setFloats(view, rotation, pose?.rotation ?? [0, 0, 0, 1]);
}

function setFloats(view: DataView, offset: number, values: readonly number[]): void {
  values.forEach((value, index) => {
    view.setFloat32(offset + 4 * index, value, true);
  });
}
