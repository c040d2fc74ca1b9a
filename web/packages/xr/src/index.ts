export { createXr, type CreateXrOptions, type Xr } from "./xr";
export { createXrSettings } from "./settings";
export { lintXr, type XrFault, type XrLintReport } from "./lint";
export { createXrUi } from "./ui";
export type * from "./ui/types";
