// @vitest-environment happy-dom
import { afterEach, expect, test, vi } from "vitest";
import { askRoom, download, fileNameIn, type Download, type Fetch } from "../src/downloads";
import { qrCode } from "../src/panels/qr";
import { addressesFor, createSharePanel } from "../src/panels/share";
import type { Role } from "@theta/client";
import { FakeClient } from "./fake/fake-client";

const byId = <Kind extends HTMLElement>(id: string) => document.querySelector<Kind>(`[data-testid="${id}"]`)!;
const LOCAL = { origin: "http://localhost:8080", hostname: "localhost" };
const LAN = "https://192.168.1.5:8080";

type Answers = Record<string, () => Response>;

const ROOM: Answers = {
  "/api/room": () => Response.json({ links: [LAN, "javascript:alert(1)", 7] }),
  "/api/invites": () => Response.json({ editor: "EEE", viewer: "VVV", code: "K7QM-2RWD" }),
  "/api/export.glb": () => new Response("glTF!", { headers: { "Content-Disposition": "attachment; filename*=UTF-8''my%20room.glb" } }),
  "/api/copy.theta": () => new Response("no more today\n", { status: 429 }),
};

async function opened(answers: Answers = ROOM, role: Role = "editor") {
  const client = new FakeClient();
  client.connect();
  client.setConnection({ phase: "online", role, actor: 1n, roomName: "studio", resumed: false });
  const asked: { path: string; authorization: string | undefined }[] = [];
  const fetch: Fetch = async (path, { headers }) => {
    asked.push({ path, authorization: (headers as Record<string, string>).Authorization });
    await Promise.resolve();
    return answers[path]!();
  };
  const saved: Download[] = [];
  const copied: string[] = [];
  const panel = createSharePanel({
    client,
    location: LOCAL,
    fetch,
    copy: async (text) => void copied.push(await Promise.resolve(text)),
    save: (file) => saved.push(file),
  });
  document.body.replaceChildren(panel.element);
  panel.open();
  await vi.waitFor(() => expect(asked.length).toBeGreaterThanOrEqual(2));
  await new Promise((resolve) => setTimeout(resolve, 0));
  return { client, asked, saved, copied, panel };
}

afterEach(() => document.body.replaceChildren());

test("the link on the network comes first, with what it grants, as text and as a picture", async () => {
  const { asked, copied } = await opened();
  expect(asked.map(({ authorization }) => authorization)).toEqual(["Bearer 11:22", "Bearer 11:22"]);
  const link = byId<HTMLInputElement>("share-link");
  expect(link.value).toBe(`${LAN}/#invite=EEE`);
  expect(byId("share-words").textContent).toContain("may build here");
  expect(byId("share-code").textContent).toBe(`To type it in a headset: open ${LAN} and enter K7QM-2RWD.`);
  expect(byId("share-qr").innerHTML).toContain("<svg");
  expect([...byId<HTMLSelectElement>("share-address").options].map(({ value }) => value)).toEqual([LAN, LOCAL.origin]);
  byId("share-copy").click();
  await vi.waitFor(() => expect(byId("share-copy").textContent).toBe("Copied"));
  expect(copied).toEqual([`${LAN}/#invite=EEE`]);
});

test("the link says where the room's host is met, if it is at another signalling server", async () => {
  const signaling = "https://meet.example:8090";
  await opened({ ...ROOM, "/api/room": () => Response.json({ links: [LAN], signaling }) });
  expect(byId<HTMLInputElement>("share-link").value).toBe(`${LAN}/#invite=EEE&signal=${encodeURIComponent(signaling)}`);
});

test("another grant and another address change link, words and picture", async () => {
  await opened();
  const before = byId("share-qr").innerHTML;
  const watch = byId<HTMLInputElement>("share-viewer");
  watch.checked = true;
  watch.dispatchEvent(new Event("change"));
  expect(byId<HTMLInputElement>("share-link").value).toBe(`${LAN}/#invite=VVV`);
  expect(byId("share-words").textContent).toContain("change nothing");
  expect(byId("share-code").hidden).toBe(true);
  expect(byId("share-qr").innerHTML).not.toBe(before);
  const address = byId<HTMLSelectElement>("share-address");
  address.value = LOCAL.origin;
  address.dispatchEvent(new Event("change"));
  expect(byId<HTMLInputElement>("share-link").value).toBe("http://localhost:8080/#invite=VVV");
  expect(byId("share-hint").textContent).toContain("this machine only");
});

test("an admin chooses a role and how long the link lasts; the room makes it", async () => {
  const { client } = await opened(ROOM, "admin");
  const link = byId<HTMLInputElement>("share-link");
  expect(link.value).toBe(`${LAN}/#invite=EEE`);
  const choose = async (ends: string, role: string): Promise<void> => {
    byId<HTMLSelectElement>("share-ends").value = ends;
    const radio = byId<HTMLInputElement>(`share-${role}`);
    radio.checked = true;
    radio.dispatchEvent(new Event("change"));
    await vi.waitFor(() => expect(link.value).toContain(`${role}-${ends}`));
  };
  await choose("3600", "viewer");
  expect(byId("share-words").textContent).toMatch(/change nothing\. It lasts until .+; who is in by then stays in\./);
  expect(byId("share-code").hidden).toBe(true);
  await choose("0", "admin");
  expect(byId("share-words").textContent).toContain("It does not expire.");
  await choose("3600", "viewer");
  expect(client.asked.filter(([what]) => what === "makeInvite")).toEqual([["makeInvite", "viewer", 3600], ["makeInvite", "admin", 0]]);
  client.refusal = "for admins";
  byId<HTMLSelectElement>("share-ends").value = "86400";
  byId("share-ends").dispatchEvent(new Event("change"));
  await vi.waitFor(() => expect(byId("share-trouble").textContent).toContain("for admins"));
});

test("who is no admin is not asked how long", async () => {
  const { client } = await opened();
  expect(byId("share-ends").parentElement!.hidden).toBe(true);
  expect(byId("share-admin").parentElement!.hidden).toBe(true);
  expect(client.asked).toEqual([]);
});

test("a viewer can hand on no more than watching, and take no copy", async () => {
  await opened({ ...ROOM, "/api/invites": () => Response.json({ viewer: "VVV" }) }, "viewer");
  expect(byId<HTMLInputElement>("share-link").value).toBe(`${LAN}/#invite=VVV`);
  expect(byId("share-editor").parentElement!.hidden).toBe(true);
  expect(byId<HTMLButtonElement>("save-copy").disabled).toBe(true);
  expect(byId<HTMLButtonElement>("save-glb").disabled).toBe(false);
  expect(byId("share-panel").textContent).toContain("A copy is for those who build");
});

test("an older room without links or code still gives its own address", async () => {
  await opened({ ...ROOM, "/api/room": () => Response.json({ name: "studio" }), "/api/invites": () => Response.json({ editor: "EEE", viewer: "VVV" }) });
  expect(byId<HTMLInputElement>("share-link").value).toBe("http://localhost:8080/#invite=EEE");
  expect(byId("share-code").hidden).toBe(true);
});

test("what the room says no to is told, and nothing half is shown", async () => {
  await opened({ ...ROOM, "/api/invites": () => new Response("Join the room first.\n", { status: 401 }) });
  expect(byId("share-trouble").textContent).toBe("Join the room first.");
  expect(byId("share-qr").closest<HTMLElement>(".invite")!.hidden).toBe(true);
});

test("files are saved under the room's name, and a refusal is shown in the room's words", async () => {
  const { saved } = await opened();
  byId("save-glb").click();
  await vi.waitFor(() => expect(saved).toHaveLength(1));
  expect(saved[0]!.fileName).toBe("my room.glb");
  expect(await saved[0]!.content.text()).toBe("glTF!");
  byId("save-copy").click();
  await vi.waitFor(() => expect(byId("save-trouble").textContent).toBe("no more today"));
  expect(byId<HTMLButtonElement>("save-copy").disabled).toBe(false);
  expect(saved).toHaveLength(1);
});

test("while the room is away there is nothing to save", async () => {
  const { client } = await opened();
  client.setConnection({ phase: "waiting", attempt: 1, retryAtMs: 0, reason: "gone" });
  expect([byId<HTMLButtonElement>("save-glb").disabled, byId<HTMLButtonElement>("save-copy").disabled]).toEqual([true, true]);
  await expect(askRoom(client, "/api/room", () => Promise.reject(new Error("never asked")))).rejects.toThrow("The room is away");
});

test("a download tells how far it is, and one whose end is missing is none", async () => {
  const { client } = await opened();
  const body = (size: number): Fetch => async () => {
    await Promise.resolve();
    const steps = new ReadableStream({
      start(controller) {
        controller.enqueue(new Uint8Array(3));
        controller.enqueue(new Uint8Array(1));
        controller.close();
      },
    });
    return new Response(steps, { headers: { "Content-Length": String(size), "Content-Type": "model/gltf-binary" } });
  };
  const shares: (number | null)[] = [];
  const got = await download(client, "/x", "x.glb", body(4), (share) => shares.push(share));
  expect([shares, got.fileName, got.content.size, got.content.type]).toEqual([[null, 0.75, 1], "x.glb", 4, "model/gltf-binary"]);
  await expect(download(client, "/x", "x.glb", body(9), () => undefined)).rejects.toThrow("The end is missing");
  await expect(download(client, "/x", "x.glb", () => Promise.reject(new TypeError("gone")), () => undefined)).rejects.toThrow("did not answer");
});

test("file names never name a folder", () => {
  expect(fileNameIn("attachment; filename*=UTF-8''..%2Fa%5Cb%0A.glb")).toBe(".._a_b_.glb");
  expect(fileNameIn("attachment; filename=\"x.glb\"")).toBeNull();
  expect(fileNameIn("attachment; filename*=UTF-8''%E0%A4%A")).toBeNull();
  expect(fileNameIn(null)).toBeNull();
});

test("others' addresses come before this machine's, and a page opened by one keeps it first", () => {
  expect(addressesFor(LOCAL, [LAN, `${LAN}/`])).toEqual([LAN, LOCAL.origin]);
  expect(addressesFor({ origin: LAN, hostname: "192.168.1.5" }, ["https://studio.local:8080", LAN])).toEqual([LAN, "https://studio.local:8080"]);
  expect(addressesFor({ origin: "http://[::1]:80", hostname: "[::1]" }, [])).toEqual(["http://[::1]:80"]);
});

test("a QR code is dark on light with a quiet zone, and every dark module is drawn once", () => {
  const svg = qrCode("https://192.168.1.5:8080/#invite=x", "QR");
  const [, , size] = svg.getAttribute("viewBox")!.split(" ").map(Number);
  const runs = [...svg.querySelector("path")!.getAttribute("d")!.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)].map((run) => run.slice(1).map(Number));
  expect(svg.querySelector("path")!.getAttribute("fill")).toBe("#000000");
  expect(svg.querySelector("rect")!.getAttribute("fill")).toBe("#ffffff");
  const dark = new Set(runs.flatMap(([x, y, length]) => Array.from({ length: length! }, (_, at) => `${x! + at} ${y}`)));
  expect(dark.size).toBe(runs.reduce((sum, [, , length]) => sum + length!, 0));
  for (const [x, y, length] of runs) {
    expect(Math.min(x!, y!)).toBeGreaterThanOrEqual(4);
    expect(Math.max(x! + length!, y! + 1)).toBeLessThanOrEqual(size! - 4);
  }
  for (let at = 0; at < 7; at++) expect(dark.has(`${4 + at} 4`)).toBe(true);
});
