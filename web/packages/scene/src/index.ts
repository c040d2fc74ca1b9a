export { createScene, type Flight, type SceneOptions, type ThetaScene } from "./scene";
export { createSelection, elementOf, sameSelection } from "./selection";
export type { DragTool, SelectionState, SelectionStore, SelectMode } from "./selection";
export type { DragReadout } from "./drag";
export { DARK_THEME, LIGHT_THEME, type SceneTheme } from "./theme";
export { inkOn } from "./textures";
export * from "./gestures";
export * from "./geometry/measure";
