import { h } from "../dom";

export interface Row {
  readonly id: string;
  readonly label: string;
  readonly note?: string;
  /** "#rrggbb" */
  readonly colour?: string;
}

export interface Listbox {
  readonly element: HTMLElement;
  show(rows: readonly Row[], selected: string | null): void;
}

export interface ListboxPorts {
  readonly label: string;
  readonly testId: string;
  readonly empty: string;
  readonly select: (id: string) => void;
  readonly hover?: (id: string | null) => void;
}

let lists = 0;

/** A list of which one row is selected: one stop for Tab, arrow keys, Home and End move inside it. */
export function createListbox({ label, testId, empty, select, hover }: ListboxPorts): Listbox {
  const prefix = `list-${++lists}`;
  const element = h("div", {
    class: "listbox",
    testId,
    attributes: { role: "listbox", tabindex: "0", "aria-label": label },
  });
  const options = new Map<string, HTMLElement>();
  let shown: readonly Row[] = [];
  let current: string | null = null;

  const makeOption = (id: string): HTMLElement => {
    const option = h("div", { class: "option", testId: `${testId}-option`, attributes: { role: "option" } });
    option.id = `${prefix}-${id}`;
    option.dataset.id = id;
    option.addEventListener("click", () => select(id));
    option.addEventListener("pointerenter", () => hover?.(id));
    option.addEventListener("pointerleave", () => hover?.(null));
    return option;
  };
  const fillOption = (option: HTMLElement, { label: text, note, colour }: Row): void => {
    const key = `${text}\n${note ?? ""}\n${colour ?? ""}`;
    if (option.dataset.key === key) return;
    option.dataset.key = key;
    const dot = colour ? h("span", { class: "dot" }) : null;
    dot?.style.setProperty("background-color", colour ?? "");
    option.replaceChildren(
      ...(dot ? [dot] : []),
      h("span", { class: "name", text }),
      ...(note ? [h("span", { class: "note", text: note })] : []),
    );
  };

  element.addEventListener("keydown", (event) => {
    const row = rowFor(event.key, shown, current);
    if (!row) return;
    event.preventDefault();
    event.stopPropagation();
    select(row.id);
  });

  // Other cards come and go, and the list is as high as they let it be.
  new ResizeObserver(() => {
    if (current !== null) options.get(current)?.scrollIntoView({ block: "nearest" });
  }).observe(element);

  return {
    element,
    show(rows, selected) {
      const wanted = new Set(rows.map((row) => row.id));
      for (const [id, option] of options) {
        if (wanted.has(id)) continue;
        option.remove();
        options.delete(id);
      }
      element.querySelector(".empty")?.remove();
      rows.forEach((row, at) => {
        const option = options.get(row.id) ?? makeOption(row.id);
        options.set(row.id, option);
        fillOption(option, row);
        option.setAttribute("aria-selected", String(row.id === selected));
        if (element.children[at] !== option) element.insertBefore(option, element.children[at] ?? null);
      });
      if (rows.length === 0) element.append(h("p", { class: "empty", text: empty }));
      const option = selected === null ? undefined : options.get(selected);
      if (option) element.setAttribute("aria-activedescendant", option.id);
      else element.removeAttribute("aria-activedescendant");
      if (option && selected !== current) option.scrollIntoView({ block: "nearest" });
      shown = rows;
      current = selected;
    },
  };
}

function rowFor(key: string, rows: readonly Row[], current: string | null): Row | undefined {
  const at = rows.findIndex((row) => row.id === current);
  const last = rows.length - 1;
  const next = { ArrowDown: Math.min(at + 1, last), ArrowUp: Math.max(at - 1, 0), Home: 0, End: last }[key];
  return next === undefined ? undefined : rows[next];
}
