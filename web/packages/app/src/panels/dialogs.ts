import { h } from "../dom";
import { BINDINGS, CLICKING, HANDLING, keyLabel, LOOKING } from "../keymap";
import { redeem } from "../codes";
import { cleanName, inviteFrom } from "../storage";
import { createSheet } from "./sheet";

export interface Welcome {
  readonly element: HTMLDialogElement;
  ask(question: { name: string; invite: string; reason?: string }): void;
}

/**
 * Asks for a name, and for the invite when there is none; never for more than is missing. A code that is typed instead
 * of an invite is exchanged for one before `join` is called.
 */
export function createWelcome(join: (answer: { name: string; invite: string }) => void, exchange = redeem): Welcome {
  const { element, form, name, invite, inviteField, reason, submit } = createWelcomeForm();
  let known = "";
  const complain = (words: string, field: HTMLInputElement): void => {
    reason.textContent = words;
    field.setAttribute("aria-invalid", "true");
    field.focus();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const answer = { name: cleanName(name.value), invite: known || inviteFrom(invite.value) };
    if (!answer.name) complain("A name is missing.", name);
    else if (!answer.invite) complain("That is no invite. It is a link with “#invite=” in it, or a code such as K7QM-2RWD.", invite);
    else void enter(answer);
  });
  async function enter(answer: { name: string; invite: string }): Promise<void> {
    submit.disabled = true;
    const redeemed = await exchange(answer.invite);
    submit.disabled = false;
    if ("problem" in redeemed) {
      complain(redeemed.problem, invite);
      return;
    }
    element.close();
    join({ name: answer.name, invite: redeemed.invite });
  }
  // There is nothing behind it to go back to.
  element.addEventListener("cancel", (event) => event.preventDefault());
  return {
    element,
    ask(question) {
      known = question.invite;
      name.value = question.name;
      invite.value = "";
      inviteField.hidden = known !== "";
      reason.textContent = question.reason ?? "";
      for (const field of [name, invite]) field.removeAttribute("aria-invalid");
      if (!element.open) element.showModal();
      (question.name ? invite : name).focus();
    },
  };
}

function createWelcomeForm() {
  const name = h("input", {
    testId: "name-input",
    attributes: { type: "text", id: "welcome-name", maxlength: "64", autocomplete: "nickname", required: "" },
  });
  const invite = h("input", {
    testId: "invite-input",
    attributes: { type: "text", id: "welcome-invite", autocomplete: "off", spellcheck: "false", placeholder: "https://…/#invite=…  or  K7QM-2RWD" },
  });
  const reason = h("p", { class: "reason", testId: "welcome-reason", attributes: { role: "alert" } });
  const inviteField = h("div", {
    class: "field",
    children: [
      h("label", { text: "Invite link or code", attributes: { for: "welcome-invite" } }),
      invite,
      h("p", {
        class: "hint",
        text: "Rooms are for people who were invited. Paste the link, or type the code, that “theta serve” printed or that somebody sent you.",
      }),
    ],
  });
  const submit = h("button", { class: "button primary", text: "Come in", testId: "join", attributes: { type: "submit" } });
  const form = h("form", {
    attributes: { method: "dialog", novalidate: "" },
    children: [
      h("h1", { text: "Welcome to Theta", attributes: { id: "welcome-title" } }),
      h("p", { class: "lead", text: "Build in 3D, together, in a room of your own." }),
      reason,
      h("div", {
        class: "field",
        children: [
          h("label", { text: "Your name", attributes: { for: "welcome-name" } }),
          name,
          h("p", { class: "hint", text: "The others see it beside your work and over your head." }),
        ],
      }),
      inviteField,
      submit,
    ],
  });
  const element = h("dialog", {
    class: "welcome",
    testId: "welcome",
    attributes: { "aria-labelledby": "welcome-title" },
    children: [form],
  });
  return { element, form, name, invite, inviteField, reason, submit };
}

/** Says that this address won't do, and by which one the room can be opened: without WebCrypto nothing can be signed. */
export function createInsecure({ hostname, port }: Pick<Location, "hostname" | "port">, invite: string): HTMLDialogElement {
  const number = port || "80";
  const fragment = invite && `#invite=${invite}`;
  const line = (label: string, testId: string, value: string): HTMLElement =>
    h("div", {
      class: "field",
      children: [
        h("label", { text: label, attributes: { for: testId } }),
        h("input", { testId, attributes: { type: "text", id: testId, readonly: "", value, spellcheck: "false" } }),
      ],
    });
  return h("dialog", {
    class: "welcome",
    testId: "insecure",
    attributes: { "aria-labelledby": "insecure-title" },
    children: [
      h("div", {
        class: "sheet",
        children: [
          h("h1", { text: "Open it over HTTPS", attributes: { id: "insecure-title" } }),
          h("p", {
            text: "At this address the browser lets no page sign what it does: it wants HTTPS, or http://localhost. The room speaks both on the same port.",
          }),
          line("From any machine, open", "insecure-link", `https://${hostname}:${number}/${fragment}`),
          line("On the machine that serves the room", "insecure-local", `http://localhost:${number}/${fragment}`),
        ],
      }),
    ],
  });
}

/** A sheet with every key of the page. */
export function createHelp(): HTMLDialogElement {
  const groups = ["Select", "Build", "Shape", "History", "Look", "Room"] as const;
  const beside: Partial<Record<(typeof groups)[number], typeof LOOKING>> = { Look: LOOKING, Select: CLICKING, Room: HANDLING };
  const rows = (group: (typeof groups)[number]) => [
    ...BINDINGS.filter((binding) => binding.group === group),
    ...(beside[group] ?? []),
  ];
  const { element } = createSheet({
    title: "Keys",
    class: "help",
    testId: "help-sheet",
    name: "help",
    children: [
      h("div", {
        class: "sheets",
        children: groups.map((group) =>
          h("section", {
            children: [
              h("h2", { text: group }),
              h("dl", {
                children: rows(group).flatMap(({ keys, label }) => [
                  h("dt", { children: keys.map((key) => h("kbd", { text: keyLabel(key) })) }),
                  h("dd", { text: label }),
                ]),
              }),
            ],
          }),
        ),
      }),
    ],
  });
  return element;
}
