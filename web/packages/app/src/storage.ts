import { inviteFromFragment, readCode } from "@theta/client";

const NAME_KEY = "theta.name";
const PLACE_KEY = "theta.place";
const INVITE_KEY = "theta.invite";
const SIGNALING_KEY = "theta.signaling";
const NAME_CHARACTERS_MAX = 64;
const INVITE_CHARACTERS_MAX = 128;

/** Where something is remembered; both kinds of browser storage fit. */
export interface Shelf {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** The name under which one is known, without what a roster can't show; empty when nothing is left. */
export function cleanName(text: string): string {
  const printable = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, " ").replace(/\s+/gu, " ").trim();
  return [...printable].slice(0, NAME_CHARACTERS_MAX).join("");
}

/**
 * The invite in what somebody pasted or typed: the whole link, its fragment, or the token alone. Where a code stands
 * instead it gives the code (see `readCode`), and nothing when it is none of these.
 */
export function inviteFrom(text: string): string {
  const pasted = text.trim();
  const hash = pasted.indexOf("#");
  const code = readCode(pasted.slice(hash + 1));
  if (code !== null) return code;
  const token = hash >= 0 || pasted.startsWith("invite=") ? inviteFromFragment(pasted.slice(hash + 1)) : pasted;
  return /^[!-~]+$/.test(token) && token.length <= INVITE_CHARACTERS_MAX && !token.includes("/") ? token : "";
}

export interface Memory {
  readonly name: string;
  readonly invite: string;
  /** The signalling server that the invite's link named; empty when it named none. */
  readonly signaling: string;
  /** Where this window's camera was, as `formatPlace` writes it; empty when it was nowhere yet. */
  readonly place: string;
  rememberName(name: string): void;
  rememberInvite(invite: string): void;
  rememberSignaling(link: string): void;
  forgetInvite(): void;
  rememberPlace(place: string): void;
}

/**
 * What is remembered for this room's address. This window's own invite comes first, so that two windows can hold two.
 * Storage that the browser denies is as good as empty.
 */
export function createMemory(local: Shelf | null, session: Shelf | null): Memory {
  const read = (shelf: Shelf | null, key: string): string => attempt(() => shelf?.getItem(key) ?? "") ?? "";
  return {
    get name() {
      return cleanName(read(local, NAME_KEY));
    },
    get invite() {
      return read(session, INVITE_KEY) || read(local, INVITE_KEY);
    },
    get signaling() {
      return read(session, SIGNALING_KEY) || read(local, SIGNALING_KEY);
    },
    get place() {
      return read(session, PLACE_KEY);
    },
    rememberName: (name) => void attempt(() => local?.setItem(NAME_KEY, name)),
    rememberInvite(invite) {
      for (const shelf of [session, local]) attempt(() => shelf?.setItem(INVITE_KEY, invite));
    },
    rememberSignaling(link) {
      for (const shelf of [session, local]) attempt(() => (link ? shelf?.setItem(SIGNALING_KEY, link) : shelf?.removeItem(SIGNALING_KEY)));
    },
    forgetInvite() {
      for (const shelf of [session, local]) attempt(() => shelf?.removeItem(INVITE_KEY));
    },
    rememberPlace: (place) => void attempt(() => session?.setItem(PLACE_KEY, place)),
  };
}

/** Takes the invite or the code out of the address bar, so that nobody copies or photographs it by accident. */
export function takeInvite(location: Location, history: History): string {
  const invite = location.hash ? inviteFrom(location.hash) : "";
  if (invite) history.replaceState(history.state, "", location.pathname + location.search);
  return invite;
}

function attempt<Result>(run: () => Result): Result | null {
  try {
    return run();
  } catch {
    return null;
  }
}
