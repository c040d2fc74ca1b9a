import type { ThetaScene } from "@theta/scene";
import { Ray } from "three";
import type { Beam } from "./beam";
import type { Hit } from "./grab";
import type { Hand } from "./input";
import { createPanelPointer, type PanelHit } from "./panels";
import type { Placed } from "./placed";
import type { Player } from "./player";
import type { XrPanel } from "./ui/types";

/** In the person's own metres. */
const REACH_METRES = 100;

export interface PointingPorts {
  readonly scene: Pick<ThetaScene, "pickAlong" | "selection" | "state">;
  readonly player: Pick<Player, "scale">;
  readonly beam: Beam;
  readonly panels: () => readonly XrPanel[];
}

export interface Pointing {
  /** What the last look met: a panel, or what is behind none. */
  readonly panel: PanelHit | null;
  readonly hit: Hit | null;
  /** Looks along a hand's ray, which is at `aim` in the world, and shows what it meets. */
  look(hand: Hand, aim: Placed): void;
  /** Points at nothing. */
  rest(): void;
}

/** The dominant hand's ray: panels first, then what is in the room. */
export function createPointing({ scene, player, beam, panels }: PointingPorts): Pointing {
  const pointer = createPanelPointer(panels);
  const ray = new Ray();
  const { layer, hold } = scene.state;
  let panel: PanelHit | null = null;
  let hit: Hit | null = null;
  return {
    get panel() {
      return panel;
    },
    get hit() {
      return hit;
    },
    look(hand, aim) {
      ray.origin.copy(aim.position);
      ray.direction.set(0, 0, -1).applyQuaternion(aim.rotation);
      panel = pointer.point(ray);
      const far = REACH_METRES * player.scale;
      const thing = panel ? null : scene.pickAlong(ray, far);
      // Of two kinds of things, what is nearer.
      const living = panel ? null : layer.pickAlong(ray, thing?.distance ?? far);
      hit = living ?? thing;
      const metres = panel?.distance ?? hit?.distance ?? null;
      beam.show(hand.aim, metres === null ? null : metres / player.scale);
      scene.selection.hover(living ? null : (thing?.selection ?? null));
      hold.hover(living?.state ?? null);
    },
    rest() {
      pointer.point(null);
      panel = hit = null;
      scene.selection.hover(null);
      hold.hover(null);
      beam.hide();
    },
  };
}
