import type {
  Actor,
  Quaternion,
  RoomStateView,
  StateBody,
  StateEntity,
  StateSample,
  StateStatistics,
  Vector3,
} from "@theta/client";
import { STATE_SHAPES } from "@theta/client";

interface Body {
  kind: number;
  size: Vector3;
  colour: Vector3;
  position: Vector3;
  rotation: Quaternion;
}

type Columns = Pick<StateSample, "entities" | "positions" | "rotations" | "kinds" | "sizes" | "colours" | "changed" | "reshaped">;

const columns = (rows: number): Columns => ({
  entities: new BigUint64Array(rows),
  positions: new Float32Array(3 * rows),
  rotations: new Float32Array(4 * rows),
  kinds: new Uint8Array(rows),
  sizes: new Float32Array(3 * rows),
  colours: new Uint8Array(3 * rows),
  changed: new Uint32Array(rows),
  reshaped: new Uint32Array(rows),
});

/** A state plane in memory: shows what it is given as it is given, and grants every grab. For tests. */
export class FakeState implements RoomStateView {
  revision = 0;
  heldRevision = 0;
  readonly held = new Map<StateEntity, Actor>();
  /** Whether a grab is granted. */
  grants = true;
  /** Everything that was asked of the room, in order. */
  readonly asked: unknown[][] = [];
  bytesPerSecond = 0;
  private readonly bodies = new Map<StateEntity, Body>();
  private readonly moved = new Set<StateEntity>();
  private readonly dressed = new Set<StateEntity>();
  private order: StateEntity[] = [];
  private rows = columns(0);
  private regions = 0;
  private readonly self: Actor;

  constructor(self: Actor) {
    this.self = self;
  }

  get entityCount(): number {
    return this.bodies.size;
  }

  get statistics(): StateStatistics {
    const entities = this.bodies.size;
    return { entities, drawn: entities, received: 0, stale: 0, dropped: 0, bytesPerSecond: this.bytesPerSecond, complete: true };
  }

  /** An entity appears. */
  put(entity: StateEntity, { shape, size, colour, position, rotation = [0, 0, 0, 1] }: StateBody): void {
    if (!this.bodies.has(entity)) this.order.push(entity);
    this.bodies.set(entity, { kind: STATE_SHAPES.indexOf(shape), size, colour, position, rotation });
    this.dressed.add(entity);
    this.revision++;
  }

  /** The room moves one. */
  place(entity: StateEntity, position: Vector3, rotation?: Quaternion): void {
    const body = this.bodies.get(entity);
    if (!body) return;
    body.position = position;
    if (rotation) body.rotation = rotation;
    this.moved.add(entity);
  }

  /** It is gone; the last takes its row. */
  take(entity: StateEntity): void {
    const row = this.order.indexOf(entity);
    const last = this.order.pop();
    if (row < this.order.length && last !== undefined) {
      this.order[row] = last;
      this.dressed.add(last);
    }
    this.bodies.delete(entity);
    for (const set of [this.moved, this.dressed]) set.delete(entity);
    this.revision++;
  }

  /** Somebody holds it from now on; null: nobody. */
  hold(entity: StateEntity, actor: Actor | null): void {
    if (actor === null) this.held.delete(entity);
    else this.held.set(entity, actor);
    this.heldRevision++;
  }

  sample(): StateSample {
    const count = this.order.length;
    if (count > this.rows.kinds.length) {
      this.rows = columns(2 * count);
      for (const entity of this.order) this.dressed.add(entity);
    }
    const { entities, positions, rotations, kinds, sizes, colours, changed, reshaped } = this.rows;
    let changedCount = 0;
    let reshapedCount = 0;
    this.order.forEach((entity, row) => {
      const body = this.bodies.get(entity) as Body;
      if (this.dressed.has(entity)) {
        reshaped[reshapedCount++] = row;
        entities[row] = entity;
        kinds[row] = body.kind;
        sizes.set(body.size, 3 * row);
        colours.set(body.colour.map((value) => Math.round(value * 255)), 3 * row);
      } else if (!this.moved.has(entity)) return;
      changed[changedCount++] = row;
      positions.set(body.position, 3 * row);
      rotations.set(body.rotation, 4 * row);
    });
    this.moved.clear();
    this.dressed.clear();
    return { count, ...this.rows, changedCount, reshapedCount };
  }

  rowOf(entity: StateEntity): number | null {
    const row = this.order.indexOf(entity);
    return row < 0 ? null : row;
  }

  subscribeToRegion(centre: Vector3, radius: number): number {
    this.asked.push(["subscribeToRegion", centre, radius]);
    return this.regions++;
  }

  moveRegion(region: number, centre: Vector3, radius: number): void {
    this.asked.push(["moveRegion", region, centre, radius]);
  }

  unsubscribe(region: number): void {
    this.asked.push(["unsubscribe", region]);
  }

  select(entities: Iterable<StateEntity>): void {
    this.asked.push(["select", ...entities]);
  }

  grab(entity: StateEntity): boolean {
    this.asked.push(["grab", entity]);
    if (this.grants) this.hold(entity, this.self);
    return this.grants;
  }

  moveTo(entity: StateEntity, position: Vector3, rotation: Quaternion): void {
    if (this.held.get(entity) === this.self) this.place(entity, position, rotation);
  }

  release(entity: StateEntity): void {
    this.asked.push(["release", entity]);
    this.hold(entity, null);
  }

  ownerOf(entity: StateEntity): Actor | null {
    return this.held.get(entity) ?? null;
  }

  spawn(bodies: readonly StateBody[]): Promise<readonly StateEntity[]> {
    const made = bodies.map((body, at) => {
      const entity = BigInt(this.revision + at + 1);
      this.put(entity, body);
      return entity;
    });
    return Promise.resolve(made);
  }

  despawn(entities: readonly StateEntity[]): Promise<void> {
    for (const entity of entities) this.take(entity);
    return Promise.resolve();
  }
}
