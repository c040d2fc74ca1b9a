import { createRoomClient, roomAddress } from "@theta/client";
import { startApp } from "./start";
import { createMemory, takeInvite, type Shelf } from "./storage";

/** A browser that keeps nothing throws at the mere mention of its storage. */
function shelf(pick: () => Storage): Shelf | null {
  try {
    return pick();
  } catch {
    return null;
  }
}

const memory = createMemory(
  shelf(() => localStorage),
  shelf(() => sessionStorage),
);
const invite = takeInvite(location, history);
if (invite) memory.rememberInvite(invite);
// A link pasted into a tab that shows the room already changes the fragment only: the browser loads nothing anew.
window.addEventListener("hashchange", () => {
  const pasted = takeInvite(location, history);
  if (!pasted) return;
  memory.rememberInvite(pasted);
  location.reload();
});
startApp(createRoomClient({ url: roomAddress(location), name: memory.name, invite: memory.invite }), memory);
