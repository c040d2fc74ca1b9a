import { CylinderGeometry, Mesh, MeshBasicMaterial, SphereGeometry, type Group } from "three";
import type { Placed } from "./placed";

/** The beam ends here when it meets nothing. */
const REACH_METRES = 5;
const WIDTH_METRES = 0.0022;
/** The dot's radius as a share of its distance, so that it looks the same size from everywhere. */
const DOT_SHARE = 0.006;
const DOT_METRES_MIN = 0.003;

export interface Beam {
  /** Draws the ray as far as what it meets; all in the player's space, `metres` null when it meets nothing. */
  show(aim: Placed, metres: number | null): void;
  hide(): void;
  setColour(colour: number): void;
  dispose(): void;
}

/** The dominant hand's ray and the dot where it ends. */
export function createBeam(group: Group): Beam {
  const look = { transparent: true, depthWrite: false, toneMapped: false };
  // Thick enough to see at arm's length, and thinner towards what it points at.
  const line = new Mesh(
    new CylinderGeometry(WIDTH_METRES * 0.35, WIDTH_METRES, 1, 8, 1, true).translate(0, 0.5, 0).rotateX(-Math.PI / 2),
    new MeshBasicMaterial({ ...look, opacity: 0.75 }),
  );
  const dot = new Mesh(new SphereGeometry(1, 16, 10), new MeshBasicMaterial({ ...look, depthTest: false }));
  line.renderOrder = 40;
  dot.renderOrder = 41;
  line.frustumCulled = dot.frustumCulled = false;
  line.visible = dot.visible = false;
  group.add(line, dot);

  return {
    show(aim, metres) {
      line.visible = true;
      line.position.copy(aim.position);
      line.quaternion.copy(aim.rotation);
      line.scale.z = metres ?? REACH_METRES;
      dot.visible = metres !== null;
      if (metres === null) return;
      dot.position.set(0, 0, -metres).applyQuaternion(aim.rotation).add(aim.position);
      dot.scale.setScalar(Math.max(metres * DOT_SHARE, DOT_METRES_MIN));
    },
    hide() {
      line.visible = dot.visible = false;
    },
    setColour(colour) {
      line.material.color.set(colour);
      dot.material.color.set(colour);
    },
    dispose() {
      for (const part of [line, dot]) {
        group.remove(part);
        part.geometry.dispose();
        part.material.dispose();
      }
    },
  };
}
