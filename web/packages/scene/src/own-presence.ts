import type { Presence, RoomClient } from "@theta/client";
import { Matrix4, type PerspectiveCamera, type Vector3 } from "three";
import type { SelectionStore } from "./selection";

export interface OwnPresence {
  /** Where the pointer's ray is; null when there is none. */
  point(ray: { origin: Vector3; direction: Vector3 } | null): void;
  setPainting(painting: boolean): void;
  send(): void;
  /** Sends when the camera stands elsewhere than last told. */
  sendIfMoved(): void;
}

/** What the others see of this page's own person: eyes, ray, tool and selection. */
export function createOwnPresence(
  client: RoomClient,
  camera: PerspectiveCamera,
  selection: SelectionStore,
  dragging: () => "move" | "extrude" | null,
): OwnPresence {
  const toldFrom = new Matrix4();
  let ray: Presence["ray"] = null;
  let painting = false;
  const send = (): void => {
    toldFrom.copy(camera.matrixWorld);
    const { position, quaternion } = camera;
    client.showPresence({
      tool: painting ? "paint" : (dragging() ?? "select"),
      selection: selection.state.selected,
      head: { position: position.toArray(), rotation: [quaternion.x, quaternion.y, quaternion.z, quaternion.w] },
      ray,
    });
  };
  return {
    send,
    point(next) {
      ray = next && { origin: next.origin.toArray(), direction: next.direction.toArray() };
      send();
    },
    setPainting(next) {
      painting = next;
      send();
    },
    sendIfMoved() {
      if (!toldFrom.equals(camera.matrixWorld)) send();
    },
  };
}
