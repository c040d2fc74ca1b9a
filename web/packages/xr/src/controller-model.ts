import leftModel from "@webxr-input-profiles/assets/dist/profiles/meta-quest-touch-plus/left.glb?url";
import rightModel from "@webxr-input-profiles/assets/dist/profiles/meta-quest-touch-plus/right.glb?url";
import { BatchedMesh, MathUtils, Matrix4, Mesh, MeshStandardMaterial, TextureLoader, type Object3D } from "three";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import type { Side } from "./input";

/** A controller as it looks: one draw call, with parts that move as they are pressed. */
export interface ControllerModel {
  readonly mesh: BatchedMesh;
  /** Moves trigger, grip, thumbstick and buttons to where the person's fingers have them. */
  press(gamepad: Pick<Gamepad, "buttons" | "axes">): void;
  dispose(): void;
}

/** What moves a part: a button, or an axis from -1 to 1; `part` begins the names of its nodes in the model. */
interface Response {
  readonly part: string;
  readonly button?: number;
  readonly axis?: number;
}

/** As the model's profile says (meta-quest-touch-plus, xr-standard). */
const RESPONSES: readonly Response[] = [
  { part: "xr_standard_trigger_pressed", button: 0 },
  { part: "xr_standard_squeeze_pressed", button: 1 },
  { part: "xr_standard_thumbstick_pressed", button: 3 },
  { part: "xr_standard_thumbstick_xaxis_pressed", axis: 2 },
  { part: "xr_standard_thumbstick_yaxis_pressed", axis: 3 },
  { part: "a_button_pressed", button: 4 },
  { part: "b_button_pressed", button: 5 },
  { part: "x_button_pressed", button: 4 },
  { part: "y_button_pressed", button: 5 },
];
const MODELS: Record<Side, string> = { left: leftModel, right: rightModel };
/** Of a travel from 0 to 1; smaller ones can't be seen. */
const TRAVEL_MIN = 0.01;

/** Fetches a bundled controller from the page's own origin. */
export async function loadControllerModel(side: Side): Promise<ControllerModel> {
  const loader = new GLTFLoader();
  loader.register((parser) => {
    // The other loader fetches blob: URLs, which the page's content security policy doesn't let it.
    parser.textureLoader = new TextureLoader(parser.options.manager);
    return { name: "theta-images-as-elements" };
  });
  const { scene } = await loader.loadAsync(MODELS[side]);
  return buildModel(scene);
}

interface Moving {
  readonly response: Response;
  readonly value: Object3D;
  readonly min: Object3D;
  readonly max: Object3D;
  travel: number;
}

/** Puts all parts of a loaded controller into one batch. */
export function buildModel(rig: Object3D): ControllerModel {
  const parts: Mesh[] = [];
  rig.updateMatrixWorld(true);
  rig.traverse((node) => {
    if (node instanceof Mesh) parts.push(node as Mesh);
  });
  const material = parts[0]?.material ?? new MeshStandardMaterial();
  const mesh = batch(parts, Array.isArray(material) ? (material[0] ?? new MeshStandardMaterial()) : material);
  const moving = movingParts(rig);
  const inverse = new Matrix4();
  const placed = new Matrix4();

  return {
    mesh,
    press(gamepad) {
      let changed = false;
      for (const part of moving) changed = setTravel(part, travelOf(part.response, gamepad)) || changed;
      if (!changed) return;
      rig.updateMatrixWorld(true);
      inverse.copy(rig.matrixWorld).invert();
      parts.forEach((part, at) => mesh.setMatrixAt(at, placed.multiplyMatrices(inverse, part.matrixWorld)));
    },
    dispose() {
      mesh.dispose();
      for (const { geometry } of parts) geometry.dispose();
      if (mesh.material instanceof MeshStandardMaterial) {
        mesh.material.map?.dispose();
        mesh.material.dispose();
      }
    },
  };
}

function batch(parts: readonly Mesh[], material: Mesh["material"] & object): BatchedMesh {
  const count = (pick: (part: Mesh) => number): number => parts.reduce((sum, part) => sum + pick(part), 0);
  const mesh = new BatchedMesh(
    parts.length,
    count(({ geometry }) => geometry.getAttribute("position").count),
    count(({ geometry }) => geometry.index?.count ?? 0),
    Array.isArray(material) ? material[0] : material,
  );
  mesh.sortObjects = mesh.perObjectFrustumCulled = mesh.frustumCulled = false;
  for (const part of parts) mesh.setMatrixAt(mesh.addInstance(mesh.addGeometry(part.geometry)), part.matrixWorld);
  return mesh;
}

function movingParts(rig: Object3D): Moving[] {
  return RESPONSES.flatMap((response) => {
    const [value, min, max] = ["value", "min", "max"].map((end) => rig.getObjectByName(`${response.part}_${end}`));
    return value && min && max ? [{ response, value, min, max, travel: -1 }] : [];
  });
}

/** How far a part is pressed, from 0 to 1. */
export function travelOf({ button, axis }: Response, { buttons, axes }: Pick<Gamepad, "buttons" | "axes">): number {
  const travel = button !== undefined ? (buttons[button]?.value ?? 0) : ((axis === undefined ? 0 : (axes[axis] ?? 0)) + 1) / 2;
  return MathUtils.clamp(travel, 0, 1);
}

function setTravel(part: Moving, travel: number): boolean {
  if (Math.abs(travel - part.travel) < TRAVEL_MIN) return false;
  part.travel = travel;
  part.value.position.lerpVectors(part.min.position, part.max.position, travel);
  part.value.quaternion.slerpQuaternions(part.min.quaternion, part.max.quaternion, travel);
  return true;
}
