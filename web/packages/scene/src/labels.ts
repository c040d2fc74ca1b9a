import { CanvasTexture, Mesh, MeshBasicMaterial, PlaneGeometry, SRGBColorSpace, Vector2, type Vector3 } from "three";
import { cssColour, inkOn, plateOf } from "./contrast";
import type { View } from "./view";

/** The height of an em, per metre between eye and text: on a screen of desktop size, and in a headset. */
const DESKTOP_EM = 0.0127;
const HEADSET_EM = 0.026;

/** What is told of a label to whoever measures text in a headset: the viewer's own metres, colours as in style sheets. */
export interface LabelFigures {
  readonly kind: "text";
  emM: number;
  widthM: number;
  heightM: number;
  distanceM: number;
  readonly foreground: string;
  readonly background: string;
}

export interface Label {
  readonly mesh: Mesh<PlaneGeometry, MeshBasicMaterial>;
  /** Shows it at a point of the world, facing the viewer and as large to them from any distance; returns its height. */
  place(point: Vector3, view: View): number;
  dispose(): void;
}

const TAG_PIXELS = 72;
const TAG_EM_PIXELS = 34;
const FONT_FAMILY = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif';
const TAG_FONT = `600 ${TAG_EM_PIXELS}px ${FONT_FAMILY}`;
const TAG_TEXT_PIXELS_MAX = 420;
const CURSOR_EM_PIXELS = 30;
const CURSOR_FONT = `600 ${CURSOR_EM_PIXELS}px ${FONT_FAMILY}`;
const CURSOR_TEXT_PIXELS_MAX = 300;
/** Nearer than this, in the viewer's metres, a label grows no smaller. */
const NEAR_METRES = 0.4;

/** A name tag: text on a rounded plate in the person's colour, above where it stands. The text is drawn, never parsed. */
export function createTag(text: string, colour: number): Label {
  const plate = plateOf(colour);
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  if (context) {
    context.font = TAG_FONT;
    const width = Math.ceil(Math.min(context.measureText(text).width, TAG_TEXT_PIXELS_MAX)) + 48;
    canvas.width = width;
    canvas.height = TAG_PIXELS;
    context.font = TAG_FONT;
    context.beginPath();
    context.roundRect(4, 8, width - 8, TAG_PIXELS - 16, (TAG_PIXELS - 16) / 2);
    context.fillStyle = cssColour(plate);
    context.fill();
    context.textBaseline = "middle";
    context.fillStyle = inkOn(plate);
    context.fillText(text, 24, TAG_PIXELS / 2 + 1, TAG_TEXT_PIXELS_MAX);
  }
  return createLabel(canvas, { emPixels: TAG_EM_PIXELS, centre: new Vector2(0.5, -0.1), order: 20 }, plate);
}

/** The arrow's outline, its tip at the origin. */
const ARROW = [[0, 0], [0, 44], [11, 34], [19, 51], [27, 47], [19, 31], [33, 30]] as const;
const ARROW_RIM_PIXELS = 5;
const PLATE = { left: 34, top: 46, height: 46, inset: 18 };

/** A cursor in a person's colour with their name beside it; its tip is where it stands. */
export function createCursor(text: string, colour: number): Label {
  const plate = plateOf(colour);
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  if (context) {
    context.font = CURSOR_FONT;
    const words = Math.ceil(Math.min(context.measureText(text).width, CURSOR_TEXT_PIXELS_MAX));
    canvas.width = PLATE.left + words + PLATE.inset * 2 + ARROW_RIM_PIXELS;
    canvas.height = PLATE.top + PLATE.height + ARROW_RIM_PIXELS;
    context.translate(ARROW_RIM_PIXELS, ARROW_RIM_PIXELS);
    context.font = CURSOR_FONT;
    context.beginPath();
    for (const [x, y] of ARROW) context.lineTo(x, y);
    context.closePath();
    context.lineJoin = "round";
    context.lineWidth = ARROW_RIM_PIXELS;
    context.strokeStyle = "#ffffff";
    context.stroke();
    context.fillStyle = cssColour(plate);
    context.fill();
    context.beginPath();
    context.roundRect(PLATE.left - ARROW_RIM_PIXELS, PLATE.top - ARROW_RIM_PIXELS, words + PLATE.inset * 2, PLATE.height, 14);
    context.fill();
    context.textBaseline = "middle";
    context.fillStyle = inkOn(plate);
    const middle = PLATE.top - ARROW_RIM_PIXELS + PLATE.height / 2 + 1;
    context.fillText(text, PLATE.left - ARROW_RIM_PIXELS + PLATE.inset, middle, CURSOR_TEXT_PIXELS_MAX);
  }
  const tip = new Vector2(ARROW_RIM_PIXELS / canvas.width, 1 - ARROW_RIM_PIXELS / canvas.height);
  return createLabel(canvas, { emPixels: CURSOR_EM_PIXELS, centre: tip, order: 21 }, plate);
}

interface LabelShape {
  readonly emPixels: number;
  /** Which point of it is where it stands: from its left and from its bottom, as shares of its size. */
  readonly centre: Vector2;
  readonly order: number;
}

function createLabel(canvas: HTMLCanvasElement, { emPixels, centre, order }: LabelShape, plate: number): Label {
  const texture = new CanvasTexture(canvas);
  texture.colorSpace = SRGBColorSpace;
  texture.anisotropy = 4;
  // A plane and not a sprite: sprites take no notice of a camera that is scaled, as a headset's is with the world.
  const geometry = new PlaneGeometry(1, 1).translate(0.5 - centre.x, 0.5 - centre.y, 0);
  const mesh = new Mesh(geometry, new MeshBasicMaterial({ map: texture, depthTest: false, transparent: true, toneMapped: false }));
  mesh.renderOrder = order;
  mesh.frustumCulled = false;
  const figures: LabelFigures = {
    kind: "text",
    emM: 0,
    widthM: 0,
    heightM: 0,
    distanceM: 0,
    foreground: inkOn(plate),
    background: cssColour(plate),
  };
  mesh.userData.xr = figures;
  return {
    mesh,
    place(point, { eye, rotation, scale, presenting }) {
      const away = Math.max(point.distanceTo(eye), NEAR_METRES * scale);
      const em = away * (presenting ? HEADSET_EM : DESKTOP_EM);
      const height = (em * canvas.height) / emPixels;
      const width = (em * canvas.width) / emPixels;
      mesh.position.copy(point);
      mesh.quaternion.copy(rotation);
      mesh.scale.set(width, height, 1);
      figures.emM = em / scale;
      figures.widthM = width / scale;
      figures.heightM = height / scale;
      figures.distanceM = away / scale;
      return height;
    },
    dispose() {
      texture.dispose();
      geometry.dispose();
      mesh.material.dispose();
    },
  };
}
