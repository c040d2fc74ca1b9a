import type { RoomClient } from "@theta/client";
import type { ThetaScene } from "@theta/scene";
import type { Beam } from "./beam";
import { createGrab, type Grab, type Hit } from "./grab";
import { tick } from "./haptics";
import { stepHistory } from "./history";
import { createHolding } from "./holding";
import { createFlick, type Button, type Hand, type XrInput } from "./input";
import type { Locomotion } from "./locomotion";
import { createPinch } from "./pinch";
import { createPlaced, type Placed } from "./placed";
import type { Player } from "./player";
import { createPointing, type Pointing } from "./pointing";
import type { Teleport } from "./teleport";
import type { XrActions, XrPanel, XrSettings, XrUi } from "./ui/types";
import { createWorldGrab, type WorldGrab } from "./world-grab";

/** A pinch that moved less than this only selects. */
const PINCH_METRES = 0.02;
const WATCHING = "You are watching; ask for an editor's link.";

export interface ControlPorts {
  readonly scene: ThetaScene;
  readonly client: RoomClient;
  readonly actions: XrActions;
  readonly settings: XrSettings;
  readonly input: XrInput;
  readonly player: Player;
  readonly locomotion: Locomotion;
  readonly teleport: Teleport;
  readonly beam: Beam;
  readonly panels: () => readonly XrPanel[];
  readonly toast: XrUi["toast"];
  /** Whether this person may change things now. */
  readonly editable: () => boolean;
}

export interface Controls {
  readonly grab: Grab;
  readonly worldGrab: WorldGrab;
  readonly dominant: Hand;
  readonly off: Hand;
  /** After the hands were read: does what they say. */
  advance(seconds: number): void;
  /** Lets go of everything. */
  cancel(): void;
}

/** What hands do: point, select, press, grab, take hold of the world, move, undo. */
export function createControls(ports: ControlPorts): Controls {
  const { scene, client, actions, settings, input, player, locomotion, teleport, beam, toast } = ports;
  const { selection } = scene;
  const grab = createGrab({ drag: scene.drag, selection, hold: scene.state.hold });
  const holding = createHolding(grab);
  const worldGrab = createWorldGrab(player);
  const pointing = createPointing({ scene, player, beam, panels: ports.panels });
  const flick = createFlick();
  const pinch = createPinch();
  const aim = createPlaced();
  let dominant = input.right;
  let off = input.left;

  const refuse = (hand: Hand, words: string): void => {
    tick(hand.source, "refusal");
    toast(words, "warning");
  };
  const take = (hit: Hit, from: Placed, button: "squeeze" | "trigger"): void => {
    if (ports.editable()) holding.take(dominant, hit, from, button);
    else refuse(dominant, WATCHING);
  };
  const pull = ({ panel, hit }: Pointing): void => {
    pinch.begin(dominant, aim, hit, panel !== null);
    if (!panel) {
      // What is alive is taken, never selected.
      if (hit && "state" in hit) return;
      selection.select(hit?.selection ?? null);
      if (hit) tick(dominant.source, "select");
    } else if (panel.target) {
      tick(dominant.source, panel.target.enabled ? "select" : "refusal");
      panel.target.activate();
    }
  };
  const point = (): void => {
    pointing.look(dominant, aim);
    const { trigger, squeeze } = dominant;
    if (trigger.down) pull(pointing);
    else if (squeeze.down && pointing.hit) take(pointing.hit, aim, "squeeze");
    else if (pinch.hit && trigger.pressed && pinch.moved(dominant) > PINCH_METRES) {
      const { hit } = pinch;
      pinch.forget();
      take(hit, pinch.from, "trigger");
    }
  };
  const holdWorld = (): boolean => {
    const isFree = (hand: Hand): boolean => holdButton(hand).pressed && !(hand === dominant && pinch.busy);
    const both = isFree(dominant) && isFree(off);
    const began = holdButton(dominant).down || holdButton(off).down;
    if (both && began && (!grab.active || grab.fresh)) {
      grab.cancel();
      worldGrab.start(input.left, input.right);
    }
    if (!worldGrab.active) return false;
    if (both) worldGrab.follow(input.left, input.right);
    else worldGrab.end();
    return true;
  };
  const step = (way: "undo" | "redo"): void => {
    const done = (): void => tick(off.source, "snap");
    void stepHistory(way, { client, actions, done, refuse: (words) => refuse(off, words) });
  };
  const letGo = (): void => {
    grab.cancel();
    worldGrab.end();
    pinch.forget();
    locomotion.cancel();
  };
  const swap = (): void => {
    const { leftHanded } = settings.state;
    const next = leftHanded ? input.left : input.right;
    if (next !== dominant) letGo();
    dominant = next;
    off = leftHanded ? input.right : input.left;
  };

  return {
    grab,
    worldGrab,
    get dominant() {
      return dominant;
    },
    get off() {
      return off;
    },
    advance(seconds) {
      swap();
      if (!dominant.trigger.pressed) pinch.forget();
      const isHoldingWorld = holdWorld();
      // The grip that gives up an aimed jump takes hold of nothing.
      const isBusy = teleport.aiming || isHoldingWorld;
      if (!isHoldingWorld) locomotion.advance(seconds, dominant);
      player.toWorld(dominant.aim, aim);
      if (holding.active) {
        holding.follow(seconds, dominant, aim);
        beam.show(dominant.aim, grab.distance / player.scale);
      } else if (isBusy || teleport.aiming || !aim.known) pointing.rest();
      else point();
      const flicked = flick(off.stick.x);
      if (flicked !== 0 && !grab.active && !isHoldingWorld) step(flicked < 0 ? "undo" : "redo");
    },
    cancel() {
      letGo();
      pointing.rest();
    },
  };
}

/** What a hand takes hold of the world with: its grip, or a pinch. */
function holdButton(hand: Hand): Button {
  return hand.kind === "hand" ? hand.trigger : hand.squeeze;
}
