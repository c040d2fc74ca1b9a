import { Box3, Color, Group, Mesh, PlaneGeometry, ShaderMaterial, Vector2, Vector3, type Matrix4 } from "three";
import type { EntityLayer, EntityView } from "./entities";
import type { SceneTheme } from "./theme";

/** What is higher above the floor than this leaves no trace on it. */
const CONTACT_METRES = 0.3;
/** How far the darkness reaches beyond what stands there. */
const SPREAD_METRES = 0.16;
const COLOUR = new Color(0x16213a);

export interface ContactShadows {
  readonly group: Group;
  /** Follows what is drawn; costs nothing while that is as before. */
  sync(entities: EntityLayer): void;
  setTheme(theme: SceneTheme): void;
  dispose(): void;
}

interface Spot {
  readonly mesh: Mesh<PlaneGeometry, ShaderMaterial>;
  readonly matrix: Matrix4;
  /** The columns it was fitted to. */
  columns: EntityView["mesh"];
}

/** A soft darkness on the floor under what touches it, where light from all around does not reach. */
export function createContactShadows(theme: SceneTheme): ContactShadows {
  const group = new Group();
  group.pointerEvents = "none";
  const plane = new PlaneGeometry(1, 1).rotateX(-Math.PI / 2);
  const strength = { value: theme.contactStrength };
  const spots = new Map<string, Spot>();
  let seen = -1;

  const remove = (id: string, spot: Spot): void => {
    spots.delete(id);
    group.remove(spot.mesh);
    spot.mesh.material.dispose();
  };
  const fit = (id: string, view: EntityView): void => {
    let spot = spots.get(id);
    if (spot && spot.columns === view.mesh && spot.matrix.equals(view.root.matrix)) return;
    if (!spot) {
      spot = { mesh: new Mesh(plane, spotMaterial(strength)), matrix: view.root.matrix.clone(), columns: null };
      spot.mesh.renderOrder = -7;
      spots.set(id, spot);
      group.add(spot.mesh);
    }
    spot.columns = view.mesh;
    spot.matrix.copy(view.root.matrix);
    place(spot.mesh, footprint(view));
  };

  return {
    group,
    sync(entities) {
      if (entities.revision === seen) return;
      seen = entities.revision;
      for (const [id, spot] of [...spots]) if (!entities.views.has(id)) remove(id, spot);
      for (const [id, view] of entities.views) fit(id, view);
    },
    setTheme(next) {
      strength.value = next.contactStrength;
    },
    dispose() {
      for (const [id, spot] of [...spots]) remove(id, spot);
      plane.dispose();
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

function place(mesh: Spot["mesh"], box: Box3): void {
  mesh.visible = !box.isEmpty();
  if (!mesh.visible) return;
  const size = box.getSize(new Vector3());
  mesh.position.set(box.min.x + size.x / 2, 0, box.min.z + size.z / 2);
  mesh.scale.set(size.x + SPREAD_METRES * 2, 1, size.z + SPREAD_METRES * 2);
  const { extent, nearness } = mesh.material.uniforms as { extent: { value: Vector2 }; nearness: { value: number } };
  extent.value.set(size.x / 2, size.z / 2);
  nearness.value = Math.max(0, 1 - Math.max(box.min.y, 0) / CONTACT_METRES);
}

function spotMaterial(strength: { value: number }): ShaderMaterial {
  return new ShaderMaterial({
    transparent: true,
    depthWrite: false,
    polygonOffset: true,
    polygonOffsetFactor: 1,
    polygonOffsetUnits: 2,
    uniforms: { extent: { value: new Vector2() }, nearness: { value: 0 }, colour: { value: COLOUR }, strength },
    vertexShader: `
      uniform vec2 extent;
      varying vec2 spot;
      void main() {
        spot = position.xz * 2.0 * (extent + ${SPREAD_METRES.toFixed(2)});
        gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
      }`,
    fragmentShader: `
      uniform vec2 extent;
      uniform float nearness;
      uniform float strength;
      uniform vec3 colour;
      varying vec2 spot;
      void main() {
        vec2 outside = abs(spot) - extent;
        float away = length(max(outside, 0.0)) + min(max(outside.x, outside.y), 0.0);
        float dark = 1.0 - smoothstep(-0.1, ${SPREAD_METRES.toFixed(2)}, away);
        gl_FragColor = vec4(colour, dark * dark * strength * nearness * nearness);
        #include <colorspace_fragment>
      }`,
  });
}
