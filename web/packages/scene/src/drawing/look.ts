import type { Material, Surface } from "@theta/client";
import { DoubleSide, FrontSide, MeshStandardMaterial, SRGBColorSpace } from "three";
import { PAINT_ATTRIBUTE } from "../geometry/paint";

/** What an entity looks like: its material, and its surface where it was given one. */
export interface Finish extends Material {
  readonly surface?: Surface | null;
}

/** Everything but the colour and the place: what has the same look is drawn together. */
export function lookOf({ metallic, roughness, surface }: Finish, painted: boolean): string {
  const plain = `${metallic} ${roughness} ${painted ? "painted" : ""}`;
  if (!surface) return plain;
  const { emissive, opacity, alphaCutoff, alphaMode, doubleSided } = surface;
  const alpha = alphaMode === "opaque" ? "opaque" : `${alphaMode} ${opacity} ${alphaMode === "mask" ? alphaCutoff : ""}`;
  return `${plain} ${emissive.join(",")} ${alpha} ${doubleSided}`;
}

/** Draws what has one look; the colour is each instance's own. */
export function createLookMaterial({ metallic, roughness, surface }: Finish, painted: boolean): MeshStandardMaterial {
  // The edges lie on the surface: push it back a little so that they win.
  const material = new MeshStandardMaterial({
    side: surface && !surface.doubleSided ? FrontSide : DoubleSide,
    polygonOffset: true,
    polygonOffsetFactor: 1,
    polygonOffsetUnits: 1,
    metalness: metallic,
    roughness,
  });
  if (surface) dress(material, surface);
  if (painted) takePaint(material);
  return material;
}

function dress(material: MeshStandardMaterial, { emissive, opacity, alphaCutoff, alphaMode }: Surface): void {
  material.emissive.setRGB(emissive[0], emissive[1], emissive[2], SRGBColorSpace);
  if (alphaMode === "opaque") return;
  material.opacity = opacity;
  if (alphaMode === "mask") {
    material.alphaTest = alphaCutoff;
    return;
  }
  material.transparent = true;
  // Else its far side, drawn after the near one, would be left out.
  material.depthWrite = opacity >= 1;
}

/** Faces with a colour of their own show that instead of the object's. */
function takePaint(material: MeshStandardMaterial): void {
  material.onBeforeCompile = (shader) => {
    shader.vertexShader = shader.vertexShader
      .replace("#include <common>", `#include <common>\nattribute vec4 ${PAINT_ATTRIBUTE};\nvarying vec4 vPaint;`)
      .replace("#include <begin_vertex>", `#include <begin_vertex>\nvPaint = ${PAINT_ATTRIBUTE};`);
    shader.fragmentShader = shader.fragmentShader
      .replace("#include <common>", "#include <common>\nvarying vec4 vPaint;")
      .replace("#include <color_fragment>", "#include <color_fragment>\ndiffuseColor.rgb = mix(diffuseColor.rgb, vPaint.rgb, vPaint.a);");
  };
  material.customProgramCacheKey = () => PAINT_ATTRIBUTE;
}
