import { CanvasTexture, SRGBColorSpace } from "three";

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
