import type { EntityId } from "@theta/client";
import { BufferAttribute, BufferGeometry, DynamicDrawUsage, LineBasicMaterial, LineSegments, Vector3, type Matrix4 } from "three";
import { createRangePool, type Range } from "./range-pool";

/** Ends of lines. */
const CAPACITY = 4096;

export interface EdgeBatch {
  readonly lines: LineSegments<BufferGeometry, LineBasicMaterial>;
  /** Draws an entity's edges, 6 numbers each in its own space, where `matrix` places them. */
  show(id: EntityId, edges: Float32Array, matrix: Matrix4): void;
  remove(id: EntityId): void;
  dispose(): void;
}

/** The edges of all entities as lines of one colour, in one draw call: in the world's space, only what changed is rewritten. */
export function createEdgeBatch(): EdgeBatch {
  const lines = new LineSegments(new BufferGeometry(), new LineBasicMaterial({ transparent: true }));
  lines.frustumCulled = false;
  lines.matrixAutoUpdate = false;
  const pool = createRangePool(CAPACITY);
  const ranges = new Map<EntityId, Range>();
  const point = new Vector3();
  let ends = new BufferAttribute(new Float32Array(0), 3);

  const hold = (capacity: number): void => {
    const before = ends.array;
    ends = new BufferAttribute(new Float32Array(capacity * 3), 3).setUsage(DynamicDrawUsage);
    ends.array.set(before);
    lines.geometry.dispose();
    lines.geometry = new BufferGeometry();
    lines.geometry.setAttribute("position", ends);
  };
  hold(CAPACITY);

  const written = ({ start, size }: Range): void => {
    ends.addUpdateRange(start * 3, size * 3);
    ends.needsUpdate = true;
    lines.geometry.setDrawRange(0, pool.end);
  };
  const take = (size: number): Range => {
    const range = pool.take(size);
    if (range) return range;
    pool.grow(Math.max(pool.capacity * 2, pool.capacity + size));
    hold(pool.capacity);
    return take(size);
  };
  const remove = (id: EntityId): void => {
    const range = ranges.get(id);
    if (!range) return;
    ranges.delete(id);
    pool.free(range);
    // Lines without length: nothing is drawn of a gap between others.
    ends.array.fill(0, range.start * 3, (range.start + range.size) * 3);
    written(range);
  };

  return {
    lines,
    remove,
    show(id, edges, matrix) {
      const size = edges.length / 3;
      if (ranges.get(id)?.size !== size) remove(id);
      if (size === 0) return;
      const range = ranges.get(id) ?? take(size);
      ranges.set(id, range);
      for (let end = 0; end < size; end++) {
        point.fromArray(edges, end * 3).applyMatrix4(matrix).toArray(ends.array, (range.start + end) * 3);
      }
      written(range);
    },
    dispose() {
      lines.geometry.dispose();
      lines.material.dispose();
    },
  };
}
