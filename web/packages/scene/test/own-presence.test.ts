import type { Drag, Presence, Selection } from "@theta/client";
import { PerspectiveCamera, Vector3 } from "three";
import { expect, test } from "vitest";
import { createOwnPresence, type OwnPose } from "../src/own-presence";
import { createSelection } from "../src/selection";

function person() {
  const shown: Presence[] = [];
  const drag = { active: null as "move" | null, current: null as Drag | null, subject: null as Selection | null };
  const camera = new PerspectiveCamera();
  const selection = createSelection();
  const presence = createOwnPresence({ showPresence: (row) => void shown.push(row) }, camera, selection, drag);
  return { shown, drag, camera, selection, presence };
}

const OBJECT: Selection = { kind: "object", entity: "ab".repeat(16) };
const HEADSET: OwnPose = {
  head: { position: [1, 2, 3], rotation: [0, 0, 0, 1] },
  left: null,
  right: { position: [1, 1, 3], rotation: [0, 0, 0, 1] },
  ray: { origin: new Vector3(1, 1, 3), direction: new Vector3(0, 0, -1) },
};

test("on the desktop one is where the camera is, told when it moves", () => {
  const { shown, camera, presence } = person();
  camera.position.set(0, 1.5, 4);
  camera.updateMatrixWorld();
  presence.advance(1 / 60);
  presence.advance(1 / 60);
  expect(shown).toHaveLength(1);
  expect(shown[0]).toMatchObject({ head: { position: [0, 1.5, 4] }, left: null, right: null, ray: null, drag: null });
});

test("in a headset head, hands and ray are asked for thirty times a second, until the camera counts again", () => {
  const { shown, presence } = person();
  presence.showOwn(() => HEADSET);
  for (let frame = 0; frame < 72; frame++) presence.advance(1 / 72);
  expect(shown.length).toBeGreaterThanOrEqual(24);
  expect(shown.length).toBeLessThanOrEqual(31);
  expect(shown.at(-1)).toMatchObject({
    head: { position: [1, 2, 3] },
    left: null,
    right: { position: [1, 1, 3] },
    ray: { origin: [1, 1, 3], direction: [0, 0, -1] },
  });
  presence.showOwn(null);
  expect(shown.at(-1)).toMatchObject({ head: { position: [0, 0, 0] }, right: null });
});

test("REP-5: while a drag is shown, what is dragged counts as selected", () => {
  const { shown, drag, selection, presence } = person();
  drag.current = { kind: "object", position: [1, 0, 0], rotation: [0, 0, 0, 1] };
  drag.subject = OBJECT;
  selection.select(null);
  presence.send();
  expect(shown.at(-1)).toMatchObject({ selection: OBJECT, drag: drag.current });
  drag.current = null;
  presence.send();
  expect(shown.at(-1)).toMatchObject({ selection: null, drag: null });
});
