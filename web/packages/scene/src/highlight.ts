import type { Mesh as MeshColumns, Selection } from "@theta/client";
import {
  BufferAttribute,
  BufferGeometry,
  Color,
  DoubleSide,
  Group,
  Mesh,
  MeshBasicMaterial,
  Points,
  PointsMaterial,
  Vector4,
  type CanvasTexture,
  type WebGLRenderer,
} from "three";
import { LineMaterial } from "three/addons/lines/LineMaterial.js";
import { LineSegments2 } from "three/addons/lines/LineSegments2.js";
import { LineSegmentsGeometry } from "three/addons/lines/LineSegmentsGeometry.js";
import type { EntityView } from "./entities";
import { elementIndex, faceLoop, vertexPosition } from "./geometry/measure";
import { outlineOf } from "./geometry/outline";
import { sameSelection } from "./selection";
import { createDotTexture } from "./textures";

export interface HighlightStyle {
  readonly colour: number;
  /** Pixels. */
  readonly width: number;
  readonly fill: number;
  readonly opacity: number;
}

export interface Highlight {
  readonly group: Group;
  /** Draws around what is selected, or nothing. */
  show(view: EntityView | undefined, selection: Selection | null): void;
  setStyle(style: HighlightStyle): void;
  dispose(): void;
}

/** An outline in one colour: the edges of an object, a face with its rim, or a vertex. */
export function createHighlight(style: HighlightStyle): Highlight {
  const group = new Group();
  group.pointerEvents = "none";
  group.matrixAutoUpdate = false;

  const texture = createDotTexture();
  const { line, fill, dot } = createParts(texture);
  group.add(fill, line, dot);

  const setStyle = (next: HighlightStyle): void => {
    const colour = new Color(next.colour);
    line.material.color.copy(colour);
    line.material.linewidth = next.width;
    line.material.opacity = next.opacity;
    fill.material.color.copy(colour);
    fill.material.opacity = next.fill;
    dot.material.color.copy(colour);
    dot.material.opacity = next.opacity;
    dot.material.size = (next.width * 4 + 4) * Math.min(window.devicePixelRatio, 2);
  };
  setStyle(style);

  /** What the geometry was made of. */
  let drawn: { readonly mesh: MeshColumns; readonly selection: Selection; readonly isThere: boolean } | null = null;

  const drawLines = (positions: ArrayLike<number>): void => {
    line.geometry.dispose();
    line.geometry = new LineSegmentsGeometry();
    line.geometry.setPositions(Float32Array.from(positions));
    line.visible = positions.length > 0;
  };

  /** False when there is nothing of it. */
  const draw = (view: EntityView, mesh: MeshColumns, selection: Selection): boolean => {
    fill.visible = dot.visible = line.visible = false;
    if (selection.kind === "object") {
      drawLines(outlineOf(mesh));
      return true;
    }
    const index = elementIndex(mesh, selection.kind, selection.element);
    if (index === undefined) return false;
    if (selection.kind === "face") {
      drawLines(rimOf(mesh, index));
      replaceGeometry(fill, trianglesOf(view, index));
      fill.visible = true;
    } else {
      replaceGeometry(dot, new Float32Array(vertexPosition(mesh, index).toArray()));
      dot.visible = true;
    }
    return true;
  };

  return {
    group,
    setStyle,
    show(view, selection) {
      const { mesh } = view ?? {};
      group.visible = false;
      if (!view || !mesh || !selection || !view.root.visible) return;
      group.matrix.copy(view.root.matrix);
      group.matrixWorldNeedsUpdate = true;
      // Somebody's every move of the head comes here: what they have selected is mostly as it was.
      if (drawn?.mesh !== mesh || !sameSelection(drawn.selection, selection)) {
        drawn = { mesh, selection, isThere: draw(view, mesh, selection) };
      }
      group.visible = drawn.isThere;
    },
    dispose() {
      for (const part of [line, fill, dot]) {
        part.geometry.dispose();
        part.material.dispose();
      }
      texture.dispose();
    },
  };
}

const viewport = new Vector4();

function createParts(texture: CanvasTexture) {
  const line = new LineSegments2(
    new LineSegmentsGeometry(),
    new LineMaterial({ transparent: true, depthWrite: false, toneMapped: false }),
  );
  line.material.polygonOffset = true;
  line.material.polygonOffsetFactor = -2;
  line.frustumCulled = false;
  // Each eye of a headset has a part of the picture; three's own would take all of it for one eye's.
  line.onBeforeRender = (renderer: WebGLRenderer) => {
    const ratio = renderer.getPixelRatio();
    renderer.getCurrentViewport(viewport);
    line.material.resolution.set(viewport.z / ratio, viewport.w / ratio);
  };
  const fill = new Mesh(
    new BufferGeometry(),
    new MeshBasicMaterial({ transparent: true, depthWrite: false, side: DoubleSide, toneMapped: false }),
  );
  // Both sides at once: nothing of it lies behind something else of it.
  fill.material.forceSinglePass = true;
  fill.material.polygonOffset = true;
  fill.material.polygonOffsetFactor = -1;
  const dot = new Points(
    new BufferGeometry(),
    new PointsMaterial({ map: texture, transparent: true, depthTest: false, sizeAttenuation: false, toneMapped: false }),
  );
  for (const part of [line, fill, dot]) part.renderOrder = 5;
  return { line, fill, dot };
}

function replaceGeometry(part: Mesh<BufferGeometry> | Points<BufferGeometry>, positions: Float32Array): void {
  part.geometry.dispose();
  part.geometry = new BufferGeometry();
  part.geometry.setAttribute("position", new BufferAttribute(positions, 3));
}

function rimOf(mesh: NonNullable<EntityView["mesh"]>, face: number): number[] {
  const loop = faceLoop(mesh, face);
  const rim: number[] = [];
  loop.forEach((vertex, at) => {
    rim.push(...vertexPosition(mesh, vertex).toArray());
    rim.push(...vertexPosition(mesh, loop[(at + 1) % loop.length] as number).toArray());
  });
  return rim;
}

function trianglesOf(view: EntityView, face: number): Float32Array {
  const positions = view.surface.geometry.getAttribute("position").array;
  const triangles: number[] = [];
  view.faceOfTriangle.forEach((owner, triangle) => {
    if (owner === face) triangles.push(...positions.slice(triangle * 9, triangle * 9 + 9));
  });
  return Float32Array.from(triangles);
}
