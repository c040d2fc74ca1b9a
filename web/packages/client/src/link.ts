/**
 * The link that the room prints: https://HOST/#invite=TOKEN, or https://HOST/#K7QM-2RWD with the code that is typed
 * instead. The fragment never leaves the page.
 */

import { signalAddress, TRANSPORT_KINDS } from "@theta/transport";
import { equalBytes, INVITE_CHARACTERS_MAX } from "@theta/wire";
import type { WaysOptions } from "./ways";

/** By version: 2 lasts as long as the room, 3 says when it ends. */
const INVITE_BYTES = new Map([
  [2, 34],
  [3, 42],
]);
const ROOM_BYTES = 16;
const SIGNALING_CHARACTERS_MAX = 256;
/** Crockford's base32: no I, L, O or U. */
const CODE = /^[0-9A-HJKMNP-TV-Z]{8}$/;

/** The invite in a link's fragment; empty when there is none. */
export function inviteFromFragment(fragment: string): string {
  return new URLSearchParams(fragment.replace(/^#/, "")).get("invite") ?? "";
}

/**
 * The signalling server in a link's fragment (`#invite=…&signal=https://meet.example:8090`), where the room's host can be
 * met when the room itself cannot be reached; empty when there is none, or no address of one.
 */
export function signalingFromFragment(fragment: string): string {
  const link = new URLSearchParams(fragment.replace(/^#/, "")).get("signal") ?? "";
  return link.length <= SIGNALING_CHARACTERS_MAX && signalAddress(link) !== null ? link : "";
}

/** What the address bar says of the way to the room, for tests and support: `?transport=websocket`, `?relay=only`. */
export function waysFromQuery(query: string): Pick<WaysOptions, "only" | "relayOnly"> {
  const words = new URLSearchParams(query);
  const only = TRANSPORT_KINDS.find((kind) => kind === words.get("transport"));
  return { ...(only && { only }), relayOnly: words.get("relay") === "only" };
}

/** The WebSocket's address beside a page. */
export function roomAddress(location: { readonly protocol: string; readonly host: string }): string {
  return `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/ws`;
}

/** The id of the room that an invite is for (SES-7); null when it is none, or of another version. */
export function roomOfInvite(invite: string): Uint8Array | null {
  if (invite.length > INVITE_CHARACTERS_MAX || !/^[\w-]+$/.test(invite)) return null;
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(invite.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
  const isWhole = bytes.length === INVITE_BYTES.get(bytes[0] ?? 0);
  // atob overlooks stray bits at the end; there is one written form only.
  const isCanonical = btoa(String.fromCharCode(...bytes)).replace(/=+$/, "") === invite.replaceAll("-", "+").replaceAll("_", "/");
  return isWhole && isCanonical ? bytes.slice(-ROOM_BYTES) : null;
}

/** Whether an invite may be shown to a room: it names that room. */
export function isInviteTo(invite: string, room: Uint8Array): boolean {
  const named = roomOfInvite(invite);
  return named !== null && equalBytes(named, room);
}

/** A code as somebody typed it (SES-12), in its one form of eight characters; null when it is none. */
export function readCode(typed: string): string | null {
  const code = typed.replace(/[\s-]/g, "").toUpperCase().replaceAll("O", "0").replace(/[IL]/g, "1");
  return CODE.test(code) ? code : null;
}

/** What came of a code: the invite, or why there is none. */
export type CodeAnswer = { readonly invite: string } | { readonly problem: "wrong" | "too-many" | "unreachable" };

/** Asks the room that this page came from for the invite that a code stands for. Trusts whoever answers. */
export async function exchangeCode(code: string, ask: typeof fetch = (...request) => fetch(...request)): Promise<CodeAnswer> {
  try {
    const response = await ask("/api/invite", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ code }),
      redirect: "error",
    });
    if (response.status === 429) return { problem: "too-many" };
    if (!response.ok) return { problem: response.status === 403 ? "wrong" : "unreachable" };
    const { invite } = (await response.json()) as { readonly invite: unknown };
    return typeof invite === "string" && roomOfInvite(invite) !== null ? { invite } : { problem: "unreachable" };
  } catch {
    return { problem: "unreachable" };
  }
}
