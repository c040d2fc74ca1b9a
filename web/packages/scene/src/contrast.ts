/** Of text on its ground, as WCAG 2 asks of text of any size. */
export const CONTRAST_MIN = 4.5;

/** Relative luminance of a colour (0xRRGGBB), 0 to 1. */
export function luminanceOf(colour: number): number {
  const linear = (channel: number): number => {
    const value = ((colour >> channel) & 255) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(16) + 0.7152 * linear(8) + 0.0722 * linear(0);
}

/** Between two colours (0xRRGGBB), 1 to 21. */
export function contrastOf(one: number, other: number): number {
  const [bright, dark] = [luminanceOf(one), luminanceOf(other)].sort((a, b) => b - a) as [number, number];
  return (bright + 0.05) / (dark + 0.05);
}

/** Brighter than this, a colour is written on in black. */
const BRIGHT_LUMINANCE = 0.36;

/** Black or white, whichever suits a colour (0xRRGGBB). */
export function inkOn(colour: number): "#ffffff" | "#10151f" {
  return luminanceOf(colour) > BRIGHT_LUMINANCE ? "#10151f" : "#ffffff";
}

/** A person's colour as a ground that `inkOn` reads on: darker where white would be too faint. */
export function plateOf(colour: number): number {
  let plate = colour;
  for (let share = 0.98; inkOn(plate) === "#ffffff" && contrastOf(plate, 0xffffff) < CONTRAST_MIN; share -= 0.02) {
    plate = [16, 8, 0].reduce((darker, channel) => darker | (Math.round(((colour >> channel) & 255) * share) << channel), 0);
  }
  return plate;
}

/** A colour (0xRRGGBB) as style sheets write it. */
export function cssColour(colour: number): string {
  return `#${colour.toString(16).padStart(6, "0")}`;
}
