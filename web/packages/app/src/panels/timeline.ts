import { RefusedError, type PastStep, type RoomClient } from "@theta/client";
import { plateOf } from "@theta/scene";
import { cssColour, h, iconButton } from "../dom";
import { createPastSteps, type PastSteps } from "../past-steps";
import { OUTCOME_WORDS, stepWords, whenWords } from "../words";

/** Between two looks while it is dragged: the room folds each. */
const LOOK_MILLISECONDS = 120;
const AGAIN_MILLISECONDS = 500;
/** More ticks than this stand without gaps. */
const GAPS_MAX = 160;

export interface TimelinePorts {
  readonly client: RoomClient;
  readonly explain: (error: unknown) => void;
  /** A branch that begins at a record. */
  readonly branchOff: (fork: bigint) => void;
  readonly leave: () => void;
}

export interface Timeline {
  readonly element: HTMLElement;
  readonly isOpen: boolean;
  /** Opens it, at a record or at now. */
  open(seq?: bigint): void;
  /** Closes it; the room is shown as it is now. */
  close(): void;
}

/** What was done, in the order in which it was, to scrub: the room is shown as it was after each step. */
export function createTimeline(ports: TimelinePorts): Timeline {
  const { client, explain } = ports;
  const parts = createParts();
  const { element, range, track, ahead, said, branch, close, earlier, later } = parts;
  const past = createPastSteps(client);
  const look = createLook(ports);
  /** How many steps are done where one looks; as many as there are: now. */
  let position = 0;
  let isOpen = false;
  let isBusy = false;

  const draw = (): void => {
    const { steps } = past;
    range.max = String(steps.length);
    range.value = String(position);
    range.disabled = steps.length === 0;
    track.style.background = ticksOf(steps);
    ahead.style.width = `${steps.length === 0 ? 0 : (100 * (steps.length - position)) / steps.length}%`;
    const isNow = position === steps.length;
    const step = steps[position - 1];
    sayWhere(said, step, isNow, past.more);
    range.setAttribute("aria-valuetext", said.textContent);
    branch.disabled = isNow || !step || (client.connection.phase === "online" && client.connection.role === "viewer");
    earlier.disabled = position === 0 && !past.more;
    later.disabled = isNow;
  };
  const go = async (to: number): Promise<void> => {
    position = Math.max(0, Math.min(to, past.steps.length));
    draw();
    look.at(position === past.steps.length ? null : (past.steps[position - 1]?.seq ?? 1n));
    if (position > 0 || !past.more || isBusy) return;
    await load(async () => {
      const before = past.steps.length;
      await past.older();
      position += past.steps.length - before;
    });
  };
  const load = async (run: () => Promise<void>): Promise<void> => {
    isBusy = true;
    try {
      await run();
    } catch (error) {
      if (isOpen && !isRateLimit(error)) explain(error);
    } finally {
      isBusy = false;
    }
    draw();
  };
  const refresh = (): Promise<void> =>
    load(async () => {
      const isNow = position === past.steps.length;
      const at = past.steps[position - 1];
      await past.refresh();
      position = isNow ? past.steps.length : placeOf(past, at?.seq ?? 0n);
    });
  const shut = (): void => {
    if (!isOpen) return;
    isOpen = false;
    element.hidden = true;
    delete document.documentElement.dataset.timeline;
    past.clear();
    position = 0;
    look.at(null);
    ports.leave();
  };

  range.addEventListener("input", () => void go(Number(range.value)));
  earlier.addEventListener("click", () => void go(position - 1));
  later.addEventListener("click", () => void go(position + 1));
  close.addEventListener("click", shut);
  branch.addEventListener("click", () => {
    const step = past.steps[position - 1];
    if (step) ports.branchOff(step.seq);
  });
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    shut();
  });
  let refreshing = 0;
  client.on("status", () => {
    if (!isOpen) return;
    // From the banner, or because one goes to another branch.
    if (client.document.moment === null && !look.isUnderWay && position !== past.steps.length) position = past.steps.length;
    draw();
    clearTimeout(refreshing);
    const newest = past.steps.at(-1)?.seq ?? 0n;
    if (client.document.seq > newest) refreshing = window.setTimeout(() => void refresh(), AGAIN_MILLISECONDS);
  });
  client.on("branches", () => {
    if (isOpen) shut();
  });

  return {
    element,
    get isOpen() {
      return isOpen;
    },
    close: shut,
    open(seq) {
      isOpen = true;
      element.hidden = false;
      document.documentElement.dataset.timeline = "open";
      range.focus();
      void (async () => {
        await refresh();
        if (seq === undefined) return;
        await load(() => past.reach(seq));
        await go(placeOf(past, seq));
      })();
    },
  };
}

/** How many steps are done at a record. */
function placeOf({ steps }: PastSteps, seq: bigint): number {
  return steps.filter((step) => step.seq <= seq).length;
}

/** Looks at one moment after the other, the last that was wanted at the latest. */
function createLook({ client, explain }: Pick<TimelinePorts, "client" | "explain">) {
  let timer = 0;
  let lastAt = -Infinity;
  let underWay = 0;
  let isWaiting = false;
  const run = async (seq: bigint | null): Promise<void> => {
    isWaiting = false;
    lastAt = performance.now();
    underWay += 1;
    try {
      await client.lookAt(seq);
    } catch (error) {
      if (isRateLimit(error)) at(seq, AGAIN_MILLISECONDS);
      else explain(error);
    } finally {
      underWay -= 1;
    }
  };
  const at = (seq: bigint | null, after = LOOK_MILLISECONDS - (performance.now() - lastAt)): void => {
    clearTimeout(timer);
    isWaiting = true;
    if (seq === null) void run(null);
    else timer = window.setTimeout(() => void run(seq), Math.max(0, after));
  };
  return {
    at: (seq: bigint | null): void => at(seq),
    get isUnderWay() {
      return isWaiting || underWay > 0;
    },
  };
}

function isRateLimit(error: unknown): boolean {
  return error instanceof RefusedError && error.code === "RateLimited";
}

function createParts() {
  const said = h("p", { class: "said", testId: "timeline-said", attributes: { role: "status" } });
  const range = h("input", {
    testId: "timeline-range",
    attributes: { type: "range", min: "0", max: "0", step: "1", "aria-label": "Moment" },
  });
  const track = h("div", { class: "track", attributes: { "aria-hidden": "true" } });
  const ahead = h("div", { class: "ahead", attributes: { "aria-hidden": "true" } });
  const earlier = iconButton("left", "One step back", "timeline-earlier");
  const later = iconButton("right", "One step on", "timeline-later");
  const text = (label: string, testId: string, title: string): HTMLButtonElement =>
    h("button", { class: "button small", text: label, testId, attributes: { type: "button", title } });
  const branch = text("Branch from here", "timeline-branch", "Makes a branch that begins at this moment, and goes there");
  const close = iconButton("close", "Close the timeline", "timeline-close", "Esc");
  const heading = h("h2", { text: "Timeline", attributes: { id: "timeline-heading" } });
  const element = h("section", {
    class: "card timeline",
    testId: "timeline",
    attributes: { "aria-labelledby": heading.id },
    children: [
      h("header", { children: [heading, said, branch, close] }),
      h("div", { class: "scrubber", children: [earlier, h("div", { class: "rail", children: [track, ahead, range] }), later] }),
    ],
  });
  element.hidden = true;
  return { element, range, track, ahead, said, branch, close, earlier, later };
}

function sayWhere(said: HTMLElement, step: PastStep | undefined, isNow: boolean, more: boolean): void {
  if (isNow || !step) {
    said.replaceChildren(isNow ? (step ? "Now" : "Nothing was done here yet") : more ? "Looking further back …" : "At the very beginning");
    return;
  }
  const dot = h("span", { class: "dot person-dot", attributes: { "aria-hidden": "true" } });
  dot.style.backgroundColor = cssColour(plateOf(step.colour));
  said.replaceChildren(
    dot,
    h("b", { text: step.authorName }),
    ` ${stepWords(step.label)}${OUTCOME_WORDS[step.outcome]}`,
    h("span", { class: "note", text: whenWords(step.atMs, Date.now(), true) }),
  );
}

/** A tick for each step in its author's colour, pale when it came to nothing. */
export function ticksOf(steps: readonly PastStep[]): string {
  if (steps.length === 0) return "";
  const width = 100 / steps.length;
  const gap = steps.length > GAPS_MAX ? 0 : Math.min(width * 0.25, 0.35);
  const stops = steps.flatMap(({ colour, outcome }, at) => {
    const isDone = outcome === "applied" || outcome === "merged";
    const ink = `${cssColour(plateOf(colour))}${isDone ? "" : "55"}`;
    const [from, to] = [at * width, (at + 1) * width];
    return [`${ink} ${from.toFixed(3)}% ${(to - gap).toFixed(3)}%`, `transparent ${(to - gap).toFixed(3)}% ${to.toFixed(3)}%`];
  });
  return `linear-gradient(to right, ${stops.join(", ")})`;
}
