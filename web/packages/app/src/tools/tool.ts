import type { Mesh, Operation } from "@theta/client";
import type { ToolContext } from "./context";
import type { ToolField, ToolValues } from "./fields";
import type { Leaving } from "./leaving";

/** Something that can be done to what is selected: one press, or a few numbers and Apply. */
export interface Tool {
  readonly id: string;
  readonly label: string;
  /** As the keymap writes it. */
  readonly key: string;
  /** The key is another command's, which passes it on. */
  readonly sharesKey?: boolean;
  /** What it does, for a tooltip and the list of keys. */
  readonly does: string;
  /** What must be selected for it, to stand behind "Select". */
  readonly needs: string;
  readonly applies: (context: ToolContext) => boolean;
  readonly fields?: (context: ToolContext) => readonly ToolField[];
  /** One gesture: all of it is one step for undo. */
  readonly operations: (context: ToolContext, values: ToolValues) => readonly Operation[];
  /** What one goes on with; without it, what of the selection is still there. */
  readonly leaves?: (before: ToolContext, after: Mesh) => Leaving;
}
