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

/** A name tag: text on a rounded plate in the person's colour. The text is drawn, never parsed. */
export function createLabel(text: string, colour: number): Label {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  let width = TAG_PIXELS * 2;
  if (context) {
    context.font = TAG_FONT;
    width = Math.ceil(Math.min(context.measureText(text).width, TAG_TEXT_PIXELS_MAX)) + 48;
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
  const texture = new CanvasTexture(canvas);
  texture.colorSpace = SRGBColorSpace;
  const material = new SpriteMaterial({ map: texture, depthTest: false, transparent: true, toneMapped: false });
  const sprite = new Sprite(material);
  sprite.renderOrder = 20;
  return {
    sprite,
    aspect: width / TAG_PIXELS,
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
