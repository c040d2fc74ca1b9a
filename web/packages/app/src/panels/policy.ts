import { type GoverningOperation, type Policies, type PolicyRule, type Role, type RoomClient, type Strategy } from "@theta/client";
import { h } from "../dom";
import { commandWords, failureWords, STRATEGY_WORDS } from "../words";
import { createSheet } from "./sheet";

const ROLES: readonly (readonly [Role, string])[] = [
  ["viewer", "Everybody, viewers too"],
  ["editor", "Editors and admins"],
  ["admin", "Admins only"],
];
const USUAL_ROLE: Role = "editor";
const FIRST_COMMAND = "theta.move_vertices";

export interface PolicyPanel {
  readonly element: HTMLDialogElement;
  open(): void;
}

/** What an admin decides for the whole room: whose change counts, who may do what, whether an undo takes others' work. */
export function createPolicyPanel(client: Pick<RoomClient, "policies" | "govern">): PolicyPanel {
  const fields = createFields();
  const { element, form, strategy, cascade, command, own, ownLine, role, exceptions, trouble } = fields;
  let known: Policies | null = null;

  const chosen = (): PolicyRule | undefined => known?.rules.find((rule) => rule.command === command.value);
  const showCommand = (): void => {
    const rule = chosen();
    if (!rule) return;
    ownLine.hidden = rule.strategy === null;
    own.value = rule.strategy ?? "";
    role.value = rule.role;
  };
  const show = (policies: Policies): void => {
    const picked = command.value || FIRST_COMMAND;
    known = policies;
    strategy.value = policies.strategy;
    cascade.checked = policies.cascade;
    const named = policies.rules.map((rule) => ({ rule, words: commandWords(rule.command) }));
    named.sort((one, other) => one.words.localeCompare(other.words));
    command.replaceChildren(...named.map(({ rule, words }) => h("option", { text: words, attributes: { value: rule.command } })));
    command.value = picked;
    const special = named.filter(({ rule }) => isSpecial(rule, policies));
    exceptions.replaceChildren(
      ...special.map(({ rule, words }) => {
        const button = h("button", {
          class: "button small",
          text: `${words}: ${specialWords(rule, policies)}`,
          testId: "policy-exception",
          attributes: { type: "button" },
        });
        button.addEventListener("click", () => {
          command.value = rule.command;
          showCommand();
          command.focus();
        });
        return h("li", { children: [button] });
      }),
    );
    showCommand();
  };
  const refresh = async (): Promise<void> => {
    show(await client.policies());
    form.disabled = false;
  };
  const complain = (error: unknown): void => {
    trouble.textContent = `That was not done: ${failureWords(error)}`;
  };
  const decide = async (operation: GoverningOperation): Promise<void> => {
    trouble.textContent = "";
    try {
      await client.govern(operation);
    } catch (error) {
      complain(error);
    }
    // What is not so is not shown, whether it was refused or somebody else decided meanwhile.
    await refresh().catch(complain);
  };

  strategy.addEventListener("change", () => void decide({ type: "set_strategy", command: "*", strategy: strategy.value as Strategy }));
  cascade.addEventListener("change", () => void decide({ type: "set_cascade", allowed: cascade.checked }));
  command.addEventListener("change", showCommand);
  own.addEventListener("change", () => void decide({ type: "set_strategy", command: command.value, strategy: own.value as Strategy }));
  role.addEventListener("change", () => void decide({ type: "set_permission", command: command.value, role: role.value as Role }));
  return {
    element,
    open() {
      trouble.textContent = "";
      form.disabled = known === null;
      element.showModal();
      void refresh().catch(complain);
    },
  };
}

/** Whether a type of command has rules of its own. */
function isSpecial(rule: PolicyRule, { strategy }: Policies): boolean {
  return rule.role !== USUAL_ROLE || (rule.strategy !== null && rule.strategy !== strategy);
}

function specialWords(rule: PolicyRule, { strategy }: Policies): string {
  const words: string[] = [];
  if (rule.strategy !== null && rule.strategy !== strategy) words.push(STRATEGY_WORDS[rule.strategy].toLowerCase());
  if (rule.role !== USUAL_ROLE) words.push(ROLES.find(([role]) => role === rule.role)![1].toLowerCase());
  return words.join("; ");
}

function createFields() {
  const select = (testId: string, options: readonly (readonly [string, string])[]): HTMLSelectElement =>
    h("select", { testId, children: options.map(([value, text]) => h("option", { text, attributes: { value } })) });
  const line = (text: string, field: HTMLElement): HTMLElement =>
    h("label", { class: "sheet-line", children: [h("span", { text }), field] });
  const strategies = Object.entries(STRATEGY_WORDS);
  const strategy = select("policy-strategy", strategies);
  const cascade = h("input", { testId: "policy-cascade", attributes: { type: "checkbox" } });
  const command = select("policy-command", []);
  const own = select("policy-own", strategies);
  const role = select("policy-role", ROLES);
  const exceptions = h("ul", { class: "sheet-list", testId: "policy-exceptions", attributes: { "aria-label": "Types of command with rules of their own" } });
  const trouble = h("p", { class: "reason", testId: "policy-trouble", attributes: { role: "alert" } });
  const ownLine = line("When two change the same at once", own);
  const form = h("fieldset", {
    class: "sheet-body",
    children: [
      line("When two change the same at once", strategy),
      h("label", { class: "choice", children: [cascade, h("span", { text: "An undo may take back what others built on it; they are told" })] }),
      h("section", {
        attributes: { "aria-label": "One type of command" },
        children: [line("For one type of command", command), ownLine, line("Who may do it", role), exceptions],
      }),
      trouble,
    ],
  });
  const { element } = createSheet({ title: "Rules of the room", class: "sheet-dialog", testId: "policy-panel", name: "policy", children: [form] });
  return { element, form, strategy, cascade, command, own, ownLine, role, exceptions, trouble };
}
