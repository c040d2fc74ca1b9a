/** The link that the room prints: http://HOST/#invite=TOKEN. The fragment never leaves the page. */

/** The invite in a link's fragment; empty when there is none. */
export function inviteFromFragment(fragment: string): string {
  return new URLSearchParams(fragment.replace(/^#/, "")).get("invite") ?? "";
}

/** The WebSocket's address beside a page. */
export function roomAddress(location: { readonly protocol: string; readonly host: string }): string {
  return `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/ws`;
}
