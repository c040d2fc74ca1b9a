import { Raycaster, type Intersection, type Object3D, type Ray } from "three";
import type { XrPanel, XrTarget } from "./ui/types";

/** What a ray meets of the panels: a target, or a panel's own face. */
export interface PanelHit {
  readonly target: XrTarget | null;
  readonly distance: number;
}

export interface PanelPointer {
  /** Looks what the ray meets, and shows which target it is on; null takes it away. */
  point(ray: Ray | null): PanelHit | null;
}

/** The ray on panels: they come before everything else. */
export function createPanelPointer(panels: () => readonly XrPanel[]): PanelPointer {
  const caster = new Raycaster();
  const hits: Intersection<Object3D>[] = [];
  let hovered: XrTarget | null = null;

  const hover = (target: XrTarget | null): void => {
    if (target === hovered) return;
    hovered?.setHovered(false);
    target?.setHovered(true);
    hovered = target;
  };
  const meet = (ray: Ray): PanelHit | null => {
    let best: PanelHit | null = null;
    caster.ray.copy(ray);
    for (const panel of panels()) {
      // Notices are only read; a ray goes through them.
      if (!isShown(panel.group) || panel.targets.length === 0) continue;
      hits.length = 0;
      caster.intersectObject(panel.group, true, hits);
      const nearest = hits[0];
      if (!nearest || (best && best.distance <= nearest.distance)) continue;
      // A target lies on its panel's face, before or behind it by a hair.
      const target = panel.targets.find(({ node }) => hits.some(({ object }) => object === node)) ?? null;
      best = { target, distance: nearest.distance };
    }
    return best;
  };
  return {
    point(ray) {
      const hit = ray && meet(ray);
      hover(hit?.target ?? null);
      return hit;
    },
  };
}

function isShown(object: Object3D): boolean {
  for (let at: Object3D | null = object; at; at = at.parent) if (!at.visible) return false;
  return object.parent !== null;
}
