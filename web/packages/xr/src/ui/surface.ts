import { CanvasTexture, LinearMipmapLinearFilter, MeshBasicMaterial, SRGBColorSpace } from "three";
import { COLOURS } from "./look";
import type { Box, PanelSpec } from "./panel";

export type Brush = CanvasRenderingContext2D;

const ANISOTROPY = 4;
const CORNER_MM = 12;
const RIM_MM = 1.2;
/** Brushes work in millimetres: letters of a hundredth of a pixel are not drawn well. */
const MM = 1000;

interface Patch {
  readonly box: Box;
  readonly paint: (brush: Brush) => void;
}

export interface Surface {
  readonly material: MeshBasicMaterial;
  /** Draws some parts anew; with `all`, the ground below them too. */
  draw(patches: readonly Patch[], all: boolean): void;
  dispose(): void;
}

/** A panel's canvas, its texture, and the one material that shows it. */
export function createSurface({ widthM, heightM, pixelsPerMetre, background, onTop = false }: PanelSpec): Surface {
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(widthM * pixelsPerMetre);
  canvas.height = Math.round(heightM * pixelsPerMetre);
  const brush = canvas.getContext("2d");
  const texture = new CanvasTexture(canvas);
  texture.colorSpace = SRGBColorSpace;
  texture.anisotropy = ANISOTROPY;
  texture.minFilter = LinearMipmapLinearFilter;
  const material = new MeshBasicMaterial({
    map: texture,
    transparent: true,
    toneMapped: false,
    fog: false,
    depthTest: !onTop,
    depthWrite: !onTop,
  });

  const drawGround = (to: Brush): void => {
    to.clearRect(0, 0, widthM * MM, heightM * MM);
    if (background === null) return;
    to.beginPath();
    to.roundRect(RIM_MM / 2, RIM_MM / 2, widthM * MM - RIM_MM, heightM * MM - RIM_MM, CORNER_MM);
    to.fillStyle = background;
    to.fill();
    to.lineWidth = RIM_MM;
    to.strokeStyle = COLOURS.rim;
    to.stroke();
  };
  const wipe = (to: Brush, { width, height }: Box): void => {
    // Cleared to nothing first, the edges would show as seams: they lie between pixels.
    if (background === null) {
      to.clearRect(0, 0, width * MM, height * MM);
      return;
    }
    to.fillStyle = background;
    to.fillRect(0, 0, width * MM, height * MM);
  };
  return {
    material,
    draw(patches, all) {
      if (!brush) return;
      const scale = pixelsPerMetre / MM;
      brush.setTransform(scale, 0, 0, scale, 0, 0);
      if (all) drawGround(brush);
      for (const { box, paint } of patches) {
        brush.save();
        brush.translate(box.x * MM, box.y * MM);
        brush.beginPath();
        brush.rect(0, 0, box.width * MM, box.height * MM);
        brush.clip();
        if (!all) wipe(brush, box);
        paint(brush);
        brush.restore();
      }
      texture.needsUpdate = true;
    },
    dispose() {
      texture.dispose();
      material.dispose();
    },
  };
}
