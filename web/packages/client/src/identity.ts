/** Ed25519 by WebCrypto. The private key cannot be extracted, not even by this page. */

import { actorOf, INSTANCE_BYTES } from "@theta/wire";
import { isKeyPoint, isSignatureForm } from "./ed25519";
import type { Environment } from "./environment";
import type { KeyStore } from "./types";

const ED25519 = { name: "Ed25519" };

export interface Identity {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 16 random bytes of this page load. */
  readonly instance: Uint8Array;
  readonly actor: bigint;
  /** 64 bytes. */
  sign(digest: Uint8Array): Promise<Uint8Array>;
}

/** This browser's key, made on the first visit. Throws where the browser has no Ed25519. */
export async function loadIdentity(store: KeyStore, environment: Environment): Promise<Identity> {
  const pair = (await loaded(store)) ?? (await made(store));
  const publicKey = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const instance = environment.randomBytes(INSTANCE_BYTES);
  return {
    publicKey,
    instance,
    actor: actorOf(publicKey, instance),
    async sign(digest) {
      return new Uint8Array(await crypto.subtle.sign(ED25519, pair.privateKey, new Uint8Array(digest)));
    },
  };
}

/** Checks signatures strictly, and by WebCrypto; a malformed key or signature is simply not right. */
export function createSignatureChecker() {
  const keys = new Map<string, Promise<CryptoKey>>();
  return async (publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): Promise<boolean> => {
    if (!isSignatureForm(signature)) return false;
    const name = publicKey.join();
    try {
      let key = keys.get(name);
      if (key === undefined) {
        key = isKeyPoint(publicKey)
          ? crypto.subtle.importKey("raw", new Uint8Array(publicKey), ED25519, false, ["verify"])
          : Promise.reject(new TypeError("no key of a signer"));
        keys.set(name, key);
      }
      return await crypto.subtle.verify(ED25519, await key, new Uint8Array(signature), new Uint8Array(digest));
    } catch {
      return false;
    }
  };
}

export type CheckSignature = ReturnType<typeof createSignatureChecker>;

async function loaded(store: KeyStore): Promise<CryptoKeyPair | null> {
  try {
    return await store.load();
  } catch {
    // Private windows may refuse storage: then one is somebody new at every visit.
    return null;
  }
}

async function made(store: KeyStore): Promise<CryptoKeyPair> {
  const pair = (await crypto.subtle.generateKey(ED25519, false, ["sign", "verify"])) as CryptoKeyPair;
  try {
    await store.save(pair);
  } catch {
    return pair;
  }
  return pair;
}
