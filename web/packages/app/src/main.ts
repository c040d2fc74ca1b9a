import { createRemembered, createRoomClient, roomAddress, signalingFromFragment, waysFromQuery } from "@theta/client";
import { redeem } from "./codes";
import { logLink } from "./link-log";
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

const local = shelf(() => localStorage);
const memory = createMemory(
  local,
  shelf(() => sessionStorage),
);

/** Remembers the invite in the address bar, or the one that the code there stands for; what is wrong with it, in words. */
async function takeLink(): Promise<string> {
  const signaling = signalingFromFragment(location.hash);
  const given = takeInvite(location, history);
  if (!given) return "";
  const redeemed = await redeem(given);
  if ("problem" in redeemed) return redeemed.problem;
  memory.rememberInvite(redeemed.invite);
  memory.rememberSignaling(signaling);
  return "";
}

// A link pasted into a tab that shows the room already changes the fragment only: the browser loads nothing anew.
window.addEventListener("hashchange", () => {
  if (inviteFrom(location.hash)) location.reload();
});
void takeLink().then((problem) => {
  const { name, invite, signaling } = memory;
  const ways = { ...waysFromQuery(location.search), ...(signaling && { signaling }) };
  const remembered = createRemembered(local, () => Date.now());
  const client = createRoomClient({ url: roomAddress(location), name, invite, ways, remembered });
  logLink(client);
  startApp(client, memory, problem);
});
