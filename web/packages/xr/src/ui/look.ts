/** The page's dark colours (app/src/styles.css), its see-through ones laid on the panel: XR draws no glass. */
export const COLOURS = {
  panel: "#1f2633",
  rim: "#3a4456",
  ink: "#eef2f9",
  inkSoft: "#a9b4c8",
  inkFaint: "#95a1b7",
  field: "#2d3443",
  fieldHover: "#3a4459",
  accent: "#5b8cff",
  accentInk: "#0b1220",
  accentSoft: "#2e3d5c",
  accentText: "#a9c4ff",
  good: "#45c988",
  warn: "#f0ab3c",
  bad: "#ff9fa2",
} as const;

export const FONT_FAMILY = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif';

/** Metres of letter for each metre of distance: what is comfortable in a headset, above the bar of 0.020. */
export const EM_PER_METRE = 0.0245;

/** Line drawings of 20 × 20. */
export const ICONS = {
  cube: "M10 2.5 16.5 6v8L10 17.5 3.5 14V6ZM3.8 6.2 10 9.6l6.2-3.4M10 9.6v7.6",
  pyramid: "M10 3 17 14.2 11.2 17 3 13.6ZM10 3l1.2 14",
  plane: "M2.5 12 8.6 7h8.9l-6.1 5Z",
  object: "M10 2.5 16.5 6v8L10 17.5 3.5 14V6ZM3.8 6.2 10 9.6l6.2-3.4M10 9.6v7.6",
  face: "M4 7.2 13.4 4.6 16 13.2 6.4 15.8ZM7 9.4l5-1.4M8 12.6l5-1.4",
  vertex:
    "M5 15 10 5l5 10M10 3.4a1.6 1.6 0 1 1 0 3.2 1.6 1.6 0 0 1 0-3.2M5 13.4a1.6 1.6 0 1 1 0 3.2 1.6 1.6 0 0 1 0-3.2M15 13.4a1.6 1.6 0 1 1 0 3.2 1.6 1.6 0 0 1 0-3.2",
  pull: "M3.5 12.5 10 16l6.5-3.5M3.5 12.5 10 9.2l6.5 3.3M10 9.2V2.6M10 2.6 7.9 4.8M10 2.6l2.1 2.2",
  move: "M10 2.5v15M2.5 10h15M10 2.5 8 4.6M10 2.5l2 2.1M10 17.5l-2-2.1M10 17.5l2-2.1M2.5 10l2.1-2M2.5 10l2.1 2M17.5 10l-2.1-2M17.5 10l-2.1 2",
  inset: "M3 4.5h14v11H3ZM6.5 7.5h7v5h-7ZM3 4.5l3.5 3M17 4.5l-3.5 3M17 15.5l-3.5-3M3 15.5l3.5-3",
  subdivide: "M3 3h14v14H3ZM10 3v14M3 10h14",
  undo: "M7.4 4 3.6 7.8l3.8 3.8M3.8 7.8h7.7a4.3 4.3 0 0 1 0 8.6H8",
  redo: "M12.6 4l3.8 3.8-3.8 3.8M16.2 7.8H8.5a4.3 4.3 0 0 0 0 8.6H12",
  trash: "M3.5 5.5h13M8 5.5V3.4h4v2.1M5.2 5.5l.8 11.1h8l.8-11.1M8.4 8.6v5M11.6 8.6v5",
  settings: "M2.5 6h7M14.5 6h3M12 3.8a2.2 2.2 0 1 1 0 4.4 2.2 2.2 0 0 1 0-4.4M2.5 14h3M10.5 14h7M8 11.8a2.2 2.2 0 1 1 0 4.4 2.2 2.2 0 0 1 0-4.4",
  leave: "M8.5 3.5h-5v13h5M8 10h9M17 10l-3.2-3.2M17 10l-3.2 3.2",
  back: "M11.5 4 5.5 10l6 6",
} as const;

export type IconName = keyof typeof ICONS;
