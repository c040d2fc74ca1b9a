/** Which transport worked the last time, for a while: networks change. */

export type TransportKind = "webtransport" | "webrtc" | "websocket";

/** Best first: what is lost on one lane of the first two holds up no other. */
export const TRANSPORT_KINDS: readonly TransportKind[] = ["webtransport", "webrtc", "websocket"];

const KEY = "theta.transport";
/** After that all are tried again in their own order (RFC 8305, 4). */
const REMEMBERED_MS = 10 * 60 * 1000;

export interface Remembered {
  /** Null when nothing is remembered, or it is too long ago. */
  recall(): TransportKind | null;
  remember(kind: TransportKind): void;
  /** It worked no more, or this is another network. */
  forget(): void;
}

/** Where it is kept, per origin; a browser that denies it is as good as an empty one. */
export type Shelf = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export function createRemembered(shelf: Shelf | null, nowMs: () => number): Remembered {
  function recall(): TransportKind | null {
    const [kind, at] = attempt(() => shelf?.getItem(KEY) ?? "")?.split(" ") ?? [];
    const age = nowMs() - Number(at);
    const known = TRANSPORT_KINDS.find((each) => each === kind);
    return known !== undefined && age >= 0 && age < REMEMBERED_MS ? known : null;
  }

  return {
    recall,
    remember(kind) {
      // The first time counts, so that the better ones get their chance however often one comes back.
      if (recall() !== kind) attempt(() => shelf?.setItem(KEY, `${kind} ${nowMs()}`));
    },
    forget: () => void attempt(() => shelf?.removeItem(KEY)),
  };
}

function attempt<Result>(run: () => Result): Result | null {
  try {
    return run();
  } catch {
    return null;
  }
}
