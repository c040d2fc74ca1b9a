/**
 * Entities as rows of columns: those that are drawn first, the others after them. An entity keeps its row until another
 * one before it goes. What differs since it was last asked for is kept by row.
 */

/** What an entity has. */
export const HAS_POSE = 1;
export const HAS_SHAPE = 2;
const DRAWN = HAS_POSE | HAS_SHAPE;
/** What differs of a row. */
export const MOVED = 1;
export const RESHAPED = 2;
/** The slot of what has none. */
export const NO_SLOT = -1;

const ROWS_MIN = 64;

/** The columns; the numbers of a row are its place times the width. */
function createTable(size: number) {
  return {
    entities: new BigUint64Array(size),
    positions: new Float32Array(3 * size),
    rotations: new Float32Array(4 * size),
    kinds: new Uint8Array(size),
    sizes: new Float32Array(3 * size),
    colours: new Uint8Array(3 * size),
    /** `HAS_POSE`, `HAS_SHAPE`. */
    has: new Uint8Array(size),
    /** Positions and rotations as they were told last, and the time of that, in seconds of the room. */
    toldPositions: new Float32Array(3 * size),
    toldRotations: new Float32Array(4 * size),
    times: new Float64Array(size),
    /** Where the samples of what moves are. */
    slots: new Int32Array(size),
  };
}

type Table = ReturnType<typeof createTable>;
type Column = Table[keyof Table];

const NAMES = Object.keys(createTable(0)) as (keyof Table)[];
const WIDTHS: Readonly<Partial<Record<keyof Table, number>>> = {
  positions: 3,
  rotations: 4,
  sizes: 3,
  colours: 3,
  toldPositions: 3,
  toldRotations: 4,
};

export interface Marked {
  readonly changed: Uint32Array;
  readonly changedCount: number;
  readonly reshaped: Uint32Array;
  readonly reshapedCount: number;
}

export interface Rows {
  /** The columns, which are replaced when they grow. */
  readonly table: Readonly<Table>;
  /** How many are drawn: rows 0 to `count`. */
  readonly count: number;
  /** The entity's row; `undefined` when it has none. */
  rowOf(entity: bigint): number | undefined;
  /** The entity's row, a new one of zeros where it has none. */
  make(entity: bigint): number;
  /** The entity has this now, or has it no more; returns its row. */
  give(row: number, what: number): number;
  take(row: number, what: number): number;
  /** Ends a row. */
  remove(row: number): void;
  mark(row: number, what: number): void;
  /** Which drawn rows differ since the last call, and which of them were reshaped. The arrays are used again. */
  pollMarked(): Marked;
}

/** `moved` is called when what is in a row changed its place. */
export function createRows(moved: (slot: number, row: number) => void): Rows {
  const rowByEntity = new Map<bigint, number>();
  let table = createTable(ROWS_MIN);
  let capacity = ROWS_MIN - 1;
  /** All rows, and those of them that are drawn. */
  let total = 0;
  let count = 0;
  let marks = new Uint8Array(ROWS_MIN);
  let marked = new Uint32Array(ROWS_MIN);
  let markedCount = 0;
  let changed = new Uint32Array(ROWS_MIN);
  let reshaped = new Uint32Array(ROWS_MIN);

  /** One row more than there may be, for exchanging two. */
  function grow(): void {
    const size = 2 * table.entities.length;
    const larger = createTable(size);
    for (const name of NAMES) (larger[name] as Float64Array).set(table[name] as Float64Array);
    table = larger;
    capacity = size - 1;
    const [oldMarks, oldMarked] = [marks, marked];
    marks = new Uint8Array(size);
    marks.set(oldMarks);
    marked = new Uint32Array(size);
    marked.set(oldMarked);
    changed = new Uint32Array(size);
    reshaped = new Uint32Array(size);
  }

  function copy(from: number, to: number): void {
    for (const name of NAMES) {
      const column: Column = table[name];
      const width = WIDTHS[name] ?? 1;
      column.copyWithin(width * to, width * from, width * (from + 1));
    }
  }

  function arrive(row: number): void {
    rowByEntity.set(table.entities[row]!, row);
    if (table.slots[row] !== NO_SLOT) moved(table.slots[row]!, row);
    mark(row, MOVED | RESHAPED);
  }

  function exchange(one: number, other: number): void {
    if (one === other) return;
    copy(one, capacity);
    copy(other, one);
    copy(capacity, other);
    arrive(one);
    arrive(other);
  }

  function mark(row: number, what: number): void {
    if (marks[row] === 0) marked[markedCount++] = row;
    marks[row]! |= what;
  }

  function setHas(row: number, has: number): number {
    const wasDrawn = table.has[row] === DRAWN;
    table.has[row] = has;
    if (wasDrawn === (has === DRAWN)) return row;
    const place = wasDrawn ? count - 1 : count;
    exchange(row, place);
    count += wasDrawn ? -1 : 1;
    mark(place, MOVED | RESHAPED);
    return place;
  }

  return {
    get count() {
      return count;
    },
    get table() {
      return table;
    },
    rowOf: (entity) => rowByEntity.get(entity),
    make(entity) {
      const found = rowByEntity.get(entity);
      if (found !== undefined) return found;
      if (total === capacity) grow();
      const row = total++;
      for (const name of NAMES) {
        const width = WIDTHS[name] ?? 1;
        if (name !== "entities") (table[name] as Float64Array).fill(0, width * row, width * (row + 1));
      }
      table.entities[row] = entity;
      table.slots[row] = NO_SLOT;
      rowByEntity.set(entity, row);
      return row;
    },
    give: (row, what) => setHas(row, table.has[row]! | what),
    take: (row, what) => setHas(row, table.has[row]! & ~what),
    remove(row) {
      const place = setHas(row, 0);
      rowByEntity.delete(table.entities[place]!);
      total -= 1;
      if (place === total) return;
      copy(total, place);
      arrive(place);
    },
    mark,
    pollMarked() {
      let changedCount = 0;
      let reshapedCount = 0;
      for (let at = 0; at < markedCount; at += 1) {
        const row = marked[at]!;
        if (row < count) {
          changed[changedCount++] = row;
          if ((marks[row]! & RESHAPED) !== 0) reshaped[reshapedCount++] = row;
        }
        marks[row] = 0;
      }
      markedCount = 0;
      return { changed, changedCount, reshaped, reshapedCount };
    },
  };
}
