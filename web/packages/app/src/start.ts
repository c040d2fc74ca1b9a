import { isPrintable, type RoomClient } from "@theta/client";
import { createScene, DARK_THEME, LIGHT_THEME, type SelectionStore, type ThetaScene } from "@theta/scene";
import { createActions, type Actions } from "./actions";
import { createCards } from "./cards";
import { h, iconButton } from "./dom";
import { createHistoryCards } from "./history-cards";
import { createHistoryPanels } from "./history-panels";
import { publishState } from "./hooks";
import { createImporting } from "./importing";
import { bindKeyboard } from "./keyboard";
import { createModelling, type Modelling } from "./modelling";
import { createNotices, type Notices } from "./notices";
import { createAddMenu } from "./panels/add-menu";
import { createChat } from "./panels/chat";
import { createHelp, createInsecure, createWelcome, type Welcome } from "./panels/dialogs";
import { createGuide } from "./panels/guide";
import { createInspector, type Inspector } from "./panels/inspector";
import { createLinkDetails } from "./panels/link";
import { createOutline } from "./panels/outline";
import { createPeople } from "./panels/people";
import { createConnectionChip, createStatusBar, refusalWords } from "./panels/status";
import { createToolbar } from "./panels/toolbar";
import { createTools, type Elsewhere } from "./panels/tools";
import { takePlace } from "./place";
import { createRoleWatch } from "./role";
import { keepRoomFor } from "./room-for-bar";
import { createShareButton } from "./sharing";
import type { Memory } from "./storage";
import { createVr, type XrHook } from "./vr";
import { lossWords, reasonWords } from "./words";

declare global {
  interface Window {
    /** For tinkerers, in the console; docs/guide/page.md says what there is. */
    theta?: { client: RoomClient; scene: ThetaScene; model: Modelling; xr?: XrHook };
  }
}

/** Builds the page around a client and joins the room. `problem` is what was wrong with the link, in words. */
export function startApp(client: RoomClient, memory: Memory, problem = ""): void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const canvas = createCanvas();
  const notices = createNotices();
  const role = createRoleWatch(client);
  const actions = createActions(client, () => scene, notices, role, () => historyCards);
  const leave = (): void => canvas.focus();
  const cards = createCards(leave);
  const historyCards = createHistoryCards({ client, scene: () => scene, cards, notices, explain: actions.explain });
  document.body.replaceChildren(canvas);
  const scene = createScene({
    canvas,
    client,
    theme: dark.matches ? DARK_THEME : LIGHT_THEME,
    glides: () => !still.matches,
    editable: () => !role.watching,
    perform: (operation) => actions.perform(operation),
    readout: (readout) => inspector.readout(readout),
    dragLost: () => notices.show("It was deleted while you moved it", { kind: "warning", topic: "drag" }),
    holdLost: () => notices.show("It slipped out of your hand", { kind: "warning", topic: "hold", detail: "The room is away." }),
    firstFrame: () => {
      document.documentElement.dataset.firstFrameMs = performance.now().toFixed(0);
    },
  });
  const { selection } = scene;
  const hook = { client, scene, model: createModelling(client) };
  window.theta = hook;
  const vr = createVr({ client, scene, actions, notices, cards, loaded: (xr) => (window.theta = { ...hook, xr }) });

  const past = createHistoryPanels({ client, scene, role, notices, cards, historyCards, explain: actions.explain, leave });
  const inspector = createInspector(client, selection, actions, role, leave, past.maker);
  const elsewhere = besideTools(selection, actions, inspector);
  const tools = createTools({ client, selection, actions, role, notices, leave, elsewhere });
  const outline = createOutline(client, selection, [tools.element]);
  const addMenu = createAddMenu(actions);
  const chat = createChat(client, (text) => notices.show(unsaidWords(client, text), { kind: "warning", topic: "chat" }));
  const importing = createImporting({ client, scene: () => scene, notices, role });
  const importFile = (): void => {
    if (!role.watching) importing.choose();
  };
  const link = createLinkDetails(client);
  const help = createHelp();
  const helpButton = iconButton("help", "Keys", "help", "?");
  const openHelp = (): void => help.showModal();
  helpButton.addEventListener("click", openHelp);
  const welcome = createWelcome(({ name, invite }) => {
    memory.rememberName(name);
    memory.rememberInvite(invite);
    client.connect({ name, invite });
    canvas.focus();
  });

  const bar = h("header", {
    class: "top-bar",
    children: [
      createBrand(client),
      createToolbar({
        ...{ client, selection, actions, role, importFile, frame: () => scene.frame() },
        ...{ addMenu: addMenu.button, vr: vr.button, timeline: past.timelineButton, who: past.whoButton },
      }),
      h("div", { class: "corner", children: [createConnectionChip(client, link), createShareButton(client), helpButton] }),
    ],
  });
  document.body.append(
    bar,
    outline.element,
    h("div", { class: "column right", children: [inspector.element, createPeople(client, { manage: past.managePerson, openPolicy: past.openPolicy }), chat.element] }),
    createStatusBar(client, () => notices.show("Hash copied", { topic: "hash" }), past.branchButton, link.button),
    link.element,
    createGuide(client, role),
    ...importing.elements,
    addMenu.element,
    notices.element,
    ...past.elements,
    help,
    welcome.element,
  );
  keepRoomFor(bar);
  bindKeyboard({
    canvas,
    scene,
    selection,
    actions,
    focusName: inspector.focusName,
    focusDistance: inspector.focusDistance,
    focusMove: inspector.focusMove,
    focusChat: chat.focus,
    openHelp,
    importFile,
    toggleVr: vr.toggle,
    openAddMenu: addMenu.open,
    toggleTimeline: past.toggleTimeline,
    toggleWho: past.toggleWho,
    openBranches: past.openBranches,
    openPolicy: past.openPolicy,
    focusCards: () => void cards.focus(),
    pressTool: tools.press,
  });
  dark.addEventListener("change", () => scene.setTheme(dark.matches ? DARK_THEME : LIGHT_THEME));
  publishState(client);
  watchTrouble({ client, notices, welcome, memory, actions });
  takePlace(client, scene, memory);
  window.addEventListener("beforeunload", (event) => {
    if (client.statistics.packetsPending > 0) event.preventDefault();
  });

  // The room sends plain HTTP from elsewhere on to HTTPS; who comes here all the same came through something between.
  if (!isSecureContext || (crypto as Partial<Crypto>).subtle === undefined) {
    refuseAddress(memory);
    return;
  }
  const { name, invite } = memory;
  if (problem) welcome.ask({ name, invite: "", reason: problem });
  else if (name && invite) {
    client.connect({ name, invite });
    canvas.focus();
  } else welcome.ask({ name, invite });
}

/** What is among the tools and is done elsewhere on the page. */
function besideTools(selection: SelectionStore, actions: Actions, inspector: Inspector): readonly Elsewhere[] {
  const growing = (id: "loop" | "ring" | "part" | "all", label: string, key: string, does: string, kinds: readonly string[]): Elsewhere => {
    return { id: `grow-${id}`, label, key, does, place: "select", applies: ({ kind }) => kinds.includes(kind), press: () => actions.grow(id) };
  };
  return [
    {
      ...{ id: "extrude-faces", label: "Extrude", key: "x", does: "Pulls faces out together", place: "first" },
      applies: ({ kind }) => kind === "face",
      press: () => {
        selection.setTool("extrude");
        inspector.focusDistance();
      },
    },
    {
      ...{ id: "move-elements", label: "Move", key: "m", does: "Moves it by so many metres", place: "first" },
      applies: ({ kind }) => kind !== "object",
      press: () => {
        selection.setTool("move");
        inspector.focusMove();
      },
    },
    {
      ...{ id: "delete-elements", label: "Delete", key: "delete", does: "Takes it out, and the faces that need it", place: "last" },
      applies: ({ kind }) => kind !== "object",
      press: () => void actions.remove(),
    },
    {
      ...{ id: "separate", label: "Separate", key: "shift+j", does: "Makes an object of its own of faces", place: "last" },
      applies: ({ kind, mesh, elements }) => kind === "face" && elements.length < mesh.faceCount,
      press: () => void actions.separate(),
    },
    growing("loop", "Loop", "shift+l", "Selects the edge loop", ["edge"]),
    growing("ring", "Ring", "shift+r", "Selects the ring of edges across quads", ["edge"]),
    growing("part", "Connected", "l", "Selects all that is connected", ["face", "edge", "vertex"]),
    growing("all", "All", "ctrl+a", "Selects all of this kind in the object", ["face", "edge", "vertex"]),
  ];
}

function createCanvas(): HTMLCanvasElement {
  return h("canvas", {
    class: "view",
    testId: "view",
    attributes: {
      tabindex: "0",
      role: "application",
      "aria-label": "The room in 3D. Arrow keys select the next object, face or vertex; question mark lists all keys.",
    },
  });
}

function createBrand(client: RoomClient): HTMLElement {
  const room = h("span", { class: "room-name", testId: "room-name" });
  const show = (): void => {
    const { connection } = client;
    if (connection.phase !== "online") return;
    room.textContent = connection.roomName;
    room.title = connection.roomName;
    document.title = `${connection.roomName} – Theta`;
  };
  client.on("connection", show);
  show();
  const mark = h("span", { class: "mark", text: "θ", attributes: { "aria-hidden": "true" } });
  return h("div", { class: "brand", children: [mark, h("span", { class: "product", text: "Theta" }), room] });
}

/** Why a line was not said. */
function unsaidWords({ connection }: RoomClient, text: string): string {
  if (connection.phase !== "online") return "Nobody can hear you right now";
  return isPrintable(text) ? "Too fast – wait a moment" : "That has characters that can't be sent";
}

/** There is no use in knocking from here: without WebCrypto nothing can be signed. */
function refuseAddress(memory: Memory): void {
  const insecure = createInsecure(location, memory.invite);
  insecure.addEventListener("cancel", (event) => event.preventDefault());
  document.body.append(insecure);
  insecure.showModal();
}

/** Of what the room says to somebody who was sent away only what the admin said. */
function givenReason(reason: string): string {
  const [, given] = /^.*?(?:session|revoked): (.*)$/su.exec(reasonWords(reason)) ?? [];
  return given === undefined || given === "no reason was given" ? "" : given;
}

function sentAwayWords(isKick: boolean): string {
  return isKick ? "An admin sent you away" : "An admin took your key off this room";
}

interface TroublePorts {
  readonly client: RoomClient;
  readonly notices: Notices;
  readonly welcome: Welcome;
  readonly memory: Memory;
  readonly actions: Actions;
}

/** Says what a person should know, and asks for what is missing when the room says no. */
function watchTrouble({ client, notices, welcome, memory, actions }: TroublePorts): void {
  client.on("connection", (connection) => {
    if (connection.phase === "online") {
      for (const topic of ["refused", "away"]) notices.clear(topic);
    }
    if (connection.phase !== "refused") return;
    if (connection.code === "not-invited") {
      memory.forgetInvite();
      welcome.ask({ name: memory.name, invite: "", reason: "This room doesn't know that invite. Ask for a new link." });
      return;
    }
    if (connection.code === "wrong-room") {
      const reason =
        "Another room answers here than your link is for, so it was not shown your invite. If it moved, ask for a new link; if not, somebody may be posing as it.";
      welcome.ask({ name: memory.name, invite: "", reason });
      return;
    }
    const isSentAway = connection.code === "kicked" || connection.code === "revoked";
    const reason = isSentAway ? givenReason(connection.reason) : reasonWords(connection.reason);
    notices.show(isSentAway ? sentAwayWords(connection.code === "kicked") : refusalWords(connection.code), {
      kind: "error",
      topic: "refused",
      lasting: true,
      detail: isSentAway && reason !== "" ? `“${reason}”` : reason,
      action: { label: connection.code === "kicked" ? "Come in again" : "Try again", run: () => client.connect() },
    });
  });
  client.on("readOnly", (reason) => {
    notices.show("Your edits wait", {
      kind: "warning",
      topic: "read-only",
      detail: `${reasonWords(reason)}. They go through by themselves once the room can write again.`,
    });
  });
  client.on("corrected", ({ name, outcome, reason, against }) => {
    // Of conflicts, and of what others took back, the cards tell.
    if (outcome === "suspended" || against.length > 0) return;
    const late = outcome === "applied" ? "Something of yours is back in effect" : "Something of yours has no effect any more";
    const title = (outcome === "applied" ? null : actions.refusal(name)) ?? late;
    notices.show(title, { kind: outcome === "applied" ? "info" : "warning", detail: reasonWords(reason), topic: "corrected" });
  });
  client.on("stateLost", (loss) => {
    const { title, detail } = lossWords(loss, client.people);
    notices.show(title, { kind: "warning", topic: "hold", ...(detail ? { detail } : {}) });
  });
  client.on("status", ({ status }) => {
    if (status === "diverged") {
      notices.show("This page differed from the room", {
        kind: "warning",
        topic: "diverged",
        detail: "It is fetching the document anew; nothing of yours is lost.",
      });
    }
  });
}
