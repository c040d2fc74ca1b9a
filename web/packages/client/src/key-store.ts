/** Where the page's key pair is kept: the browser stores the key object itself, and never shows its bytes. */

import type { KeyStore } from "./types";

const DATABASE = "theta";
const STORE = "keys";
const KEY = "identity";

export function createIndexedDbKeyStore(factory: IDBFactory = indexedDB): KeyStore {
  return {
    async load() {
      const database = await open(factory);
      try {
        const found: unknown = await done(database.transaction(STORE).objectStore(STORE).get(KEY));
        return isKeyPair(found) ? found : null;
      } finally {
        database.close();
      }
    },
    async save(pair) {
      const database = await open(factory);
      try {
        await done(database.transaction(STORE, "readwrite").objectStore(STORE).put(pair, KEY));
      } finally {
        database.close();
      }
    },
  };
}

/** Forgets with the page; for tests, and for browsers that keep nothing. */
export function createMemoryKeyStore(): KeyStore {
  let kept: CryptoKeyPair | null = null;
  return {
    load: () => Promise.resolve(kept),
    save(pair) {
      kept = pair;
      return Promise.resolve();
    },
  };
}

function open(factory: IDBFactory): Promise<IDBDatabase> {
  const request = factory.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(STORE);
  };
  return done(request);
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(request.error ?? new DOMException("the browser's storage failed"));
    };
  });
}

function isKeyPair(value: unknown): value is CryptoKeyPair {
  if (typeof value !== "object" || value === null) return false;
  return "privateKey" in value && "publicKey" in value;
}
