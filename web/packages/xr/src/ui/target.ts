import type { Mesh } from "three";
import type { XrTarget } from "./types";

const PRESSED_SECONDS = 0.14;

export type TargetState = "rest" | "hovered" | "pressed" | "disabled";

export interface TargetPorts {
  readonly node: Mesh;
  readonly label: () => string;
  readonly enabled: () => boolean;
  readonly press: () => void;
  readonly changed: () => void;
}

/** What a target is right now: one press shows for a moment, and what is disabled shows nothing else. */
export function createTargetState({ node, label, enabled, press, changed }: TargetPorts) {
  let hovered = false;
  let pressedFor = 0;
  const target: XrTarget = {
    node,
    get label() {
      return label();
    },
    get enabled() {
      return enabled();
    },
    activate() {
      if (!enabled()) return;
      pressedFor = PRESSED_SECONDS;
      changed();
      press();
    },
    setHovered(next) {
      if (next === hovered) return;
      hovered = next;
      changed();
    },
  };
  return {
    target,
    get now(): TargetState {
      if (!enabled()) return "disabled";
      if (pressedFor > 0) return "pressed";
      return hovered ? "hovered" : "rest";
    },
    advance(seconds: number): void {
      if (pressedFor <= 0) return;
      pressedFor -= seconds;
      if (pressedFor <= 0) changed();
    },
  };
}
