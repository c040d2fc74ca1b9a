import { DynamicDrawUsage, InstancedBufferAttribute } from "three";

/** Rows are sent in blocks: a call costs as much as the bytes of a few rows more. */
const BLOCK_ROWS = 64;

/** An instanced attribute of which only what was written is sent. */
export interface InstanceColumn {
  readonly attribute: InstancedBufferAttribute;
  readonly values: Float32Array;
  /** The row was written. */
  touch(row: number): void;
  /** Has what was written sent with the next frame that shows it; until one does, it stays to be sent. */
  flush(): void;
}

/** `size` numbers for each of `capacity` rows, the first of them as in `before`. */
export function createInstanceColumn(capacity: number, size: number, before: InstanceColumn | null): InstanceColumn {
  const values = new Float32Array(capacity * size);
  if (before) values.set(before.values);
  const attribute = new InstancedBufferAttribute(values, size).setUsage(DynamicDrawUsage);
  const blocks = new Uint8Array(Math.ceil(capacity / BLOCK_ROWS));
  let isTouched = false;
  // A mesh out of view is not sent: what is touched is kept until it was.
  attribute.onUpload(() => blocks.fill(0));
  return {
    attribute,
    values,
    touch(row) {
      blocks[row >> 6] = 1;
      isTouched = true;
    },
    flush() {
      if (!isTouched) return;
      isTouched = false;
      attribute.clearUpdateRanges();
      for (let first = blocks.indexOf(1); first >= 0; ) {
        let end = first + 1;
        while (blocks[end] === 1) end++;
        const start = first * BLOCK_ROWS * size;
        attribute.addUpdateRange(start, Math.min(end * BLOCK_ROWS * size, values.length) - start);
        first = blocks.indexOf(1, end);
      }
      attribute.needsUpdate = true;
    },
  };
}
