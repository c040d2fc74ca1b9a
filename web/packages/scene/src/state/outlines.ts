import { BackSide, Color, Group, InstancedMesh, Matrix4, MeshBasicMaterial, Quaternion, Vector3, type BufferGeometry } from "three";
import { STATE_SHAPES, type StateSample } from "@theta/client";
import { createShapeGeometry, FINE } from "./shape-geometry";

/** How thick it is, as a share of how far away: about three pixels of a page, a fifth of a degree in a headset. */
const THICKNESS_SHARE = 0.0032;
/** More than are in a hand at a time. */
const OUTLINES_MAX = 64;

export interface Outlines {
  readonly group: Group;
  /** Draws around rows of a sample, each in its colour (0xRRGGBB), as thick as it should be seen from `eye`. */
  show(sample: StateSample, colours: ReadonlyMap<number, number>, eye: Vector3): void;
  dispose(): void;
}

/** Rims around a few entities: the far sides of shapes a little larger than theirs. */
export function createOutlines(): Outlines {
  const group = new Group();
  group.pointerEvents = "none";
  const material = new MeshBasicMaterial({ side: BackSide, toneMapped: false });
  const meshes = STATE_SHAPES.map((shape) => {
    const mesh = new InstancedMesh<BufferGeometry, MeshBasicMaterial>(createShapeGeometry(shape, FINE), material, OUTLINES_MAX);
    mesh.count = 0;
    mesh.visible = mesh.frustumCulled = mesh.matrixAutoUpdate = false;
    group.add(mesh);
    return mesh;
  });
  const colour = new Color();
  const matrix = new Matrix4();
  const place = new Vector3();
  const rotation = new Quaternion();
  const size = new Vector3();

  return {
    group,
    show(sample, colours, eye) {
      for (const mesh of meshes) mesh.count = 0;
      for (const [row, rgb] of colours) {
        const mesh = meshes[sample.kinds[row]!] ?? meshes[0]!;
        if (mesh.count === OUTLINES_MAX) continue;
        place.fromArray(sample.positions, row * 3);
        rotation.fromArray(sample.rotations, row * 4);
        size.fromArray(sample.sizes, row * 3).addScalar(2 * THICKNESS_SHARE * place.distanceTo(eye));
        const at = mesh.count++;
        mesh.setMatrixAt(at, matrix.compose(place, rotation, size));
        mesh.setColorAt(at, colour.set(rgb));
        mesh.instanceMatrix.needsUpdate = true;
        mesh.instanceColor!.needsUpdate = true;
      }
      for (const mesh of meshes) mesh.visible = mesh.count > 0;
    },
    dispose() {
      for (const mesh of meshes) {
        mesh.dispose();
        mesh.geometry.dispose();
      }
      material.dispose();
    },
  };
}
