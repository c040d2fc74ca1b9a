/** The commands that act on the room as a whole: roles, policies, branches and merges. */

import {
  BRANCH_NAME_CHARACTERS_MAX,
  fromHex,
  GESTURES_PER_COMMAND_MAX,
  GOVERNING_TEXT_CHARACTERS_MAX,
  PUBLIC_KEY_BYTES,
} from "@theta/wire";
import { InvalidOperationError } from "./errors";
import { idBytes } from "./field-checks";
import type { BranchId, GoverningOperation, MergeOptions } from "./history-types";
import { encoded, type EncodedOperation } from "./operations";
import { characterCount, isPrintable } from "./text";

/** Throws `InvalidOperationError`, as all here do. */
export function encodeGoverning(operation: GoverningOperation): EncodedOperation {
  switch (operation.type) {
    case "set_role":
      return encoded("set_role", { author: keyBytes(operation.author), role: operation.role });
    case "kick":
    case "revoke_key":
      checkReason(operation.reason);
      return encoded(operation.type, { author: keyBytes(operation.author), reason: operation.reason });
    case "restore_key":
      return encoded("restore_key", { author: keyBytes(operation.author) });
    case "set_strategy":
      return encoded("set_strategy", { command: operation.command, strategy: operation.strategy });
    case "set_permission":
      return encoded("set_permission", { command: operation.command, role: operation.role });
    case "set_cascade":
      return encoded("set_cascade", { allowed: operation.allowed });
  }
}

export function encodeCreateBranch(name: string, parent: BranchId, fork: bigint): EncodedOperation {
  const count = characterCount(name);
  if (count < 1 || count > BRANCH_NAME_CHARACTERS_MAX || !isPrintable(name)) {
    throw new InvalidOperationError("name", `1 to ${BRANCH_NAME_CHARACTERS_MAX} printable characters`);
  }
  if (fork < 1n) throw new InvalidOperationError("fork", "a record of the log");
  return encoded("create_branch", { name, parent: idBytes("parent", parent), fork });
}

export function encodeMerge(source: BranchId, at: bigint, { strategy, dropped = [] }: MergeOptions): EncodedOperation {
  if (dropped.length > GESTURES_PER_COMMAND_MAX) {
    throw new InvalidOperationError("dropped", `at most ${GESTURES_PER_COMMAND_MAX} gestures`);
  }
  return encoded("merge_branch", { source: idBytes("source", source), at, strategy: strategy ?? "", dropped });
}

function keyBytes(author: string): Uint8Array {
  if (!/^[0-9a-f]+$/.test(author) || author.length !== 2 * PUBLIC_KEY_BYTES) {
    throw new InvalidOperationError("author", `a key of ${2 * PUBLIC_KEY_BYTES} hexadecimal digits`);
  }
  return fromHex(author);
}

function checkReason(reason: string): void {
  const fits = characterCount(reason) <= GOVERNING_TEXT_CHARACTERS_MAX && (reason === "" || isPrintable(reason));
  if (!fits) throw new InvalidOperationError("reason", `at most ${GOVERNING_TEXT_CHARACTERS_MAX} printable characters`);
}
