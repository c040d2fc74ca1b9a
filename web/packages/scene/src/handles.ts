import { HandleStore } from "@pmndrs/handle";
import {
  ConeGeometry,
  CylinderGeometry,
  Group,
  Mesh,
  MeshBasicMaterial,
  SphereGeometry,
  Vector3,
  type BufferGeometry,
  type Object3D,
} from "three";

/** Told while a handle is dragged; `offset` is how far, in the world. */
export interface DragListener {
  start(): void;
  move(offset: Vector3): void;
  end(offset: Vector3): void;
  cancel(): void;
}

export interface DragHandle {
  readonly group: Group;
  readonly dragging: boolean;
  cancel(): void;
  dispose(): void;
}

export interface HandleLook {
  readonly shape: "arrow" | "knob";
  readonly colour: number;
  /** Its own while it is there. It outlives the handle: with the last material of a kind its shader would go, too. */
  readonly material: MeshBasicMaterial;
}

export function createHandleMaterial(): MeshBasicMaterial {
  return new MeshBasicMaterial({ depthTest: false, depthWrite: false, transparent: true, toneMapped: false });
}

/** Of a handle one unit long. */
export const HANDLE_TIP = 0.86;
const HOVER_COLOUR = 0xffc53d;
const SNAP_METRES = 0.1;
const UNSEEN = new MeshBasicMaterial();
const UP = new Vector3(0, 1, 0);

/**
 * A handle that drags `proxy` along one line, drawn over everything. It takes any pointer that @pmndrs/pointer-events
 * knows, so that a headset's ray will drag it as the mouse does. With Shift it moves in steps of 10 cm.
 */
export function createDragHandle(
  proxy: Object3D,
  direction: Vector3,
  { shape, colour, material }: HandleLook,
  listener: DragListener,
): DragHandle {
  material.color.set(colour);
  const { group, grip } = buildShape(shape, material);
  group.quaternion.setFromUnitVectors(UP, direction);

  let dragging = false;
  const offset = new Vector3();
  const store = new HandleStore<void>(proxy, () => ({
    translate: [direction],
    rotate: false,
    scale: false,
    multitouch: false,
    filter: (event) => event.nativeEvent.button === undefined || event.nativeEvent.button === 0,
    apply: ({ current, initial, first, last, event }) => {
      if (first && !last) {
        dragging = true;
        offset.set(0, 0, 0);
        listener.start();
        return;
      }
      if (!dragging) return;
      if (last) {
        dragging = false;
        if (event === undefined || event.type === "pointercancel") listener.cancel();
        else listener.end(offset.clone());
        return;
      }
      offset.subVectors(current.position, initial.position);
      if (isShiftHeld(event?.nativeEvent)) offset.setLength(Math.round(offset.length() / SNAP_METRES) * SNAP_METRES);
      listener.move(offset.clone());
    },
  }));
  const unbind = store.bind(grip);
  const onMove = (event: { timeStamp: number }): void => store.update(event.timeStamp);
  const onOver = (): void => void material.color.set(HOVER_COLOUR);
  const onOut = (): void => void material.color.set(colour);
  // After the store's own listener, so that the last move before a release counts.
  grip.addEventListener("pointermove", onMove);
  grip.addEventListener("pointerenter", onOver);
  grip.addEventListener("pointerleave", onOut);

  return {
    group,
    get dragging() {
      return dragging;
    },
    cancel: () => store.cancel(),
    dispose() {
      unbind();
      grip.removeEventListener("pointermove", onMove);
      grip.removeEventListener("pointerenter", onOver);
      grip.removeEventListener("pointerleave", onOut);
      group.traverse((part) => {
        if (part instanceof Mesh) (part.geometry as BufferGeometry).dispose();
      });
    },
  };
}

function isShiftHeld(event: unknown): boolean {
  return typeof event === "object" && event !== null && "shiftKey" in event && event.shiftKey === true;
}

/** Drawn along +y, one unit is the length of the handle on the screen. */
function buildShape(shape: HandleLook["shape"], material: MeshBasicMaterial): { group: Group; grip: Mesh } {
  const group = new Group();
  const start = shape === "arrow" ? 0.16 : 0.02;
  const stem = new Mesh(new CylinderGeometry(0.012, 0.012, 0.78 - start, 10), material);
  stem.position.y = (0.78 + start) / 2;
  const tip = new Mesh(shape === "arrow" ? new ConeGeometry(0.055, 0.2, 20) : new SphereGeometry(0.085, 24, 16), material);
  tip.position.y = HANDLE_TIP;
  for (const part of [stem, tip]) {
    part.renderOrder = 30;
    part.pointerEvents = "none";
  }
  // Wider than it looks, so that it is easy to take hold of.
  const grip = new Mesh(new CylinderGeometry(0.13, 0.1, 1, 8), UNSEEN);
  grip.position.y = 0.58;
  grip.visible = false;
  grip.pointerEventsOrder = 1;
  group.add(stem, tip, grip);
  return { group, grip };
}
