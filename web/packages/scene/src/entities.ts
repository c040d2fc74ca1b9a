import type { DocumentChange, DocumentEntity, EntityId, Material, Mesh as MeshColumns } from "@theta/client";
import { Box3, BufferGeometry, DoubleSide, Group, Mesh, MeshBasicMaterial, type Matrix4 } from "three";
import { acceleratedRaycast } from "three-mesh-bvh";
import { createEdgeBatch } from "./drawing/edge-batch";
import { createSurfaceBatches } from "./drawing/surface-batches";
import { buildSurface } from "./geometry/build";
import { drawnEdges } from "./geometry/outline";
import { matrixOf } from "./gestures";
import type { SceneTheme } from "./theme";

/** What of an entity is on the stage: the document's, or what a gesture in progress would make of it. */
export interface EntityView {
  readonly entity: DocumentEntity;
  /** Where it is; invisible when there is nothing to see. */
  readonly root: Group;
  /** For picking; it is drawn together with all the others. */
  readonly surface: Mesh<BufferGeometry, MeshBasicMaterial>;
  /** The mesh as drawn now. */
  mesh: MeshColumns | null;
  faceOfTriangle: Uint32Array;
}

export interface Preview {
  readonly matrix?: Matrix4;
  readonly mesh?: MeshColumns;
}

export interface EntityLayer {
  readonly group: Group;
  readonly views: ReadonlyMap<EntityId, EntityView>;
  /** Counts the changes of what is drawn. */
  readonly revision: number;
  /** Brings the stage up to the document; only what changed is touched. */
  sync(entities: ReadonlyMap<EntityId, DocumentEntity>, change: DocumentChange): void;
  /** Shows a gesture in progress; null shows the document again. */
  preview(entity: EntityId, preview: Preview | null): void;
  bounds(): Box3;
  setTheme(theme: SceneTheme): void;
  dispose(): void;
}

interface MutableView extends EntityView {
  entity: DocumentEntity;
  previewed: boolean;
  edges: Float32Array;
}

/** What an entity without a material looks like. */
const BARE: Material = { colour: [0.8, 0.8, 0.8], metallic: 0, roughness: 0.6 };

export function createEntityLayer(theme: SceneTheme): EntityLayer {
  const group = new Group();
  const picking = new Group();
  const surfaces = createSurfaceBatches();
  const edges = createEdgeBatch();
  edges.lines.pointerEvents = "none";
  group.add(picking, surfaces.group, edges.lines);
  // Each is brought up to date when it changes; hundreds in every frame would be for nothing.
  picking.updateMatrixWorld = () => undefined;
  const pickable = new MeshBasicMaterial({ side: DoubleSide });
  const views = new Map<EntityId, MutableView>();
  let revision = 0;

  const setTheme = (next: SceneTheme): void => {
    edges.lines.material.color.set(next.edge);
    edges.lines.material.opacity = next.edgeOpacity;
  };
  setTheme(theme);

  const draw = (view: MutableView, placed: boolean): void => {
    const { entity, root, surface } = view;
    if (!root.visible) {
      surfaces.remove(entity.id);
      edges.remove(entity.id);
      return;
    }
    surfaces.show(entity.id, surface.geometry, { ...(entity.material ?? BARE), surface: entity.surface }, root.matrix);
    if (placed) edges.show(entity.id, view.edges, root.matrix);
  };

  const update = (entity: DocumentEntity): void => {
    let view = views.get(entity.id);
    if (!view) {
      view = createView(entity, pickable);
      views.set(entity.id, view);
      picking.add(view.root);
    }
    view.entity = entity;
    const changed = !view.previewed && pose(view, matrixOf(entity.transform), entity.mesh);
    draw(view, changed);
  };

  const remove = (id: EntityId): void => {
    const view = views.get(id);
    if (!view) return;
    views.delete(id);
    picking.remove(view.root);
    view.surface.geometry.dispose();
    surfaces.remove(id);
    edges.remove(id);
  };

  return {
    group,
    views,
    get revision() {
      return revision;
    },
    sync(entities, change) {
      revision++;
      for (const id of change.removed) remove(id);
      for (const id of change.changed) {
        const entity = entities.get(id);
        if (entity) update(entity);
      }
    },
    preview(id, preview) {
      const view = views.get(id);
      if (!view) return;
      revision++;
      view.previewed = preview !== null;
      const { transform, mesh } = view.entity;
      draw(view, pose(view, preview?.matrix ?? matrixOf(transform), preview?.mesh ?? mesh));
    },
    bounds() {
      const bounds = new Box3();
      for (const { root } of views.values()) if (root.visible) bounds.expandByObject(root);
      return bounds;
    },
    setTheme,
    dispose() {
      for (const id of [...views.keys()]) remove(id);
      for (const part of [surfaces, edges, pickable]) part.dispose();
    },
  };
}

/** Gives a view its place and its mesh; false when it has both already. */
function pose(view: MutableView, matrix: Matrix4, mesh: MeshColumns | null): boolean {
  const { root } = view;
  const moved = !root.matrix.equals(matrix);
  if (moved) root.matrix.copy(matrix);
  if (view.mesh === mesh) {
    if (moved) root.updateMatrixWorld(true);
    return moved;
  }
  view.mesh = mesh;
  view.surface.geometry.dispose();
  root.visible = mesh !== null;
  if (mesh) {
    const isPreview = mesh !== view.entity.mesh;
    const { geometry, faceOfTriangle } = buildSurface(mesh, !isPreview);
    view.surface.geometry = geometry;
    view.faceOfTriangle = faceOfTriangle;
    view.edges = drawnEdges(mesh);
  }
  root.updateMatrixWorld(true);
  return true;
}

function createView(entity: DocumentEntity, material: MeshBasicMaterial): MutableView {
  const root = new Group();
  root.matrixAutoUpdate = false;
  root.visible = false;
  const surface = new Mesh(new BufferGeometry(), material);
  surface.visible = false;
  surface.matrixAutoUpdate = false;
  surface.raycast = acceleratedRaycast;
  surface.userData.entity = entity.id;
  root.add(surface);
  return {
    entity,
    root,
    surface,
    mesh: null,
    faceOfTriangle: new Uint32Array(),
    previewed: false,
    edges: new Float32Array(),
  };
}
