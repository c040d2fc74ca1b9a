/** Presence rows: 100 bytes each, little-endian (theta.replication.presence). */

import { viewOf } from "./bytes";
import {
  PRESENCE_BYTES,
  PRESENCE_HEAD_VALID,
  PRESENCE_OFFSETS,
  PRESENCE_RAY_VALID,
  PRESENCE_SELECTIONS,
  PRESENCE_TOOLS,
  type Quaternion,
  type Vector3,
} from "./generated";
import { WireError } from "./schema";

const AT = PRESENCE_OFFSETS;

export interface PresenceRow {
  readonly actor: bigint;
  /** Rises with every row of an actor, modulo 2^32. */
  readonly sequence: number;
  readonly tool: (typeof PRESENCE_TOOLS)[number];
  readonly selectionKind: (typeof PRESENCE_SELECTIONS)[number];
  readonly head: { readonly position: Vector3; readonly rotation: Quaternion } | null;
  readonly ray: { readonly origin: Vector3; readonly direction: Vector3 } | null;
  /** 16 bytes; zeros when nothing is selected. */
  readonly selectedEntity: Uint8Array;
  /** 16 bytes; zeros unless a face or a vertex is selected. */
  readonly selectedElement: Uint8Array;
}

export function encodePresenceRow(row: PresenceRow): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(PRESENCE_BYTES);
  const view = viewOf(bytes);
  const flags = (row.head === null ? 0 : PRESENCE_HEAD_VALID) | (row.ray === null ? 0 : PRESENCE_RAY_VALID);
  view.setBigUint64(AT.actor, row.actor, true);
  view.setUint32(AT.sequence, row.sequence, true);
  view.setUint8(AT.flags, flags);
  view.setUint8(AT.tool, PRESENCE_TOOLS.indexOf(row.tool));
  view.setUint8(AT.selection, PRESENCE_SELECTIONS.indexOf(row.selectionKind));
  setFloats(view, AT.headPosition, row.head?.position ?? [0, 0, 0]);
  setFloats(view, AT.headRotation, row.head?.rotation ?? [0, 0, 0, 1]);
  setFloats(view, AT.rayOrigin, row.ray?.origin ?? [0, 0, 0]);
  setFloats(view, AT.rayDirection, row.ray?.direction ?? [0, 0, -1]);
  bytes.set(row.selectedEntity, AT.selectedEntity);
  bytes.set(row.selectedElement, AT.selectedElement);
  return bytes;
}

/** The rows of a batch. Throws `WireError` when they aren't whole; an unknown tool or selection reads as none. */
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
  const rotation: Quaternion = [...vector(AT.headRotation), at(AT.headRotation, 3)];
  return {
    actor: view.getBigUint64(AT.actor, true),
    sequence: view.getUint32(AT.sequence, true),
    tool: PRESENCE_TOOLS[view.getUint8(AT.tool)] ?? "none",
    selectionKind: PRESENCE_SELECTIONS[view.getUint8(AT.selection)] ?? "none",
    head: flags & PRESENCE_HEAD_VALID ? { position: vector(AT.headPosition), rotation } : null,
    ray: flags & PRESENCE_RAY_VALID ? { origin: vector(AT.rayOrigin), direction: vector(AT.rayDirection) } : null,
    selectedEntity: bytes.slice(AT.selectedEntity, AT.selectedEntity + 16),
    selectedElement: bytes.slice(AT.selectedElement, AT.selectedElement + 16),
  };
}

function setFloats(view: DataView, offset: number, values: readonly number[]): void {
  values.forEach((value, index) => {
    view.setFloat32(offset + 4 * index, value, true);
  });
}
