import { BufferAttribute, BufferGeometry, Points, PointsMaterial } from "three";
import type { EntityView } from "./entities";
import { createDotTexture } from "./textures";

/** With more than this, dots would hide what they are on. */
const DOTS_MAX = 4_000;
/** CSS pixels. */
const DOT_PIXELS = 6;

export interface VertexDots {
  readonly points: Points<BufferGeometry, PointsMaterial>;
  /** Shows where an object's vertices are; none without a view. */
  show(view: EntityView | undefined): void;
  setColour(colour: number): void;
  dispose(): void;
}

/** Every vertex of one object as a dot: what there is to be picked. */
export function createVertexDots(colour: number): VertexDots {
  const texture = createDotTexture();
  const size = DOT_PIXELS * Math.min(window.devicePixelRatio, 2);
  const points = new Points(
    new BufferGeometry(),
    new PointsMaterial({ map: texture, size, color: colour, transparent: true, depthWrite: false, sizeAttenuation: false, toneMapped: false }),
  );
  points.material.alphaTest = 0.1;
  points.material.polygonOffset = true;
  points.matrixAutoUpdate = false;
  points.frustumCulled = false;
  points.visible = false;
  points.renderOrder = 4;
  points.pointerEvents = "none";
  let drawn: EntityView["mesh"] = null;
  return {
    points,
    show(view) {
      const mesh = view?.root.visible ? view.mesh : null;
      points.visible = Boolean(view && mesh && mesh.vertexCount <= DOTS_MAX);
      if (!points.visible || !view || !mesh) return;
      points.matrix.copy(view.root.matrix);
      points.matrixWorldNeedsUpdate = true;
      if (drawn === mesh) return;
      drawn = mesh;
      points.geometry.dispose();
      points.geometry = new BufferGeometry();
      points.geometry.setAttribute("position", new BufferAttribute(Float32Array.from(mesh.positions), 3));
    },
    setColour: (next) => void points.material.color.set(next),
    dispose() {
      points.geometry.dispose();
      points.material.dispose();
      texture.dispose();
    },
  };
}
