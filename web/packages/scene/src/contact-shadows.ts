import {
  Box3,
  Color,
  DynamicDrawUsage,
  InstancedBufferAttribute,
  InstancedBufferGeometry,
  Mesh,
  PlaneGeometry,
  ShaderMaterial,
  Vector3,
  type Matrix4,
} from "three";
import type { EntityLayer, EntityView } from "./entities";
import { UNDER_SURFACES } from "./environment";
import type { SceneTheme } from "./theme";

/** What is higher above the floor than this leaves no trace on it. */
export const CONTACT_METRES = 0.3;
/** How far the darkness reaches beyond what stands there. */
export const SPREAD_METRES = 0.16;
/** Over the floor and what lies on it, under all else. */
export const SPOT_ORDER = -7;
const COLOUR = new Color(0x16213a);

export interface ContactShadows {
  readonly mesh: Mesh<InstancedBufferGeometry, ShaderMaterial>;
  /** Follows what is drawn; costs nothing while that is as before. */
  sync(entities: EntityLayer): void;
  setTheme(theme: SceneTheme): void;
  dispose(): void;
}

interface Spot {
  readonly matrix: Matrix4;
  /** The columns it was fitted to. */
  columns: EntityView["mesh"];
  box: Box3;
}

const CAPACITY = 64;

/** A soft darkness on the floor under what touches it, where light from all around does not reach; one draw call. */
export function createContactShadows(theme: SceneTheme): ContactShadows {
  const strength = { value: theme.contactStrength };
  const mesh = new Mesh(createPlane(CAPACITY), createSpotMaterial(strength, BOXES));
  mesh.pointerEvents = "none";
  mesh.frustumCulled = false;
  mesh.renderOrder = SPOT_ORDER;
  const spots = new Map<string, Spot>();
  let capacity = CAPACITY;
  let seen = -1;

  /** Whether it has to be drawn anew. */
  const fit = (id: string, view: EntityView): boolean => {
    const { root, mesh: columns } = view;
    let spot = spots.get(id);
    if (spot && spot.columns === columns && spot.matrix.equals(root.matrix)) return false;
    spot ??= { matrix: root.matrix.clone(), columns, box: new Box3() };
    spots.set(id, spot);
    spot.columns = columns;
    spot.matrix.copy(root.matrix);
    spot.box = footprint(view);
    return true;
  };
  const write = (): void => {
    const boxes = [...spots.values()].filter(({ box }) => !box.isEmpty()).map(({ box }) => box);
    if (boxes.length > capacity) {
      capacity = boxes.length * 2;
      mesh.geometry.dispose();
      mesh.geometry = createPlane(capacity);
    }
    const places = mesh.geometry.getAttribute("place");
    const nearness = mesh.geometry.getAttribute("nearness");
    boxes.forEach(({ min, max }, at) => {
      places.setXYZW(at, (min.x + max.x) / 2, (min.z + max.z) / 2, (max.x - min.x) / 2, (max.z - min.z) / 2);
      nearness.setX(at, Math.max(0, 1 - Math.max(min.y, 0) / CONTACT_METRES));
    });
    places.needsUpdate = nearness.needsUpdate = true;
    mesh.geometry.instanceCount = boxes.length;
    mesh.visible = boxes.length > 0;
  };

  return {
    mesh,
    sync(entities) {
      if (entities.revision === seen) return;
      seen = entities.revision;
      let changed = false;
      for (const id of spots.keys()) if (!entities.views.has(id)) changed = spots.delete(id) || changed;
      for (const [id, view] of entities.views) changed = fit(id, view) || changed;
      if (changed) write();
    },
    setTheme(next) {
      strength.value = next.contactStrength;
    },
    dispose() {
      mesh.geometry.dispose();
      mesh.material.dispose();
    },
  };
}

/** The box around those of its vertices that are near the floor; empty when none is. */
export function footprint({ mesh, root }: Pick<EntityView, "mesh" | "root">): Box3 {
  const box = new Box3();
  const point = new Vector3();
  for (let at = 0; mesh && at < mesh.positions.length; at += 3) {
    point.fromArray(mesh.positions, at).applyMatrix4(root.matrix);
    if (Math.abs(point.y) < CONTACT_METRES) box.expandByPoint(point);
  }
  return box;
}

/** Corners at -1 and 1 on the floor, for so many spots. */
function createPlane(capacity: number): InstancedBufferGeometry {
  const plane = new PlaneGeometry(2, 2).rotateX(-Math.PI / 2);
  const geometry = new InstancedBufferGeometry();
  geometry.setIndex(plane.getIndex());
  geometry.setAttribute("position", plane.getAttribute("position"));
  for (const [name, size] of [["place", 4], ["nearness", 1]] as const) {
    const values = new InstancedBufferAttribute(new Float32Array(capacity * size), size);
    geometry.setAttribute(name, values.setUsage(DynamicDrawUsage));
  }
  return geometry;
}

/** Where a spot is, in GLSL: declares what it reads, and sets `middle`, `extent`, `near` and `spread`. */
export interface SpotPlace {
  readonly attributes: string;
  readonly place: string;
  /** An ellipse, not a rectangle. */
  readonly isRound: boolean;
}

const BOXES: SpotPlace = {
  attributes: "attribute vec4 place; attribute float nearness;",
  place: `middle = place.xy; extent = place.zw; near = nearness; spread = ${SPREAD_METRES.toFixed(2)};`,
  isRound: false,
};

/** Draws corners at -1 and 1 as soft darkness on the floor, `extent` each way from `middle` and `spread` beyond. */
export function createSpotMaterial(strength: { value: number }, { attributes, place, isRound }: SpotPlace): ShaderMaterial {
  return new ShaderMaterial({
    transparent: true,
    depthWrite: false,
    ...UNDER_SURFACES,
    uniforms: { colour: { value: COLOUR }, strength },
    vertexShader: `
      ${attributes}
      varying vec2 spot;
      varying vec2 extent;
      varying float near;
      varying float spread;
      void main() {
        vec2 middle;
        ${place}
        spot = position.xz * (extent + spread);
        vec4 corner = projectionMatrix * viewMatrix * vec4(middle.x + spot.x, 0.0, middle.y + spot.y, 1.0);
        // What is too high leaves no trace: all its corners are in one place, out of view.
        gl_Position = near > 0.0 ? corner : vec4(2.0, 2.0, 2.0, 1.0);
      }`,
    fragmentShader: `
      uniform float strength;
      uniform vec3 colour;
      varying vec2 spot;
      varying vec2 extent;
      varying float near;
      varying float spread;
      void main() {
        ${isRound ? ROUND_AWAY : SQUARE_AWAY}
        float dark = 1.0 - smoothstep(-0.625 * spread, spread, away);
        gl_FragColor = vec4(colour, dark * dark * strength * near * near);
        #include <colorspace_fragment>
      }`,
  });
}

const SQUARE_AWAY = `
        vec2 outside = abs(spot) - extent;
        float away = length(max(outside, 0.0)) + min(max(outside.x, outside.y), 0.0);`;
const ROUND_AWAY = `
        float away = (length(spot / extent) - 1.0) * min(extent.x, extent.y);`;
