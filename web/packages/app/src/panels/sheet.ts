import { h, iconButton } from "../dom";

export interface SheetOptions {
  readonly title: string;
  readonly class: string;
  readonly testId: string;
  /** What the close button and the heading are called by. */
  readonly name: string;
  readonly children: readonly HTMLElement[];
}

export interface Sheet {
  readonly element: HTMLDialogElement;
  readonly heading: HTMLHeadingElement;
}

/** A dialog with a heading and a way out: its button, Escape, or a press beside it. */
export function createSheet({ title, class: kind, testId, name, children }: SheetOptions): Sheet {
  const close = iconButton("close", "Close", `${name}-close`, "Esc");
  const heading = h("h1", { text: title, attributes: { id: `${name}-title` } });
  const element = h("dialog", {
    class: kind,
    testId,
    attributes: { "aria-labelledby": heading.id },
    children: [h("header", { children: [heading, close] }), ...children],
  });
  close.addEventListener("click", () => element.close());
  element.addEventListener("click", (event) => {
    if (event.target === element) element.close();
  });
  return { element, heading };
}
