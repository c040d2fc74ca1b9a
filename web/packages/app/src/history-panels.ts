import type { Branch, Person, RoomClient } from "@theta/client";
import type { ThetaScene } from "@theta/scene";
import type { Cards } from "./cards";
import { h, iconButton } from "./dom";
import type { HistoryCards } from "./history-cards";
import { lazily } from "./loading";
import type { Notices } from "./notices";
import { createBanner } from "./panels/banner";
import { createBranchMenu } from "./panels/branches";
import { createMakerLine, createWhoMode } from "./panels/maker";
import type { RoleWatch } from "./role";

export interface HistoryPanelPorts {
  readonly client: RoomClient;
  readonly scene: ThetaScene;
  readonly role: RoleWatch;
  readonly notices: Notices;
  readonly cards: Cards;
  readonly historyCards: HistoryCards;
  readonly explain: (error: unknown) => void;
  readonly leave: () => void;
}

export interface HistoryPanels {
  /** What belongs on the page, besides the buttons. */
  readonly elements: readonly HTMLElement[];
  readonly timelineButton: HTMLButtonElement;
  readonly whoButton: HTMLButtonElement;
  readonly branchButton: HTMLButtonElement;
  /** Who made what is selected. */
  readonly maker: HTMLElement;
  readonly managePerson: (person: Person, anchor: HTMLElement) => void;
  /** The rules of the room, for admins. */
  readonly openPolicy: () => void;
  readonly toggleTimeline: () => void;
  readonly toggleWho: () => void;
  readonly openBranches: () => void;
}

/** Who did what and when: the timeline, branches, who made it, what needs an answer. What is rarely used is loaded then. */
export function createHistoryPanels(ports: HistoryPanelPorts): HistoryPanels {
  const { client, scene, role, notices, cards, explain } = ports;
  const { selection } = scene;
  const menu = createBranchMenu({ client, role, notices, explain, merge: createMergeLoader(ports) });
  const timelineButton = iconButton("clock", "Timeline", "timeline-button", "Z");
  const who = createWhoMode(client, selection, scene.stage.canvas, iconButton("who", "Who made this", "who", "Shift I"));
  const timeline = createTimelineLoader(ports);
  timelineButton.addEventListener("click", timeline.toggle);
  const maker = createMakerLine(client, selection, timeline.open);
  const top = h("div", { class: "top-stack", children: [createBanner(client), cards.element] });
  return {
    elements: [top, menu.element, who.element],
    timelineButton,
    whoButton: who.button,
    branchButton: menu.button,
    maker,
    managePerson: createPersonLoader(ports),
    openPolicy: createPolicyLoader(ports),
    toggleTimeline: timeline.toggle,
    toggleWho: who.toggle,
    openBranches: menu.open,
  };
}

function createTimelineLoader({ client, historyCards, explain, leave }: HistoryPanelPorts) {
  const get = lazily(async () => {
    const { createTimeline } = await import("./panels/timeline");
    return onPage(createTimeline({ client, explain, leave, branchOff: (fork) => void historyCards.branchOff(fork) }));
  });
  return {
    open: (seq: bigint): void => void get().then((timeline) => timeline.open(seq), explain),
    toggle: (): void => {
      void get().then((timeline) => {
        if (timeline.isOpen) timeline.close();
        else timeline.open();
      }, explain);
    },
  };
}

function createPersonLoader({ client, notices, explain }: HistoryPanelPorts): HistoryPanels["managePerson"] {
  const get = lazily(async () => onPage((await import("./panels/person-menu")).createPersonMenu(client, notices, explain)));
  return (person, anchor) => void get().then((menu) => menu.open(person, anchor), explain);
}

function createMergeLoader({ client, notices, explain }: HistoryPanelPorts): (source: Branch) => void {
  const get = lazily(async () => onPage((await import("./panels/merge")).createMergePanel(client, notices)));
  return (source) => void get().then((panel) => panel.open(source), explain);
}

function createPolicyLoader({ client, notices, explain }: HistoryPanelPorts): () => void {
  const get = lazily(async () => onPage((await import("./panels/policy")).createPolicyPanel(client)));
  return () => {
    const { connection } = client;
    if (connection.phase === "online" && connection.role === "admin") void get().then((panel) => panel.open(), explain);
    else notices.show("Only an admin changes the rules of the room", { topic: "govern" });
  };
}

/** Puts what was made on the page. */
function onPage<Panel extends { readonly element: HTMLElement }>(panel: Panel): Panel {
  document.body.append(panel.element);
  return panel;
}
