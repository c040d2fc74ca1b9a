import { h, iconButton } from "./dom";

const NOTICE_MILLISECONDS = 7_000;
const NOTICES_MAX = 3;

export interface NoticeOptions {
  readonly kind?: "info" | "warning" | "error";
  readonly detail?: string;
  /** A notice with the same topic replaces the one before. */
  readonly topic?: string;
  readonly action?: { readonly label: string; readonly run: () => void };
  /** Stays until closed. */
  readonly lasting?: boolean;
}

export interface Notices {
  readonly element: HTMLElement;
  show(title: string, options?: NoticeOptions): void;
  clear(topic: string): void;
  /** Calls `listener` with everything that is shown from now on. */
  follow(listener: (words: string, kind: NonNullable<NoticeOptions["kind"]>) => void): void;
}

/** Cards that say what went wrong and leave by themselves. */
export function createNotices(): Notices {
  const element = h("div", { class: "notices", testId: "notices", attributes: { role: "status", "aria-live": "polite" } });
  const clear = (topic: string): void => {
    for (const shown of [...element.children]) if ((shown as HTMLElement).dataset.topic === topic) shown.remove();
  };
  const followers: Parameters<Notices["follow"]>[0][] = [];
  return {
    element,
    clear,
    follow: (listener) => void followers.push(listener),
    show(title, { kind = "info", detail, topic = title, action, lasting = false } = {}) {
      clear(topic);
      for (const tell of followers) tell(detail ? `${title}: ${detail}` : title, kind);
      const close = iconButton("close", "Close", "notice-close");
      const words = h("div", {
        class: "words",
        children: [h("strong", { text: title }), detail ? h("p", { text: detail }) : null],
      });
      const notice = h("div", { class: `notice ${kind}`, testId: "notice", children: [words] });
      notice.dataset.topic = topic;
      if (lasting) notice.dataset.lasting = "";
      if (action) {
        const button = h("button", { class: "button small", text: action.label, attributes: { type: "button" } });
        button.addEventListener("click", () => {
          notice.remove();
          action.run();
        });
        notice.append(button);
      }
      notice.append(close);
      close.addEventListener("click", () => notice.remove());
      element.append(notice);
      while (element.children.length > NOTICES_MAX) oldest(element)?.remove();
      if (!lasting) setTimeout(() => notice.remove(), NOTICE_MILLISECONDS);
    },
  };
}

/** What must make room: what would leave by itself goes before what somebody has to close. */
function oldest(notices: HTMLElement): Element | null {
  const passing = [...notices.children].slice(0, -1).find((notice) => !("lasting" in (notice as HTMLElement).dataset));
  return passing ?? notices.firstElementChild;
}
