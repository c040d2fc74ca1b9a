export * from "./types";
export * from "./errors";
export { createRoomClient } from "./room-client";
export { createIndexedDbKeyStore, createMemoryKeyStore } from "./key-store";
export { type CodeAnswer, exchangeCode, inviteFromFragment, readCode, roomAddress } from "./link";
export { cleanName, isPrintable } from "./text";
export { idAt } from "@theta/wire";
