import { TOOLS } from "./tools";

/** What a key can ask for; `do-…` is a tool of that id. */
export type Command =
  | `do-${string}`
  | "mode-object"
  | "mode-face"
  | "mode-vertex"
  | "mode-edge"
  | "mode-loop"
  | "mode-part"
  | "grow-loop"
  | "grow-ring"
  | "grow-part"
  | "grow-all"
  | "tool-move"
  | "tool-extrude"
  | "add-cube"
  | "add-pyramid"
  | "add-menu"
  | "import"
  | "next"
  | "previous"
  | "separate"
  | "rename"
  | "delete"
  | "undo"
  | "redo"
  | "timeline"
  | "who"
  | "branches"
  | "policy"
  | "cards"
  | "frame"
  | "vr"
  | "chat"
  | "help"
  | "cancel";

export interface Binding {
  readonly command: Command;
  /** As KeyboardEvent.key says it, lower case; "ctrl+" stands for Command on a Mac as well. */
  readonly keys: readonly string[];
  readonly label: string;
  readonly group: "Select" | "Build" | "Shape" | "Look" | "History" | "Room";
}

/** Every key of the page; the help sheet is made from this table. */
export const BINDINGS: readonly Binding[] = [
  { command: "mode-object", keys: ["1"], label: "Select objects", group: "Select" },
  { command: "mode-face", keys: ["2"], label: "Select faces", group: "Select" },
  { command: "mode-vertex", keys: ["3"], label: "Select vertices", group: "Select" },
  { command: "mode-edge", keys: ["4"], label: "Select edges", group: "Select" },
  { command: "mode-loop", keys: ["5"], label: "Select edge loops", group: "Select" },
  { command: "mode-part", keys: ["6"], label: "Select connected parts", group: "Select" },
  { command: "grow-part", keys: ["l"], label: "Select all that is connected", group: "Select" },
  { command: "grow-loop", keys: ["shift+l"], label: "Select the edge loop", group: "Select" },
  { command: "grow-ring", keys: ["shift+r"], label: "Select the ring of edges", group: "Select" },
  { command: "grow-all", keys: ["ctrl+a"], label: "Select every face, edge or vertex", group: "Select" },
  { command: "next", keys: ["]", "."], label: "Next object, face, edge or vertex", group: "Select" },
  { command: "previous", keys: ["[", ","], label: "The one before", group: "Select" },
  { command: "cancel", keys: ["escape"], label: "Cancel a drag, select nothing", group: "Select" },
  { command: "add-cube", keys: ["c"], label: "Add a cube", group: "Build" },
  { command: "add-pyramid", keys: ["p"], label: "Add a pyramid", group: "Build" },
  { command: "add-menu", keys: ["+", "insert"], label: "Add any shape", group: "Build" },
  { command: "import", keys: ["i"], label: "Bring in a GLB or OBJ", group: "Build" },
  { command: "tool-extrude", keys: ["x"], label: "Extrude: type how far, Enter", group: "Build" },
  { command: "tool-move", keys: ["m"], label: "Move: type how far, Enter", group: "Build" },
  { command: "separate", keys: ["shift+j"], label: "Separate faces as an object", group: "Build" },
  { command: "rename", keys: ["f2", "r"], label: "Rename", group: "Build" },
  { command: "delete", keys: ["delete", "backspace"], label: "Delete what is selected", group: "Build" },
  { command: "undo", keys: ["ctrl+z"], label: "Undo your own last step", group: "History" },
  { command: "redo", keys: ["ctrl+shift+z", "ctrl+y"], label: "Redo it", group: "History" },
  { command: "timeline", keys: ["z"], label: "The timeline: arrow keys scrub", group: "History" },
  { command: "who", keys: ["shift+i"], label: "Who made what is pointed at", group: "History" },
  { command: "branches", keys: ["shift+b"], label: "Branches", group: "History" },
  { command: "cards", keys: ["shift+z"], label: "Go to what needs an answer", group: "History" },
  ...TOOLS.filter(({ sharesKey }) => !sharesKey).map(({ id, key, label, does }): Binding => {
    return { command: `do-${id}`, keys: [key], label: `${label}: ${lowerFirst(does)}`, group: "Shape" };
  }),
  { command: "frame", keys: ["f"], label: "Look at the selection, or at everything", group: "Look" },
  { command: "vr", keys: ["v"], label: "Enter VR, or leave it", group: "Look" },
  { command: "chat", keys: ["t", "/"], label: "Say something", group: "Room" },
  { command: "policy", keys: ["shift+o"], label: "Rules of the room, for admins", group: "Room" },
  { command: "help", keys: ["?"], label: "This sheet", group: "Room" },
];

/** What a click does: for the help sheet alone. */
export const CLICKING: readonly { keys: readonly string[]; label: string }[] = [
  { keys: ["Shift click"], label: "Add to what is selected, or take away" },
  { keys: ["Alt click"], label: "Edge loop; among faces the ring of quads" },
];

/** What the mouse and the flying keys do: for the help sheet alone. */
export const LOOKING: readonly { keys: readonly string[]; label: string }[] = [
  { keys: ["w", "a", "s", "d"], label: "Fly; with Shift faster" },
  { keys: ["q", "e"], label: "Fly down, up" },
  { keys: ["Left drag"], label: "Orbit; with Shift pan" },
  { keys: ["Right drag"], label: "Look around, while flying too" },
  { keys: ["Wheel"], label: "Zoom" },
  { keys: ["Shift"], label: "While dragging a handle: steps of 10 cm" },
];

/** What the mouse does to what is alive in the room: for the help sheet alone. */
export const HANDLING: readonly { keys: readonly string[]; label: string }[] = [
  { keys: ["Drag a thing"], label: "If it is alive: take it along; there is no undo" },
];

export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
}

const COMMANDS = new Map(BINDINGS.flatMap(({ command, keys }) => keys.map((key) => [key, command] as const)));

/** What a key press asks for; null when it is none of ours. */
export function commandFor(press: KeyPress): Command | null {
  if (press.altKey) return null;
  const key = press.key.toLowerCase();
  const control = press.ctrlKey || press.metaKey ? "ctrl+" : "";
  const shifted = press.shiftKey ? COMMANDS.get(`${control}shift+${key}`) : undefined;
  if (shifted) return shifted;
  // Characters that need Shift on some keyboards ("?") are themselves, whatever was held.
  return control && press.shiftKey ? null : (COMMANDS.get(`${control}${key}`) ?? null);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Which way the held keys fly, by their place on the keyboard (KeyboardEvent.code). */
export function flightOf(held: ReadonlySet<string>): { right: number; up: number; forward: number; fast: boolean } {
  const axis = (plus: string, minus: string): number => Number(held.has(plus)) - Number(held.has(minus));
  return {
    right: axis("KeyD", "KeyA"),
    up: axis("KeyE", "KeyQ"),
    forward: axis("KeyW", "KeyS"),
    fast: held.has("ShiftLeft") || held.has("ShiftRight"),
  };
}

export const FLIGHT_KEYS: ReadonlySet<string> = new Set(["KeyW", "KeyA", "KeyS", "KeyD", "KeyQ", "KeyE"]);

/** How a key is written on the help sheet. */
export function keyLabel(key: string): string {
  const names: Record<string, string> = {
    escape: "Esc",
    delete: "Del",
    backspace: "⌫",
    f2: "F2",
    insert: "Ins",
    shift: "⇧",
  };
  if (key === "+") return key;
  return key
    .split("+")
    .map((part) => names[part] ?? (part.length === 1 ? part.toUpperCase() : part.charAt(0).toUpperCase() + part.slice(1)))
    .join(" ")
    .replace("⇧ ", "⇧");
}
