import type { DocumentEntity, ElementId, ElementKind, Mesh, RoomClient, Selection } from "@theta/client";
import { elementOf, elementsOf, type SelectionState } from "@theta/scene";

/** What a tool would work on. */
export interface ToolContext {
  readonly entity: DocumentEntity;
  readonly mesh: Mesh;
  /** "object" when no element of it is selected. */
  readonly kind: ElementKind | "object";
  /** Those selected; the active one is the last. */
  readonly elements: readonly ElementId[];
}

/** Null when nothing is selected that has a mesh. */
export function contextOf(client: Pick<RoomClient, "document">, { selected }: SelectionState): ToolContext | null {
  const entity = selected ? client.document.entities.get(selected.entity) : undefined;
  if (!entity?.mesh || !selected) return null;
  return { entity, mesh: entity.mesh, kind: selected.kind, elements: activeLast(selected) };
}

function activeLast(selected: Selection): readonly ElementId[] {
  const elements = elementsOf(selected);
  const active = elementOf(selected);
  if (active === null || elements.at(-1) === active) return elements;
  return [...elements.filter((element) => element !== active), active];
}

const WORDS = { face: ["face", "faces"], edge: ["edge", "edges"], vertex: ["vertex", "vertices"] } as const;

/** "Cube", "a face of Cube", "3 edges of Cube". */
export function contextWords({ entity, kind, elements }: ToolContext): string {
  const name = entity.name ?? "Unnamed";
  if (kind === "object") return name;
  const [one, many] = WORDS[kind];
  const count = elements.length === 1 ? (kind === "edge" ? `An ${one}` : `A ${one}`) : `${elements.length} ${many}`;
  return `${count} of ${name}`;
}
