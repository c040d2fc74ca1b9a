/** The colours of the room itself; the page's own live in its style sheet. */
export interface SceneTheme {
  readonly skyTop: number;
  readonly horizon: number;
  readonly floor: number;
  readonly grid: number;
  readonly gridStrength: number;
  readonly edge: number;
  readonly edgeOpacity: number;
  readonly accent: number;
  readonly hover: number;
  readonly skyLight: number;
  readonly groundLight: number;
  readonly ambientStrength: number;
  readonly keyStrength: number;
  readonly shadowStrength: number;
  /** Of the soft darkness where something touches the floor. */
  readonly contactStrength: number;
}

export const LIGHT_THEME: SceneTheme = {
  skyTop: 0x8fb4ea,
  horizon: 0xf1f5fb,
  floor: 0xe3e8f0,
  grid: 0x5a6b85,
  gridStrength: 0.3,
  edge: 0x1c2534,
  edgeOpacity: 0.28,
  accent: 0x2f6bff,
  hover: 0x5b8cff,
  skyLight: 0xf3f7ff,
  groundLight: 0xc9c1b8,
  ambientStrength: 2,
  keyStrength: 1.75,
  shadowStrength: 0.26,
  contactStrength: 0.34,
};

export const DARK_THEME: SceneTheme = {
  skyTop: 0x0d1119,
  horizon: 0x232a37,
  floor: 0x1b212c,
  grid: 0x93a5c4,
  gridStrength: 0.15,
  edge: 0x05070b,
  edgeOpacity: 0.45,
  accent: 0x6c9bff,
  hover: 0x8fb2ff,
  skyLight: 0xc9d8f5,
  groundLight: 0x565c6b,
  ambientStrength: 2.1,
  keyStrength: 1.8,
  shadowStrength: 0.5,
  contactStrength: 0.6,
};
