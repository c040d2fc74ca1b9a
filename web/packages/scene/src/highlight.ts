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
import { faceLoop, indicesOf } from "./geometry/measure";
import { outlineOf } from "./geometry/outline";
import { elementsOf, sameSelection } from "./selection";
import { createDotTexture } from "./textures";
import { endsOf } from "./topology";

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

/** Of selected edges, times that of an outline. */
const EDGE_WIDTH = 1.7;

/** An outline in one colour: the edges of an object, faces with their rim, edges, or vertices. */
export function createHighlight(style: HighlightStyle): Highlight {
  const group = new Group();
  group.pointerEvents = "none";
  group.matrixAutoUpdate = false;

  const texture = createDotTexture();
  const { line, fill, dot } = createParts(texture);
  group.add(fill, line, dot);

  let { width } = style;
  const setStyle = (next: HighlightStyle): void => {
    ({ width } = next);
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
    // An edge by itself has no fill to be seen by.
    line.material.linewidth = width * (selection.kind === "edge" ? EDGE_WIDTH : 1);
    if (selection.kind === "object") {
      drawLines(outlineOf(mesh));
      return true;
    }
    const found = indicesOf(mesh, selection.kind, elementsOf(selection));
    if (found.length === 0) return false;
    if (selection.kind === "face") {
      drawLines(rimOf(mesh, found));
      replaceGeometry(fill, trianglesOf(view, found));
      fill.visible = true;
    } else if (selection.kind === "edge") {
      drawLines(pointsOf(mesh, found.flatMap((edge) => endsOf(mesh, edge))));
    } else {
      replaceGeometry(dot, Float32Array.from(pointsOf(mesh, found)));
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

function pointsOf(mesh: MeshColumns, vertices: readonly number[]): number[] {
  return vertices.flatMap((vertex) => [...mesh.positions.subarray(vertex * 3, vertex * 3 + 3)]);
}

/** The edges where faces end: those that only one of them has. */
function rimOf(mesh: MeshColumns, faces: readonly number[]): number[] {
  const sides = new Map<number, readonly [number, number]>();
  for (const face of faces) {
    const loop = faceLoop(mesh, face);
    loop.forEach((from, at) => {
      const to = loop[(at + 1) % loop.length] as number;
      const key = Math.min(from, to) * mesh.vertexCount + Math.max(from, to);
      if (!sides.delete(key)) sides.set(key, [from, to]);
    });
  }
  return pointsOf(mesh, [...sides.values()].flat());
}

function trianglesOf(view: EntityView, faces: readonly number[]): Float32Array {
  const positions = view.surface.geometry.getAttribute("position").array;
  const wanted = new Set(faces);
  const triangles: number[] = [];
  view.faceOfTriangle.forEach((owner, triangle) => {
    if (!wanted.has(owner)) return;
    for (let at = triangle * 9; at < triangle * 9 + 9; at++) triangles.push(positions[at] as number);
  });
  return Float32Array.from(triangles);
}
