import { h } from "./dom";

export interface DropPorts {
  /** What is said over the page while a file hangs over it; `no` when it would not be taken. */
  readonly words: () => { readonly text: string; readonly no: boolean };
  readonly take: (files: readonly File[]) => void;
}

/** Takes files that are dropped anywhere onto the page; without it the browser would open them instead of the room. */
export function createDropTarget({ words, take }: DropPorts): HTMLElement {
  const text = h("p", { testId: "drop-words" });
  const element = h("div", { class: "drop", testId: "drop", attributes: { "aria-hidden": "true" }, children: [text] });
  element.hidden = true;
  /** Enters less leaves: moving between two elements enters the one before it leaves the other. */
  let depth = 0;
  const hide = (): void => {
    depth = 0;
    element.hidden = true;
  };
  const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
  window.addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    depth++;
    const { text: said, no } = words();
    text.textContent = said;
    element.classList.toggle("no", no);
    element.hidden = false;
  });
  window.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = words().no ? "none" : "copy";
  });
  window.addEventListener("dragleave", (event) => {
    if (hasFiles(event) && --depth <= 0) hide();
  });
  window.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    hide();
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length > 0) take(files);
  });
  return element;
}
