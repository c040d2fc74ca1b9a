import { IDBFactory } from "fake-indexeddb";
import { describe, expect, it } from "vitest";
import { loadIdentity } from "../src/identity";
import { createIndexedDbKeyStore, createMemoryKeyStore } from "../src/key-store";
import type { KeyStore } from "../src/types";
import { createTestEnvironment } from "./environment";

describe.each([
  ["memory", () => createMemoryKeyStore()],
  ["IndexedDB", () => createIndexedDbKeyStore(new IDBFactory())],
])("a key store in %s", (_name, create) => {
  it("has nothing at first, then the pair that was saved", async () => {
    const store = create();
    expect(await store.load()).toBe(null);
    const one = await loadIdentity(store, createTestEnvironment(1));
    const other = await loadIdentity(store, createTestEnvironment(2));
    expect(other.publicKey).toEqual(one.publicKey);
    expect(other.actor).not.toBe(one.actor);
    const digest = new Uint8Array(32).fill(1);
    expect(await other.sign(digest)).toEqual(await one.sign(digest));
  });

  it("keeps a private key that nobody can take out", async () => {
    const store = create();
    await loadIdentity(store, createTestEnvironment());
    const pair = (await store.load())!;
    expect(pair.privateKey.extractable).toBe(false);
    await expect(crypto.subtle.exportKey("pkcs8", pair.privateKey)).rejects.toThrow();
  });
});

describe("a browser that keeps nothing", () => {
  it("still gives a key for as long as the page stays", async () => {
    const closed: KeyStore = {
      load: () => Promise.reject(new DOMException("denied")),
      save: () => Promise.reject(new DOMException("denied")),
    };
    const identity = await loadIdentity(closed, createTestEnvironment());
    expect(identity.publicKey.length).toBe(32);
    expect((await identity.sign(new Uint8Array(32))).length).toBe(64);
  });
});

describe("something else under the same key", () => {
  it("is not taken for a pair", async () => {
    const factory = new IDBFactory();
    const store = createIndexedDbKeyStore(factory);
    await store.save({ nothing: 1 } as unknown as CryptoKeyPair);
    expect(await store.load()).toBe(null);
  });
});
