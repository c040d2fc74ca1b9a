import { EDGE_TOOLS } from "./edge-tools";
import { FACE_TOOLS } from "./face-tools";
import type { Tool } from "./tool";
import { DISSOLVE, VERTEX_TOOLS } from "./vertex-tools";
import { WHOLE_TOOLS } from "./whole-tools";

export { contextOf, contextWords, type ToolContext } from "./context";
export { valuesOf, type ChoiceField, type NumberField, type ToolField, type ToolValues } from "./fields";
export type { Tool } from "./tool";

/** Every tool, in the order in which they are listed. */
export const TOOLS: readonly Tool[] = [...FACE_TOOLS, ...EDGE_TOOLS, ...VERTEX_TOOLS, DISSOLVE, ...WHOLE_TOOLS];

export function toolOf(id: string): Tool | undefined {
  return TOOLS.find((tool) => tool.id === id);
}
