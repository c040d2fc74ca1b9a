import type { EntityId } from "@theta/client";
import {
  BatchedMesh,
  BufferAttribute,
  BufferGeometry,
  Color,
  Group,
  SRGBColorSpace,
  type Matrix4,
  type MeshStandardMaterial,
} from "three";
import { PAINT_ATTRIBUTE } from "../geometry/paint";
import { createLookMaterial, lookOf, type Finish } from "./look";

const INSTANCES = 64;
const VERTICES = 4096;
/** What has grown once, as an extrusion's preview does, is likely to grow again. */
const ROOM = 1.5;

export interface SurfaceBatches {
  readonly group: Group;
  /** Draws an entity's surface; only what differs from what was shown is done. */
  show(id: EntityId, geometry: BufferGeometry, finish: Finish, matrix: Matrix4): void;
  remove(id: EntityId): void;
  dispose(): void;
}

interface Batch {
  readonly mesh: BatchedMesh;
  readonly look: string;
  /** Vertices that slots have. */
  reserved: number;
  slots: number;
}

interface Slot {
  readonly batch: Batch;
  readonly instance: number;
  readonly part: number;
  readonly reserved: number;
  geometry: BufferGeometry;
  mirrored: boolean;
}

/** The surfaces of all entities, one batch and so one draw call for each look. */
export function createSurfaceBatches(): SurfaceBatches {
  const group = new Group();
  const batches = new Map<string, Batch>();
  const slots = new Map<EntityId, Slot>();
  const colour = new Color();

  const batchFor = (finish: Finish, painted: boolean): Batch => {
    const look = lookOf(finish, painted);
    let batch = batches.get(look);
    if (!batch) {
      batch = { mesh: createMesh(finish, painted), look, reserved: 0, slots: 0 };
      batches.set(look, batch);
      group.add(batch.mesh);
    }
    return batch;
  };
  const free = ({ batch, part, reserved }: Slot): void => {
    batch.mesh.deleteGeometry(part);
    batch.reserved -= reserved;
    batch.slots--;
  };
  const discardEmpty = (batch: Batch): void => {
    if (batch.slots > 0) return;
    batches.delete(batch.look);
    group.remove(batch.mesh);
    disposeMesh(batch.mesh);
  };
  const remove = (id: EntityId): void => {
    const slot = slots.get(id);
    if (!slot) return;
    slots.delete(id);
    free(slot);
    discardEmpty(slot.batch);
  };
  const add = (id: EntityId, batch: Batch, geometry: BufferGeometry, mirrored: boolean, reserved: number): Slot => {
    batch.slots++;
    batch.reserved += reserved;
    makeRoom(batch, reserved);
    const part = batch.mesh.addGeometry(mirrored ? turnedInsideOut(geometry) : geometry, reserved);
    const slot: Slot = { batch, part, instance: batch.mesh.addInstance(part), reserved, geometry, mirrored };
    slots.set(id, slot);
    return slot;
  };
  const slotFor = (id: EntityId, geometry: BufferGeometry, finish: Finish, mirrored: boolean): Slot => {
    const size = geometry.getAttribute("position").count;
    const slot = slots.get(id);
    const painted = geometry.hasAttribute(PAINT_ATTRIBUTE);
    if (slot?.batch.look !== lookOf(finish, painted)) {
      remove(id);
      return add(id, batchFor(finish, painted), geometry, mirrored, size);
    }
    if (slot.geometry === geometry && slot.mirrored === mirrored) return slot;
    if (size > slot.reserved) {
      free(slot);
      return add(id, slot.batch, geometry, mirrored, Math.ceil(size * ROOM));
    }
    slot.batch.mesh.setGeometryAt(slot.part, mirrored ? turnedInsideOut(geometry) : geometry);
    Object.assign(slot, { geometry, mirrored });
    return slot;
  };

  return {
    group,
    remove,
    show(id, geometry, finish, matrix) {
      if (geometry.getAttribute("position").count === 0) {
        remove(id);
        return;
      }
      const { batch, instance } = slotFor(id, geometry, finish, matrix.determinant() < 0);
      const [red, green, blue] = finish.colour;
      batch.mesh.setMatrixAt(instance, matrix);
      batch.mesh.setColorAt(instance, colour.setRGB(red, green, blue, SRGBColorSpace));
    },
    dispose() {
      for (const id of [...slots.keys()]) remove(id);
    },
  };
}

function createMesh(finish: Finish, painted: boolean): BatchedMesh {
  const mesh = new BatchedMesh(INSTANCES, VERTICES, 0, createLookMaterial(finish, painted));
  mesh.castShadow = true;
  mesh.receiveShadow = true;
  // Its parts are culled one by one; a bound around all would have to follow each of them.
  mesh.frustumCulled = false;
  mesh.pointerEvents = "none";
  return mesh;
}

function disposeMesh(mesh: BatchedMesh): void {
  mesh.dispose();
  (mesh.material as MeshStandardMaterial).dispose();
}

/** Room for one more instance, and for `vertices` more in one piece; `reserved` counts them already. */
function makeRoom({ mesh, reserved }: Batch, vertices: number): void {
  if (mesh.instanceCount >= mesh.maxInstanceCount) mesh.setInstanceCount(mesh.maxInstanceCount * 2);
  if (mesh.unusedVertexCount >= vertices) return;
  mesh.optimize();
  if (mesh.unusedVertexCount < vertices) mesh.setGeometrySize(reserved * 2, 0);
}

/** A mirrored placement turns the triangles' winding about; that of one placed in a batch has to be turned back. */
function turnedInsideOut(geometry: BufferGeometry): BufferGeometry {
  const turned = new BufferGeometry();
  for (const name of Object.keys(geometry.attributes)) {
    const { array, count, itemSize } = geometry.getAttribute(name);
    const values = new Float32Array(array.length);
    for (let vertex = 0; vertex < count; vertex++) {
      const from = vertex % 3 === 0 ? vertex : vertex % 3 === 1 ? vertex + 1 : vertex - 1;
      values.set(array.slice(from * itemSize, from * itemSize + itemSize), vertex * itemSize);
    }
    turned.setAttribute(name, new BufferAttribute(values, itemSize));
  }
  turned.boundingSphere = geometry.boundingSphere;
  return turned;
}
