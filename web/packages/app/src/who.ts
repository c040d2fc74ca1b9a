import { RefusedError, type Maker, type RoomClient, type Selection } from "@theta/client";

/** Whoever goes over many elements asks for none of them but the one on which they rest. */
const REST_MILLISECONDS = 130;
const REMEMBERED_MAX = 500;

export interface Asking {
  /** Asks who made what is selected; `null` gives nothing. What was asked for before is forgotten. */
  ask(selection: Selection | null): void;
}

/**
 * Asks the room who made something, at most as often as that is of use, and tells `answer`: undefined while it is not
 * known yet, null when nobody is known.
 */
export function createAsking(client: RoomClient, answer: (maker: Maker | null | undefined) => void): Asking {
  const known = new Map<string, { readonly stamp: object | null; readonly maker: Maker | null }>();
  let timer = 0;
  let wanted = "";

  /** What is made anew when the object changes. */
  const stampOf = (selection: Selection): object | null => {
    const entity = client.document.entities.get(selection.entity);
    return selection.kind === "object" ? null : (entity?.mesh ?? null);
  };

  const fetch = async (selection: Selection, key: string): Promise<void> => {
    const stamp = stampOf(selection);
    const element = selection.kind === "object" ? selection.entity : selection.element;
    let maker: Maker | null = null;
    try {
      maker = await client.whoMade(selection.entity, selection.kind, element);
    } catch (error) {
      // Asked too often: whoever rests on it asks again.
      if (error instanceof RefusedError && error.code === "RateLimited" && wanted === key) timer = window.setTimeout(() => void fetch(selection, key), 1000);
      return;
    }
    known.delete(key);
    known.set(key, { stamp, maker });
    for (const oldest of known.keys()) {
      if (known.size <= REMEMBERED_MAX) break;
      known.delete(oldest);
    }
    if (wanted === key) answer(maker);
  };

  return {
    ask(selection) {
      clearTimeout(timer);
      const isHere = client.connection.phase === "online" && client.document.moment === null;
      if (selection === null || !isHere) {
        wanted = "";
        answer(undefined);
        return;
      }
      const key = `${selection.entity} ${selection.kind} ${selection.kind === "object" ? "" : selection.element}`;
      const before = known.get(key);
      wanted = key;
      if (before && before.stamp === stampOf(selection)) {
        answer(before.maker);
        return;
      }
      answer(undefined);
      timer = window.setTimeout(() => void fetch(selection, key), REST_MILLISECONDS);
    },
  };
}
