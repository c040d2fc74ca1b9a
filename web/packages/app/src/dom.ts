type Child = Node | string | null;

export interface ElementOptions {
  readonly class?: string;
  /** Text, set as text: names and chat never become markup. */
  readonly text?: string;
  readonly testId?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly children?: readonly Child[];
}

/** Makes an element. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  options: ElementOptions = {},
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  if (options.class) element.className = options.class;
  if (options.text !== undefined) element.textContent = options.text;
  if (options.testId) element.dataset.testid = options.testId;
  for (const [name, value] of Object.entries(options.attributes ?? {})) element.setAttribute(name, value);
  for (const child of options.children ?? []) if (child !== null) element.append(child);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  object: "M10 2.5 16.5 6v8L10 17.5 3.5 14V6ZM3.8 6.2 10 9.6l6.2-3.4M10 9.6v7.6",
  face: "M4 7.2 13.4 4.6 16 13.2 6.4 15.8ZM7 9.4l5-1.4M8 12.6l5-1.4",
  vertex: "M5 15 10 5l5 10M10 3.4a1.6 1.6 0 1 1 0 3.2 1.6 1.6 0 0 1 0-3.2M5 13.4a1.6 1.6 0 1 1 0 3.2 1.6 1.6 0 0 1 0-3.2M15 13.4a1.6 1.6 0 1 1 0 3.2 1.6 1.6 0 0 1 0-3.2",
  edge: "M4.8 14.2 15.2 5.8M3.6 12.6a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6M16.4 3.8a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6",
  loop: "M10 5.2c4 0 7.2 1.7 7.2 3.8S14 12.8 10 12.8 2.8 11.1 2.8 9 6 5.2 10 5.2M2.8 9v3.4c0 2.1 3.2 3.8 7.2 3.8s7.2-1.7 7.2-3.8V9",
  part: "M3 3.5h6v6H3ZM11.5 10.5h5.5v6h-5.5ZM12 3.5h1.5M16 3.5h1v1.5M17 7.5v1M3 12.5v1.5M3 16.5h1.5M7 16.5h2",
  more: "M10 4v12M4 10h12",
  cube: "M10 2.5 16.5 6v8L10 17.5 3.5 14V6ZM3.8 6.2 10 9.6l6.2-3.4M10 9.6v7.6",
  pyramid: "M10 3 17 14.2 11.2 17 3 13.6ZM10 3l1.2 14",
  plane: "M2.5 12 8.6 7h8.9l-6.1 5ZM2.5 12",
  move: "M10 2.5v15M2.5 10h15M10 2.5 8 4.6M10 2.5l2 2.1M10 17.5l-2-2.1M10 17.5l2-2.1M2.5 10l2.1-2M2.5 10l2.1 2M17.5 10l-2.1-2M17.5 10l-2.1 2",
  extrude: "M3.5 12.5 10 16l6.5-3.5M3.5 12.5 10 9.2l6.5 3.3M10 9.2V2.6M10 2.6 7.9 4.8M10 2.6l2.1 2.2",
  undo: "M7.4 4 3.6 7.8l3.8 3.8M3.8 7.8h7.7a4.3 4.3 0 0 1 0 8.6H8",
  redo: "M12.6 4l3.8 3.8-3.8 3.8M16.2 7.8H8.5a4.3 4.3 0 0 0 0 8.6H12",
  trash: "M3.5 5.5h13M8 5.5V3.4h4v2.1M5.2 5.5l.8 11.1h8l.8-11.1M8.4 8.6v5M11.6 8.6v5",
  frame: "M3.5 7V3.5H7M13 3.5h3.5V7M16.5 13v3.5H13M7 16.5H3.5V13M10 7.6a2.4 2.4 0 1 1 0 4.8 2.4 2.4 0 0 1 0-4.8",
  help: "M7.4 7.6a2.7 2.7 0 1 1 4 2.4c-.9.5-1.4 1-1.4 2M10 14.9v.2M10 2.5a7.5 7.5 0 1 1 0 15 7.5 7.5 0 0 1 0-15",
  send: "M3.2 10 16.8 3.6 12.4 16.8 9.4 11ZM9.4 11l7.4-7.4",
  close: "M5 5l10 10M15 5 5 15",
  check: "M4 10.6 8.2 14.6 16 5.8",
  people: "M7.4 4.2a2.7 2.7 0 1 1 0 5.4 2.7 2.7 0 0 1 0-5.4M2.6 16c.3-2.9 2.2-4.4 4.8-4.4s4.5 1.5 4.8 4.4M13 4.8a2.3 2.3 0 0 1 0 4.4M14 11.9c2 .4 3.2 1.8 3.4 4.1",
  headset: "M3 6.5h14a1.2 1.2 0 0 1 1.2 1.2v5.6a1.2 1.2 0 0 1-1.2 1.2h-3.6L11.6 12a2 2 0 0 0-3.2 0l-1.8 2.5H3a1.2 1.2 0 0 1-1.2-1.2V7.7A1.2 1.2 0 0 1 3 6.5",
  import: "M10 3v9.4M6.2 8.8 10 12.6l3.8-3.8M3.4 13.6v3h13.2v-3",
  share: "M10 12V2.8M6.6 6 10 2.6 13.4 6M6.2 9H4v8h12V9h-2.2",
  who: "M8.2 4a2.6 2.6 0 1 1 0 5.2 2.6 2.6 0 0 1 0-5.2M3.2 16.2c.3-3 2.3-4.6 5-4.6 1 0 1.9.2 2.7.6M13.3 11.6a1.6 1.6 0 1 1 2.5 1.3c-.6.4-.9.7-.9 1.4M14.9 16.6v.1",
  clock: "M10 2.6a7.4 7.4 0 1 1 0 14.8 7.4 7.4 0 0 1 0-14.8M10 5.8V10l2.9 1.9",
  branch: "M6 6.6v6.8M6 3.2a1.7 1.7 0 1 1 0 3.4 1.7 1.7 0 0 1 0-3.4M6 13.4a1.7 1.7 0 1 1 0 3.4 1.7 1.7 0 0 1 0-3.4M14 3.2a1.7 1.7 0 1 1 0 3.4 1.7 1.7 0 0 1 0-3.4M14 6.6c0 3.2-3.2 4.4-8 4.6",
  rules: "M3 5.5h8.6M15 5.5h2M13.3 3.8a1.7 1.7 0 1 1 0 3.4 1.7 1.7 0 0 1 0-3.4M3 14.5h2M8.4 14.5H17M6.7 12.8a1.7 1.7 0 1 1 0 3.4 1.7 1.7 0 0 1 0-3.4",
  dots: "M4.6 10v.01M10 10v.01M15.4 10v.01",
  left: "M12.2 4.6 6.8 10l5.4 5.4",
  right: "M7.8 4.6 13.2 10l-5.4 5.4",
  chat: "M3.2 4.5h13.6v9.2H9l-3.6 3v-3H3.2Z",
} as const;

export type IconName = keyof typeof ICONS;

/** A line drawing of 20 × 20, in the colour of the text around it. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button with an icon whose name screen readers say, and a tooltip says with its key. */
export function iconButton(name: IconName, label: string, testId: string, key = ""): HTMLButtonElement {
  return h("button", {
    class: "icon-button",
    testId,
    attributes: { type: "button", "aria-label": label, title: key ? `${label} (${key})` : label },
    children: [icon(name)],
  });
}

/** A section of the page with a heading. */
export function card(title: string, testId: string, children: readonly Child[], extra: Child = null): HTMLElement {
  const heading = h("h2", { text: title, attributes: { id: `${testId}-heading` } });
  return h("section", {
    class: "card",
    testId,
    attributes: { "aria-labelledby": heading.id },
    children: [h("header", { children: [heading, extra] }), ...children],
  });
}

/** "#rrggbb" of 0xRRGGBB. */
export function cssColour(colour: number): string {
  return `#${colour.toString(16).padStart(6, "0")}`;
}

/** Whether keys pressed there are text. */
export function isTextEntry(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["button", "checkbox", "color", "radio", "range"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}
