import { NothingToUndoError, RefusedError } from "@theta/client";
import type { DocumentEntity, EntityId, Operation, Performed, PrimitiveKind, RoomClient, Vector3 } from "@theta/client";
import {
  createPrimitive,
  elementAt,
  elementOf,
  extrudeFace,
  IDENTITY,
  moveElement,
  moveEntity,
  placeEntity,
  type ThetaScene,
} from "@theta/scene";
import { Vector3 as Direction } from "three";
import type { Notices } from "./notices";
import type { RoleWatch } from "./role";
import { reasonWords, stepWords } from "./words";

const PRIMITIVE_METRES = 0.5;

type Creation = ReturnType<typeof createPrimitive>;

export interface Actions {
  /** Commits one operation; the error, if any, has been shown when this rejects. */
  perform(operation: Operation): Promise<Performed>;
  /** On the floor at `near` or beside it; without it, where there is room in view. */
  add(kind: PrimitiveKind, near?: Direction): Promise<void>;
  remove(): Promise<void>;
  rename(name: string): Promise<void>;
  paint(colour: Vector3): Promise<void>;
  place(translation: Vector3): Promise<void>;
  /** Metres in the mesh's space, along the selected face's normal. */
  extrude(distance: number): Promise<void>;
  /** Metres along the world's axes. */
  moveBy(delta: Vector3): Promise<void>;
  undo(): Promise<void>;
  redo(): Promise<void>;
  /** Selects the next (1) or previous (-1) object, face or vertex. */
  cycle(step: 1 | -1): void;
  selectEntity(entity: EntityId): void;
}

/** Everything a button, a key or a field can do. */
export function createActions(client: RoomClient, scene: () => ThetaScene, notices: Notices, role: RoleWatch): Actions {
  const { perform, run, step } = createPerformer(client, notices, role);
  const selected = (): DocumentEntity | undefined => selectedEntity(client, scene());
  /** What is being added and not in the document yet: its names and places are taken, too. */
  const adding = new Set<Creation>();
  return {
    perform,
    async add(kind, near) {
      const at = scene().freePlace(
        PRIMITIVE_METRES,
        [...adding].map(({ translation }) => translation),
        near,
      );
      const taken = [...client.document.entities.values(), ...adding].map(({ name }) => name);
      const creation = createPrimitive(kind, PRIMITIVE_METRES, at, taken);
      adding.add(creation);
      const done = await run(creation);
      adding.delete(creation);
      const made = done?.created[0];
      if (made === undefined || !client.document.entities.has(made)) return;
      scene().selection.setMode("object");
      scene().selection.select({ kind: "object", entity: made });
    },
    async remove() {
      const entity = selected();
      if (entity) await run({ type: "delete", entity: entity.id });
    },
    async rename(name) {
      const entity = selected();
      if (entity && name && name !== entity.name) await run({ type: "rename", entity: entity.id, name });
    },
    async paint(colour) {
      const entity = selected();
      if (!entity) return;
      scene().setPainting(true);
      await run({ type: "paint", entity: entity.id, colour });
      scene().setPainting(false);
    },
    async place(translation) {
      const entity = selected();
      if (entity) await run(placeEntity(entity.id, { ...(entity.transform ?? IDENTITY), translation }));
    },
    async extrude(distance) {
      const { selected: one } = scene().selection.state;
      if (one?.kind === "face") await run(extrudeFace(one.entity, one.element, distance));
    },
    async moveBy(delta) {
      const { selected: one } = scene().selection.state;
      const entity = selected();
      if (!one || !entity) return;
      const offset = new Direction(...delta);
      await run(
        one.kind === "object" ? moveEntity(entity, offset) : moveElement(entity, one.kind, one.element, offset),
      );
    },
    undo: () => step("undo"),
    redo: () => step("redo"),
    cycle: (step) => cycleSelection(client, scene(), step),
    selectEntity: (entity) => scene().selection.select({ kind: "object", entity }),
  };
}

interface Performer {
  readonly perform: (operation: Operation) => Promise<Performed>;
  /** For callers that have nothing to add: what went wrong has been shown. */
  readonly run: (operation: Operation | null) => Promise<Performed | null>;
  readonly step: (way: "undo" | "redo") => Promise<void>;
}

/** Sends what is to be done, and says what came of it when that is not what was meant. */
function createPerformer(client: RoomClient, notices: Notices, role: RoleWatch): Performer {
  const report = (performed: Performed): Performed => {
    for (const { outcome, reason } of performed.corrections) {
      notices.show(outcome === "no-op" ? "That changed nothing" : "That could not be applied", {
        kind: "warning",
        detail: reasonWords(reason),
        topic: "correction",
      });
    }
    return performed;
  };
  const explain = (error: unknown): void => {
    const refused = error instanceof RefusedError;
    const title = refused ? "The room said no" : "That did not work";
    const detail = refused ? error.reason : error instanceof Error ? error.message : String(error);
    notices.show(title, { kind: "error", detail: reasonWords(detail), topic: "failure" });
  };
  const mentionAway = (): void => {
    const { phase } = client.connection;
    if (phase !== "connecting" && phase !== "waiting") return;
    notices.show("The room is away; this happens as soon as it is back.", { kind: "warning", topic: "away" });
  };
  const perform = async (operation: Operation): Promise<Performed> => {
    mentionAway();
    try {
      return report(await client.perform([operation]));
    } catch (error) {
      explain(error);
      throw error;
    }
  };
  return {
    perform,
    run: async (operation) => (operation && !role.watching ? perform(operation).catch(() => null) : null),
    async step(way) {
      if (role.watching) return;
      notices.clear("history");
      const next = client.history[way];
      if (next && next.blockedBy.length > 0) {
        notices.show(`Can't ${way} ${stepWords(next.label)}`, {
          kind: "warning",
          topic: "history",
          detail: `${list(next.blockedBy)} changed this since, so it stays.`,
        });
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

function cycleSelection(client: RoomClient, scene: ThetaScene, step: 1 | -1): void {
  const { selection } = scene;
  const { mode, selected } = selection.state;
  const entity = selectedEntity(client, scene);
  if (mode === "object" || !entity?.mesh) {
    const next = nextOf([...client.document.entities.keys()], selected?.entity ?? null, step);
    if (next !== null) selection.select({ kind: "object", entity: next });
    return;
  }
  const { mesh } = entity;
  const count = mode === "face" ? mesh.faceCount : mesh.vertexCount;
  const elements = Array.from({ length: count }, (_, index) => elementAt(mesh, mode, index));
  const next = nextOf(elements, elementOf(selected), step);
  if (next !== null) selection.select({ kind: mode, entity: entity.id, element: next });
}

/** The neighbour in a ring; the first or last when `current` is not in it. */
export function nextOf<Item>(ring: readonly Item[], current: Item | null, step: 1 | -1): Item | null {
  if (ring.length === 0) return null;
  const at = current === null ? -1 : ring.indexOf(current);
  const next = at < 0 ? (step === 1 ? 0 : ring.length - 1) : (at + step + ring.length) % ring.length;
  return ring[next] ?? null;
}

/** "Ana", "Ana and Bo", "Ana, Bo and Cy". */
export function list(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? "Someone") : `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;
}
