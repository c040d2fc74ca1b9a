import type { Person, RoomClient } from "@theta/client";
import type { ThetaScene } from "@theta/scene";
import type { Cards } from "./cards";
import { h, iconButton } from "./dom";
import type { HistoryCards } from "./history-cards";
import type { Notices } from "./notices";
import { createBanner } from "./panels/banner";
import { createBranchMenu } from "./panels/branches";
import { createMakerLine, createWhoMode } from "./panels/maker";
import type { PersonMenu } from "./panels/person-menu";
import type { Timeline } from "./panels/timeline";
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
  readonly toggleTimeline: () => void;
  readonly toggleWho: () => void;
  readonly openBranches: () => void;
}

/** Who did what and when: the timeline, branches, who made it, what needs an answer. What is rarely used is loaded then. */
export function createHistoryPanels(ports: HistoryPanelPorts): HistoryPanels {
  const { client, scene, role, notices, cards, explain } = ports;
  const { selection } = scene;
  const menu = createBranchMenu({ client, role, notices, explain });
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
    toggleTimeline: timeline.toggle,
    toggleWho: who.toggle,
    openBranches: menu.open,
  };
}

function createTimelineLoader({ client, historyCards, explain, leave }: HistoryPanelPorts) {
  let made: Promise<Timeline> | null = null;
  const load = async (): Promise<Timeline> => {
    const { createTimeline } = await import("./panels/timeline");
    const timeline = createTimeline({ client, explain, leave, branchOff: (fork) => void historyCards.branchOff(fork) });
    document.body.append(timeline.element);
    return timeline;
  };
  const get = (): Promise<Timeline> => {
    made ??= load().catch((error: unknown) => {
      // The next press tries again: the room may have been away.
      made = null;
      throw error;
    });
    return made;
  };
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
  let made: Promise<PersonMenu> | null = null;
  const load = async (): Promise<PersonMenu> => {
    const { createPersonMenu } = await import("./panels/person-menu");
    const menu = createPersonMenu(client, notices, explain);
    document.body.append(menu.element);
    return menu;
  };
  return (person, anchor) => {
    made ??= load().catch((error: unknown) => {
      made = null;
      throw error;
    });
    made.then((menu) => menu.open(person, anchor), explain);
  };
}
