const AWAY_PIXELS = 12;

/** Puts an open popover under what it belongs to, or above it where there is no room, within the window. */
export function placeBelow(element: HTMLElement, anchor: HTMLElement): void {
  const { left, top, bottom } = anchor.getBoundingClientRect();
  const { offsetWidth, offsetHeight } = element;
  element.style.left = `${Math.max(8, Math.min(left, innerWidth - offsetWidth - 8))}px`;
  const fits = bottom + AWAY_PIXELS + offsetHeight <= innerHeight - 8;
  element.style.top = `${Math.max(8, fits ? bottom + AWAY_PIXELS : top - AWAY_PIXELS - offsetHeight)}px`;
}

/** Escape closes an open popover, and does nothing else. */
export function closeOnEscape(element: HTMLElement): void {
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    if (element.matches(":popover-open")) element.hidePopover();
  });
}
