import type { RoomClient } from "@theta/client";
import type { ThetaScene } from "@theta/scene";
import { Vector3 } from "three";
import { comeNear } from "./arrival";
import { createBody, type Body } from "./body";
import { yawOf } from "./placed";
import { createSessionKeeper } from "./session";
import { createXrSettings, localShelf } from "./settings";
import type { CreateXrUi, XrActions, XrSettings, XrUi } from "./ui/types";

export interface CreateXrOptions {
  readonly scene: ThetaScene;
  readonly client: RoomClient;
  readonly actions: XrActions;
  /** The panels; without it there are none. */
  readonly ui?: CreateXrUi;
  readonly settings?: XrSettings;
  /** Default: the browser's. */
  readonly system?: XRSystem | undefined;
}

export interface Xr {
  readonly supported: Promise<boolean>;
  readonly immersive: boolean;
  readonly settings: XrSettings;
  /** The panels; null before the first time in VR. */
  readonly ui: XrUi | null;
  /** What the hands hold now. */
  readonly holding: "nothing" | "thing" | "world";
  /** How many times larger than life the person is. */
  readonly scale: number;
  /** Enters VR; call it from a click. Rejects with what the browser says when it can't. */
  enter(): Promise<void>;
  /** Leaves VR: the desktop's camera is where it was. */
  leave(): Promise<void>;
  /** Told when VR begins or ends; returns what stops that. */
  onChange(listener: (immersive: boolean) => void): () => void;
  dispose(): void;
}

/** VR for a room: the session, what hands do in it, and how one moves. The room's own session goes on all the while. */
export function createXr(options: CreateXrOptions): Xr {
  const { client, scene } = options;
  const { stage } = scene;
  const settings = options.settings ?? createXrSettings(localShelf());
  const listeners = new Set<(immersive: boolean) => void>();
  const tell = (immersive: boolean): void => {
    for (const listener of listeners) listener(immersive);
  };
  let body: Body | null = null;
  /** Where to stand, as near as can be to the desktop's camera, until the first frame puts the head there. */
  let arriving: { readonly feet: Vector3; readonly yaw: number } | null = null;

  const keeper = createSessionKeeper("system" in options ? options.system : navigator.xr, {
    present: (session, foveation) => {
      const eye = stage.camera.getWorldPosition(new Vector3());
      const feet = comeNear(eye.setY(0), scene.entities.bounds());
      arriving = { feet, yaw: yawOf(stage.camera.quaternion) };
      return stage.present(session, foveation);
    },
    begun(session) {
      // Putting the headset on may have taken a while, and another network.
      client.checkLink();
      body ??= createBody(options, settings, () => void keeper.leave());
      body.begin(session);
      tell(true);
    },
    ended() {
      body?.end();
      tell(false);
    },
    hidden: () => body?.controls.cancel(),
    shown: () => client.checkLink(),
  });
  stage.addTask((seconds, frame) => {
    const space = stage.renderer.xr.getReferenceSpace();
    if (!frame || !space || !keeper.current || !body) return false;
    const pose = frame.getViewerPose(space);
    body.player.track(pose);
    if (pose && arriving) {
      body.player.stand(arriving.feet, arriving.yaw);
      arriving = null;
    }
    body.advance(seconds, frame, space);
    return true;
  });

  return {
    supported: keeper.supported,
    settings,
    get immersive() {
      return keeper.current !== null;
    },
    get ui() {
      return body?.ui ?? null;
    },
    get holding() {
      if (body?.controls.worldGrab.active) return "world";
      return body?.controls.grab.active ? "thing" : "nothing";
    },
    get scale() {
      return stage.player.scale.x;
    },
    enter: () => keeper.enter(),
    leave: () => keeper.leave(),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    dispose() {
      if (keeper.current) body?.end();
      void keeper.leave();
      body?.dispose();
      body = null;
    },
  };
}
