import { parametersOf, SHAPE_PARAMETERS, type PrimitiveKind, type ShapeParameterName } from "@theta/client";
import { SHAPES } from "@theta/scene";
import type { Actions, ShapeWishes } from "../actions";
import { h, iconButton } from "../dom";
import { focusField, numberField, parseMetres } from "./fields";
import { closeOnEscape, placeBelow } from "./popover";

const KINDS = Object.keys(SHAPE_PARAMETERS) as readonly PrimitiveKind[];

type Wish = "size" | ShapeParameterName;

const WISHES: readonly { readonly wish: Wish; readonly label: string; readonly whole: boolean }[] = [
  { wish: "size", label: "Size, m", whole: false },
  { wish: "segments", label: "Around", whole: true },
  { wish: "rings", label: "Rings", whole: true },
  { wish: "levels", label: "Fineness", whole: true },
  { wish: "tube", label: "Tube", whole: false },
];

export interface AddMenu {
  /** Opens and closes the menu. */
  readonly button: HTMLButtonElement;
  readonly element: HTMLElement;
  /** Opens it with the keyboard in it. */
  readonly open: () => void;
}

/** Every shape there is, with its size and how fine it is; a field left empty is as usual. */
export function createAddMenu(actions: Pick<Actions, "add">): AddMenu {
  const button = iconButton("more", "Add any shape", "add-menu", "+");
  const lines = WISHES.map(({ wish, label, whole }) => {
    const input = numberField(label, `shape-${wish}`);
    input.setAttribute("placeholder", wish === "size" ? "0.5" : "usual");
    return { wish, whole, input, element: h("label", { class: "tool-line", children: [h("span", { text: label }), input] }) };
  });
  const element = h("div", { class: "add-menu card", testId: "shapes", attributes: { popover: "auto", role: "dialog", "aria-label": "Add a shape" } });
  const hide = (): void => {
    if (element.matches(":popover-open")) element.hidePopover();
  };
  const add = (kind: PrimitiveKind): void => {
    const wishes = wishesFor(kind, lines);
    if (!wishes) {
      focusField(lines.find(({ input }) => input.getAttribute("aria-invalid") === "true")?.input);
      return;
    }
    hide();
    void actions.add(kind, undefined, wishes);
  };
  const choices = KINDS.map((kind) => {
    const choice = h("button", { class: "tool", testId: `shape-${kind}`, text: SHAPES[kind].name, attributes: { type: "button" } });
    choice.addEventListener("click", () => add(kind));
    return choice;
  });
  element.append(h("div", { class: "tools", children: choices }), ...lines.map((line) => line.element));

  const open = (): void => {
    if (button.disabled || element.matches(":popover-open")) return;
    element.showPopover();
    placeBelow(element, button);
    choices[0]?.focus();
  };
  button.setAttribute("aria-haspopup", "dialog");
  closeOnEscape(element);
  button.popoverTargetElement = element;
  button.popoverTargetAction = "hide";
  button.addEventListener("click", open);
  return { button, element, open };
}

/** What is wished for that a kind takes; null when a field holds no such number, and is marked. */
function wishesFor(
  kind: PrimitiveKind,
  lines: readonly { readonly wish: Wish; readonly whole: boolean; readonly input: HTMLInputElement }[],
): ShapeWishes | null {
  const takes = parametersOf(kind);
  const wishes: Partial<Record<Wish, number>> = {};
  let isGood = true;
  for (const { wish, whole, input } of lines) {
    input.removeAttribute("aria-invalid");
    const limits = wish === "size" ? { low: 1e-4, high: 1e4 } : takes[wish];
    if (!limits || input.value.trim() === "") continue;
    const value = parseMetres(input.value);
    if (value === null || value < limits.low || value > limits.high || (whole && !Number.isInteger(value))) {
      input.setAttribute("aria-invalid", "true");
      isGood = false;
    } else {
      wishes[wish] = value;
    }
  }
  return isGood ? wishes : null;
}
