/** What the room's HTTP side gives to participants: files to keep, and invites to hand on. */

import type { RoomClient } from "@theta/client";

export type Fetch = (path: string, init: RequestInit) => Promise<Response>;

/** What went wrong, in words for people. */
export class DownloadError extends Error {
  override readonly name = "DownloadError";
}

export interface Download {
  readonly content: Blob;
  readonly fileName: string;
}

/** Asks as this participant. Throws `DownloadError` with the room's own words when it says no. */
export async function askRoom(client: RoomClient, path: string, fetch: Fetch, signal?: AbortSignal): Promise<Response> {
  const authorization = client.authorization();
  if (authorization === null) throw new DownloadError("The room is away; try again when it is back.");
  let response: Response;
  try {
    response = await fetch(path, { headers: { Authorization: authorization }, cache: "no-store", ...(signal ? { signal } : {}) });
  } catch (error) {
    signal?.throwIfAborted();
    throw new DownloadError("The room did not answer; try again.", { cause: error });
  }
  if (response.ok) return response;
  const words = (await response.text().catch(() => "")).trim();
  throw new DownloadError(words || `The room said no (${response.status}).`);
}

/** Fetches a file. `progress` is called with the share that is here, or null while nobody knows how much it is. */
export async function download(
  client: RoomClient,
  path: string,
  fallbackName: string,
  fetch: Fetch,
  progress: (share: number | null) => void,
  signal?: AbortSignal,
): Promise<Download> {
  const response = await askRoom(client, path, fetch, signal);
  const size = Number(response.headers.get("Content-Length")) || 0;
  const pieces: BlobPart[] = [];
  let received = 0;
  progress(null);
  try {
    const reader = response.body?.getReader();
    for (let step = await reader?.read(); step && !step.done; step = await reader?.read()) {
      pieces.push(step.value);
      received += step.value.length;
      progress(size > 0 ? Math.min(1, received / size) : null);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw new DownloadError("The connection broke on the way; try again.", { cause: error });
  }
  if (size > 0 && received !== size) throw new DownloadError("The end is missing; try again.");
  const type = response.headers.get("Content-Type") ?? "application/octet-stream";
  return { content: new Blob(pieces, { type }), fileName: fileNameIn(response.headers.get("Content-Disposition")) ?? fallbackName };
}

/** The name in a Content-Disposition header (RFC 5987), without anything that a folder could be made of. */
export function fileNameIn(header: string | null): string | null {
  const [, encoded] = /filename\*=UTF-8''([^;]+)/i.exec(header ?? "") ?? [];
  if (encoded === undefined) return null;
  try {
    return decodeURIComponent(encoded).replace(/[/\\\p{Cc}]/gu, "_") || null;
  } catch {
    return null;
  }
}

/** Hands a file to the browser's own downloads. */
export function saveFile({ content, fileName }: Download): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = fileName;
  link.click();
  // The browser has taken it over by then; at once would be too early for some.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
