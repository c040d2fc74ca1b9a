import type { PrimitiveKind, RoomClient } from "@theta/client";
import type { DragTool, SelectMode, SelectionStore } from "@theta/scene";
import type { Actions } from "../actions";
import { h, icon, iconButton, type IconName } from "../dom";
import type { RoleWatch } from "../role";
import { stepWords } from "../words";

const MODES: readonly { mode: SelectMode; label: string; key: string; icon: IconName }[] = [
  { mode: "object", label: "Object", key: "1", icon: "object" },
  { mode: "face", label: "Face", key: "2", icon: "face" },
  { mode: "vertex", label: "Vertex", key: "3", icon: "vertex" },
  { mode: "edge", label: "Edge", key: "4", icon: "edge" },
  { mode: "loop", label: "Edge loop", key: "5", icon: "loop" },
  { mode: "part", label: "Part", key: "6", icon: "part" },
];
const TOOLS: readonly { tool: DragTool; label: string; key: string }[] = [
  { tool: "extrude", label: "Extrude", key: "X" },
  { tool: "move", label: "Move", key: "M" },
];
const PRIMITIVES: readonly { kind: PrimitiveKind & IconName; label: string; key: string }[] = [
  { kind: "cube", label: "Add a cube", key: "C" },
  { kind: "pyramid", label: "Add a pyramid", key: "P" },
  { kind: "plane", label: "Add a plane", key: "" },
];

export interface ToolbarPorts {
  readonly client: RoomClient;
  readonly selection: SelectionStore;
  readonly actions: Actions;
  readonly role: RoleWatch;
  readonly frame: () => void;
  /** Lets a file be chosen and brings it in. */
  readonly importFile: () => void;
  /** Opens and closes the timeline. */
  readonly timeline: HTMLButtonElement;
  /** Says who made what is pointed at. */
  readonly who: HTMLButtonElement;
  /** Opens the menu of all shapes. */
  readonly addMenu: HTMLButtonElement;
  /** The way into VR, shown where there is one. */
  readonly vr: HTMLButtonElement;
}

/** Modes, tools, what to add, undo and redo. */
export function createToolbar(ports: ToolbarPorts): HTMLElement {
  const { client, selection, actions, role, frame, importFile, addMenu, vr, timeline, who } = ports;
  const modes = MODES.map(({ mode, label, key, icon: name }) => {
    const button = toggle(label, name, key, `mode-${mode}`);
    button.classList.add("mode");
    button.addEventListener("click", () => selection.setMode(mode));
    return { mode, button };
  });
  const tools = TOOLS.map(({ tool, label, key }) => {
    const button = toggle(label, tool, key, `tool-${tool}`);
    button.addEventListener("click", () => selection.setTool(tool));
    return { tool, button };
  });
  const adders = PRIMITIVES.map(({ kind, label, key }) => {
    const button = iconButton(kind, label, `add-${kind}`, key);
    button.addEventListener("click", () => void actions.add(kind));
    return button;
  });
  const bring = iconButton("import", "Bring in a GLB or OBJ", "import", "I");
  bring.addEventListener("click", importFile);
  const undo = iconButton("undo", "Undo", "undo", "Ctrl Z");
  const redo = iconButton("redo", "Redo", "redo", "Ctrl Shift Z");
  undo.addEventListener("click", () => void actions.undo());
  redo.addEventListener("click", () => void actions.redo());
  const look = iconButton("frame", "Look at the selection", "frame", "F");
  look.addEventListener("click", frame);

  const showSelection = (): void => {
    const { mode, tool } = selection.state;
    for (const one of modes) one.button.setAttribute("aria-pressed", String(one.mode === mode));
    for (const one of tools) {
      const pulls = mode === "face" || mode === "part";
      one.button.setAttribute("aria-pressed", String(pulls ? one.tool === tool : one.tool === "move"));
      one.button.disabled = role.watching || (!pulls && one.tool === "extrude");
    }
  };
  const showHistory = (): void => {
    for (const [button, way, key] of [
      [undo, "undo", "Ctrl Z"],
      [redo, "redo", "Ctrl Shift Z"],
    ] as const) {
      const step = client.history[way];
      const verb = way === "undo" ? "Undo" : "Redo";
      button.disabled = role.watching || step === null;
      button.classList.toggle("blocked", (step?.blockedBy.length ?? 0) > 0);
      const blocked = step && step.blockedBy.length > 0 ? ` – ${step.blockedBy.join(", ")} changed this since` : "";
      const what = step ? stepWords(step.label) : "";
      button.title = step ? `${verb} ${what}${blocked} (${key})` : `Nothing to ${way}`;
      button.setAttribute("aria-label", step ? `${verb} ${what}${blocked}` : verb);
    }
  };
  selection.subscribe(showSelection);
  client.on("history", showHistory);
  role.follow((watching) => {
    for (const button of [...adders, addMenu, bring]) button.disabled = watching;
    showSelection();
    showHistory();
  });

  return h("div", {
    class: "toolbar",
    testId: "toolbar",
    attributes: { role: "toolbar", "aria-label": "Tools" },
    children: [
      group("What a click selects", modes.map((one) => one.button)),
      group("What a drag does", tools.map((one) => one.button)),
      group("Add", [...adders, addMenu, bring]),
      group("History", [undo, redo, timeline, who]),
      group("View", [look, vr]),
    ],
  });
}

function toggle(label: string, name: IconName, key: string, testId: string): HTMLButtonElement {
  return h("button", {
    class: "toggle",
    testId,
    attributes: { type: "button", title: `${label} (${key})`, "aria-label": label, "aria-pressed": "false" },
    children: [icon(name), h("span", { text: label })],
  });
}

function group(label: string, children: readonly Node[]): HTMLElement {
  return h("div", { class: "group", attributes: { role: "group", "aria-label": label }, children });
}
