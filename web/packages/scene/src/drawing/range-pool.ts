/** A stretch of a buffer, in whatever unit its owner counts. */
export interface Range {
  readonly start: number;
  readonly size: number;
}

export interface RangePool {
  readonly capacity: number;
  /** Behind the last range taken. */
  readonly end: number;
  /** The first stretch that is long enough; null when there is none: `grow` then. */
  take(size: number): Range | null;
  free(range: Range): void;
  grow(capacity: number): void;
}

/** Who has which part of a buffer. What is freed next to another free part becomes one with it. */
export function createRangePool(capacity: number): RangePool {
  /** In order of `start`, never touching each other. */
  let gaps: Range[] = [{ start: 0, size: capacity }];

  const give = (range: Range): void => {
    const after = gaps.findIndex(({ start }) => start > range.start);
    const at = after < 0 ? gaps.length : after;
    gaps.splice(at, 0, range);
    join(at);
    if (at > 0) join(at - 1);
  };
  const join = (at: number): void => {
    const [one, next] = [gaps[at], gaps[at + 1]];
    if (one && next && one.start + one.size === next.start) {
      gaps.splice(at, 2, { start: one.start, size: one.size + next.size });
    }
  };
  return {
    get capacity() {
      return capacity;
    },
    get end() {
      const last = gaps.at(-1);
      return last && last.start + last.size === capacity ? last.start : capacity;
    },
    take(size) {
      const at = gaps.findIndex((gap) => gap.size >= size);
      const gap = gaps[at];
      if (!gap) return null;
      const rest: Range[] = gap.size > size ? [{ start: gap.start + size, size: gap.size - size }] : [];
      gaps = gaps.toSpliced(at, 1, ...rest);
      return { start: gap.start, size };
    },
    free(range) {
      if (range.size > 0) give(range);
    },
    grow(next) {
      if (next <= capacity) return;
      const more = { start: capacity, size: next - capacity };
      capacity = next;
      give(more);
    },
  };
}
