import { followNews } from "./news";
import { createPalette, type PalettePorts } from "./palette";
import { createToasts } from "./toast";
import type { XrUi } from "./types";

/** What there is to read and press in VR: the palette for the off hand, and notices before the head. */
export function createXrUi(ports: PalettePorts): XrUi {
  const { scene, client } = ports;
  const palette = createPalette(ports);
  const toasts = createToasts(scene.camera);
  scene.stage.player.add(toasts.panel.group);
  const toast: XrUi["toast"] = (words, kind) => {
    // What happened before somebody put the headset on was said on the page.
    if (scene.stage.presenting) toasts.show(words, kind);
  };
  const stops = followNews(client, toast);
  return {
    palette,
    panels: [palette, toasts.panel],
    toast,
    dispose() {
      for (const stop of stops) stop();
      palette.dispose();
      toasts.panel.dispose();
    },
  };
}
