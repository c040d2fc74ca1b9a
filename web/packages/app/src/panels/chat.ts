import type { ChatMessage, RoomClient } from "@theta/client";
import { card, cssColour, h, iconButton } from "../dom";

const LINES_MAX = 60;
const NEAR_END_PIXELS = 8;
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

export interface ChatPanel {
  readonly element: HTMLElement;
  readonly focus: () => void;
}

/** A line to say something, and the last that were said. */
export function createChat(client: RoomClient, refused: (text: string) => void): ChatPanel {
  const log = h("ol", {
    class: "chat-log",
    testId: "chat-log",
    attributes: { role: "log", "aria-live": "polite", "aria-label": "What was said", tabindex: "0" },
  });
  const field = h("input", {
    testId: "chat-input",
    attributes: { type: "text", maxlength: "500", placeholder: "Say something", "aria-label": "Say something", autocomplete: "off" },
  });
  const send = iconButton("send", "Send", "chat-send");
  send.type = "submit";
  const form = h("form", { class: "chat-form", children: [field, send] });
  const empty = h("li", { class: "empty", text: "Quiet so far." });

  const add = (message: ChatMessage): void => {
    empty.remove();
    const isOwn = client.people.some(({ self, actor }) => self && actor === message.actor);
    // Whoever reads further up must not be torn away.
    const follows = isOwn || log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END_PIXELS;
    const name = h("span", { class: "name", text: message.name });
    name.style.setProperty("--person", cssColour(message.colour));
    const time = h("time", { text: CLOCK.format(message.atMs) });
    log.append(
      h("li", { testId: "chat-line", children: [h("div", { class: "who", children: [name, time] }), h("p", { text: message.text })] }),
    );
    while (log.children.length > LINES_MAX) log.firstElementChild?.remove();
    if (follows) log.scrollTop = log.scrollHeight;
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) return;
    if (client.say(text)) field.value = "";
    else refused(text);
  });
  log.append(empty);
  for (const message of client.chat) add(message);
  client.on("chat", add);

  return { element: card("Chat", "chat", [log, form]), focus: () => field.focus() };
}
