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
startApp(createRoomClient({ url: roomAddress(location), name: memory.name, invite: memory.invite }), memory);
