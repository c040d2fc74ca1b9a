import { RefusedError, type CommandName, type Conflict, type Correction, type Dependant, type HistoryStep, type RoomClient } from "@theta/client";
import { elementIndex, kindOf, selectionOf, type SelectMode, type ThetaScene } from "@theta/scene";
import type { CardAction, CardContent, Cards } from "./cards";
import type { Notices } from "./notices";
import { list, reasonWords, stepWords } from "./words";

export interface HistoryCardPorts {
  readonly client: RoomClient;
  readonly scene: () => ThetaScene;
  readonly cards: Cards;
  readonly notices: Notices;
  /** Says in words why something failed. */
  readonly explain: (error: unknown) => void;
}

export interface HistoryCards {
  /** An undo is refused, because others built on what it would take back. */
  refuseUndo(step: HistoryStep): void;
  /** The refused undo is answered: by another press, or because nothing is in its way any more. */
  settle(): void;
  /** Makes a branch of what was there at `fork` (now, when left out), goes there, and does something. */
  branchOff(fork?: bigint, then?: () => Promise<unknown> | null): Promise<void>;
}

/** More of them than fit on a card are counted. */
const LINES_MAX = 4;
const CONFLICTS_REMEMBERED = 200;

/** The cards about what others did to one's work, and what one can do about it. */
export function createHistoryCards(ports: HistoryCardPorts): HistoryCards {
  const { client, cards, notices, explain } = ports;
  const attempt = (run: () => Promise<unknown> | null): void => void run()?.catch(explain);
  const branchOff = createBranchOff(ports);
  const show = (entity: string, elements: readonly string[], before: bigint | null): CardAction => ({
    ...{ id: "show", label: "Show", keeps: true },
    run: () => showPlace(ports, entity, elements, before),
  });

  /** By gesture of mine and what became of it: who else is in it. */
  const others = new Map<string, Set<string>>();

  client.on("conflict", (conflict) => {
    const topic = `conflict ${nameOf(conflict.mine)} ${conflict.outcome}`;
    const names = (others.get(topic) ?? new Set()).add(conflict.theirName);
    others.set(topic, names);
    for (const oldest of others.keys()) {
      if (others.size <= CONFLICTS_REMEMBERED) break;
      others.delete(oldest);
    }
    notices.clear("corrected");
    const told = tellingOf({ ...conflict, theirName: list([...names]) }, client.isLater(conflict.mine, conflict.theirs));
    const theirRecord = client.recordOf(conflict.theirs);
    const place = show(conflict.entity, conflict.elements, theirRecord === null ? null : theirRecord - 1n);
    if (!told.isLoss) {
      notices.show(told.title, { detail: told.detail, topic, action: place });
      return;
    }
    const repeat = (): Promise<unknown> | null => client.repeat(conflict.mine);
    const actions: CardAction[] = [place];
    const isGone = conflict.outcome === "no-op" || conflict.outcome === "suspended";
    if (!isGone) {
      actions.push({ id: "restore", label: "Restore", title: "Does yours once more, after theirs", run: () => attempt(repeatOr(notices, repeat)) });
    }
    const fork = forkFor(client, conflict, isGone);
    actions.push({
      ...{ id: "branch", label: "Branch", title: "Takes yours to a branch of its own; here it stays as it is" },
      run: () => void branchOff(fork.at, fork.repeats ? repeat : undefined),
    });
    cards.show(topic, { title: told.title, detail: told.detail, actions });
  });

  client.on("corrected", (correction) => {
    if (correction.outcome !== "suspended") return;
    cards.show(`taken ${nameOf(correction.gesture)}`, takenBack(correction, ports, branchOff));
  });

  client.on("history", ({ undo }) => {
    if (!undo || undo.blockedBy.length === 0) cards.clear("undo");
  });

  return {
    branchOff,
    settle: () => cards.clear("undo"),
    refuseUndo(step) {
      const gestures = step.dependants.flatMap((one) => one.gestures);
      const canCascade = step.dependants.every((one) => one.gestures.length > 0);
      const first = step.dependants[0];
      const undo = (): Promise<unknown> => client.takeBack(step.gestures, gestures);
      const actions: CardAction[] = [];
      if (first) actions.push(show(first.entity, [], null));
      if (canCascade) {
        const title = "Takes their part back as well; they are told, and can restore it";
        actions.push({ id: "cascade", label: "Cascade", title, run: () => attempt(undo) });
        actions.push({ id: "branch", label: "Branch", title: "Takes both back on a branch of its own; here all stays", run: () => void branchOff(undefined, undo) });
      }
      cards.show("undo", {
        title: `Can't undo ${stepWords(step.label)}`,
        detail: `${list(step.blockedBy)} built on this since, so it stays.`,
        lines: dependantLines(step.dependants),
        actions,
      });
    },
  };
}

interface Telling {
  readonly title: string;
  readonly detail: string;
  /** Something of one's own is lost: a card stays until it is answered. */
  readonly isLoss: boolean;
}

/** What a conflict means for this person, in words. `isLater`: mine comes after theirs; null when that is not known. */
export function tellingOf({ outcome, myLabel, theirLabel, theirName }: Conflict, isLater: boolean | null): Telling {
  const [mine, theirs] = [stepWords(myLabel), stepWords(theirLabel)];
  const atOnce = "You both did it at the same moment";
  if (outcome === "merged") {
    return { title: `You and ${theirName} changed the same at once`, detail: `Your ${mine} and theirs both count.`, isLoss: false };
  }
  if (outcome === "applied") {
    return isLater === true
      ? { title: `Your ${mine} took the place of ${theirName}’s ${theirs}`, detail: `${atOnce}; ${theirName} is told.`, isLoss: false }
      : { title: `${theirName}’s ${theirs} took the place of your ${mine}`, detail: `${atOnce}, and theirs counts as the later one.`, isLoss: true };
  }
  if (outcome === "rejected") {
    return isLater === false
      ? { title: `${theirName}’s ${theirs} was refused`, detail: `${atOnce}, and yours was first.`, isLoss: false }
      : { title: `Your ${mine} was refused`, detail: `${theirName}’s ${theirs} was first, and of two at once this room takes only one.`, isLoss: true };
  }
  return isLater === false
    ? { title: `${theirName}’s ${theirs} came to nothing`, detail: `Your ${mine} took away what it was on; ${theirName} is told.`, isLoss: false }
    : { title: `Your ${mine} came to nothing`, detail: `${theirName}’s ${theirs} took away what it was on, at the same moment.`, isLoss: true };
}

/** Where a branch begins on which mine counts, and whether it has to be done once more there. */
function forkFor(client: RoomClient, { mine, theirs }: Conflict, isGone: boolean): { at: bigint | undefined; repeats: boolean } {
  const [own, other] = [client.recordOf(mine), client.recordOf(theirs)];
  // What it was on is gone: only before theirs it is there.
  if (!isGone || other === null || other <= 1n) return { at: undefined, repeats: true };
  return { at: other - 1n, repeats: own === null || own >= other };
}

function takenBack({ gesture, reason, against }: Correction, { client, scene, cards, notices, explain }: HistoryCardPorts, branchOff: HistoryCards["branchOff"]): CardContent {
  const record = against[0] ? client.recordOf(against[0]) : null;
  const actions: CardAction[] = [
    {
      ...{ id: "restore", label: "Restore", title: "Puts yours into effect again" },
      run: () => void client.restore([gesture]).catch(explain),
    },
  ];
  if (record !== null && record > 1n) {
    actions.unshift({ id: "show", label: "Show", keeps: true, run: () => showMoment({ client, scene, cards, notices, explain }, record - 1n) });
    actions.push({ id: "branch", label: "Branch", title: "A branch on which it was not taken back", run: () => void branchOff(record - 1n) });
  }
  const detail = reason === "" ? "It was built on something that its author undid." : `${reasonWords(reason)}.`;
  const label = client.labelOf(gesture);
  return { title: `${label === null ? "Something of yours" : `Your ${stepWords(label)}`} was taken back`, detail, actions };
}

function repeatOr(notices: Notices, repeat: () => Promise<unknown> | null): () => Promise<unknown> | null {
  return () => {
    const repeated = repeat();
    if (repeated === null) {
      notices.show("This page no longer knows what you did", { kind: "warning", topic: "restore", detail: "It was before you loaded it." });
    }
    return repeated;
  };
}

function dependantLines(dependants: readonly Dependant[]): string[] {
  const counts = new Map<string, number>();
  for (const { author, label } of dependants) {
    const line = `${author}: ${stepWords(label)}`;
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  const lines = [...counts].map(([line, count]) => (count > 1 ? `${line} × ${count}` : line));
  return lines.length <= LINES_MAX ? lines : [...lines.slice(0, LINES_MAX - 1), `and ${lines.length - LINES_MAX + 1} more`];
}

function createBranchOff({ client, notices, explain }: HistoryCardPorts): HistoryCards["branchOff"] {
  return async (fork, then) => {
    const here = client.branches.all.find(({ id }) => id === client.branches.current)?.name ?? "main";
    try {
      await client.lookAt(null);
      const branch = await client.createBranch(freeName(client), fork);
      await client.switchBranch(branch);
      const name = client.branches.all.find(({ id }) => id === branch)?.name ?? "";
      notices.show(`You are on “${name}” now`, { topic: "branch", detail: `“${here}” is as it was; Shift B leads back.` });
      await then?.();
    } catch (error) {
      if (error instanceof RefusedError && error.code === "NoEffect") explain(new Error("the room made no branch: try again"));
      else explain(error);
    }
  };
}

/** A name for a branch that the room has none of yet. */
export function freeName({ people, branches }: Pick<RoomClient, "people" | "branches">): string {
  const own = people.find(({ self }) => self)?.name ?? "My";
  const base = `${own}’s branch`;
  const taken = new Set(branches.all.map(({ name }) => name));
  let name = base;
  for (let number = 2; taken.has(name); number += 1) name = `${base} ${number}`;
  return name;
}

/** Selects what it is about and looks at it; where it is no more, at the room as it was before. */
function showPlace(ports: HistoryCardPorts, entity: string, elements: readonly string[], before: bigint | null): void {
  const { client, notices } = ports;
  if (selectPlace(ports, entity, elements)) return;
  if (before === null || before < 1n) {
    notices.show("It is not there any more", { topic: "show" });
    return;
  }
  void showMoment(ports, before).then((isShown) => {
    if (isShown && client.document.moment === before) selectPlace(ports, entity, elements);
  });
}

async function showMoment({ client, explain }: HistoryCardPorts, seq: bigint): Promise<boolean> {
  try {
    return await client.lookAt(seq);
  } catch (error) {
    explain(error);
    return false;
  }
}

/** False when nothing of it is there. */
function selectPlace({ client, scene }: HistoryCardPorts, entity: string, elements: readonly string[]): boolean {
  const found = client.document.entities.get(entity);
  if (!found) return false;
  const { selection } = scene();
  const { mesh } = found;
  for (const mode of ["face", "edge", "vertex"] satisfies SelectMode[]) {
    const there = mesh ? elements.filter((id) => elementIndex(mesh, mode, id) !== undefined) : [];
    if (there.length === 0) continue;
    if (kindOf(selection.state.mode) !== mode) selection.setMode(mode);
    selection.select(selectionOf(entity, mode, there));
    scene().frame();
    return true;
  }
  // The object is there, and what of it this is about is not: in the past it is.
  if (elements.length > 0 && client.document.moment === null) return false;
  selection.setMode("object");
  selection.select({ kind: "object", entity });
  scene().frame();
  return true;
}

function nameOf({ actor, number }: CommandName): string {
  return `${actor}-${number}`;
}
