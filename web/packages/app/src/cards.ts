import { h, iconButton } from "./dom";

export interface CardAction {
  readonly id: string;
  readonly label: string;
  readonly title?: string;
  /** The card stays when it was pressed. */
  readonly keeps?: boolean;
  readonly run: () => unknown;
}

export interface CardContent {
  readonly title: string;
  readonly detail: string;
  readonly lines?: readonly string[];
  readonly actions: readonly CardAction[];
}

export interface Cards {
  readonly element: HTMLElement;
  /** A card of the same topic is replaced, where it stands. */
  show(topic: string, content: CardContent): void;
  clear(topic: string): void;
  /** Puts the keyboard on the newest card; false when there is none. */
  focus(): boolean;
  /** Calls `listener` with everything that is shown from now on. */
  follow(listener: (words: string) => void): void;
}

const CLOSE_ALL_FROM = 3;

/** Cards that wait for an answer: something of one's own is not as one left it. They stay until closed. */
export function createCards(leave: () => void): Cards {
  const element = h("section", {
    class: "cards",
    testId: "cards",
    attributes: { "aria-label": "What became of your work", "aria-live": "polite" },
  });
  const stack = h("div", { class: "card-stack" });
  const closeAll = h("button", { class: "button small close-all", text: "Close all", testId: "cards-close", attributes: { type: "button" } });
  element.append(stack, closeAll);
  closeAll.addEventListener("click", () => {
    stack.replaceChildren();
    count();
    leave();
  });
  const { dataset } = document.documentElement;
  const followers: ((words: string) => void)[] = [];
  const of = (topic: string): HTMLElement | null =>
    ([...stack.children] as HTMLElement[]).find((card) => card.dataset.topic === topic) ?? null;
  const count = (): void => {
    dataset.cards = String(stack.children.length);
    closeAll.hidden = stack.children.length < CLOSE_ALL_FROM;
  };
  const remove = (card: HTMLElement): void => {
    const hadFocus = card.contains(document.activeElement);
    card.remove();
    count();
    if (hadFocus && !focus()) leave();
  };
  const focus = (): boolean => {
    const button = stack.querySelector("button");
    button?.focus();
    return button !== null;
  };

  const build = (topic: string, { title, detail, lines = [], actions }: CardContent): HTMLElement => {
    const heading = h("strong", { text: title, attributes: { id: `card-${topic.replace(/\W/gu, "-")}` } });
    const close = iconButton("close", "Close", "card-close");
    const card = h("div", { class: "notice warning history-card", testId: "card", attributes: { role: "group", "aria-labelledby": heading.id } });
    const buttons = actions.map(({ id, label, title: hint, keeps, run }) => {
      const button = h("button", { class: "button small", text: label, testId: `card-${id}`, attributes: { type: "button" } });
      if (hint) button.title = hint;
      button.addEventListener("click", () => {
        if (!keeps) remove(card);
        run();
      });
      return button;
    });
    card.dataset.topic = topic;
    card.append(
      h("div", {
        class: "words",
        children: [
          heading,
          h("p", { text: detail }),
          lines.length > 0 ? h("ul", { class: "card-lines", children: lines.map((line) => h("li", { text: line })) }) : null,
          buttons.length > 0 ? h("div", { class: "card-actions", children: buttons }) : null,
        ],
      }),
      close,
    );
    close.addEventListener("click", () => remove(card));
    card.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      remove(card);
    });
    return card;
  };

  count();
  return {
    element,
    show(topic, content) {
      const before = of(topic);
      const card = build(topic, content);
      const hadFocus = before?.contains(document.activeElement) ?? false;
      if (before) before.replaceWith(card);
      else stack.prepend(card);
      if (hadFocus) card.querySelector("button")?.focus();
      count();
      for (const tell of followers) tell(`${content.title}: ${content.detail}`);
    },
    clear(topic) {
      const card = of(topic);
      if (card) remove(card);
    },
    focus,
    follow: (listener) => void followers.push(listener),
  };
}
