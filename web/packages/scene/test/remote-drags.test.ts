import type { DocumentEntity, Drag, EntityId, Presence } from "@theta/client";
import { idAt } from "@theta/wire";
import { expect, test } from "vitest";
import { makePrimitive } from "../../app/test/fake/shapes";
import { createEntityLayer, type EntityView } from "../src/entities";
import { createRemoteDrags } from "../src/remote-drags";
import { LIGHT_THEME } from "../src/theme";

const ID = "ab".repeat(16);
const OTHER = "cd".repeat(16);
const MESH = makePrimitive("cube", 1, 3);
const TOP = idAt(MESH.faceIds, 3);
const [ANA, BO] = [2n, 3n];

function entity(id: EntityId, x = 0): DocumentEntity {
  const transform = { translation: [x, 0, 0], rotation: [0, 0, 0, 1], scale: [2, 2, 2] } as const;
  return { id, transform, mesh: MESH, material: null, name: null, surface: null, owner: null };
}

function room() {
  const entities = createEntityLayer(LIGHT_THEME);
  const document = new Map([ID, OTHER].map((id) => [id, entity(id)]));
  entities.sync(document, { changed: [ID, OTHER], removed: [] });
  const presence = new Map<bigint, Presence>();
  const own = new Set<EntityId>();
  let nowMs = 0;
  let drawn = 0;
  const drags = createRemoteDrags({
    entities,
    isOwn: (id) => own.has(id),
    now: () => nowMs,
    changed: () => void drawn++,
  });
  return {
    drags,
    entities,
    own,
    say: (actor: bigint, drag: Drag | null, selection: Presence["selection"] = { kind: "object", entity: ID }) => {
      presence.set(actor, { tool: "move", selection, head: null, ray: null, left: null, right: null, drag });
      drags.hear([actor], presence);
    },
    leave: (actor: bigint) => {
      presence.delete(actor);
      drags.hear([actor], presence);
    },
    change: (id: EntityId, x: number) => {
      document.set(id, entity(id, x));
      const change = { changed: [id], removed: [] };
      entities.sync(document, change);
      drags.documentChanged(change);
    },
    wait: (seconds: number) => {
      let shown = false;
      for (let frame = 0; frame < Math.round(seconds * 100); frame++) {
        nowMs += 10;
        shown = drags.advance();
      }
      return shown;
    },
    stall(seconds: number) {
      nowMs += seconds * 1000;
      return drags.advance();
    },
    x: (id = ID) => (entities.views.get(id) as EntityView).root.matrix.elements[12],
    mesh: () => (entities.views.get(ID) as EntityView).mesh,
    get drawn() {
      return drawn;
    },
  };
}

const at = (x: number): Drag => ({ kind: "object", position: [x, 0, 0], rotation: [0, 0, 0, 1] });

test("REP-5: an object is shown where its drag has it, with its own scale and a tidied rotation", () => {
  const { say, entities } = room();
  say(ANA, { kind: "object", position: [1, 2, 3], rotation: [0, 2, 0, 0] });
  const { elements } = (entities.views.get(ID) as EntityView).root.matrix;
  expect([...elements.slice(12, 15)]).toEqual([1, 2, 3]);
  expect([elements[0], elements[5], elements[10]]).toEqual([-2, 2, -2]);
});

test("REP-5: a face is shown pulled, and a face's vertices moved, in the mesh's space", () => {
  const { say, mesh } = room();
  const face = { kind: "face", entity: ID, element: TOP } as const;
  say(ANA, { kind: "extrude", distance: 0.25 }, face);
  expect(mesh()?.faceCount).toBe(10);
  expect(Math.max(...[...(mesh()?.positions ?? [])])).toBeCloseTo(0.75, 6);
  say(ANA, { kind: "element", offset: [0, 0.5, 0] }, face);
  expect(mesh()?.faceCount).toBe(6);
  expect(Math.max(...[...(mesh()?.positions ?? [])])).toBeCloseTo(1, 6);
});

test("REP-5: a row that says none, and leaving, show the document again", () => {
  const { say, leave, x } = room();
  say(ANA, at(3));
  expect(x()).toBe(3);
  say(ANA, null);
  expect(x()).toBe(0);
  say(ANA, at(4));
  leave(ANA);
  expect(x()).toBe(0);
});

test("REP-5: a drag that moves on to another entity leaves the first as the document has it", () => {
  const { say, x } = room();
  say(ANA, at(3));
  say(ANA, at(5), { kind: "object", entity: OTHER });
  expect([x(ID), x(OTHER)]).toEqual([0, 5]);
});

test("REP-5: a change of the document ends it; rows on their way then don't bring it back, a later one does", () => {
  const { say, change, wait, x } = room();
  say(ANA, at(3));
  change(ID, 7);
  expect(x()).toBe(7);
  say(ANA, at(3.1));
  expect(x()).toBe(7);
  wait(0.3);
  say(ANA, at(3));
  expect(x()).toBe(7);
  say(ANA, at(4));
  expect(x()).toBe(4);
});

test("REP-5: a change of something else ends nothing", () => {
  const { say, change, x } = room();
  say(ANA, at(3));
  change(OTHER, 9);
  expect([x(ID), x(OTHER)]).toEqual([3, 9]);
});

test("REP-5: after 2 s of silence it is over, but a row that says the same again is no silence", () => {
  const { say, wait, x } = room();
  say(ANA, at(3));
  expect(wait(1.5)).toBe(true);
  say(ANA, at(3));
  expect(wait(1.5)).toBe(true);
  expect(x()).toBe(3);
  expect(wait(0.6)).toBe(false);
  expect(x()).toBe(0);
});

test("a page that stood still heard nobody, and takes that for nobody's silence", () => {
  const room_ = room();
  room_.say(ANA, at(3));
  expect(room_.stall(30)).toBe(true);
  expect(room_.x()).toBe(3);
  expect(room_.wait(1.8)).toBe(false);
});

test("of two who drag one thing the last to say something new is shown, and the other when that one stops", () => {
  const { say, leave, x } = room();
  say(ANA, at(1));
  say(BO, at(2));
  expect(x()).toBe(2);
  say(ANA, at(1));
  expect(x()).toBe(2);
  say(ANA, at(1.5));
  expect(x()).toBe(1.5);
  leave(ANA);
  expect(x()).toBe(2);
});

test("what is in one's own hand is left alone, and theirs is shown when one lets go", () => {
  const room_ = room();
  const { say, own, entities, wait, x } = room_;
  say(ANA, at(1));
  own.add(ID);
  entities.preview(ID, { matrix: (entities.views.get(OTHER) as EntityView).root.matrix.clone().setPosition(8, 0, 0) });
  say(ANA, at(2));
  say(ANA, null);
  say(ANA, at(2.5));
  expect(x()).toBe(8);
  own.delete(ID);
  entities.preview(ID, null);
  wait(0.01);
  expect(x()).toBe(2.5);
});

test("a row that says the same again draws nothing", () => {
  const room_ = room();
  room_.say(ANA, at(1));
  const { drawn } = room_;
  room_.say(ANA, at(1));
  room_.wait(0.1);
  expect(room_.drawn).toBe(drawn);
});

test("a drag of what isn't here, or of another kind than what is selected, shows nothing", () => {
  const { say, x, mesh } = room();
  say(ANA, at(1), { kind: "object", entity: "00".repeat(16) });
  say(BO, at(1), { kind: "face", entity: ID, element: TOP });
  expect(x()).toBe(0);
  say(BO, { kind: "extrude", distance: 1 });
  say(BO, { kind: "extrude", distance: 1 }, { kind: "face", entity: ID, element: "00".repeat(16) });
  expect(mesh()).toBe(MESH);
});
