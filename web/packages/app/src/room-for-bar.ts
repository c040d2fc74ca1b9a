/** Tells the style sheet where the bar at the top ends, so that nothing lies over it however many lines it has. */
export function keepRoomFor(bar: HTMLElement, root: HTMLElement = document.documentElement): void {
  new ResizeObserver(() => {
    root.style.setProperty("--below-bar", `calc(${bar.getBoundingClientRect().bottom}px + var(--gap))`);
  }).observe(bar);
}
