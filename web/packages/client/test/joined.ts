/** A client in a fake room. */

import { fromHex, NAME_COMPONENT, TRANSFORM_COMPONENT, type UnitPatch, type Zstd } from "@theta/wire";
import { createRoomClient } from "../src/room-client";
import { createMemoryKeyStore } from "../src/key-store";
import { createTestEnvironment, until } from "./environment";
import { createFakeRoom } from "./fake-room";

export async function createMeeting(options: { invite?: string; loadZstd?: () => Promise<Zstd> } = {}) {
  const environment = createTestEnvironment();
  const room = await createFakeRoom(environment);
  const keyStore = createMemoryKeyStore();
  const client = createRoomClient(
    { url: "ws://test/ws", name: "Ann", invite: options.invite ?? room.invite, keyStore },
    { environment, transport: room.transport, loadZstd: options.loadZstd ?? (() => Promise.reject(new Error("not here"))) },
  );
  return { environment, room, client, keyStore };
}

/** Connected, with the document. */
export async function createJoined() {
  const meeting = await createMeeting();
  meeting.client.connect();
  await until(() => meeting.client.document.status === "current");
  return meeting;
}

export const ENTITY = "000102030405060708090a0b0c0d0e0f";

/** A unit with a name. */
export function namedUnit(name: string, entity = ENTITY): UnitPatch {
  const components = [{ component: NAME_COMPONENT, data: new TextEncoder().encode(name) }];
  return { entity: fromHex(entity), removed: false, components };
}

/** A unit at x, y, z. */
export function placedUnit(x: number, y: number, z: number, entity = ENTITY): UnitPatch {
  const data = new Uint8Array(new Float64Array([x, y, z, 0, 0, 0, 1, 1, 1, 1]).buffer);
  return { entity: fromHex(entity), removed: false, components: [{ component: TRANSFORM_COMPONENT, data }] };
}
