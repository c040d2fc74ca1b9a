import { FONT_FAMILY, ICONS, type IconName } from "./look";
import type { Brush } from "./surface";

const ICON_UNITS = 20;

export interface Letters {
  /** Millimetres. */
  readonly em: number;
  readonly colour: string;
  readonly weight?: number;
}

/** Sets how letters look; widths are measured with it, too. */
export function setLetters(brush: Brush, { em, colour, weight = 560 }: Letters): void {
  brush.font = `${weight} ${em}px ${FONT_FAMILY}`;
  brush.fillStyle = colour;
  brush.textBaseline = "middle";
  brush.textAlign = "left";
}

/** A line of text from `x`, its middle at `y`, cut with an ellipsis where it would pass `width`. Returns its width. */
export function drawLine(brush: Brush, text: string, x: number, y: number, width: number): number {
  const fitting = cutTo(brush, text, width);
  brush.fillText(fitting, x, y);
  return brush.measureText(fitting).width;
}

/** The text, or as much of it as fits with an ellipsis. */
export function cutTo(brush: Pick<Brush, "measureText">, text: string, width: number): string {
  if (brush.measureText(text).width <= width) return text;
  const characters = [...text];
  while (characters.length > 0 && brush.measureText(`${characters.join("").trimEnd()}…`).width > width) characters.pop();
  return `${characters.join("").trimEnd()}…`;
}

/** The text in lines no wider than `width`; the last of `linesMax` is cut with an ellipsis. */
export function wrap(brush: Pick<Brush, "measureText">, text: string, width: number, linesMax: number): string[] {
  const lines: string[] = [];
  let line = "";
  const words = text.split(/\s+/u).filter((word) => word !== "");
  for (const [index, word] of words.entries()) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line === "" || brush.measureText(longer).width <= width) {
      line = longer;
      continue;
    }
    if (lines.length === linesMax - 1) {
      line = [line, ...words.slice(index)].join(" ");
      break;
    }
    lines.push(cutTo(brush, line, width));
    line = word;
  }
  return [...lines, cutTo(brush, line, width)];
}

/** A plate with round corners. */
export function drawPlate(brush: Brush, x: number, y: number, width: number, height: number, radius: number, fill: string): void {
  brush.beginPath();
  brush.roundRect(x, y, width, height, radius);
  brush.fillStyle = fill;
  brush.fill();
}

/** A line drawing, `size` wide, its middle at a point. */
export function drawIcon(brush: Brush, name: IconName, x: number, y: number, size: number, colour: string): void {
  brush.save();
  brush.translate(x - size / 2, y - size / 2);
  brush.scale(size / ICON_UNITS, size / ICON_UNITS);
  brush.strokeStyle = colour;
  brush.lineWidth = 1.6;
  brush.lineCap = "round";
  brush.lineJoin = "round";
  brush.stroke(new Path2D(ICONS[name]));
  brush.restore();
}
