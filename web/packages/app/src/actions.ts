import { NothingToUndoError, RefusedError } from "@theta/client";
import type { CommandName, DocumentEntity, EntityId, Operation, Performed, PrimitiveKind, RoomClient, Vector3 } from "@theta/client";
import {
  createPrimitive,
  elementsOf,
  extrudeFaces,
  faceArea,
  IDENTITY,
  indicesOf,
  kindOf,
  moveElements,
  moveEntity,
  placeEntity,
  selectionOf,
  type SelectionStore,
  type ThetaScene,
} from "@theta/scene";
import { PACKET_COMMANDS_MAX } from "@theta/wire";
import { Vector3 as Direction } from "three";
import type { HistoryCards } from "./history-cards";
import type { Notices } from "./notices";
import type { RoleWatch } from "./role";
import { cycleSelection, growSelection, type Growth } from "./selecting";
import { separateFaces } from "./separating";
import { contextOf, type Tool, type ToolContext, type ToolValues } from "./tools";
import { failureWords, reasonWords } from "./words";

const PRIMITIVE_METRES = 0.5;
/** Of a square face's side, how far from its edges an inset is that nobody gave a number for. */
const INSET_SHARE = 0.2;

type Creation = ReturnType<typeof createPrimitive>;

/** What a shape is made with; what is left out is as usual. */
export type ShapeWishes = Partial<Pick<Creation, "size" | "segments" | "rings" | "levels" | "tube">>;

export interface Actions {
  /** Commits one operation; the error, if any, has been shown when this rejects. */
  perform(operation: Operation): Promise<Performed>;
  /** On the floor at `near` or beside it; without it, where there is room in view. */
  add(kind: PrimitiveKind, near?: Direction, wishes?: ShapeWishes): Promise<void>;
  /** The elements selected, or the object when none are. */
  remove(): Promise<void>;
  removeObject(): Promise<void>;
  rename(name: string): Promise<void>;
  /** The faces selected, or the object when none are. */
  paint(colour: Vector3): Promise<void>;
  place(translation: Vector3): Promise<void>;
  /** Does what a tool does to what is selected, as one step for undo; false when there is nothing to do it to. */
  apply(tool: Tool, values: ToolValues): Promise<boolean>;
  /** A smaller face inside each face selected, as wide as suits the smallest. */
  inset(): Promise<void>;
  /** The whole object, smoothly. */
  subdivide(): Promise<void>;
  /** Makes an object of its own of the faces selected, as one step for undo. */
  separate(): Promise<void>;
  /** Metres in the mesh's space, along the selected faces' normal. */
  extrude(distance: number): Promise<void>;
  /** Metres along the world's axes. */
  moveBy(delta: Vector3): Promise<void>;
  undo(): Promise<void>;
  redo(): Promise<void>;
  /** Selects the next (1) or previous (-1) object or element. */
  cycle(step: 1 | -1): void;
  /** Selects more than what is selected, or under the pointer. */
  grow(growth: Growth): void;
  selectEntity(entity: EntityId): void;
  /** Says in words why something failed. */
  readonly explain: (error: unknown) => void;
  /** Of something that this person did just now and the room could not do: that, in words; null of anything else. */
  refusal(name: CommandName): string | null;
}

/** Everything a button, a key or a field can do. */
export function createActions(
  client: RoomClient,
  scene: () => ThetaScene,
  notices: Notices,
  role: RoleWatch,
  cards: () => Pick<HistoryCards, "refuseUndo" | "settle">,
): Actions {
  const performer = createPerformer(client, notices, role, cards);
  const { run, step } = performer;
  const selected = (): DocumentEntity | undefined => selectedEntity(client, scene());
  const removeObject = async (): Promise<void> => {
    const entity = selected();
    if (entity) await run({ type: "delete", entity: entity.id });
  };
  return {
    perform: (operation) => performer.perform([operation]),
    refusal: performer.refusal,
    explain: performer.explain,
    add: createAdder(client, scene, performer),
    removeObject,
    async remove() {
      const { selected: one } = scene().selection.state;
      if (!one || one.kind === "object") return removeObject();
      const elements = { vertices: [], edges: [], faces: [], [fieldOf(one.kind)]: elementsOf(one) };
      await run({ type: "delete_elements", entity: one.entity, ...elements });
    },
    async rename(name) {
      const entity = selected();
      if (entity && name && name !== entity.name) await run({ type: "rename", entity: entity.id, name });
    },
    async paint(colour) {
      const { selected: one } = scene().selection.state;
      if (!one || !selected()) return;
      scene().setPainting(true);
      if (one.kind === "face") await run({ type: "paint_faces", entity: one.entity, faces: elementsOf(one), colour });
      else await run({ type: "paint", entity: one.entity, colour });
      scene().setPainting(false);
    },
    async place(translation) {
      const entity = selected();
      if (entity) await run(placeEntity(entity.id, { ...(entity.transform ?? IDENTITY), translation }));
    },
    async apply(tool, values) {
      const context = contextOf(client, scene().selection.state);
      if (!context || !tool.applies(context)) return false;
      const operations = tool.operations(context, values);
      if (operations.length > PACKET_COMMANDS_MAX) {
        const detail = `${tool.label} does each by itself; select at most ${PACKET_COMMANDS_MAX}.`;
        notices.show("Too many at once", { kind: "warning", topic: "failure", detail });
        return false;
      }
      if (operations.length === 0) return false;
      if (await run(...operations)) selectLeft(client, scene().selection, tool, context);
      return true;
    },
    async inset() {
      const { selected: one } = scene().selection.state;
      const { mesh } = selected() ?? {};
      if (!mesh || one?.kind !== "face") return;
      const elements = elementsOf(one).slice(0, PACKET_COMMANDS_MAX);
      const least = Math.min(...indicesOf(mesh, "face", elements).map((face) => faceArea(mesh, face)));
      const distance = INSET_SHARE * Math.sqrt(least);
      await run(...elements.map((face): Operation => ({ type: "inset_face", entity: one.entity, face, distance, depth: 0 })));
    },
    async subdivide() {
      const entity = selected();
      if (entity) await run({ type: "subdivide", entity: entity.id, scheme: "catmull-clark" });
    },
    separate: () => separateFaces(client, scene(), performer, notices),
    async extrude(distance) {
      const { selected: one } = scene().selection.state;
      const entity = selected();
      if (entity && one?.kind === "face") await run(extrudeFaces(entity, elementsOf(one), distance));
    },
    async moveBy(delta) {
      const { selected: one } = scene().selection.state;
      const entity = selected();
      if (!one || !entity) return;
      const offset = new Direction(...delta);
      await run(
        one.kind === "object" ? moveEntity(entity, offset) : moveElements(entity, one.kind, elementsOf(one), offset),
      );
    },
    undo: () => step("undo"),
    redo: () => step("redo"),
    cycle: (step) => cycleSelection(client, scene().selection, step),
    grow: (growth) => growSelection(client, scene().selection, growth),
    selectEntity: (entity) => scene().selection.select({ kind: "object", entity }),
  };
}

/** Selects what a tool leaves, unless its user has gone on to something else meanwhile. */
function selectLeft({ document }: Pick<RoomClient, "document">, selection: SelectionStore, { leaves }: Tool, before: ToolContext): void {
  const { mesh } = document.entities.get(before.entity.id) ?? {};
  const { selected, mode } = selection.state;
  if (!leaves || !mesh || mesh === before.mesh || selected?.entity !== before.entity.id) return;
  const known = new Set(before.elements);
  if (elementsOf(selected).some((element) => !known.has(element))) return;
  const { kind, elements } = leaves(before, mesh);
  if (elements.length === 0) return;
  if (kindOf(mode) !== kind) selection.setMode(kind);
  selection.select(selectionOf(before.entity.id, kind, elements));
}

const fieldOf = (kind: "vertex" | "edge" | "face") => ({ vertex: "vertices", edge: "edges", face: "faces" })[kind];

function createAdder(client: RoomClient, scene: () => ThetaScene, { run }: Performer): Actions["add"] {
  /** What is being added and not in the document yet: its names and places are taken, too. */
  const adding = new Set<Creation>();
  return async (kind, near, wishes = {}) => {
    const size = wishes.size ?? PRIMITIVE_METRES;
    const at = scene().freePlace(
      size,
      [...adding].map(({ translation }) => translation),
      near,
    );
    const taken = [...client.document.entities.values(), ...adding].map(({ name }) => name);
    const creation: Creation = { ...createPrimitive(kind, size, at, taken), ...wishes };
    adding.add(creation);
    const done = await run(creation);
    adding.delete(creation);
    const made = done?.created[0];
    if (made === undefined || !client.document.entities.has(made)) return;
    scene().selection.setMode("object");
    scene().selection.select({ kind: "object", entity: made });
  };
}

export interface Performer {
  readonly perform: (operations: readonly Operation[]) => Promise<Performed>;
  /** For callers that have nothing to add: what went wrong has been shown. Nothing is to be done for null. */
  readonly run: (...operations: readonly (Operation | null)[]) => Promise<Performed | null>;
  readonly step: (way: "undo" | "redo") => Promise<void>;
  readonly refusal: (name: CommandName) => string | null;
  /** Says in words why something failed. */
  readonly explain: (error: unknown) => void;
}

/** What the room says of a command within this time is an answer to it. */
const ANSWER_MILLISECONDS = 3_000;

/** What was done at once, and what of it the room has refused so far. */
interface Answer {
  readonly at: number;
  readonly of: number;
  readonly refused: Set<string>;
}

/** Sends what is to be done, and says what came of it when that is not what was meant. */
function createPerformer(client: RoomClient, notices: Notices, role: RoleWatch, cards: () => Pick<HistoryCards, "refuseUndo" | "settle">): Performer {
  const recent = new Map<string, Answer>();
  const keyOf = ({ actor, number }: CommandName): string => `${actor} ${number}`;
  const report = (performed: Performed): Performed => {
    const now = performance.now();
    for (const [key, { at }] of recent) if (now - at > ANSWER_MILLISECONDS) recent.delete(key);
    const answer: Answer = { at: now, of: performed.names.length, refused: new Set() };
    for (const name of performed.names) recent.set(keyOf(name), answer);
    for (const { outcome, reason, against } of performed.corrections) {
      // Of a conflict the cards tell.
      if (against.length > 0) continue;
      notices.show(outcome === "no-op" ? "That changed nothing" : "That could not be applied", {
        kind: "warning",
        detail: reasonWords(reason),
        topic: "corrected",
      });
    }
    return performed;
  };
  const explain = (error: unknown): void => {
    const refused = error instanceof RefusedError;
    const detail = failureWords(error);
    // Of this the room has also told a correction: one notice takes the other's place.
    if (refused && error.code === "NoEffect") notices.show("That changed nothing", { kind: "warning", detail, topic: "corrected" });
    else notices.show(refused ? "The room said no" : "That did not work", { kind: "error", detail, topic: "failure" });
  };
  const mentionAway = (): void => {
    const { phase } = client.connection;
    if (phase !== "connecting" && phase !== "waiting") return;
    notices.show("The room is away; this happens as soon as it is back.", { kind: "warning", topic: "away" });
  };
  const perform = async (operations: readonly Operation[]): Promise<Performed> => {
    mentionAway();
    try {
      return report(await client.perform(operations));
    } catch (error) {
      explain(error);
      throw error;
    }
  };
  return {
    perform,
    explain,
    refusal(name) {
      const answer = recent.get(keyOf(name));
      if (!answer || performance.now() - answer.at > ANSWER_MILLISECONDS) return null;
      const { of, refused } = answer;
      refused.add(keyOf(name));
      return refused.size === of ? "That could not be done" : `${refused.size} of ${of} could not be done`;
    },
    async run(...operations) {
      const wanted = operations.filter((operation) => operation !== null);
      return wanted.length > 0 && !role.watching ? perform(wanted).catch(() => null) : null;
    },
    async step(way) {
      if (role.watching) return;
      notices.clear("history");
      cards().settle();
      const next = client.history[way];
      if (next && next.blockedBy.length > 0) {
        cards().refuseUndo(next);
        return;
      }
      if (next) mentionAway();
      try {
        report(await client[way]());
      } catch (error) {
        if (error instanceof NothingToUndoError) notices.show(`Nothing to ${way}`, { topic: "history" });
        else explain(error);
      }
    },
  };
}

function selectedEntity(client: RoomClient, scene: ThetaScene): DocumentEntity | undefined {
  const { selected } = scene.selection.state;
  return selected ? client.document.entities.get(selected.entity) : undefined;
}
