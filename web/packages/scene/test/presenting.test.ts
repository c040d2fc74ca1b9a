import { EventDispatcher, Group, PerspectiveCamera, type WebGLRenderer } from "three";
import { expect, test } from "vitest";
import { createPresenting } from "../src/presenting";

type Loop = (now: number, frame?: XRFrame) => void;

/** Of three's renderer, what presenting touches; and a session that says when it ends. */
function headset() {
  const events = new EventDispatcher<Record<string, object>>();
  const state = { loop: null as Loop | null, foveation: -1, space: "", updates: 0, ended: 0, fails: false };
  const session = {
    end: () => {
      state.ended++;
      events.dispatchEvent({ type: "sessionend" });
      return Promise.resolve();
    },
  } as unknown as XRSession;
  const xr = {
    enabled: false,
    isPresenting: false,
    addEventListener: events.addEventListener.bind(events),
    removeEventListener: events.removeEventListener.bind(events),
    setReferenceSpaceType: (type: string) => void (state.space = type),
    setFoveation: (value: number) => void (state.foveation = value),
    setSession: () => (state.fails ? Promise.reject(new Error("no local-floor")) : Promise.resolve()),
    updateCamera: () => void state.updates++,
  };
  const renderer = { xr, setAnimationLoop: (loop: Loop | null) => void (state.loop = loop) } as unknown as WebGLRenderer;
  const camera = new PerspectiveCamera(45, 1, 0.07, 500);
  const player = new Group();
  player.add(camera);
  const frames: number[] = [];
  const changes: boolean[] = [];
  const presenting = createPresenting(renderer, camera, player, {
    frame: (now) => void frames.push(now),
    changed: (active) => void changes.push(active),
  });
  return { state, session, xr, camera, player, frames, changes, presenting };
}

const FRAME = {} as XRFrame;

test("a session is shown on the floor's space, little foveated, and its frames drawn", async () => {
  const { state, session, xr, frames, changes, presenting, camera, player } = headset();
  expect(xr.enabled).toBe(false);
  await presenting.start(session, 1);
  expect([xr.enabled, presenting.active, state.space, state.foveation]).toEqual([true, true, "local-floor", 0.5]);
  expect(changes).toEqual([true]);
  player.scale.setScalar(0.05);
  state.loop?.(16, FRAME);
  // A frame of the page's own, from before the session began.
  state.loop?.(17);
  expect([frames, state.updates]).toEqual([[16], 1]);
  // A kilometre of the world, as long as it is to whoever is so small.
  expect([camera.near, camera.far]).toEqual([0.05, 20_000]);
});

test("however it ends, camera and player are as before and the page draws for itself again", async () => {
  const { state, session, xr, changes, presenting, camera, player } = headset();
  await presenting.start(session, 0.2);
  expect(state.foveation).toBe(0.2);
  player.position.set(1, 2, 3);
  player.scale.setScalar(4);
  state.loop?.(1, FRAME);
  await session.end();
  expect([xr.enabled, presenting.active, state.loop]).toEqual([false, false, null]);
  expect(changes).toEqual([true, false]);
  expect([camera.near, camera.far]).toEqual([0.07, 500]);
  expect([player.position.length(), player.scale.x]).toEqual([0, 1]);
  await presenting.start(session, 0);
  expect(presenting.active).toBe(true);
});

test("a session that can't be shown is ended, and another may be tried", async () => {
  const { state, session, xr, changes, presenting } = headset();
  state.fails = true;
  await expect(presenting.start(session, 0)).rejects.toThrow("no local-floor");
  expect([state.ended, xr.enabled, state.loop, presenting.active]).toEqual([1, false, null, false]);
  expect(changes).toEqual([]);
  state.fails = false;
  await presenting.start(session, 0);
  await expect(presenting.start(session, 0)).rejects.toThrow("already");
});
