import type { RoomClient } from "@theta/client";
import type { XrActions } from "./ui/types";

export interface HistoryPorts {
  readonly client: Pick<RoomClient, "history">;
  readonly actions: Pick<XrActions, "undo" | "redo">;
  /** It can't be done, and why. */
  readonly refuse: (words: string) => void;
  readonly done: () => void;
}

/** One step back or forth of one's own; what can't be done is said and felt. */
export async function stepHistory(way: "undo" | "redo", { client, actions, refuse, done }: HistoryPorts): Promise<void> {
  const step = client.history[way];
  if (!step) {
    refuse(`Nothing to ${way}`);
    return;
  }
  if (step.blockedBy.length > 0) {
    refuse(`Can't ${way}: ${step.blockedBy.join(", ")} changed this since`);
    return;
  }
  done();
  // What the room says to it is the app's to show.
  await actions[way]().catch(() => undefined);
}
