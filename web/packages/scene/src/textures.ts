import { CanvasTexture, Sprite, SpriteMaterial, SRGBColorSpace } from "three";

const DOT_PIXELS = 64;

/** A white disc with a dark rim, to be tinted. */
export function createDotTexture(): CanvasTexture {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = DOT_PIXELS;
  const context = canvas.getContext("2d");
  if (context) {
    const middle = DOT_PIXELS / 2;
    context.beginPath();
    context.arc(middle, middle, middle - 3, 0, Math.PI * 2);
    context.fillStyle = "#ffffff";
    context.fill();
    context.lineWidth = 5;
    context.strokeStyle = "rgba(10,16,28,0.55)";
    context.stroke();
  }
  const texture = new CanvasTexture(canvas);
  texture.colorSpace = SRGBColorSpace;
  return texture;
}

export interface Label {
  readonly sprite: Sprite;
  /** Width over height of the tag. */
  readonly aspect: number;
  dispose(): void;
}

const TAG_PIXELS = 72;
const TAG_FONT = '600 34px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif';
const TAG_TEXT_PIXELS_MAX = 420;
const CURSOR_FONT = TAG_FONT.replace("34px", "30px");
const CURSOR_TEXT_PIXELS_MAX = 300;

/** A name tag: text on a rounded plate in the person's colour. The text is drawn, never parsed. */
export function createLabel(text: string, colour: number): Label {
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
    context.fillStyle = `#${colour.toString(16).padStart(6, "0")}`;
    context.fill();
    context.textBaseline = "middle";
    context.fillStyle = inkOn(colour);
    context.fillText(text, 24, TAG_PIXELS / 2 + 1, TAG_TEXT_PIXELS_MAX);
  }
  return spriteOf(canvas);
}

const CURSOR_METRES_PER_PIXEL = 0.000375;
/** The arrow's outline, its tip at the origin. */
const ARROW = [[0, 0], [0, 44], [11, 34], [19, 51], [27, 47], [19, 31], [33, 30]] as const;
const ARROW_RIM_PIXELS = 5;
const PLATE = { left: 34, top: 46, height: 46, inset: 18 };

/** A cursor in a person's colour with their name beside it, of one size on the screen; its tip is where it stands. */
export function createCursorLabel(text: string, colour: number): Label {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  const css = `#${colour.toString(16).padStart(6, "0")}`;
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
    context.fillStyle = css;
    context.fill();
    context.beginPath();
    context.roundRect(PLATE.left - ARROW_RIM_PIXELS, PLATE.top - ARROW_RIM_PIXELS, words + PLATE.inset * 2, PLATE.height, 14);
    context.fill();
    context.textBaseline = "middle";
    context.fillStyle = inkOn(colour);
    const middle = PLATE.top - ARROW_RIM_PIXELS + PLATE.height / 2 + 1;
    context.fillText(text, PLATE.left - ARROW_RIM_PIXELS + PLATE.inset, middle, CURSOR_TEXT_PIXELS_MAX);
  }
  const label = spriteOf(canvas);
  const { sprite } = label;
  sprite.material.sizeAttenuation = false;
  sprite.scale.set(canvas.width * CURSOR_METRES_PER_PIXEL, canvas.height * CURSOR_METRES_PER_PIXEL, 1);
  sprite.center.set(ARROW_RIM_PIXELS / canvas.width, 1 - ARROW_RIM_PIXELS / canvas.height);
  sprite.renderOrder = 21;
  return label;
}

function spriteOf(canvas: HTMLCanvasElement): Label {
  const texture = new CanvasTexture(canvas);
  texture.colorSpace = SRGBColorSpace;
  texture.anisotropy = 4;
  const material = new SpriteMaterial({ map: texture, depthTest: false, transparent: true, toneMapped: false });
  const sprite = new Sprite(material);
  sprite.renderOrder = 20;
  return {
    sprite,
    aspect: canvas.width / canvas.height,
    dispose() {
      texture.dispose();
      material.dispose();
    },
  };
}

/** Black or white, whichever reads better on a colour (0xRRGGBB). */
export function inkOn(colour: number): "#ffffff" | "#10151f" {
  const linear = (channel: number): number => {
    const value = ((colour >> channel) & 255) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  const luminance = 0.2126 * linear(16) + 0.7152 * linear(8) + 0.0722 * linear(0);
  return luminance > 0.36 ? "#10151f" : "#ffffff";
}
