// @vitest-environment happy-dom
import type { ThetaScene } from "@theta/scene";
import { Vector3 } from "three";
import { expect, test } from "vitest";
import { formatPlace, parsePlace, takePlace } from "../src/place";
import { createMemory, type Shelf } from "../src/storage";
import { FakeClient } from "./fake/fake-client";

const PLACE = { target: new Vector3(1, 0.5, -2), yaw: 0.25, pitch: 0.3, distance: 7 };

function shelf(): Shelf {
  const kept = new Map<string, string>();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}

function sceneAt(calls: unknown[]): ThetaScene {
  const rig = { place: PLACE, stand: (place: unknown) => calls.push(place) };
  return { rig, stand: (...seat: unknown[]) => calls.push(seat), invalidate: () => undefined } as unknown as ThetaScene;
}

test("a newcomer gets a seat by who came before; back in the same window one stands where one was", () => {
  const session = shelf();
  const calls: unknown[] = [];
  const client = new FakeClient();
  takePlace(client, sceneAt(calls), createMemory(null, session));
  client.connect({ name: "Mira" });
  client.emit("people", client.people);
  expect(calls).toEqual([[0, 1n]]);
  window.dispatchEvent(new Event("pagehide"));

  const again = new FakeClient();
  again.connect({ name: "Mira" });
  takePlace(again, sceneAt(calls), createMemory(null, session));
  expect(calls[1]).toEqual(PLACE);
});

test("what is no place is none", () => {
  expect(parsePlace(formatPlace(PLACE))).toEqual(PLACE);
  for (const text of ["", "{}", "[1,2,3]", "[1,2,3,4,5,null]", '[1,2,3,4,5,"6"]']) expect(parsePlace(text)).toBeNull();
});
