import type { RoomClient } from "@theta/client";
import { iconButton } from "./dom";
import { saveFile } from "./downloads";
import type { SharePanel } from "./panels/share";

/** The button that opens the share panel; the panel is loaded when it is first wanted. */
export function createShareButton(client: RoomClient): HTMLButtonElement {
  const button = iconButton("share", "Share and save", "share");
  let panel: Promise<SharePanel> | null = null;
  const load = async (): Promise<SharePanel> => {
    const { createSharePanel } = await import("./panels/share");
    const made = createSharePanel({
      client,
      location,
      fetch: (path, init) => fetch(path, init),
      copy: (text) => navigator.clipboard.writeText(text),
      save: saveFile,
    });
    document.body.append(made.element);
    return made;
  };
  button.addEventListener("click", () => {
    panel ??= load();
    void panel.then((made) => made.open());
  });
  return button;
}
