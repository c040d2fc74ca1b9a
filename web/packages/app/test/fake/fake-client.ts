import type {
  Actor,
  BranchesView,
  ChatMessage,
  CommandName,
  ConnectionState,
  DocumentChange,
  DocumentEntity,
  DocumentView,
  EntityId,
  Dependant,
  Gesture,
  GoverningOperation,
  HistoryView,
  LinkView,
  Invite,
  Maker,
  MergeOptions,
  Mesh,
  Operation,
  PastPage,
  Policies,
  PolicyRule,
  PastStep,
  Performed,
  Person,
  Presence,
  Role,
  RoomClient,
  RoomClientEvents,
  Statistics,
  UploadOptions,
  Vector3,
} from "@theta/client";
import { MAIN, NothingToUndoError, RefusedError } from "@theta/client";
import { elementIndex } from "@theta/scene";
import { withExtrudedFace } from "../../../scene/src/geometry/preview";
import { FakeState } from "./fake-state";
import { makePrimitive } from "./shapes";

type Entities = ReadonlyMap<EntityId, DocumentEntity>;

const SELF: Actor = 1n;

/** A room of one in memory: does what the operations say, roughly, without signatures or a network. For tests. */
export class FakeClient implements RoomClient {
  connection: ConnectionState = { phase: "idle" };
  people: Person[] = [];
  presence = new Map<Actor, Presence>();
  readonly state = new FakeState(SELF);
  chat: ChatMessage[] = [];
  statistics: Statistics = {
    roundTripMs: null,
    jitterMs: null,
    lossShare: null,
    clockOffsetMs: null,
    packetsPending: 0,
    signaturesVerified: 0,
    signaturesFailed: 0,
    signaturesUnknown: 0,
    divergences: 0,
  };
  link: LinkView = { transport: null, openedAfterMs: null, passedOver: [] };
  /** Everything performed, in order. */
  readonly performed: Operation[] = [];
  readonly uploaded: Uint8Array[] = [];
  /** The room has an asset once this is resolved. */
  storing: Promise<void> = Promise.resolve();
  readonly shown: Presence[] = [];
  /** What others built on the next step to undo. */
  dependants: readonly Dependant[] = [];
  branches: BranchesView = { all: [{ id: MAIN, name: "main", parent: MAIN, fork: 0n, authorName: "", atMs: 0 }], current: MAIN };
  /** What `past` answers with, oldest first. */
  steps: PastStep[] = [];
  /** What `incoming` answers with, newest first. */
  coming: PastStep[] = [];
  rules: Policies = { strategy: "last-writer-wins", cascade: true, rules: [] };
  maker: Maker | null = null;
  /** Everything that was asked of the room and is no operation, in order. */
  readonly asked: unknown[][] = [];
  /** The reason why the next operation is refused. */
  refusal: string | null = null;

  moment: bigint | null = null;
  private entities: Entities = new Map();
  private done: { label: string; before: Entities }[] = [];
  private undone: { label: string; before: Entities }[] = [];
  private count = 0;
  private readonly listeners = new Map<string, Set<(value: never) => void>>();

  get document(): DocumentView {
    const hash = this.count.toString(16).padStart(8, "0").repeat(4);
    const status = this.connection.phase === "online" ? "current" : "loading";
    return { entities: this.entities, seq: BigInt(this.count), hash, status, moment: this.moment };
  }

  get history(): HistoryView {
    const undo = this.done.at(-1);
    const redo = this.undone.at(-1);
    const { dependants } = this;
    const gestures = [{ actor: SELF, number: 1n }];
    return {
      undo: undo ? { label: undo.label, gestures, dependants, blockedBy: [...new Set(dependants.map(({ author }) => author))] } : null,
      redo: redo ? { label: redo.label, gestures, dependants: [], blockedBy: [] } : null,
    };
  }

  connect({ name = "Me" }: { name?: string; invite?: string } = {}): void {
    const me: Person = { actor: SELF, author: "00".repeat(32), name, colour: 0x2f6bff, role: "editor", self: true };
    this.people = [me, ...this.people.filter((person) => !person.self)];
    this.setConnection({ phase: "online", role: "editor", actor: SELF, roomName: "studio", resumed: false });
    this.emit("people", this.people);
    this.emit("status", this.document);
  }

  setConnection(connection: ConnectionState): void {
    this.connection = connection;
    this.emit("connection", connection);
  }

  setStatistics(changes: Partial<Statistics>): void {
    this.statistics = { ...this.statistics, ...changes };
    this.emit("statistics", this.statistics);
  }

  setLink(link: LinkView): void {
    this.link = link;
    this.emit("link", link);
  }

  checkLink(): void {
    this.asked.push(["checkLink"]);
  }

  /** Someone else comes in, or moves. */
  meet(person: Person, presence: Presence): void {
    if (!this.people.some((one) => one.actor === person.actor)) this.people = [...this.people, person];
    this.presence.set(person.actor, presence);
    this.emit("people", this.people);
    this.emit("presence", [person.actor]);
  }

  hear(message: ChatMessage): void {
    this.chat.push(message);
    this.emit("chat", message);
  }

  close(): void {
    this.setConnection({ phase: "closed" });
  }

  async perform(operations: readonly Operation[]): Promise<Performed> {
    await Promise.resolve();
    if (this.refusal !== null) {
      const reason = this.refusal;
      this.refusal = null;
      throw new RefusedError("Refused", reason);
    }
    const before = this.entities;
    const created: EntityId[] = [];
    for (const operation of operations) {
      this.performed.push(operation);
      this.count++;
      if (operation.type === "create_primitive" || operation.type === "import_mesh") created.push(idOf(this.count));
      this.entities = applied(this.entities, operation, this.count);
    }
    this.done.push({ label: (operations[0]?.type ?? "").replaceAll("_", " "), before });
    this.undone = [];
    this.changed(before);
    return { names: [], created, seq: BigInt(this.count), corrections: [] };
  }

  async uploadAsset(bytes: Uint8Array, options: UploadOptions = {}): Promise<string> {
    const asset = (this.uploaded.push(bytes) - 1).toString(16).padStart(64, "0");
    await this.storing;
    options.signal?.throwIfAborted();
    options.onProgress?.(1);
    return asset;
  }

  authorization(): string | null {
    return this.connection.phase === "online" ? "Bearer 11:22" : null;
  }

  beginGesture(): Gesture {
    return { number: null };
  }

  undo(): Promise<Performed> {
    return this.travel(this.done, this.undone);
  }

  redo(): Promise<Performed> {
    return this.travel(this.undone, this.done);
  }

  takeBack(gestures: readonly CommandName[], cascade: readonly CommandName[]): Promise<Performed> {
    return this.note("takeBack", gestures, cascade);
  }

  restore(gestures: readonly CommandName[]): Promise<Performed> {
    return this.note("restore", gestures);
  }

  repeat(gesture: CommandName): Promise<Performed> | null {
    return gesture.actor === SELF ? this.note("repeat", gesture) : null;
  }

  labelOf({ actor }: CommandName): string | null {
    return actor === SELF ? "extrude face" : null;
  }

  /** Records of gestures are as their numbers, times ten. */
  recordOf({ number }: CommandName): bigint | null {
    return number === 0n ? null : number * 10n;
  }

  isLater(one: CommandName, other: CommandName): boolean | null {
    return one.number === 0n || other.number === 0n ? null : one.number > other.number;
  }

  whoMade(...question: [EntityId, string, string]): Promise<Maker | null> {
    this.asked.push(["whoMade", ...question]);
    return Promise.resolve(this.maker);
  }

  past(before: bigint, count: number): Promise<PastPage> {
    this.asked.push(["past", before, count]);
    const older = this.steps.filter(({ seq }) => before === 0n || seq < before);
    const page = older.slice(-count).reverse();
    return Promise.resolve({ steps: page, more: older.length > page.length });
  }

  async lookAt(seq: bigint | null): Promise<boolean> {
    this.asked.push(["lookAt", seq]);
    await Promise.resolve();
    this.moment = seq;
    this.emit("status", this.document);
    return true;
  }

  async switchBranch(branch: string): Promise<void> {
    await this.note("switchBranch", branch);
    this.branches = { ...this.branches, current: branch };
    this.emit("branches", this.branches);
  }

  async createBranch(name: string, fork = BigInt(this.count)): Promise<string> {
    await this.note("createBranch", name, fork);
    const id = name.length.toString(16).padStart(32, "b");
    const made = { id, name, parent: this.branches.current, fork, authorName: "Me", atMs: 0 };
    this.branches = { ...this.branches, all: [...this.branches.all, made] };
    this.emit("branches", this.branches);
    return id;
  }

  mergeBranch(source: string, options: MergeOptions = {}): Promise<Performed> {
    return this.note("mergeBranch", source, options);
  }

  async incoming(source: string, before: bigint, count: number): Promise<PastPage> {
    await this.note("incoming", source, before, count);
    return { steps: this.coming.slice(0, count), more: this.coming.length > count };
  }

  async govern(operation: GoverningOperation): Promise<Performed> {
    const done = await this.note("govern", operation);
    this.rules = governed(this.rules, operation);
    return done;
  }

  policies(): Promise<Policies> {
    return Promise.resolve(this.rules);
  }

  async makeInvite(role: Role, seconds: number): Promise<Invite> {
    await this.note("makeInvite", role, seconds);
    return { role, token: `${role}-${seconds}`, expiresMs: seconds === 0 ? null : Date.now() + seconds * 1000 };
  }

  private async note(...asked: unknown[]): Promise<Performed> {
    this.asked.push(asked);
    await Promise.resolve();
    if (this.refusal !== null) {
      const reason = this.refusal;
      this.refusal = null;
      throw new RefusedError("Refused", reason);
    }
    return { names: [], created: [], seq: BigInt(this.count), corrections: [] };
  }

  say(text: string): boolean {
    const me = this.people.find((person) => person.self);
    if (!me) return false;
    this.hear({ actor: SELF, name: me.name, colour: me.colour, text, atMs: Date.now() });
    return true;
  }

  showPresence(presence: Presence): void {
    this.shown.push(presence);
  }

  on<Name extends keyof RoomClientEvents>(event: Name, listener: (value: RoomClientEvents[Name]) => void): () => void {
    const set = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, set);
    set.add(listener);
    return () => set.delete(listener);
  }

  emit<Name extends keyof RoomClientEvents>(event: Name, value: RoomClientEvents[Name]): void {
    for (const listener of this.listeners.get(event) ?? []) (listener as (value: RoomClientEvents[Name]) => void)(value);
  }

  private async travel(
    from: { label: string; before: Entities }[],
    to: { label: string; before: Entities }[],
  ): Promise<Performed> {
    await Promise.resolve();
    const step = from.pop();
    if (!step) throw new NothingToUndoError();
    const before = this.entities;
    to.push({ label: step.label, before });
    this.entities = step.before;
    this.count++;
    this.changed(before);
    return { names: [], created: [], seq: BigInt(this.count), corrections: [] };
  }

  private changed(before: Entities): void {
    const change: DocumentChange = {
      changed: [...this.entities].filter(([id, entity]) => before.get(id) !== entity).map(([id]) => id),
      removed: [...before.keys()].filter((id) => !this.entities.has(id)),
    };
    this.emit("document", change);
    this.emit("status", this.document);
    this.emit("history", this.history);
  }
}

function governed(policies: Policies, operation: GoverningOperation): Policies {
  const { rules, strategy } = policies;
  if (operation.type === "set_cascade") return { ...policies, cascade: operation.allowed };
  if (operation.type === "set_permission") {
    return { ...policies, rules: rules.map((rule) => (rule.command === operation.command ? { ...rule, role: operation.role } : rule)) };
  }
  if (operation.type !== "set_strategy") return policies;
  const applies = (rule: PolicyRule): boolean => rule.command === operation.command || (operation.command === "*" && rule.strategy === strategy);
  const changed = rules.map((rule) => (rule.strategy !== null && applies(rule) ? { ...rule, strategy: operation.strategy } : rule));
  return { ...policies, strategy: operation.command === "*" ? operation.strategy : strategy, rules: changed };
}

function idOf(count: number): string {
  return count.toString(16).padStart(32, "0");
}

function applied(entities: Entities, operation: Operation, count: number): Entities {
  const next = new Map(entities);
  if (operation.type === "create_primitive" || operation.type === "import_mesh") {
    const { translation, rotation = [0, 0, 0, 1], scale = [1, 1, 1] } = operation;
    const isPrimitive = operation.type === "create_primitive";
    next.set(idOf(count), {
      id: idOf(count),
      transform: { translation, rotation, scale },
      mesh: isPrimitive ? makePrimitive(operation.kind, operation.size, count) : makePrimitive("cube", 1, count),
      material: { colour: isPrimitive ? [0.8, 0.8, 0.8] : operation.colour, metallic: 0, roughness: 0.6 },
      name: operation.name,
      surface: null,
      owner: null,
    });
    return next;
  }
  const entity = next.get(operation.entity);
  if (!entity) return next;
  if (operation.type === "delete") next.delete(entity.id);
  else next.set(entity.id, changedEntity(entity, operation, count));
  return next;
}

type Change = Exclude<Operation, { type: "create_primitive" | "import_mesh" | "delete" }>;

function changedEntity(entity: DocumentEntity, operation: Change, count: number): DocumentEntity {
  const { mesh } = entity;
  switch (operation.type) {
    case "transform": {
      const { translation, rotation, scale } = operation;
      return { ...entity, transform: { translation, rotation, scale } };
    }
    case "paint":
      return { ...entity, material: { metallic: 0, roughness: 0.6, colour: operation.colour } };
    case "rename":
      return { ...entity, name: operation.name };
    case "extrude_face": {
      const face = mesh ? elementIndex(mesh, "face", operation.face) : undefined;
      if (!mesh || face === undefined) return entity;
      return { ...entity, mesh: withIds(withExtrudedFace(mesh, face, operation.distance), mesh, count) };
    }
    case "move_vertices": {
      if (!mesh) return entity;
      const positions = mesh.positions.slice();
      operation.vertices.forEach((id, at) => {
        const vertex = elementIndex(mesh, "vertex", id);
        if (vertex !== undefined) positions.set(operation.targets.subarray(at * 3, at * 3 + 3), vertex * 3);
      });
      return { ...entity, mesh: { ...mesh, positions } };
    }
    case "paint_faces":
      return mesh ? { ...entity, mesh: painted(mesh, operation.faces, operation.colour) } : entity;
    default:
      // What changes the topology is not pretended here: it is in `performed`, and the mesh is as it was.
      return entity;
  }
}

function painted(mesh: Mesh, faces: readonly string[], colour: Vector3): Mesh {
  const values = new Float64Array(mesh.faceCount * 3);
  const counts = new Uint8Array(mesh.faceCount);
  for (const id of faces) {
    const face = elementIndex(mesh, "face", id);
    if (face === undefined) continue;
    values.set(colour, face * 3);
    counts[face] = 1;
  }
  const attributes = [
    { domain: "face", name: "colour", width: 3, values },
    { domain: "face", name: "painted", width: 1, values: counts },
  ] as const;
  return { ...mesh, attributes };
}

/** Gives the elements that an extrusion added ids of their own. */
function withIds(mesh: Mesh, before: Mesh, count: number): Mesh {
  const fill = (ids: Uint8Array, from: number, kind: number): void => {
    for (let at = from; at < ids.length / 16; at++) {
      const view = new DataView(ids.buffer, ids.byteOffset + at * 16, 16);
      view.setUint32(0, count);
      view.setUint32(4, kind);
      view.setUint32(8, at + 1);
    }
  };
  fill(mesh.vertexIds, before.vertexCount, 1);
  fill(mesh.edgeIds, before.edgeCount, 2);
  fill(mesh.faceIds, before.faceCount, 3);
  return mesh;
}
