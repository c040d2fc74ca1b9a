/** What this page did lately, by gesture, so that it can be told of and done once more. */

import { OPERATIONS } from "@theta/wire";
import type { EncodedOperation } from "./operations";
import type { NamedOperation } from "./outbox";
import type { CommandName } from "./types";

/** So many commands are remembered. */
const COMMANDS_REMEMBERED = 2048;

export interface OwnGestures {
  remember(commands: readonly NamedOperation[]): void;
  /** Empty when nothing of it is remembered. */
  operationsOf(gesture: CommandName): readonly EncodedOperation[];
  /** What its first command is, as the room says it; null when nothing of it is remembered. */
  labelOf(gesture: CommandName): string | null;
}

const LABELS = new Map(Object.values(OPERATIONS).map(({ typeId, name }) => [typeId, name.replace("theta.", "").replaceAll("_", " ")]));

export function createOwnGestures(actor: () => bigint): OwnGestures {
  const commands = new Map<bigint, NamedOperation>();
  const operationsOf = ({ actor: of, number }: CommandName): NamedOperation[] =>
    of === actor() ? [...commands.values()].filter(({ gesture }) => gesture === number) : [];
  return {
    operationsOf,
    labelOf: (gesture) => LABELS.get(operationsOf(gesture)[0]?.typeId ?? 0n) ?? null,
    remember(named) {
      for (const command of named) commands.set(command.number, command);
      for (const number of commands.keys()) {
        if (commands.size <= COMMANDS_REMEMBERED) break;
        commands.delete(number);
      }
    },
  };
}
