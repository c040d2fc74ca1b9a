import { drawIcon, drawLine, drawPlate, setLetters } from "./brush";
import { COLOURS, type IconName } from "./look";
import type { Box, ItemLook, TargetSpec } from "./panel";
import type { Brush } from "./surface";
import type { TargetState } from "./target";

const RADIUS_MM = 8;
const ICON_MM = 17;
const PADDING_MM = 6;
const GAP_MM = 4;
const HOVER_RIM_MM = 1;
const MM = 1000;

export interface ButtonSpec {
  readonly box: Box;
  readonly page?: string;
  readonly emM: number;
  /** What it is called. */
  readonly label: string;
  /** What is written on it, where that is shorter. */
  readonly caption?: string;
  readonly icon?: IconName;
  /** It makes what its icon shows: a small plus says so. */
  readonly adds?: boolean;
  /** A second line below the label. */
  readonly detail?: () => string;
  /** It is the one chosen of several, or switched on. */
  readonly active?: () => boolean;
  /** Its letters, when it is not chosen: danger or warning. */
  readonly ink?: () => string;
  readonly enabled: () => boolean;
  readonly press: () => void;
}

/** Letters and ground of a button. */
export function buttonColours(state: TargetState, active: boolean, ink: string = COLOURS.ink): [string, string] {
  // What is off lies flat on the panel; its letters stay legible.
  if (state === "disabled") return active ? [COLOURS.inkSoft, COLOURS.field] : [COLOURS.inkFaint, COLOURS.panel];
  if (state === "pressed") return [COLOURS.accentInk, COLOURS.accent];
  if (active) return [COLOURS.accentText, COLOURS.accentSoft];
  return [ink, state === "hovered" ? COLOURS.fieldHover : COLOURS.field];
}

/** A button with an icon, a label, and perhaps a second line. */
export function button(spec: ButtonSpec): TargetSpec {
  const { box, page, emM, label, caption = label, icon, detail, enabled, press } = spec;
  const colours = (state: TargetState) => buttonColours(state, spec.active?.() ?? false, spec.ink?.());
  const em = emM * MM;
  const height = box.height * MM;
  const width = box.width * MM;
  return {
    ...{ box, page, enabled, press },
    look(state): ItemLook {
      const [foreground, background] = colours(state);
      const second = detail?.() ?? "";
      return { label: second ? `${label} ${second}` : label, emM, foreground, background };
    },
    paint(brush, state) {
      const [foreground, background] = colours(state);
      drawButtonPlate(brush, width, height, background, state);
      const left = icon ? PADDING_MM + ICON_MM + GAP_MM : PADDING_MM;
      if (icon) drawIcon(brush, icon, PADDING_MM + ICON_MM / 2, height / 2, ICON_MM, foreground);
      if (spec.adds) drawPlus(brush, PADDING_MM + ICON_MM - 2, height / 2 + ICON_MM / 2 - 2, foreground, background);
      const room = width - left - GAP_MM;
      const second = detail?.() ?? "";
      setLetters(brush, { em, colour: foreground });
      drawLine(brush, caption, left, height / 2 - (second ? em * 0.6 : 0), room);
      if (!second) return;
      setLetters(brush, { em, colour: foreground, weight: 400 });
      drawLine(brush, second, left, height / 2 + em * 0.62, room);
    },
  };
}

export interface SwitchSpec {
  readonly box: Box;
  readonly page?: string;
  readonly emM: number;
  readonly label: string;
  readonly on: () => boolean;
  readonly enabled: () => boolean;
  readonly press: () => void;
}

/** A line with a switch at its end. */
export function toggleSwitch({ box, page, emM, label, on, enabled, press }: SwitchSpec): TargetSpec {
  const height = box.height * MM;
  const width = box.width * MM;
  const track = { width: 34, height: 19 };
  return {
    ...{ box, page, enabled, press },
    look(state) {
      const [foreground, background] = buttonColours(state, false);
      return { label: `${label} ${on() ? "on" : "off"}`, emM, foreground, background };
    },
    paint(brush, state) {
      const [foreground, background] = buttonColours(state, false);
      drawButtonPlate(brush, width, height, background, state);
      setLetters(brush, { em: emM * MM, colour: foreground });
      const trackLeft = width - PADDING_MM - track.width;
      drawLine(brush, label, PADDING_MM, height / 2, trackLeft - PADDING_MM - GAP_MM);
      const top = (height - track.height) / 2;
      drawPlate(brush, trackLeft, top, track.width, track.height, track.height / 2, on() ? COLOURS.accent : COLOURS.inkFaint);
      const knob = track.height / 2 - 2.5;
      brush.beginPath();
      brush.arc(on() ? trackLeft + track.width - knob - 2.5 : trackLeft + knob + 2.5, height / 2, knob, 0, Math.PI * 2);
      brush.fillStyle = on() ? "#ffffff" : COLOURS.panel;
      brush.fill();
    },
  };
}

export interface SwatchSpec {
  readonly box: Box;
  readonly page?: string;
  readonly label: string;
  readonly colour: string;
  /** The selection has this colour. */
  readonly active: () => boolean;
  readonly enabled: () => boolean;
  readonly press: () => void;
}

/** A colour to press; the rim sets dark ones off from the panel. */
export function swatch({ box, page, label, colour, active, enabled, press }: SwatchSpec): TargetSpec {
  const size = box.width * MM;
  const height = box.height * MM;
  return {
    ...{ box, page, enabled, press },
    look: () => ({ label: active() ? `${label}, chosen` : label, emM: 0, foreground: COLOURS.inkFaint, background: COLOURS.panel }),
    paint(brush, state) {
      const chosen = active();
      const inset = state === "disabled" ? 8 : state === "pressed" ? 5 : 3;
      drawPlate(brush, inset, inset, size - inset * 2, height - inset * 2, RADIUS_MM - inset / 2, colour);
      brush.lineWidth = chosen || state === "hovered" ? 2.2 : 1;
      brush.strokeStyle = chosen ? COLOURS.accentText : state === "hovered" ? COLOURS.ink : COLOURS.inkFaint;
      brush.beginPath();
      const rim = chosen || state === "hovered" ? 1.4 : inset;
      brush.roundRect(rim, rim, size - rim * 2, height - rim * 2, RADIUS_MM - rim / 2);
      brush.stroke();
    },
  };
}

/** At an icon's lower right corner, cut out of it. */
function drawPlus(brush: Brush, x: number, y: number, colour: string, ground: string): void {
  brush.beginPath();
  brush.arc(x, y, 4.6, 0, Math.PI * 2);
  brush.fillStyle = ground;
  brush.fill();
  brush.beginPath();
  brush.moveTo(x - 3, y);
  brush.lineTo(x + 3, y);
  brush.moveTo(x, y - 3);
  brush.lineTo(x, y + 3);
  brush.lineWidth = 1.7;
  brush.lineCap = "round";
  brush.strokeStyle = colour;
  brush.stroke();
}

function drawButtonPlate(brush: Brush, width: number, height: number, fill: string, state: TargetState): void {
  if (state === "disabled" && fill === COLOURS.panel) return;
  drawPlate(brush, 0, 0, width, height, RADIUS_MM, fill);
  if (state !== "hovered") return;
  brush.lineWidth = HOVER_RIM_MM;
  brush.strokeStyle = COLOURS.accent;
  brush.beginPath();
  brush.roundRect(HOVER_RIM_MM / 2, HOVER_RIM_MM / 2, width - HOVER_RIM_MM, height - HOVER_RIM_MM, RADIUS_MM);
  brush.stroke();
}
