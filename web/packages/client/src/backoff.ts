import { RECONNECT_SECONDS_MAX, RECONNECT_SECONDS_MIN } from "@theta/wire";

/**
 * How long to wait before the next try (SES-19): doubling from RECONNECT_SECONDS_MIN to RECONNECT_SECONDS_MAX, and each
 * shortened by up to a half, so that many who lost the same room don't come back at once.
 *
 * `attempt` counts failures in a row from 1; `random` is in [0, 1).
 */
export function backoffMs(attempt: number, random: number): number {
  const seconds = Math.min(RECONNECT_SECONDS_MAX, RECONNECT_SECONDS_MIN * 2 ** (attempt - 1));
  return seconds * 1000 * (1 - random / 2);
}
