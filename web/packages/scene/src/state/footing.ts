import { InstancedMesh, PlaneGeometry, type Group, type ShaderMaterial } from "three";
import { CONTACT_METRES, createSpotMaterial, SPOT_ORDER, SPREAD_METRES, type SpotPlace } from "../contact-shadows";
import type { SceneTheme } from "../theme";
import type { ShapeBatch } from "./shape-batch";

/** The darkness under a small thing reaches as far beyond it as this share of its size. */
const SPREAD_SHARE = 0.45;

/** From an instance's matrix, which is on the graphics card anyway: it costs the page nothing. */
function placeOf(isRound: boolean): SpotPlace {
  const half = isRound
    ? "0.5 * sqrt(across[0] * across[0] + across[1] * across[1] + across[2] * across[2])"
    : "0.5 * (abs(across[0]) + abs(across[1]) + abs(across[2]))";
  return {
    attributes: "",
    place: `
        mat3 across = mat3(instanceMatrix);
        vec3 reach = ${half};
        float bottom = instanceMatrix[3].y - reach.y;
        middle = instanceMatrix[3].xz;
        extent = reach.xz;
        spread = min(${SPREAD_METRES.toFixed(2)}, ${SPREAD_SHARE.toFixed(2)} * (reach.x + reach.z));
        near = bottom < -2.0 * reach.y ? 0.0 : 1.0 - max(bottom, 0.0) / ${CONTACT_METRES.toFixed(2)};`,
    isRound,
  };
}

export interface Footing {
  /** Takes over what a batch has now. */
  follow(batch: ShapeBatch): void;
  /** The batch's attributes are others. */
  regrow(batch: ShapeBatch): void;
  setTheme(theme: SceneTheme): void;
  dispose(): void;
}

/** A soft darkness on the floor under each entity that is near it: a draw call for each shape. */
export function createFooting(group: Group, batches: readonly ShapeBatch[], theme: SceneTheme): Footing {
  const strength = { value: theme.contactStrength };
  const plane = new PlaneGeometry(2, 2).rotateX(-Math.PI / 2);
  for (const name of ["uv", "normal"]) plane.deleteAttribute(name);
  const materials = [false, true].map((isRound) => createSpotMaterial(strength, placeOf(isRound))) as [ShaderMaterial, ShaderMaterial];
  const meshes = new Map(
    batches.map((batch) => {
      const mesh = new InstancedMesh(plane, materials[batch.shape === "box" ? 0 : 1], 0);
      mesh.pointerEvents = "none";
      mesh.frustumCulled = false;
      mesh.matrixAutoUpdate = false;
      mesh.renderOrder = SPOT_ORDER;
      mesh.instanceMatrix = batch.mesh.instanceMatrix;
      group.add(mesh);
      return [batch, mesh] as const;
    }),
  );
  return {
    follow(batch) {
      const mesh = meshes.get(batch)!;
      mesh.count = batch.count;
      mesh.visible = batch.count > 0;
    },
    regrow(batch) {
      const mesh = meshes.get(batch)!;
      mesh.dispose();
      mesh.instanceMatrix = batch.mesh.instanceMatrix;
    },
    setTheme(next) {
      strength.value = next.contactStrength;
    },
    dispose() {
      for (const mesh of meshes.values()) mesh.dispose();
      for (const material of materials) material.dispose();
      plane.dispose();
    },
  };
}
