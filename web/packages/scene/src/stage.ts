import { NeutralToneMapping, PCFShadowMap, PerspectiveCamera, Scene, WebGLRenderer } from "three";

const PIXEL_RATIO_MAX = 2;
const FRAME_SECONDS_MAX = 0.1;

/** Called before each frame with the seconds since the last; true asks for another frame. */
export type FrameTask = (seconds: number) => boolean;

export interface Stage {
  readonly scene: Scene;
  readonly camera: PerspectiveCamera;
  readonly canvas: HTMLCanvasElement;
  /** How many frames were drawn. */
  readonly frames: number;
  /** Draws a frame soon. Nothing is drawn that nobody asked for. */
  invalidate(): void;
  /** As `invalidate`, and the shadows are drawn anew too. */
  invalidateShadows(): void;
  addTask(task: FrameTask): void;
  dispose(): void;
}

/** The canvas, its renderer, and a loop that runs only while something changes. */
export function createStage(canvas: HTMLCanvasElement, firstFrame?: () => void): Stage {
  const renderer = new WebGLRenderer({ canvas, antialias: true, powerPreference: "high-performance" });
  renderer.setPixelRatio(Math.min(window.devicePixelRatio, PIXEL_RATIO_MAX));
  renderer.toneMapping = NeutralToneMapping;
  renderer.toneMappingExposure = 1.12;
  renderer.shadowMap.enabled = true;
  renderer.shadowMap.type = PCFShadowMap;
  renderer.shadowMap.autoUpdate = false;
  renderer.shadowMap.needsUpdate = true;

  const scene = new Scene();
  const camera = new PerspectiveCamera(45, 1, 0.05, 1000);
  const tasks: FrameTask[] = [];
  let frames = 0;
  let scheduled = 0;
  let last = 0;

  const draw = (now: number): void => {
    scheduled = 0;
    const seconds = last === 0 ? 1 / 60 : Math.min((now - last) / 1000, FRAME_SECONDS_MAX);
    let moving = false;
    for (const task of tasks) moving = task(seconds) || moving;
    renderer.render(scene, camera);
    if (frames++ === 0) firstFrame?.();
    // After a rest the next step must not make up for the time nothing moved.
    last = moving ? now : 0;
    if (moving) invalidate();
  };
  const invalidate = (): void => {
    if (scheduled === 0) scheduled = requestAnimationFrame(draw);
  };

  const fit = (): void => {
    const { clientWidth: width, clientHeight: height } = canvas;
    if (width === 0 || height === 0) return;
    renderer.setSize(width, height, false);
    camera.aspect = width / height;
    camera.updateProjectionMatrix();
    // In the same task, so that a resized canvas is never seen empty.
    cancelAnimationFrame(scheduled);
    draw(performance.now());
  };
  const observer = new ResizeObserver(fit);
  observer.observe(canvas);

  return {
    scene,
    camera,
    canvas,
    get frames() {
      return frames;
    },
    invalidate,
    invalidateShadows() {
      renderer.shadowMap.needsUpdate = true;
      invalidate();
    },
    addTask: (task) => void tasks.push(task),
    dispose() {
      observer.disconnect();
      cancelAnimationFrame(scheduled);
      renderer.dispose();
    },
  };
}
