import type { DocumentEntity, Mesh, RoomClient, Selection } from "@theta/client";
import {
  countOf,
  elementAt,
  elementIndex,
  elementOf,
  everything,
  grown,
  kindOf,
  partsOf,
  withLoops,
  withParts,
  withRings,
  type SelectionStore,
  type SelectMode,
} from "@theta/scene";

type Documented = Pick<RoomClient, "document">;

/** What more to select: the edge loop, the ring across quads, all that is connected, or everything. */
export type Growth = "loop" | "ring" | "part" | "all";

const GROW = { loop: withLoops, ring: withRings, part: withParts };

/** Selects more than what is selected, or than what is under the pointer when nothing is. */
export function growSelection(client: Documented, selection: SelectionStore, growth: Growth): void {
  const { mode, selected, hovered } = selection.state;
  const base = selected && selected.kind !== "object" ? selected : hovered?.kind === "object" ? selected : (hovered ?? selected);
  const mesh = base ? client.document.entities.get(base.entity)?.mesh : undefined;
  if (!base || !mesh) return;
  if (growth !== "all") {
    selection.select(GROW[growth](mesh, base));
    return;
  }
  const kind = kindOf(mode);
  if (kind) selection.select(everything(mesh, base.entity, kind));
}

/** Selects the next (1) or previous (-1) object or element. */
export function cycleSelection(client: Documented, selection: SelectionStore, step: 1 | -1): void {
  const { mode, selected } = selection.state;
  const entity = selected ? client.document.entities.get(selected.entity) : undefined;
  if (mode === "object" || !entity?.mesh) {
    const next = nextOf([...client.document.entities.keys()], selected?.entity ?? null, step);
    if (next !== null) selection.select({ kind: "object", entity: next });
    return;
  }
  const next = nextOf(rowsOf(entity.mesh, mode), rowOf(entity.mesh, mode, selected), step);
  if (next !== null) selection.select(selectionOfRow(entity, mode, next));
}

/** The elements that a mode lists: of parts the first face of each. */
export function rowsOf(mesh: Mesh, mode: SelectMode, most = Infinity): string[] {
  const kind = kindOf(mode);
  if (kind === null) return [];
  if (mode === "part") return partsOf(mesh).faces.slice(0, most).map(([face]) => elementAt(mesh, "face", face as number));
  return Array.from({ length: Math.min(countOf(mesh, kind), most) }, (_, index) => elementAt(mesh, kind, index));
}

/** Which of these rows is selected. */
export function rowOf(mesh: Mesh, mode: SelectMode, selected: Selection | null): string | null {
  const element = elementOf(selected);
  if (element === null || mode !== "part") return element;
  const face = elementIndex(mesh, "face", element);
  const { partOf, faces } = partsOf(mesh);
  const [first] = face === undefined ? [] : (faces[partOf[face] as number] ?? []);
  return first === undefined ? null : elementAt(mesh, "face", first);
}

/** What choosing a row selects. */
export function selectionOfRow({ id, mesh }: DocumentEntity, mode: SelectMode, element: string): Selection | null {
  const kind = kindOf(mode);
  return kind && mesh ? grown(mode, mesh, { kind, entity: id, element }) : null;
}

/** The neighbour in a ring; the first or last when `current` is not in it. */
export function nextOf<Item>(ring: readonly Item[], current: Item | null, step: 1 | -1): Item | null {
  if (ring.length === 0) return null;
  const at = current === null ? -1 : ring.indexOf(current);
  const next = at < 0 ? (step === 1 ? 0 : ring.length - 1) : (at + step + ring.length) % ring.length;
  return ring[next] ?? null;
}
