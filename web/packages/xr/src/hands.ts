import { InstancedMesh, Matrix4, MeshStandardMaterial, Quaternion, SphereGeometry, Vector3, type Group } from "three";
import { JOINTS, type HandJoints } from "./joints";
import type { Side } from "./input";

/** From joint to joint, from the wrist along each finger. */
const BONES: readonly (readonly [number, number])[] = [
  [0, 1], [1, 2], [2, 3], [3, 4],
  ...[5, 10, 15, 20].flatMap((first): [number, number][] => [
    [0, first], [first, first + 1], [first + 1, first + 2], [first + 2, first + 3], [first + 3, first + 4],
  ]),
];
const COLOUR = 0xd9dee8;
const FORWARD = new Vector3(0, 0, 1);

export interface DrawnHands {
  /** Draws a hand where its joints are, or not at all. */
  show(side: Side, joints: HandJoints | null): void;
  dispose(): void;
}

/** Tracked hands, drawn as joints and bones: one draw call each. */
export function createHands(group: Group): DrawnHands {
  const geometry = new SphereGeometry(1, 10, 7);
  const material = new MeshStandardMaterial({ color: COLOUR, roughness: 0.7 });
  const create = (): InstancedMesh => {
    const mesh = new InstancedMesh(geometry, material, JOINTS + BONES.length);
    // Its bounds change each frame; it is always near the eyes anyway.
    mesh.frustumCulled = false;
    mesh.visible = false;
    group.add(mesh);
    return mesh;
  };
  const meshes: Record<Side, InstancedMesh> = { left: create(), right: create() };
  return {
    show(side, joints) {
      const mesh = meshes[side];
      mesh.visible = joints?.known ?? false;
      if (joints?.known) pose(mesh, joints);
    },
    dispose() {
      for (const mesh of Object.values(meshes)) {
        group.remove(mesh);
        mesh.dispose();
      }
      geometry.dispose();
      material.dispose();
    },
  };
}

const a = new Vector3();
const b = new Vector3();
const size = new Vector3();
const turn = new Quaternion();
const matrix = new Matrix4();

function pose(mesh: InstancedMesh, { matrices, radii }: HandJoints): void {
  turn.identity();
  for (let joint = 0; joint < JOINTS; joint++) {
    a.fromArray(matrices, joint * 16 + 12);
    mesh.setMatrixAt(joint, matrix.compose(a, turn, size.setScalar(radiusOf(radii, joint))));
  }
  BONES.forEach(([from, to], index) => {
    a.fromArray(matrices, from * 16 + 12);
    b.fromArray(matrices, to * 16 + 12).sub(a);
    const length = b.length();
    const radius = (radiusOf(radii, from) + radiusOf(radii, to)) * 0.48;
    a.addScaledVector(b, 0.5);
    if (length > 0) turn.setFromUnitVectors(FORWARD, b.divideScalar(length));
    mesh.setMatrixAt(JOINTS + index, matrix.compose(a, turn, size.set(radius, radius, length / 2 + radius * 0.5)));
  });
  mesh.instanceMatrix.needsUpdate = true;
}

function radiusOf(radii: Float32Array, joint: number): number {
  return radii[joint] ?? 0;
}
