/** Where a signalling server is. */

const SIGNAL_PATH = "/signal";
const SCHEMES = new Map([
  ["http:", "ws:"],
  ["https:", "wss:"],
  ["ws:", "ws:"],
  ["wss:", "wss:"],
]);

/**
 * The WebSocket address of the signalling server at `link`: `https://HOST:8090`, or a `wss://` address itself; null when it
 * is no such link.
 */
export function signalAddress(link: string): string | null {
  let url: URL;
  try {
    url = new URL(link);
  } catch {
    return null;
  }
  const scheme = SCHEMES.get(url.protocol);
  if (scheme === undefined || url.hostname === "" || url.username !== "" || url.password !== "") return null;
  return `${scheme}//${url.host}${url.pathname === "/" ? SIGNAL_PATH : url.pathname}`;
}
