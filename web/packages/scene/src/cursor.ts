export type CursorShape = "" | "pointer" | "grab" | "grabbing" | "not-allowed";

/** Whose cursor it is, by rank: the pointer is on one thing at a time. */
const RANKS = ["state", "document"] as const;

export interface Cursor {
  /** What the pointer should look like over something of this kind; "" when it is over none. */
  set(whose: (typeof RANKS)[number], shape: CursorShape): void;
}

/** The cursor over a canvas, on which several have a say. */
export function createCursor(canvas: HTMLCanvasElement): Cursor {
  const wanted: Record<(typeof RANKS)[number], CursorShape> = { state: "", document: "" };
  return {
    set(whose, shape) {
      wanted[whose] = shape;
      canvas.style.cursor = RANKS.map((rank) => wanted[rank]).find((each) => each !== "") ?? "";
    },
  };
}
