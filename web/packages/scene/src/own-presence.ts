import type { Presence, RoomClient } from "@theta/client";
import { Matrix4, Quaternion, type PerspectiveCamera, type Vector3 } from "three";
import type { SelectionStore } from "./selection";

export interface OwnPresence {
  /** Which way the pointer's ray leaves the eye, in the world; null when there is none. */
  point(direction: Vector3 | null): void;
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
  const inverse = new Quaternion();
  /** In the camera's space: when the camera moves, what is under a resting pointer changes with it. */
  let pointing: Vector3 | null = null;
  let painting = false;
  const send = (): void => {
    toldFrom.copy(camera.matrixWorld);
    const { position, quaternion } = camera;
    const ray: Presence["ray"] = pointing && {
      origin: position.toArray(),
      direction: pointing.clone().applyQuaternion(quaternion).toArray(),
    };
    client.showPresence({
      tool: painting ? "paint" : (dragging() ?? "select"),
      selection: selection.state.selected,
      head: { position: position.toArray(), rotation: [quaternion.x, quaternion.y, quaternion.z, quaternion.w] },
      ray,
    });
  };
  return {
    send,
    point(direction) {
      pointing = direction && direction.clone().applyQuaternion(inverse.copy(camera.quaternion).invert());
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
