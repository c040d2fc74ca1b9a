import type { Invite, Role, RoomClient } from "@theta/client";
import { h } from "../dom";
import { askRoom, download, type Download, type Fetch } from "../downloads";
import { whenWords } from "../words";
import { qrCode } from "./qr";
import { createSheet } from "./sheet";

/** Addresses by which this machine alone can reach the room. */
const LOOPBACK = /^(localhost|127\.[\d.]+|\[::1\])$/;

const GRANTS: readonly { grant: Role; label: string; words: string }[] = [
  {
    grant: "editor",
    label: "Build",
    words: "Whoever has this link may build here: add, change and delete, under their own name.",
  },
  {
    grant: "viewer",
    label: "Only watch",
    words: "Whoever has this link may look, follow and chat, and change nothing.",
  },
  {
    grant: "admin",
    label: "Administrate",
    words: "Whoever has this link may build, change others’ roles, send people away and invite.",
  },
];

/** How long a link lasts, in seconds; admins choose. */
const ENDS: readonly (readonly [seconds: number, label: string])[] = [
  [0, "It does not expire"],
  [3_600, "It ends in an hour"],
  [86_400, "It ends in a day"],
  [604_800, "It ends in a week"],
];

export interface SharePorts {
  readonly client: RoomClient;
  readonly location: Pick<Location, "origin" | "hostname">;
  readonly fetch: Fetch;
  readonly copy: (text: string) => Promise<void>;
  readonly save: (file: Download) => void;
}

export interface SharePanel {
  readonly element: HTMLDialogElement;
  open(): void;
}

/** Lets others in, by QR code, link or typed code; and takes the room's content away as a file. */
export function createSharePanel(ports: SharePorts): SharePanel {
  const invite = createInvite(ports);
  const keep = createKeep(ports);
  const body = h("div", { class: "share-body", children: [invite.element, keep.element] });
  const { element } = createSheet({ title: "Share and save", class: "share", testId: "share-panel", name: "share", children: [body] });
  return {
    element,
    open() {
      element.showModal();
      keep.refresh();
      void invite.refresh();
    },
  };
}

interface Invites {
  readonly links: readonly string[];
  /** Those that do not expire. */
  readonly tokens: Readonly<Partial<Record<Role, string>>>;
  readonly code: string;
  /** Link of another signalling server where the room's host is met; empty when there is none. */
  readonly signaling: string;
}

/** The fields about invites, without anything that they do. */
function createInviteFields() {
  const text = (kind: "p" | "div", name: string, testId: string): HTMLElement => h(kind, { class: name, testId });
  const picture = text("div", "qr-frame", "share-qr");
  const words = text("p", "", "share-words");
  const hint = text("p", "hint", "share-hint");
  const typed = text("p", "typed", "share-code");
  const trouble = h("p", { class: "reason", testId: "share-trouble", attributes: { role: "alert" } });
  const link = h("input", { testId: "share-link", attributes: { type: "text", id: "share-link", readonly: "", spellcheck: "false" } });
  const copyButton = h("button", { class: "button", text: "Copy", testId: "share-copy", attributes: { type: "button" } });
  const address = h("select", { testId: "share-address", attributes: { id: "share-address" } });
  const ends = h("select", {
    testId: "share-ends",
    attributes: { id: "share-ends" },
    children: ENDS.map(([seconds, label]) => h("option", { text: label, attributes: { value: String(seconds) } })),
  });
  const grants = GRANTS.map(({ grant, label }) => {
    const radio = h("input", { testId: `share-${grant}`, attributes: { type: "radio", name: "share-grant", value: grant } });
    return { grant, radio, element: h("label", { class: "choice", children: [radio, h("span", { text: label })] }) };
  });
  const field = (label: string, name: string, children: readonly HTMLElement[]): HTMLElement =>
    h("div", { class: "field", children: [h("label", { text: label, attributes: { for: name } }), ...children] });
  const body = h("div", {
    class: "invite-fields",
    children: [
      h("fieldset", { class: "choices", children: [h("legend", { text: "They may" }), ...grants.map((one) => one.element)] }),
      field("How long", "share-ends", [ends]),
      field("They come by", "share-address", [address, hint]),
      field("Link", "share-link", [h("div", { class: "row", children: [link, copyButton] }), words]),
      typed,
    ],
  });
  const content = h("div", { class: "invite", children: [picture, body] });
  return { picture, words, hint, typed, trouble, link, copyButton, address, ends, grants, content };
}

function createInvite({ client, location, fetch, copy }: SharePorts) {
  const { picture, words, hint, typed, trouble, link, copyButton, address, ends, grants, content } = createInviteFields();
  let invites: Invites = { links: [], tokens: {}, code: "", signaling: "" };
  /** Those that were made for this panel, by role and seconds. */
  const made = new Map<string, Invite>();
  let wanted = "";
  const isAdmin = (): boolean => client.connection.phase === "online" && client.connection.role === "admin";

  link.addEventListener("focus", () => link.select());
  copyButton.addEventListener("click", () => {
    const told = (text: string): void => {
      copyButton.textContent = text;
      setTimeout(() => (copyButton.textContent = "Copy"), 2_000);
    };
    // Without leave for the clipboard, the link stands there selected, to be copied by hand.
    copy(link.value).then(() => told("Copied"), () => link.select());
  });
  for (const field of [address, ends, ...grants.map(({ radio }) => radio)]) field.addEventListener("change", () => void choose());

  /** Shows the link that is chosen, and has the room make it if it has to be. */
  async function choose(): Promise<void> {
    const chosen = grants.find(({ radio }) => radio.checked)?.grant;
    if (!chosen) return;
    const seconds = isAdmin() ? Number(ends.value) : 0;
    const lasting = seconds === 0 ? invites.tokens[chosen] : undefined;
    const key = `${chosen} ${seconds}`;
    wanted = key;
    if (lasting) {
      show(chosen, { role: chosen, token: lasting, expiresMs: null });
      return;
    }
    trouble.textContent = "";
    try {
      const invite = made.get(key) ?? (await client.makeInvite(chosen, seconds));
      made.set(key, invite);
      if (wanted === key) show(chosen, invite);
    } catch (error) {
      trouble.textContent = error instanceof Error ? error.message : String(error);
    }
  }

  function show(chosen: Role, { token, expiresMs }: Invite): void {
    // Where the room's host can be met once this address does not answer.
    const meeting = invites.signaling ? `&signal=${encodeURIComponent(invites.signaling)}` : "";
    const url = `${address.value}/#invite=${token}${meeting}`;
    link.value = url;
    const end = expiresMs === null ? "It does not expire." : `It lasts until ${whenWords(expiresMs)}; who is in by then stays in.`;
    words.textContent = `${GRANTS.find(({ grant }) => grant === chosen)!.words} ${end}`;
    picture.replaceChildren(qrCode(url, "QR code of the link"));
    hint.textContent = addressHint(address.value);
    const showsCode = chosen === "editor" && expiresMs === null && invites.code !== "" && !isLoopback(address.value);
    typed.hidden = !showsCode;
    typed.replaceChildren("To type it in a headset: open ", h("b", { text: address.value }), " and enter ", h("b", { class: "code", text: invites.code }), ".");
  }

  return {
    element: h("section", { attributes: { "aria-label": "Invite" }, children: [h("h2", { text: "Invite somebody" }), trouble, content] }),
    async refresh(): Promise<void> {
      trouble.textContent = "";
      try {
        const [room, tokens] = await Promise.all([readJson(askRoom(client, "/api/room", fetch)), readJson(askRoom(client, "/api/invites", fetch))]);
        invites = { links: textsIn(room.links), tokens: { editor: textIn(tokens.editor), viewer: textIn(tokens.viewer) }, code: textIn(tokens.code), signaling: textIn(room.signaling) };
      } catch (error) {
        trouble.textContent = error instanceof Error ? error.message : String(error);
      }
      // Whoever opens the panel again wants a link that lasts from now on.
      made.clear();
      const granted = grants.filter(({ grant }) => invites.tokens[grant] || (isAdmin() && !trouble.textContent));
      ends.parentElement!.hidden = !isAdmin();
      content.hidden = granted.length === 0;
      for (const one of grants) one.element.hidden = !granted.includes(one);
      const kept = granted.find(({ radio }) => radio.checked) ?? granted[0];
      if (kept) kept.radio.checked = true;
      const before = address.value;
      const addresses = addressesFor(location, invites.links);
      address.replaceChildren(...addresses.map((one) => h("option", { text: one, attributes: { value: one } })));
      address.value = addresses.includes(before) ? before : addresses[0]!;
      await choose();
    },
  };
}

/** By what the room can be reached, best first: what others can use comes before what only this machine can. */
export function addressesFor(location: Pick<Location, "origin" | "hostname">, links: readonly string[]): string[] {
  const own = LOOPBACK.test(location.hostname) ? [...links, location.origin] : [location.origin, ...links];
  return [...new Set(own.map((address) => address.replace(/\/+$/, "")))];
}

function isLoopback(address: string): boolean {
  return LOOPBACK.test(new URL(address).hostname);
}

function addressHint(address: string): string {
  if (isLoopback(address)) return "This address works on this machine only.";
  return address.startsWith("https:")
    ? "They must be on the same network. The first time, their browser warns that it doesn't know the room's certificate."
    : "They must be on the same network.";
}

const FILES = [
  {
    path: "/api/export.glb",
    testId: "save-glb",
    label: "Export as GLB",
    fallback: "room.glb",
    editorsOnly: false,
    words: "Shapes, places and colours as they are now, for Blender and other 3D programs.",
  },
  {
    path: "/api/copy.theta",
    testId: "save-copy",
    label: "Save a copy",
    fallback: "room.theta",
    editorsOnly: true,
    words: "The room's file with its whole history. Its key stays with the room: a copy can be read, exported and verified, not opened as this room.",
  },
] as const;

function createKeep({ client, fetch, save }: SharePorts) {
  const trouble = h("p", { class: "reason", testId: "save-trouble", attributes: { role: "alert" } });
  const rows = FILES.map((file) => {
    const button = h("button", { class: "button", text: file.label, testId: file.testId, attributes: { type: "button" } });
    const bar = h("progress", { testId: `${file.testId}-progress`, attributes: { max: "1", "aria-label": file.label } });
    const said = h("p", { class: "hint", attributes: { role: "status" } });
    bar.hidden = true;
    button.addEventListener("click", () => void run());
    async function run(): Promise<void> {
      trouble.textContent = "";
      button.disabled = true;
      bar.hidden = false;
      bar.removeAttribute("value");
      try {
        const got = await download(client, file.path, file.fallback, fetch, (share) => {
          if (share !== null) bar.value = share;
        });
        save(got);
        said.textContent = `${got.fileName} is in your downloads.`;
      } catch (error) {
        trouble.textContent = error instanceof Error ? error.message : String(error);
      } finally {
        bar.hidden = true;
        refresh();
      }
    }
    function refresh(): void {
      const { connection } = client;
      const isAllowed = !file.editorsOnly || (connection.phase === "online" && connection.role !== "viewer");
      button.disabled = connection.phase !== "online" || !isAllowed;
      said.textContent ||= file.words;
      if (!isAllowed && connection.phase === "online") said.textContent = "A copy is for those who build; ask for an editor's link.";
    }
    return { refresh, element: h("div", { class: "keep", children: [h("div", { children: [button, bar] }), said] }) };
  });
  const refresh = (): void => {
    for (const row of rows) row.refresh();
  };
  client.on("connection", refresh);
  refresh();
  return {
    refresh,
    element: h("section", {
      attributes: { "aria-label": "Take it with you" },
      children: [h("h2", { text: "Take it with you" }), trouble, ...rows.map((row) => row.element)],
    }),
  };
}

async function readJson(response: Promise<Response>): Promise<Readonly<Record<string, unknown>>> {
  const value: unknown = await (await response).json();
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function textIn(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string" && /^https?:\/\//.test(one)) : [];
}
