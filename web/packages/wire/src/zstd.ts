/** zstd in WebAssembly, in a chunk of its own: it is fetched when it is first asked for, from the page's own server. */

import type { Zstd } from "./compression";

let loading: Promise<Zstd> | null = null;

/** The decoder. Rejects where it cannot be fetched or WebAssembly is forbidden; pending for as long as it takes. */
export function loadZstd(): Promise<Zstd> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Zstd> {
  const zstd = await import("@bokuweb/zstd-wasm");
  await zstd.init();
  return zstd;
}
