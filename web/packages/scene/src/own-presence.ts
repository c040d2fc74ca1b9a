import type { Pose, Presence, RoomClient, Tool } from "@theta/client";
import { Matrix4, Quaternion, type PerspectiveCamera, type Vector3 } from "three";
import type { DragSession } from "./drag";
import type { SelectionStore } from "./selection";

/** Where one's body is, in the world, when that is not the desktop's camera. */
export interface OwnPose {
  readonly head: Pose;
  readonly left: Pose | null;
  readonly right: Pose | null;
  readonly ray: { readonly origin: Vector3; readonly direction: Vector3 } | null;
}

export interface OwnPresence {
  /** Which way the pointer's ray leaves the eye, in the world; null when there is none. */
  point(direction: Vector3 | null): void;
  setPainting(painting: boolean): void;
  /** Asks `source` from now on; null: the desktop's camera. */
  showOwn(source: (() => OwnPose) | null): void;
  send(): void;
  /** Sends when the body is elsewhere than last told; asked no oftener than anybody is told. */
  advance(seconds: number): void;
}

/** As often as the client sends. */
const INTERVAL_SECONDS = 1 / 30;

type Body = Pick<Presence, "head" | "left" | "right" | "ray">;

/** What the others see of this page's own person: body, ray, tool, selection, and what is dragged. */
export function createOwnPresence(
  client: Pick<RoomClient, "showPresence">,
  camera: PerspectiveCamera,
  selection: SelectionStore,
  drag: Pick<DragSession, "active" | "current" | "subject">,
): OwnPresence {
  const toldFrom = new Matrix4();
  const inverse = new Quaternion();
  /** In the camera's space: when the camera moves, what is under a resting pointer changes with it. */
  let pointing: Vector3 | null = null;
  let painting = false;
  let source: (() => OwnPose) | null = null;
  let waited = 0;

  const atCamera = (): Body => {
    const { position, quaternion } = camera;
    const direction = pointing?.clone().applyQuaternion(quaternion).toArray();
    return {
      head: { position: position.toArray(), rotation: [quaternion.x, quaternion.y, quaternion.z, quaternion.w] },
      left: null,
      right: null,
      ray: direction ? { origin: position.toArray(), direction } : null,
    };
  };
  const send = (): void => {
    waited = 0;
    toldFrom.copy(camera.matrixWorld);
    const tool: Tool = painting ? "paint" : (drag.active ?? "select");
    const { current, subject } = drag;
    // What is dragged is what is selected, until others have heard that it is over.
    const selected = current ? subject : selection.state.selected;
    client.showPresence({ tool, selection: selected, drag: current, ...(source ? bodyOf(source()) : atCamera()) });
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
    showOwn(next) {
      source = next;
      send();
    },
    advance(seconds) {
      waited += seconds;
      if (source ? waited >= INTERVAL_SECONDS : !toldFrom.equals(camera.matrixWorld)) send();
    },
  };
}

function bodyOf({ head, left, right, ray }: OwnPose): Body {
  return { head, left, right, ray: ray && { origin: ray.origin.toArray(), direction: ray.direction.toArray() } };
}
