import { forwardHtmlEvents, type PointerEvent as ScenePointerEvent } from "@pmndrs/pointer-events";
import type { Selection } from "@theta/client";
import type { Object3D, Scene, Vector3, PerspectiveCamera } from "three";
import type { EntityLayer, EntityView } from "./entities";
import { meaningOf, pickEdge } from "./picking";
import { facesOfRing, withLoops } from "./growing";
import { kindOf, type SelectMode } from "./selection";

/** Moved further than this between press and release, it was a drag. */
const CLICK_PIXELS_MAX = 5;

export interface PointerListener {
  hover(selection: Selection | null): void;
  /** `adds`: to what is selected already, as Shift says. */
  click(selection: Selection | null, adds: boolean): void;
  /** Which way the pointer's ray leaves the eye now, in the world; null when it has left. */
  ray(direction: Vector3 | null): void;
}

export interface ScenePointer {
  dispose(): void;
}

/** Turns pointers on the canvas into hovers and clicks on objects and elements; with Alt on whole loops. */
export function createScenePointer(
  canvas: HTMLCanvasElement,
  scene: Scene,
  camera: PerspectiveCamera,
  entities: EntityLayer,
  mode: () => SelectMode,
  listener: PointerListener,
): ScenePointer {
  let pressed: { x: number; y: number } | null = null;

  const targetOf = (event: ScenePointerEvent): Selection | null => {
    const id: unknown = (event.object as Object3D | undefined)?.userData.entity;
    const view = typeof id === "string" ? entities.views.get(id) : undefined;
    const triangle = event.faceIndex ?? null;
    if (!view || triangle === null) return null;
    return altHeld(event) ? loopAt(view, triangle, event.point) : meaningOf(view, mode(), triangle, event.point, camera);
  };
  /** The edge loop at the nearest edge, or among faces the ring of quads across it. */
  const loopAt = (view: EntityView, triangle: number, point: Vector3): Selection | null => {
    const kind = kindOf(mode());
    const edge = kind === "edge" || kind === "face" ? pickEdge(view, triangle, point, camera) : null;
    if (edge === null || !view.mesh) return meaningOf(view, mode(), triangle, point, camera);
    const selection = { kind: "edge", entity: view.entity.id, element: edge } as const;
    return kind === "face" ? facesOfRing(view.mesh, selection) : withLoops(view.mesh, selection);
  };
  const onMove = (event: ScenePointerEvent): void => {
    const { details } = event;
    if (details.type === "screen-ray") listener.ray(details.direction);
    listener.hover(targetOf(event));
  };
  const onDown = (event: ScenePointerEvent): void => {
    const { clientX, clientY, button } = event.nativeEvent as MouseEvent;
    pressed = button === 0 ? { x: clientX, y: clientY } : null;
  };
  const onUp = (event: ScenePointerEvent): void => {
    const { clientX, clientY } = event.nativeEvent as MouseEvent;
    const still = pressed && Math.hypot(clientX - pressed.x, clientY - pressed.y) <= CLICK_PIXELS_MAX;
    pressed = null;
    if (still) listener.click(targetOf(event), (event.nativeEvent as MouseEvent).shiftKey);
  };
  const onLeave = (): void => {
    listener.hover(null);
    listener.ray(null);
  };

  scene.addEventListener("pointermove", onMove);
  scene.addEventListener("pointerdown", onDown);
  scene.addEventListener("pointerup", onUp);
  canvas.addEventListener("pointerleave", onLeave);
  // Not batched: frames are drawn only when something changes, events must not wait for one.
  const forward = forwardHtmlEvents(canvas, () => camera, scene, { batchEvents: false });

  return {
    dispose() {
      forward.destroy();
      scene.removeEventListener("pointermove", onMove);
      scene.removeEventListener("pointerdown", onDown);
      scene.removeEventListener("pointerup", onUp);
      canvas.removeEventListener("pointerleave", onLeave);
    },
  };
}

function altHeld({ nativeEvent }: ScenePointerEvent): boolean {
  return (nativeEvent as Partial<MouseEvent>).altKey === true;
}
