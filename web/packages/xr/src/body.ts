import type { RoomClient } from "@theta/client";
import type { ThetaScene } from "@theta/scene";
import { Group } from "three";
import { createBeam } from "./beam";
import { loadControllerModel } from "./controller-model";
import { createControllers } from "./controllers";
import { createControls, type Controls } from "./controls";
import { createHands } from "./hands";
import { tick } from "./haptics";
import { createXrInput } from "./input";
import { createLocomotion } from "./locomotion";
import { createOwnPoses, ownPose } from "./own-pose";
import { createPlayer, type Player } from "./player";
import { createTeleport } from "./teleport";
import type { CreateXrUi, XrActions, XrSettings, XrUi } from "./ui/types";
import { createVeil } from "./veil";
import { createWrist } from "./wrist";

export interface BodyPorts {
  readonly scene: ThetaScene;
  readonly client: RoomClient;
  readonly actions: XrActions;
  readonly ui?: CreateXrUi;
}

export interface Body {
  readonly player: Player;
  readonly controls: Controls;
  readonly ui: XrUi | null;
  begin(session: XRSession): void;
  advance(seconds: number, frame: XRFrame, space: XRReferenceSpace): void;
  end(): void;
  dispose(): void;
}

/** Everything that is there only in VR: made the first time, and kept for the next. */
export function createBody(ports: BodyPorts, settings: XrSettings, leave: () => void): Body {
  const { scene, client, actions } = ports;
  const { stage } = scene;
  const gear = new Group();
  gear.pointerEvents = "none";
  const player = createPlayer(stage.player);
  const input = createXrInput();
  const ui = ports.ui?.({ scene, client, actions, settings, leave }) ?? null;
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const teleport = createTeleport(player, gear, (ray, far) => scene.pickAlong(ray, far));
  const veil = createVeil(stage.camera, () => still.matches);
  const beam = createBeam(gear);
  const hands = createHands(gear);
  const controllers = createControllers(gear, loadControllerModel);
  const wrist = ui && createWrist(gear, ui.palette.group);
  const role = watchRole(client);
  const locomotion = createLocomotion(player, teleport, veil, settings, ({ source }) => tick(source, "snap"));
  const controls = createControls({
    ...{ scene, client, actions, settings, input, player, locomotion, teleport, beam },
    panels: () => ui?.panels ?? [],
    toast: (words, kind) => ui?.toast(words, kind),
    editable: () => !role.watching,
  });
  const { left, right } = input;
  const poses = createOwnPoses(scene, () => ownPose(player, left, right, controls.dominant));

  return {
    player,
    controls,
    ui,
    begin(session) {
      input.follow(session);
      controllers.load();
      beam.setColour(client.people.find((person) => person.self)?.colour ?? 0xffffff);
      stage.player.add(gear);
    },
    advance(seconds, frame, space) {
      input.read(frame, space);
      wrist?.follow(controls.off);
      controls.advance(seconds);
      if (player.head.known) poses.begin();
      veil.advance(seconds);
      for (const hand of [left, right]) {
        controllers.show(hand);
        hands.show(hand.side, hand.kind === "hand" ? hand.joints : null);
      }
      for (const panel of ui?.panels ?? []) panel.advance(seconds);
    },
    end() {
      controls.cancel();
      poses.end();
      input.clear();
      stage.player.remove(gear);
      player.reset();
      veil.clear();
      stage.invalidate();
    },
    dispose() {
      role.stop();
      for (const part of [wrist, ui, controllers, hands, beam, veil, teleport]) part?.dispose();
    },
  };
}

/** The role as last heard: kept while the connection is away. */
function watchRole(client: RoomClient): { readonly watching: boolean; stop(): void } {
  let watching = false;
  const update = (): void => {
    const { connection } = client;
    if (connection.phase === "online") watching = connection.role === "viewer";
  };
  update();
  const stop = client.on("connection", update);
  return {
    get watching() {
      return watching;
    },
    stop,
  };
}
