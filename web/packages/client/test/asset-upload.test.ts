import { ASSET_BYTES_MAX, ASSET_PART_BYTES_MAX, ASSET_WINDOW_BYTES, blake2b256, toHex } from "@theta/wire";
import { afterEach, expect, test } from "vitest";
import { InvalidOperationError, NotConnectedError, RefusedError } from "../src/errors";
import type { RoomClient, UploadOptions } from "../src/types";
import { rest, until } from "./environment";
import { createJoined, createMeeting } from "./joined";

let client: RoomClient | null = null;
afterEach(() => client?.close());

const BYTES = Uint8Array.from({ length: 5 * ASSET_PART_BYTES_MAX + 77 }, (_, at) => (at * 7 + (at >> 8)) & 255);
const ID = toHex(blake2b256("theta-asset", BYTES));

async function joined() {
  const meeting = await createJoined();
  client = meeting.client;
  const { room } = meeting;
  const parts = () => room.all("AssetPart");
  return {
    ...meeting,
    parts,
    upload: (bytes: Uint8Array = BYTES, options: UploadOptions = {}) => {
      const promise = meeting.client.uploadAsset(bytes, options);
      promise.catch(() => undefined);
      return promise;
    },
    answer: (received: number, stored = false, asset = blake2b256("theta-asset", BYTES)) => {
      room.send({ type: "AssetReceived", asset, received: BigInt(received), stored });
    },
    /** Waits for part number `count`, from 1. */
    part: async (count: number) => {
      await until(() => parts().length >= count, `part ${count}`);
      return parts()[count - 1]!;
    },
  };
}

test("an asset is asked for, sent in parts, never more than a window ahead, and done once it is on disk", async () => {
  const { upload, answer, part, parts } = await joined();
  const shares: number[] = [];
  const done = upload(BYTES, { onProgress: (share) => shares.push(share) });
  expect(await part(1)).toMatchObject({ size: BigInt(BYTES.length), offset: 0n, data: new Uint8Array() });
  expect(toHex((await part(1)).asset)).toBe(ID);
  answer(0);
  await part(5);
  await rest();
  expect(parts().slice(1).map(({ offset, data }) => [Number(offset), data.length])).toEqual(
    [0, 1, 2, 3].map((at) => [at * ASSET_PART_BYTES_MAX, ASSET_PART_BYTES_MAX]),
  );
  expect(ASSET_WINDOW_BYTES).toBe(4 * ASSET_PART_BYTES_MAX);
  answer(2 * ASSET_PART_BYTES_MAX);
  await part(7);
  answer(BYTES.length);
  let isDone = false;
  void done.then(() => (isDone = true));
  await rest();
  expect(isDone).toBe(false);
  answer(BYTES.length, true);
  expect(await done).toBe(ID);
  const received = new Uint8Array(BYTES.length);
  for (const { offset, data } of parts()) received.set(data, Number(offset));
  expect(toHex(received)).toBe(toHex(BYTES));
  expect(shares).toEqual([0, (2 * ASSET_PART_BYTES_MAX) / BYTES.length, 1, 1]);
});

test("what the room has already is not sent", async () => {
  const { upload, answer, part, parts } = await joined();
  const done = upload();
  await part(1);
  answer(BYTES.length, true);
  await done;
  expect(parts()).toHaveLength(1);
});

test.each([
  ["the same session", true, 3 * ASSET_PART_BYTES_MAX],
  ["a new session in a room that forgot it", false, 0],
])("after a break it goes on from where the room is: %s", async (_, resumes, has) => {
  const { upload, answer, part, parts, room, environment, client: here } = await joined();
  room.script.resumes = resumes;
  const done = upload();
  await part(1);
  answer(0);
  await part(5);
  room.drop();
  await until(() => here.connection.phase === "waiting");
  const before = parts().length;
  environment.advance(1_000);
  const question = await part(before + 1);
  expect(question.data).toHaveLength(0);
  answer(has);
  expect(Number((await part(before + 2)).offset)).toBe(has);
  await rest();
  answer(Math.min(has + ASSET_WINDOW_BYTES, BYTES.length));
  await rest();
  answer(BYTES.length, true);
  expect(await done).toBe(ID);
});

test("uploads follow each other, and one that is given up makes way for the next", async () => {
  const { upload, answer, part, parts } = await joined();
  const abort = new AbortController();
  const first = upload(BYTES, { signal: abort.signal });
  const small = Uint8Array.of(1, 2, 3);
  const second = upload(small);
  await part(1);
  answer(0);
  await part(5);
  abort.abort(new Error("no more"));
  await expect(first).rejects.toThrow("no more");
  expect((await part(6)).size).toBe(3n);
  answer(ASSET_PART_BYTES_MAX);
  answer(0, false, blake2b256("theta-asset", small));
  expect((await part(7)).data).toEqual(small);
  answer(3, true, blake2b256("theta-asset", small));
  expect(await second).toBe(toHex(blake2b256("theta-asset", small)));
  await rest();
  expect(parts()).toHaveLength(7);
  await expect(upload(BYTES, { signal: AbortSignal.abort(new Error("never")) })).rejects.toThrow("never");
});

test("a refusal is told, and the next goes on", async () => {
  const { upload, answer, part, room } = await joined();
  const refused = upload();
  const small = Uint8Array.of(9);
  const second = upload(small);
  await part(1);
  room.send({ type: "AssetRefused", asset: blake2b256("theta-asset", BYTES), code: "AssetsFull", reason: "no place" });
  await expect(refused).rejects.toEqual(new RefusedError("AssetsFull", "no place"));
  await part(2);
  answer(1, true, blake2b256("theta-asset", small));
  await second;
});

test("a room that has more than was sent is at fault", async () => {
  const { upload, answer, part, room } = await joined();
  void upload();
  await part(1);
  answer(0);
  await part(2);
  answer(BYTES.length);
  await until(() => room.closes.length > 0);
  expect(room.closes[0]?.code).toBe(4400);
});

test("nothing is sent that no room could take, nor by somebody who never joined or who left", async () => {
  const { upload, client: joinedClient, part } = await joined();
  await expect(upload(new Uint8Array())).rejects.toBeInstanceOf(InvalidOperationError);
  await expect(upload(new Uint8Array(ASSET_BYTES_MAX + 1))).rejects.toBeInstanceOf(InvalidOperationError);
  const open = upload();
  await part(1);
  joinedClient.close();
  await expect(open).rejects.toBeInstanceOf(NotConnectedError);
  await expect(upload()).rejects.toBeInstanceOf(NotConnectedError);
  const stranger = (await createMeeting()).client;
  await expect(stranger.uploadAsset(BYTES)).rejects.toBeInstanceOf(NotConnectedError);
  expect(stranger.authorization()).toBeNull();
});

test("a participant can show the room's HTTP side who it is, while it is here", async () => {
  const { client: here } = await joined();
  expect(here.authorization()).toBe(`Bearer ${"01".repeat(16)}:${"cc".repeat(16)}`);
  here.close();
  expect(here.authorization()).toBeNull();
});
