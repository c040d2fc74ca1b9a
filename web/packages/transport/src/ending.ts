/** The end of a transport, and what its close frame holds. */

import { CLOSE_REASON_BYTES_MAX } from "@theta/wire";
import { CLOSE_NORMAL, type TransportHandlers } from "./transport";

export interface Ending {
  isPlanned(): boolean;
  /** The first plan is the one that is told. */
  plan(code: number, reason: string): void;
  /** Tells it, once. */
  happen(): void;
}

/** Sees to it that the first reason to end is the one told, once. */
export function createEnding(handlers: TransportHandlers): Ending {
  let planned: { code: number; reason: string } | null = null;
  let told = false;
  return {
    isPlanned: () => planned !== null,
    plan(code, reason) {
      planned ??= { code, reason };
    },
    happen() {
      if (told) return;
      told = true;
      handlers.closed(planned?.code ?? CLOSE_NORMAL, planned?.reason ?? "");
    },
  };
}

/** At most what a close frame holds, cut between characters. */
export function shorten(reason: string): string {
  const encoder = new TextEncoder();
  let short = reason;
  while (encoder.encode(short).length > CLOSE_REASON_BYTES_MAX) short = short.slice(0, -1);
  return short;
}
