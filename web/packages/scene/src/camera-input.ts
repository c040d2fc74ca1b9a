import type { CameraRig } from "./camera-rig";

const ORBIT_RADIANS_PER_PIXEL = 0.006;
const LOOK_RADIANS_PER_PIXEL = 0.0035;
const ZOOM_PER_PIXEL = 0.0012;
const WHEEL_PIXELS_MAX = 240;

export interface CameraInput {
  /** A drag moves the camera now. */
  readonly dragging: boolean;
  /** A finger or a button that is down moves the camera, or will. */
  readonly pressed: boolean;
  dispose(): void;
}

/**
 * Mouse, pen and fingers on the canvas. Left drag orbits (with Shift it pans), right drag looks around, middle drag
 * pans, the wheel zooms; two fingers pan and pinch.
 */
export function createCameraInput(
  canvas: HTMLCanvasElement,
  rig: CameraRig,
  { moved, taken }: { moved: () => void; taken: () => boolean },
): CameraInput {
  const presses = new Map<number, { x: number; y: number; button: number }>();
  let dragging = false;

  const two = (event: PointerEvent): void => {
    const [a, b] = [...presses.values()];
    const press = presses.get(event.pointerId);
    if (!a || !b || !press) return;
    const before = Math.hypot(a.x - b.x, a.y - b.y);
    rig.pan((press.x - event.clientX) / 2, (event.clientY - press.y) / 2, canvas.clientHeight);
    press.x = event.clientX;
    press.y = event.clientY;
    const after = Math.hypot(a.x - b.x, a.y - b.y);
    if (before > 0 && after > 0) rig.zoom(before / after);
  };
  const one = (event: PointerEvent, press: { x: number; y: number; button: number }): void => {
    const right = event.clientX - press.x;
    const down = event.clientY - press.y;
    press.x = event.clientX;
    press.y = event.clientY;
    if (press.button === 2) rig.look(-right * LOOK_RADIANS_PER_PIXEL, down * LOOK_RADIANS_PER_PIXEL);
    else if (press.button === 1 || event.shiftKey) rig.pan(-right, down, canvas.clientHeight);
    else rig.orbit(-right * ORBIT_RADIANS_PER_PIXEL, down * ORBIT_RADIANS_PER_PIXEL);
  };

  const onDown = (event: PointerEvent): void => {
    // A handle in the scene has this press already: its listeners come first.
    if (taken()) return;
    presses.set(event.pointerId, { x: event.clientX, y: event.clientY, button: event.button });
    canvas.setPointerCapture(event.pointerId);
  };
  const onMove = (event: PointerEvent): void => {
    const press = presses.get(event.pointerId);
    if (!press) return;
    dragging = true;
    if (presses.size > 1) two(event);
    else one(event, press);
    moved();
  };
  const onUp = (event: PointerEvent): void => {
    presses.delete(event.pointerId);
    if (presses.size === 0) dragging = false;
  };
  const onWheel = (event: WheelEvent): void => {
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === 1 ? 30 : 1);
    rig.zoom(Math.exp(Math.min(Math.max(pixels, -WHEEL_PIXELS_MAX), WHEEL_PIXELS_MAX) * ZOOM_PER_PIXEL));
    moved();
  };

  const listening = new AbortController();
  const { signal } = listening;
  canvas.addEventListener("pointerdown", onDown, { signal });
  canvas.addEventListener("pointermove", onMove, { signal });
  canvas.addEventListener("pointerup", onUp, { signal });
  canvas.addEventListener("pointercancel", onUp, { signal });
  canvas.addEventListener("wheel", onWheel, { signal, passive: false });
  canvas.addEventListener("contextmenu", (event) => event.preventDefault(), { signal });

  return {
    get dragging() {
      return dragging;
    },
    get pressed() {
      return presses.size > 0;
    },
    dispose: () => listening.abort(),
  };
}
