import { forwardHtmlEvents, type PointerEvent as ScenePointerEvent } from "@pmndrs/pointer-events";
import type { Selection } from "@theta/client";
import type { Object3D, PerspectiveCamera, Scene, Vector3 } from "three";
import type { EntityLayer, EntityView } from "./entities";
import { meaningOf, pickEdge } from "./picking";
import { facesOfRing, withLoops } from "./growing";
import { kindOf, type SelectMode } from "./selection";
import type { StateEntityLayer } from "./state-entities";
import type { StatePick } from "./state/picking";

/** Moved further than this between press and release, it was a drag. */
const CLICK_PIXELS_MAX = 5;

export interface PointerListener {
  hover(selection: Selection | null): void;
  /** `adds`: to what is selected already, as Shift says. */
  click(selection: Selection | null, adds: boolean): void;
  /** Which way the pointer's ray leaves the eye now, in the world; null when it has left. */
  ray(direction: Vector3 | null): void;
  /** What of the state plane is under the pointer, if nothing is before it. */
  hoverState(pick: StatePick | null): void;
  /** A press on it; with true it is in the hand until `dropState`. */
  takeState(pick: StatePick): boolean;
  /** How far the hand went since the press, in the plane of the view. */
  moveState(offset: Vector3): void;
  dropState(): void;
}

export interface ScenePointer {
  /** What is under the pointer moved by itself. */
  refresh(): void;
  dispose(): void;
}

export interface PointerPorts {
  readonly canvas: HTMLCanvasElement;
  readonly scene: Scene;
  readonly camera: PerspectiveCamera;
  readonly entities: EntityLayer;
  readonly states: Pick<StateEntityLayer, "pickable" | "entityAt">;
  readonly mode: () => SelectMode;
}

/**
 * Turns pointers on the canvas into hovers and clicks on objects and elements, with Alt on whole loops, and into holds
 * on what is alive.
 */
export function createScenePointer({ canvas, scene, camera, entities, states, mode }: PointerPorts, listener: PointerListener): ScenePointer {
  let pressed: { x: number; y: number } | null = null;
  let holding: { readonly pointer: number; readonly from: Vector3 } | null = null;
  let isRefreshing = false;

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
  const stateOf = ({ object, instanceId, distance, point }: ScenePointerEvent): StatePick | null => {
    const state = object === states.pickable && instanceId !== undefined ? states.entityAt(instanceId) : null;
    return state === null ? null : { state, distance, point };
  };
  const onMove = (event: ScenePointerEvent): void => {
    const { details } = event;
    if (details.type === "screen-ray" && !isRefreshing) listener.ray(details.direction);
    if (holding) {
      if (holding.pointer === event.pointerId) listener.moveState(event.point.clone().sub(holding.from));
      return;
    }
    listener.hover(targetOf(event));
    listener.hoverState(stateOf(event));
  };
  const onDown = (event: ScenePointerEvent): void => {
    const { clientX, clientY, button } = event.nativeEvent as MouseEvent;
    pressed = button === 0 ? { x: clientX, y: clientY } : null;
    const pick = pressed && !holding ? stateOf(event) : null;
    if (!pick || !listener.takeState(pick)) return;
    holding = { pointer: event.pointerId, from: event.point.clone() };
    // From here on the events' point is where the ray meets the plane of the view through it, off the canvas as well.
    states.pickable.setPointerCapture(event.pointerId);
  };
  const drop = ({ pointerId }: ScenePointerEvent): boolean => {
    if (holding?.pointer !== pointerId) return false;
    holding = null;
    pressed = null;
    listener.dropState();
    return true;
  };
  const onUp = (event: ScenePointerEvent): void => {
    if (drop(event)) return;
    const { clientX, clientY } = event.nativeEvent as MouseEvent;
    const still = pressed && Math.hypot(clientX - pressed.x, clientY - pressed.y) <= CLICK_PIXELS_MAX;
    pressed = null;
    if (still) listener.click(targetOf(event), (event.nativeEvent as MouseEvent).shiftKey);
  };
  const onLeave = (): void => {
    listener.hover(null);
    listener.hoverState(null);
    listener.ray(null);
  };
  const refresh = (): void => {
    isRefreshing = true;
    forward.update();
    isRefreshing = false;
  };

  scene.addEventListener("pointermove", onMove);
  scene.addEventListener("pointerdown", onDown);
  scene.addEventListener("pointerup", onUp);
  scene.addEventListener("pointercancel", drop);
  canvas.addEventListener("pointerleave", onLeave);
  // Before the press is looked at: what is pressed is what is there now, not what was there when the pointer last moved.
  canvas.addEventListener("pointerdown", refresh);
  // Not batched: frames are drawn only when something changes, events must not wait for one.
  const forward = forwardHtmlEvents(canvas, () => camera, scene, { batchEvents: false, intersectEveryFrame: true });

  return {
    refresh,
    dispose() {
      forward.destroy();
      canvas.removeEventListener("pointerdown", refresh);
      scene.removeEventListener("pointercancel", drop);
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
