import type { RoomClient } from "@theta/client";
import { h } from "../dom";

/** Says that the past is shown, and leads back. */
export function createBanner(client: RoomClient): HTMLElement {
  const words = h("span", { testId: "moment-words" });
  const back = h("button", { class: "button small primary", text: "Back to now", testId: "moment-back", attributes: { type: "button" } });
  const element = h("div", { class: "banner", testId: "moment", attributes: { role: "status" }, children: [words, back] });
  back.addEventListener("click", () => void client.lookAt(null));
  const show = (): void => {
    const { moment } = client.document;
    element.hidden = moment === null;
    const text = `You are looking at the past, record ${moment ?? ""}`;
    if (moment !== null && words.textContent !== text) words.textContent = text;
  };
  client.on("status", show);
  show();
  return element;
}
