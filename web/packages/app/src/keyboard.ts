import type { SelectionStore, ThetaScene } from "@theta/scene";
import type { Actions } from "./actions";
import { isTextEntry } from "./dom";
import { commandFor, FLIGHT_KEYS, flightOf, type Command } from "./keymap";

export interface KeyboardPorts {
  readonly canvas: HTMLCanvasElement;
  readonly scene: ThetaScene;
  readonly selection: SelectionStore;
  readonly actions: Actions;
  readonly focusName: () => void;
  readonly focusDistance: () => void;
  readonly focusMove: () => void;
  readonly focusChat: () => void;
  readonly openHelp: () => void;
  readonly importFile: () => void;
  readonly toggleVr: () => void;
  readonly openAddMenu: () => void;
  readonly toggleTimeline: () => void;
  readonly toggleWho: () => void;
  readonly openBranches: () => void;
  readonly openPolicy: () => void;
  readonly focusCards: () => void;
  /** A press of a tool, by its id. */
  readonly pressTool: (id: string) => void;
}

type OwnCommand = Exclude<Command, `do-${string}`>;

/** The keys of the whole page; text fields and dialogs keep their own. */
export function bindKeyboard(ports: KeyboardPorts): void {
  const { canvas, scene, selection, actions } = ports;
  const run: Record<OwnCommand, () => void> = {
    "mode-object": () => selection.setMode("object"),
    "mode-face": () => selection.setMode("face"),
    "mode-vertex": () => selection.setMode("vertex"),
    "mode-edge": () => selection.setMode("edge"),
    "mode-loop": () => selection.setMode("loop"),
    "mode-part": () => selection.setMode("part"),
    "grow-loop": () => actions.grow("loop"),
    "grow-ring": () => actions.grow("ring"),
    "grow-part": () => actions.grow("part"),
    "grow-all": () => actions.grow("all"),
    "tool-move": () => {
      selection.setTool("move");
      ports.focusMove();
    },
    "tool-extrude": () => {
      if (selection.state.selected?.kind === "edge") {
        ports.pressTool("extrude-edges");
        return;
      }
      if (selection.state.mode !== "part") selection.setMode("face");
      selection.setTool("extrude");
      ports.focusDistance();
    },
    "add-cube": () => void actions.add("cube"),
    "add-pyramid": () => void actions.add("pyramid"),
    "add-menu": ports.openAddMenu,
    import: ports.importFile,
    next: () => actions.cycle(1),
    previous: () => actions.cycle(-1),
    separate: () => void actions.separate(),
    rename: ports.focusName,
    delete: () => void actions.remove(),
    undo: () => void actions.undo(),
    redo: () => void actions.redo(),
    timeline: ports.toggleTimeline,
    who: ports.toggleWho,
    branches: ports.openBranches,
    policy: ports.openPolicy,
    cards: ports.focusCards,
    frame: () => scene.frame(),
    vr: ports.toggleVr,
    chat: ports.focusChat,
    help: ports.openHelp,
    cancel: () => {
      if (!scene.cancelDrag()) selection.select(null);
    },
  };

  const held = new Set<string>();
  const fly = (): void => scene.fly(flightOf(held));
  const land = (): void => {
    if (held.size === 0) return;
    held.clear();
    fly();
  };

  markTabbing();
  window.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    if (isTextEntry(event.target)) {
      // Out of the field and back to the room; the field has had the key already.
      if (event.key === "Escape") canvas.focus();
      return;
    }
    const bare = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (bare && (FLIGHT_KEYS.has(event.code) || event.key === "Shift")) {
      held.add(event.code);
      fly();
      return;
    }
    const arrow = event.target === canvas ? ARROWS[event.key] : undefined;
    const command = arrow ?? commandFor(event);
    if (!command) return;
    event.preventDefault();
    if (event.repeat && !REPEATABLE.has(command)) return;
    if (isToolCommand(command)) ports.pressTool(command.slice(TOOL_PREFIX.length));
    else run[command]();
  });
  window.addEventListener("keyup", (event) => {
    if (held.delete(event.code)) fly();
  });
  window.addEventListener("blur", land);
  document.addEventListener("focusin", (event) => {
    if (isTextEntry(event.target)) land();
  });
}

/** Says on <html> that somebody goes about with Tab: only then the view needs a ring around it. */
function markTabbing({ dataset } = document.documentElement): void {
  const clear = (): void => void delete dataset.tabbing;
  window.addEventListener("keydown", (event) => {
    if (event.key === "Tab" && !document.querySelector("dialog[open]")) dataset.tabbing = "";
  });
  window.addEventListener("pointerdown", clear, { capture: true });
}

const TOOL_PREFIX = "do-";

function isToolCommand(command: Command): command is `do-${string}` {
  return command.startsWith(TOOL_PREFIX);
}

const ARROWS: Readonly<Record<string, Command>> = {
  ArrowRight: "next",
  ArrowDown: "next",
  ArrowLeft: "previous",
  ArrowUp: "previous",
};
const REPEATABLE: ReadonlySet<Command> = new Set(["next", "previous", "undo", "redo"]);
