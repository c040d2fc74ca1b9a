import { Quaternion, Vector3 } from "three";
import type { Stage } from "./stage";

/** From where the room is seen now. */
export interface View {
  readonly eye: Vector3;
  readonly rotation: Quaternion;
  /** Metres of the world in one of the viewer's own; 1 on the desktop. */
  readonly scale: number;
  readonly presenting: boolean;
}

/** The stage's view, in a headset the one between the eyes. */
export function viewOf({ camera, player, presenting }: Pick<Stage, "camera" | "player" | "presenting">): View {
  const eye = new Vector3();
  const rotation = new Quaternion();
  camera.matrixWorld.decompose(eye, rotation, new Vector3());
  return { eye, rotation, scale: player.scale.x, presenting };
}
