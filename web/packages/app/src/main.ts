import { createRoomClient, roomAddress } from "@theta/client";
import { redeem } from "./codes";
import { startApp } from "./start";
import { createMemory, inviteFrom, takeInvite, type Shelf } from "./storage";

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

/** Remembers the invite in the address bar, or the one that the code there stands for; what is wrong with it, in words. */
async function takeLink(): Promise<string> {
  const given = takeInvite(location, history);
  if (!given) return "";
  const redeemed = await redeem(given);
  if ("problem" in redeemed) return redeemed.problem;
  memory.rememberInvite(redeemed.invite);
  return "";
}

// A link pasted into a tab that shows the room already changes the fragment only: the browser loads nothing anew.
window.addEventListener("hashchange", () => {
  if (inviteFrom(location.hash)) location.reload();
});
void takeLink().then((problem) => {
  startApp(createRoomClient({ url: roomAddress(location), name: memory.name, invite: memory.invite }), memory, problem);
});
