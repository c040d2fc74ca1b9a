import type { Group, PerspectiveCamera, WebGLRenderer } from "three";

/** Above this, what is looked at from the corner of the eye is visibly coarse. */
export const FOVEATION_MAX = 0.5;
/** In the person's own metres, whatever the world's scale: the eye spaces have that unit. */
const NEAR_METRES = 0.05;
/** In the world's metres. */
const FAR_METRES = 1000;

export interface PresentingListener {
  frame(now: number, frame: XRFrame): void;
  changed(active: boolean): void;
}

export interface Presenting {
  readonly active: boolean;
  start(session: XRSession, foveation: number): Promise<void>;
  dispose(): void;
}

/** Draws to a headset's session while there is one, and leaves renderer and camera as they were. */
export function createPresenting(
  renderer: WebGLRenderer,
  camera: PerspectiveCamera,
  player: Group,
  listener: PresentingListener,
): Presenting {
  const { xr } = renderer;
  let session: XRSession | null = null;
  let active = false;
  const desktop = { near: camera.near, far: camera.far };

  const frame = (now: number, xrFrame?: XRFrame): void => {
    if (!active || !xrFrame) return;
    camera.near = NEAR_METRES;
    camera.far = FAR_METRES / Math.min(player.scale.x, 1);
    // Before the tasks, so that they know where the head is now; drawing does it again after they moved the player.
    player.updateMatrixWorld();
    xr.updateCamera(camera);
    listener.frame(now, xrFrame);
  };
  /** After three's own: it has put back size and pixel ratio. */
  const finish = (): void => {
    if (!session) return;
    session = null;
    xr.enabled = false;
    void renderer.setAnimationLoop(null);
    player.position.set(0, 0, 0);
    player.quaternion.identity();
    player.scale.set(1, 1, 1);
    player.updateMatrixWorld();
    camera.scale.set(1, 1, 1);
    Object.assign(camera, desktop);
    if (!active) return;
    active = false;
    listener.changed(false);
  };
  xr.addEventListener("sessionend", finish);

  return {
    get active() {
      return active;
    },
    async start(next, foveation) {
      if (session) throw new Error("a headset shows the scene already");
      session = next;
      xr.enabled = true;
      xr.setReferenceSpaceType("local-floor");
      xr.setFoveation(Math.min(Math.max(foveation, 0), FOVEATION_MAX));
      // Before the session starts: three runs the page's own frames until then, and none of them after.
      void renderer.setAnimationLoop(frame);
      try {
        await xr.setSession(next);
      } catch (error) {
        // Ending it has three forget it; it may have ended by itself meanwhile.
        await next.end().catch(() => undefined);
        finish();
        throw error;
      }
      if (session !== next) {
        // It ended while three was still asking for its reference space.
        xr.isPresenting = false;
        throw new Error("the session ended before its first frame");
      }
      active = true;
      listener.changed(true);
    },
    dispose() {
      void session?.end().catch(() => undefined);
      xr.removeEventListener("sessionend", finish);
    },
  };
}
