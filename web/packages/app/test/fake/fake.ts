/** The page without a room, for work on its looks: `npm run dev`, then /packages/app/test/fake/fake.html. Never built. */
import type { Person, StateShape, Vector3 } from "@theta/client";
import { createMemory, startApp } from "@theta/app";
import { FakeClient } from "./fake-client";

const client = new FakeClient();
const memory = createMemory(localStorage, sessionStorage);
if (!new URLSearchParams(location.search).has("welcome")) {
  memory.rememberName("Mira");
  memory.rememberInvite("fake");
}
startApp(client, memory);

if (new URLSearchParams(location.search).has("full")) {
  const cube = { type: "create_primitive", kind: "cube", size: 0.8, name: "Tower", translation: [0, 0.4, 0] } as const;
  const pyramid = { ...cube, kind: "pyramid", name: "Roof", size: 0.7, translation: [1.3, 0.35, -0.4] } as const;
  const plane = { ...cube, kind: "plane", name: "Terrace", size: 2.2, translation: [0.2, 0.004, 0.4] } as const;
  const made = await client.perform([cube, pyramid, plane]);
  const [tower, roof, terrace] = made.created as [string, string, string];
  const face = "00000001000000030000000400000000";
  await client.perform([{ type: "extrude_face", entity: tower, face, distance: 0.5 }]);
  await client.perform([{ type: "paint", entity: tower, colour: [0.92, 0.36, 0.29] }]);
  await client.perform([{ type: "paint", entity: roof, colour: [0.19, 0.65, 0.63] }]);
  await client.perform([{ type: "paint", entity: terrace, colour: [0.91, 0.9, 0.87] }]);
  const ana: Person = { actor: 2n, author: "22".repeat(32), name: "Ana", colour: 0xe0559a, role: "editor", self: false };
  const bo: Person = { actor: 3n, author: "33".repeat(32), name: "Bo Lindqvist", colour: 0x2fa66b, role: "admin", self: false };
  client.meet(ana, {
    tool: "select",
    selection: { kind: "object", entity: roof },
    head: { position: [2.2, 1.3, 1.1], rotation: [-0.06, 0.34, 0, 0.94] },
    ray: { origin: [2.2, 1.3, 1.1], direction: [-0.5, -0.5, -0.75] },
    left: null,
    right: null,
    drag: null,
  });
  client.meet(bo, {
    tool: "none",
    selection: null,
    head: { position: [-1.6, 1.5, -1.2], rotation: [0, 0.92, 0.04, -0.38] },
    ray: null,
    left: null,
    right: null,
    drag: null,
  });
  client.hear({ actor: 2n, name: "Ana", colour: ana.colour, text: "Shall the tower be taller?", atMs: Date.now() - 60_000 });
  client.hear({ actor: 3n, name: "Bo Lindqvist", colour: bo.colour, text: "<b>Yes</b>, and the roof wider 🙂", atMs: Date.now() });
  client.setStatistics({ roundTripMs: 2.4, jitterMs: 0.3, signaturesVerified: 128 });
}

const alive = Number(new URLSearchParams(location.search).get("alive") ?? 0);
if (alive > 0) {
  const shapes = ["box", "sphere", "cylinder", "cone"] as const;
  const side = Math.ceil(Math.sqrt(alive));
  const placeOf = (at: number, seconds: number): Vector3 => {
    const [x, z] = [(at % side) - side / 2, Math.floor(at / side) - side / 2];
    return [x * 0.4, 0.06 + (at % 3) * 0.12 * (1 + Math.sin(seconds * 2 + at)), z * 0.4];
  };
  for (let at = 0; at < alive; at++) {
    const size = 0.08 + (at % 5) * 0.03;
    const hue = (share: number): number => 0.5 + 0.4 * Math.sin(at * 0.7 + share);
    client.state.put(BigInt(at), {
      ...{ shape: shapes[at % 4] as StateShape, size: [size, size, size], colour: [hue(0), hue(2), hue(4)] },
      position: placeOf(at, 0),
    });
  }
  client.state.hold(0n, 2n);
  client.emit("state", { appeared: alive, disappeared: 0 });
  setInterval(() => {
    for (let at = 0; at < alive; at += 10) client.state.place(BigInt(at), placeOf(at, performance.now() / 1000));
  }, 33);
}
