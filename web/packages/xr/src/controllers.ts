import { Group } from "three";
import type { ControllerModel } from "./controller-model";
import type { Hand, Side } from "./input";

export interface DrawnControllers {
  /** Starts fetching the models, once; until they are here nothing is drawn in their place. */
  load(): void;
  /** Draws what a hand holds: a controller, or nothing while it is tracked itself. */
  show(hand: Hand): void;
  dispose(): void;
}

/** Both controllers, where the hands hold them. */
export function createControllers(parent: Group, load: (side: Side) => Promise<ControllerModel>): DrawnControllers {
  const models: Partial<Record<Side, ControllerModel>> = {};
  const grips: Record<Side, Group> = { left: new Group(), right: new Group() };
  parent.add(grips.left, grips.right);
  let loading = false;
  let disposed = false;

  const take = async (side: Side): Promise<void> => {
    try {
      const model = await load(side);
      if (disposed) {
        model.dispose();
        return;
      }
      models[side] = model;
      grips[side].add(model.mesh);
    } catch {
      // Without its model a controller still points and grabs; the next time in VR it is asked for again.
      loading = false;
    }
  };

  return {
    load() {
      if (loading) return;
      loading = true;
      for (const side of ["left", "right"] as const) if (!models[side]) void take(side);
    },
    show({ side, kind, grip, source }) {
      const group = grips[side];
      group.visible = kind === "controller" && grip.known;
      if (!group.visible) return;
      group.position.copy(grip.position);
      group.quaternion.copy(grip.rotation);
      if (source?.gamepad) models[side]?.press(source.gamepad);
    },
    dispose() {
      disposed = true;
      for (const side of ["left", "right"] as const) {
        parent.remove(grips[side]);
        models[side]?.dispose();
      }
    },
  };
}
