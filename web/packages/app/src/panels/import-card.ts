import { h } from "../dom";
import type { ImportStage } from "../import";

const STAGES: Readonly<Record<ImportStage, { words: string; from: number; to: number }>> = {
  reading: { words: "Reading the file …", from: 0, to: 0.05 },
  understanding: { words: "Making faces of it …", from: 0.05, to: 0.4 },
  sending: { words: "Sending it to the room …", from: 0.4, to: 0.9 },
  placing: { words: "Putting it down …", from: 0.9, to: 1 },
};

export interface ImportCard {
  readonly element: HTMLElement;
  begin(fileName: string, cancel: () => void): void;
  show(stage: ImportStage, share: number): void;
  end(): void;
}

/** How far an import is, with a button that calls it off while that is possible. */
export function createImportCard(): ImportCard {
  const title = h("strong", { class: "name" });
  const words = h("p", { testId: "import-stage", attributes: { role: "status" } });
  const bar = h("progress", { testId: "import-progress", attributes: { max: "1", "aria-label": "Import" } });
  const button = h("button", { class: "button small", text: "Cancel", testId: "import-cancel", attributes: { type: "button" } });
  const element = h("section", {
    class: "import-card",
    testId: "import-card",
    attributes: { "aria-label": "Import" },
    children: [h("div", { class: "words", children: [title, words] }), button, bar],
  });
  element.hidden = true;
  let cancel = (): void => undefined;
  button.addEventListener("click", () => cancel());
  return {
    element,
    begin(fileName, cancelled) {
      title.textContent = fileName;
      cancel = cancelled;
      element.hidden = false;
      this.show("reading", 0);
    },
    show(stage, share) {
      const { words: text, from, to } = STAGES[stage];
      if (words.textContent !== text) words.textContent = text;
      bar.value = from + (to - from) * share;
      button.disabled = stage === "placing";
    },
    end() {
      element.hidden = true;
    },
  };
}

export interface SizeQuestion {
  readonly element: HTMLDialogElement;
  ask(metres: number): Promise<"keep" | "fit" | null>;
}

/** Asks what to do about a model that was probably not made in metres. */
export function createSizeQuestion(): SizeQuestion {
  const lead = h("p", { testId: "size-words" });
  const button = (text: string, testId: string, kind: string): HTMLButtonElement =>
    h("button", { class: `button ${kind}`, text, testId, attributes: { type: "button" } });
  const fit = button("Make it 1 m", "size-fit", "primary");
  const keep = button("Keep its size", "size-keep", "");
  const leave = button("Don't import it", "size-leave", "");
  const element = h("dialog", {
    class: "welcome",
    testId: "size-question",
    attributes: { "aria-labelledby": "size-title" },
    children: [
      h("div", {
        class: "sheet",
        children: [h("h1", { text: "How large is it?", attributes: { id: "size-title" } }), lead, h("div", { class: "choices", children: [fit, keep, leave] })],
      }),
    ],
  });
  let settle: ((choice: "keep" | "fit" | null) => void) | null = null;
  const choose = (choice: "keep" | "fit" | null) => () => {
    settle?.(choice);
    settle = null;
    element.close();
  };
  fit.addEventListener("click", choose("fit"));
  keep.addEventListener("click", choose("keep"));
  leave.addEventListener("click", choose(null));
  element.addEventListener("close", choose(null));
  return {
    element,
    ask(metres) {
      lead.textContent = `As it is, it is ${lengthWords(metres)} across. Most likely it was not made in metres.`;
      element.showModal();
      return new Promise((resolve) => (settle = resolve));
    },
  };
}

/** "1.2 km", "250 m", "4 mm", "0.02 mm". */
export function lengthWords(metres: number): string {
  const [value, unit] = metres >= 1000 ? [metres / 1000, "km"] : metres >= 1 ? [metres, "m"] : metres >= 0.01 ? [metres * 100, "cm"] : [metres * 1000, "mm"];
  return `${Number(value.toPrecision(2)).toLocaleString("en")} ${unit}`;
}
