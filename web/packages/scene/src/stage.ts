import { Group, NeutralToneMapping, PCFShadowMap, PerspectiveCamera, Scene, WebGLRenderer } from "three";
import { createPresenting } from "./presenting";

const PIXEL_RATIO_MAX = 2;
const FRAME_SECONDS_MAX = 0.1;

/**
 * Called before each frame with the seconds since the last, in a headset with its frame too; true asks for another
 * frame (a headset draws them all anyway).
 */
export type FrameTask = (seconds: number, frame: XRFrame | null) => boolean;

/** What the last frame cost: both eyes and shadows counted. */
export interface FrameFigures {
  readonly drawCalls: number;
  readonly triangles: number;
  /** Of tasks and drawing, on the script's side. */
  readonly scriptMs: number;
}

export interface Stage {
  readonly scene: Scene;
  readonly camera: PerspectiveCamera;
  readonly canvas: HTMLCanvasElement;
  readonly renderer: WebGLRenderer;
  /**
   * The camera's parent; the identity on the desktop. In a headset its place, yaw and uniform scale put the person into
   * the world; whoever stands there sees it at 1 / scale of its size.
   */
  readonly player: Group;
  /** A headset shows the scene. */
  readonly presenting: boolean;
  /** How many frames were drawn. */
  readonly frames: number;
  readonly lastFrame: FrameFigures;
  /**
   * Gives the scene to a headset until the session ends, by whomever; then the desktop's view is as before. `foveation`
   * is at most FOVEATION_MAX. Rejects when the session can't be drawn to; it is ended then.
   */
  present(session: XRSession, foveation: number): Promise<void>;
  /** Told when a headset begins or ceases to show the scene; returns what ends that. */
  onPresenting(listener: (presenting: boolean) => void): () => void;
  /** Draws a frame soon. Nothing is drawn that nobody asked for. */
  invalidate(): void;
  /** As `invalidate`, and the shadows are drawn anew too. */
  invalidateShadows(): void;
  addTask(task: FrameTask): void;
  dispose(): void;
}

/** The canvas, its renderer, and a loop that runs only while something changes, or while a headset asks for frames. */
export function createStage(canvas: HTMLCanvasElement, firstFrame?: () => void): Stage {
  const renderer = createRenderer(canvas);
  const scene = new Scene();
  const camera = new PerspectiveCamera(45, 1, 0.05, 1000);
  const player = new Group();
  scene.add(player.add(camera));
  const tasks: FrameTask[] = [];
  const listeners = new Set<(presenting: boolean) => void>();
  let lastFrame: FrameFigures = { drawCalls: 0, triangles: 0, scriptMs: 0 };
  let frames = 0;
  let scheduled = 0;
  let last = 0;

  const drawFrame = (now: number, frame: XRFrame | null): boolean => {
    const started = performance.now();
    const seconds = last === 0 ? 1 / 60 : Math.min((now - last) / 1000, FRAME_SECONDS_MAX);
    let moving = false;
    for (const task of tasks) moving = task(seconds, frame) || moving;
    renderer.info.reset();
    renderer.render(scene, camera);
    const { calls: drawCalls, triangles } = renderer.info.render;
    lastFrame = { drawCalls, triangles, scriptMs: performance.now() - started };
    if (frames++ === 0) firstFrame?.();
    return moving;
  };
  const draw = (now: number): void => {
    scheduled = 0;
    const moving = drawFrame(now, null);
    // After a rest the next step must not make up for the time nothing moved.
    last = moving ? now : 0;
    if (moving) invalidate();
  };
  const invalidate = (): void => {
    if (scheduled === 0 && !presenting.active) scheduled = requestAnimationFrame(draw);
  };
  const fit = (): void => {
    const { clientWidth: width, clientHeight: height } = canvas;
    if (width === 0 || height === 0 || presenting.active) return;
    renderer.setSize(width, height, false);
    camera.aspect = width / height;
    camera.updateProjectionMatrix();
    // In the same task, so that a resized canvas is never seen empty.
    cancelAnimationFrame(scheduled);
    draw(performance.now());
  };
  const presenting = createPresenting(renderer, camera, player, {
    frame(now, frame) {
      drawFrame(now, frame);
      last = now;
    },
    changed(active) {
      cancelAnimationFrame(scheduled);
      scheduled = 0;
      last = 0;
      renderer.shadowMap.needsUpdate = true;
      for (const listener of listeners) listener(active);
      if (!active) fit();
    },
  });
  const observer = new ResizeObserver(fit);
  observer.observe(canvas);

  return {
    scene,
    camera,
    canvas,
    renderer,
    player,
    get presenting() {
      return presenting.active;
    },
    get frames() {
      return frames;
    },
    get lastFrame() {
      return lastFrame;
    },
    present: (session, foveation) => presenting.start(session, foveation),
    onPresenting(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    invalidate,
    invalidateShadows() {
      renderer.shadowMap.needsUpdate = true;
      invalidate();
    },
    addTask: (task) => void tasks.push(task),
    dispose() {
      presenting.dispose();
      observer.disconnect();
      cancelAnimationFrame(scheduled);
      renderer.dispose();
    },
  };
}

function createRenderer(canvas: HTMLCanvasElement): WebGLRenderer {
  const renderer = new WebGLRenderer({ canvas, antialias: true, powerPreference: "high-performance" });
  renderer.setPixelRatio(Math.min(window.devicePixelRatio, PIXEL_RATIO_MAX));
  renderer.toneMapping = NeutralToneMapping;
  renderer.toneMappingExposure = 1.12;
  renderer.shadowMap.enabled = true;
  renderer.shadowMap.type = PCFShadowMap;
  renderer.shadowMap.autoUpdate = false;
  renderer.shadowMap.needsUpdate = true;
  // Reset by ourselves, before the shadows, so that a frame's figures are those of all its passes.
  renderer.info.autoReset = false;
  return renderer;
}
