import type { Maker, RoomClient } from "@theta/client";
import { plateOf, type SelectionStore } from "@theta/scene";
import { cssColour, h } from "../dom";
import { createAsking } from "../who";
import { stepWords, whenWords } from "../words";

/** A line under the selection: who made it, with what and when. Pressed, it shows that moment in the timeline. */
export function createMakerLine(client: RoomClient, selection: SelectionStore, open: (seq: bigint) => void): HTMLElement {
  const element = h("button", { class: "maker", testId: "maker", attributes: { type: "button" } });
  let shown: Maker | null | undefined;
  const asking = createAsking(client, (maker) => {
    shown = maker;
    element.hidden = !maker;
    if (!maker) return;
    fillMaker(element, maker);
    element.title = `Made by ${maker.name}, ${stepWords(maker.label)}, ${whenWords(maker.atMs)}. Press to see that moment.`;
    element.setAttribute("aria-label", element.title);
  });
  const update = (): void => asking.ask(selection.state.selected);
  element.hidden = true;
  element.addEventListener("click", () => {
    if (shown) open(shown.seq);
  });
  selection.subscribe((state, before) => {
    if (state.selected !== before.selected) update();
  });
  client.on("document", ({ changed }) => {
    const entity = selection.state.selected?.entity;
    if (entity !== undefined && changed.includes(entity)) update();
  });
  client.on("status", () => {
    if (client.document.moment !== null) element.hidden = true;
  });
  return element;
}

/** A dot in somebody's colour, the name, what it was and when. */
export function fillMaker(element: HTMLElement, { name, colour, label, atMs }: Pick<Maker, "name" | "colour" | "label" | "atMs">): void {
  const dot = h("span", { class: "dot person-dot", attributes: { "aria-hidden": "true" } });
  dot.style.backgroundColor = cssColour(plateOf(colour));
  element.replaceChildren(
    dot,
    h("span", { class: "name", text: name }),
    h("span", { class: "note", text: `${stepWords(label)} · ${whenWords(atMs)}` }),
  );
}

export interface WhoMode {
  readonly button: HTMLButtonElement;
  readonly element: HTMLElement;
  readonly toggle: () => void;
}

/** Which way from the pointer its words are. */
const OFFSET_PIXELS = 16;

/** While it is on, whatever is under the pointer says who made it. */
export function createWhoMode(client: RoomClient, selection: SelectionStore, canvas: HTMLCanvasElement, button: HTMLButtonElement): WhoMode {
  const element = h("div", { class: "who-tip", testId: "who-tip", attributes: { role: "status" } });
  const { dataset } = document.documentElement;
  let isOn = false;
  let at = { x: 0, y: 0 };
  const place = (): void => {
    const { offsetWidth, offsetHeight } = element;
    element.style.left = `${Math.min(at.x + OFFSET_PIXELS, innerWidth - offsetWidth - 8)}px`;
    element.style.top = `${Math.min(at.y + OFFSET_PIXELS, innerHeight - offsetHeight - 8)}px`;
  };
  const asking = createAsking(client, (maker) => {
    element.hidden = maker === undefined;
    if (maker === undefined) return;
    if (maker) fillMaker(element, maker);
    else element.textContent = "Nobody is known to have made this";
    place();
  });
  const toggle = (): void => {
    isOn = !isOn;
    button.setAttribute("aria-pressed", String(isOn));
    if (isOn) dataset.who = "";
    else delete dataset.who;
    // A face is what people point at; an object has many makers.
    if (isOn && selection.state.mode === "object") selection.setMode("face");
    asking.ask(isOn ? selection.state.hovered : null);
  };
  element.hidden = true;
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", toggle);
  canvas.addEventListener("pointermove", ({ clientX, clientY }) => {
    at = { x: clientX, y: clientY };
    if (isOn && !element.hidden) place();
  });
  selection.subscribe((state, before) => {
    if (isOn && state.hovered !== before.hovered) asking.ask(state.hovered);
  });
  return { button, element, toggle };
}
