import type { DocumentChange, DocumentEntity, EntityId, Material, Mesh as MeshColumns } from "@theta/client";
import {
  Box3,
  BufferAttribute,
  BufferGeometry,
  DoubleSide,
  Group,
  LineBasicMaterial,
  LineSegments,
  Mesh,
  MeshStandardMaterial,
  SRGBColorSpace,
  type Matrix4,
} from "three";
import { acceleratedRaycast } from "three-mesh-bvh";
import { buildSurface, edgePositions } from "./geometry/build";
import { matrixOf } from "./gestures";
import type { SceneTheme } from "./theme";

/** What of an entity is on the stage: the document's, or what a gesture in progress would make of it. */
export interface EntityView {
  readonly entity: DocumentEntity;
  readonly root: Group;
  readonly surface: Mesh<BufferGeometry, MeshStandardMaterial>;
  readonly edges: LineSegments<BufferGeometry, LineBasicMaterial>;
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
}

/** What an entity without a material looks like. */
const BARE: Material = { colour: [0.8, 0.8, 0.8], metallic: 0, roughness: 0.6 };

export function createEntityLayer(theme: SceneTheme): EntityLayer {
  const group = new Group();
  const views = new Map<EntityId, MutableView>();
  let revision = 0;
  const edgeMaterial = new LineBasicMaterial({ transparent: true });
  edgeMaterial.color.set(theme.edge);
  edgeMaterial.opacity = theme.edgeOpacity;

  const update = (entity: DocumentEntity): void => {
    let view = views.get(entity.id);
    if (!view) {
      view = createView(entity, edgeMaterial);
      views.set(entity.id, view);
      group.add(view.root);
    }
    view.entity = entity;
    dress(view);
    if (view.previewed) return;
    place(view, matrixOf(entity.transform));
    show(view, entity.mesh);
  };

  const remove = (id: EntityId): void => {
    const view = views.get(id);
    if (!view) return;
    views.delete(id);
    group.remove(view.root);
    view.surface.geometry.dispose();
    view.surface.material.dispose();
    view.edges.geometry.dispose();
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
      place(view, preview?.matrix ?? matrixOf(view.entity.transform));
      show(view, preview?.mesh ?? view.entity.mesh);
    },
    bounds() {
      const bounds = new Box3();
      for (const { root } of views.values()) if (root.visible) bounds.expandByObject(root);
      return bounds;
    },
    setTheme(next) {
      edgeMaterial.color.set(next.edge);
      edgeMaterial.opacity = next.edgeOpacity;
    },
    dispose() {
      for (const id of [...views.keys()]) remove(id);
      edgeMaterial.dispose();
    },
  };
}

function dress({ entity, surface: { material } }: MutableView): void {
  const { colour, metallic, roughness } = entity.material ?? BARE;
  material.color.setRGB(colour[0], colour[1], colour[2], SRGBColorSpace);
  material.metalness = metallic;
  material.roughness = roughness;
}

function show(view: MutableView, mesh: MeshColumns | null): void {
  if (view.mesh === mesh) return;
  view.mesh = mesh;
  view.surface.geometry.dispose();
  view.edges.geometry.dispose();
  view.root.visible = mesh !== null;
  if (!mesh) return;
  const { geometry, faceOfTriangle } = buildSurface(mesh);
  view.surface.geometry = geometry;
  view.faceOfTriangle = faceOfTriangle;
  view.edges.geometry = new BufferGeometry();
  view.edges.geometry.setAttribute("position", new BufferAttribute(edgePositions(mesh), 3));
}

function place(view: MutableView, matrix: Matrix4): void {
  view.root.matrix.copy(matrix);
  view.root.updateMatrixWorld(true);
}

function createView(entity: DocumentEntity, edgeMaterial: LineBasicMaterial): MutableView {
  const root = new Group();
  root.matrixAutoUpdate = false;
  root.visible = false;
  const surface = new Mesh(
    new BufferGeometry(),
    // The edges lie on the surface: push it back a little so that they win.
    new MeshStandardMaterial({ side: DoubleSide, polygonOffset: true, polygonOffsetFactor: 1, polygonOffsetUnits: 1 }),
  );
  surface.castShadow = true;
  surface.receiveShadow = true;
  surface.raycast = acceleratedRaycast;
  surface.userData.entity = entity.id;
  const edges = new LineSegments(new BufferGeometry(), edgeMaterial);
  edges.pointerEvents = "none";
  root.add(surface, edges);
  return { entity, root, surface, edges, mesh: null, faceOfTriangle: new Uint32Array(), previewed: false };
}
