import {
  CapsuleGeometry,
  Color,
  Group,
  LatheGeometry,
  Mesh,
  MeshBasicMaterial,
  MeshStandardMaterial,
  SphereGeometry,
  Vector2,
  Vector3,
  type Camera,
} from "three";
import type { MotionState } from "./presence-motion";
import { createLabel } from "./textures";

/** Of the view: a tag is as readable on the far side of the room as near by. */
const TAG_METRES_PER_METRE = 0.027;
const HEAD_METRES = 0.17;
/** Nearer than this, one would look out of somebody's head from inside. */
const HEAD_AWAY_METRES_MIN = 0.6;
const AHEAD = new Vector3(0, 0, -1);

/** What all figures are made of. */
export type FigureParts = ReturnType<typeof createFigureParts>;

export function createFigureParts() {
  const profile = [
    [0, -0.21],
    [0.06, -0.214],
    [0.125, -0.24],
    [0.18, -0.3],
    [0.2, -0.38],
    [0.188, -0.47],
    [0.145, -0.56],
    [0.08, -0.615],
    [0, -0.63],
  ]
    .reverse()
    .map(([x, y]) => new Vector2(x, y));
  return {
    skull: new SphereGeometry(HEAD_METRES, 40, 28),
    // A band of a slightly larger sphere, around where the eyes are (-z).
    visor: new SphereGeometry(HEAD_METRES + 0.005, 40, 12, 1.5 * Math.PI - 0.95, 1.9, Math.PI / 2 - 0.36, 0.66),
    eye: new CapsuleGeometry(0.015, 0.026, 4, 10),
    body: new LatheGeometry(profile, 36),
    glass: new MeshStandardMaterial({ color: 0x141a26, roughness: 0.2, metalness: 0.1 }),
    light: new MeshBasicMaterial({ color: 0xf4f8ff, toneMapped: false }),
  };
}

export interface Figure {
  readonly group: Group;
  /** Stands where the person does, turned as they look; false when it would be in the camera's way. */
  pose(state: MotionState, camera: Camera): boolean;
  dispose(): void;
}

/** A person: a head that turns as they look, a body below it that only turns about, and a name above. */
export function createFigure(name: string, colour: number, parts: FigureParts): Figure {
  const skin = new MeshStandardMaterial({ color: new Color(colour), roughness: 0.5 });
  // Whoever stands against the light keeps their colour.
  skin.emissive.set(colour).multiplyScalar(0.22);
  const head = new Group();
  const skull = new Mesh(parts.skull, skin);
  skull.scale.set(0.94, 1.04, 0.98);
  const visor = new Mesh(parts.visor, parts.glass);
  visor.scale.copy(skull.scale);
  head.add(skull, visor, ...[-1, 1].map((side) => eyeAt(side * 0.052, parts)));

  const body = new Mesh(parts.body, skin);
  const label = createLabel(name, colour);
  const group = new Group();
  group.add(head, body, label.sprite);
  const ahead = new Vector3();

  return {
    group,
    pose({ headPosition, headRotation }, camera) {
      const away = camera.position.distanceTo(headPosition);
      head.position.copy(headPosition);
      head.quaternion.copy(headRotation);
      ahead.copy(AHEAD).applyQuaternion(headRotation);
      body.position.copy(headPosition);
      if (Math.hypot(ahead.x, ahead.z) > 1e-3) body.rotation.y = Math.atan2(-ahead.x, -ahead.z);
      const height = Math.min(Math.max(away, 0.6), 40) * TAG_METRES_PER_METRE;
      label.sprite.position.copy(headPosition).y += HEAD_METRES + 0.06 + height * 0.6;
      label.sprite.scale.set(height * label.aspect, height, 1);
      return away > HEAD_AWAY_METRES_MIN;
    },
    dispose() {
      skin.dispose();
      label.dispose();
    },
  };
}

function eyeAt(x: number, { eye, light }: FigureParts): Mesh {
  const mesh = new Mesh(eye, light);
  mesh.position.set(x, 0.006, -Math.sqrt(HEAD_METRES ** 2 - x ** 2) * 0.995);
  mesh.scale.z = 0.35;
  return mesh;
}
