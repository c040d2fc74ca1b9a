/**
 * Assets to the room, one after the other (AST-5 … AST-8): parts in order, at most a window of them unacknowledged. A
 * broken connection is gone on from where the room says it is.
 */

import {
  ASSET_BYTES_MAX,
  ASSET_PART_BYTES_MAX,
  ASSET_WINDOW_BYTES,
  createAssetHash,
  type AssetPart,
  type AssetReceived,
  type AssetRefused,
  toHex,
} from "@theta/wire";
import type { Environment } from "./environment";
import { InvalidOperationError, NotConnectedError, RefusedError, RoomFaultError } from "./errors";
import type { AssetId, UploadOptions } from "./types";

/** As much is hashed at once; then the page may draw. */
const HASH_SLICE_BYTES = 1 << 20;

interface Upload {
  readonly asset: Uint8Array;
  readonly id: AssetId;
  readonly bytes: Uint8Array;
  readonly options: UploadOptions;
  /** How far the room is; null until it has said so on this connection. */
  received: number | null;
  sent: number;
  readonly resolve: (id: AssetId) => void;
  readonly reject: (error: Error) => void;
}

export interface AssetUploads {
  upload(bytes: Uint8Array, options: UploadOptions): Promise<AssetId>;
  /** A session stands: what was under way goes on. */
  enter(): void;
  leave(): void;
  handleReceived(message: AssetReceived): void;
  handleRefused(message: AssetRefused): void;
  /** Nothing more will be sent. */
  close(): void;
}

export interface AssetUploadParts {
  readonly environment: Environment;
  /** False while there is no session. */
  send(message: AssetPart): boolean;
  /** Whether there is a room to wait for. */
  isJoined(): boolean;
}

export function createAssetUploads(parts: AssetUploadParts): AssetUploads {
  let queue: Upload[] = [];

  function begin(): void {
    const [upload] = queue;
    if (upload?.received !== null) return;
    upload.sent = 0;
    parts.send(partOf(upload, 0, 0));
  }

  function sendMore(upload: Upload): void {
    while (upload.received !== null && upload.sent < upload.bytes.length) {
      const length = Math.min(ASSET_PART_BYTES_MAX, upload.bytes.length - upload.sent);
      if (upload.sent + length - upload.received > ASSET_WINDOW_BYTES) return;
      if (!parts.send(partOf(upload, upload.sent, length))) return;
      upload.sent += length;
    }
  }

  function end(upload: Upload, settle: () => void): void {
    if (!queue.includes(upload)) return;
    const wasFirst = queue[0] === upload;
    queue = queue.filter((other) => other !== upload);
    settle();
    if (wasFirst) begin();
  }

  function add(id: AssetId, asset: Uint8Array, bytes: Uint8Array, options: UploadOptions): Promise<AssetId> {
    return new Promise((resolve, reject) => {
      const { signal } = options;
      const upload: Upload = { asset, id, bytes, options, received: null, sent: 0, resolve, reject };
      const abort = (): void => end(upload, () => reject(signal?.reason as Error));
      signal?.addEventListener("abort", abort, { once: true });
      queue.push(upload);
      if (queue.length === 1) begin();
    });
  }

  return {
    async upload(bytes, options) {
      if (bytes.length < 1 || bytes.length > ASSET_BYTES_MAX) {
        throw new InvalidOperationError("asset", `1 to ${ASSET_BYTES_MAX} bytes`);
      }
      if (!parts.isJoined()) throw new NotConnectedError("the room was never joined, or was left");
      const asset = await hashed(parts.environment, bytes);
      options.signal?.throwIfAborted();
      if (!parts.isJoined()) throw new NotConnectedError("the room was left");
      return add(toHex(asset), asset, bytes, options);
    },
    enter() {
      for (const upload of queue) upload.received = null;
      begin();
    },
    leave() {
      for (const upload of queue) upload.received = null;
    },
    handleReceived({ asset, received, stored }) {
      const [upload] = queue;
      // The answer to one that was given up meanwhile.
      if (upload?.id !== toHex(asset)) return;
      const count = Number(received);
      const last = upload.received ?? 0;
      if (count > upload.bytes.length || count < last || (upload.received !== null && count > upload.sent)) {
        throw new RoomFaultError(`the room has ${count} bytes of an asset of which ${upload.sent} were sent`);
      }
      upload.sent = Math.max(upload.sent, count);
      upload.received = count;
      upload.options.onProgress?.(count / upload.bytes.length);
      if (stored) end(upload, () => upload.resolve(upload.id));
      else sendMore(upload);
    },
    handleRefused({ asset, code, reason }) {
      const [upload] = queue;
      if (upload?.id === toHex(asset)) end(upload, () => upload.reject(new RefusedError(code, reason)));
    },
    close() {
      const left = queue;
      queue = [];
      for (const upload of left) upload.reject(new NotConnectedError("the room was left"));
    },
  };
}

/** A length of 0 asks how far the room is. */
function partOf({ asset, bytes }: Upload, offset: number, length: number): AssetPart {
  const data = bytes.subarray(offset, offset + length);
  return { type: "AssetPart", asset, size: BigInt(bytes.length), offset: BigInt(offset), data };
}

async function hashed(environment: Environment, bytes: Uint8Array): Promise<Uint8Array> {
  const hash = createAssetHash();
  for (let at = 0; at < bytes.length; at += HASH_SLICE_BYTES) {
    if (at > 0) await new Promise<void>((resolve) => environment.startTimer(0, resolve));
    hash.update(bytes.subarray(at, at + HASH_SLICE_BYTES));
  }
  return hash.digest();
}
