/** What the client offers about who did what and when: undo, conflicts, branches, the past, and who may do what. */

import type { Actor, AuthorKey, CommandName, ElementId, EntityId, Outcome, Role } from "./types";

export type BranchId = string;

/** The branch that every room begins with. */
export const MAIN = "0".repeat(32);

// -- undo -------------------------------------------------------------------------------------------------------------

/** Work of somebody else that an undo would bring to nothing. */
export interface Dependant {
  readonly author: string;
  /** What they did, for example "extrude face". */
  readonly label: string;
  readonly entity: EntityId;
  /** What a cascade takes back of theirs; empty when it is too much for one. */
  readonly gestures: readonly CommandName[];
}

export interface HistoryStep {
  /** What it would undo or redo, for a button or a tooltip. */
  readonly label: string;
  readonly gestures: readonly CommandName[];
  /** What others built on it; of a redo, what of theirs comes back with it. */
  readonly dependants: readonly Dependant[];
  /** The people who built on it; not empty: an undo is refused, unless it cascades. */
  readonly blockedBy: readonly string[];
}

export interface HistoryView {
  readonly undo: HistoryStep | null;
  readonly redo: HistoryStep | null;
}

// -- conflicts --------------------------------------------------------------------------------------------------------

export type Strategy = "last-writer-wins" | "merge" | "reject";

/** Two edited the same at once. */
export interface Conflict {
  readonly entity: EntityId;
  /** Elements of its mesh that my gesture names, the first few. */
  readonly elements: readonly ElementId[];
  readonly strategy: string;
  readonly mine: CommandName;
  readonly myLabel: string;
  readonly theirs: CommandName;
  readonly theirName: string;
  readonly theirLabel: string;
  /** What became of the later one of the two. */
  readonly outcome: Outcome;
}

// -- branches ---------------------------------------------------------------------------------------------------------

export interface Branch {
  readonly id: BranchId;
  readonly name: string;
  /** It holds what this one held at record `fork`, and its own since. */
  readonly parent: BranchId;
  readonly fork: bigint;
  readonly authorName: string;
  /** Milliseconds since 1970 on the room's clock. */
  readonly atMs: number;
}

export interface BranchesView {
  /** The main one first. */
  readonly all: readonly Branch[];
  /** Whose document this is. */
  readonly current: BranchId;
}

export interface MergeOptions {
  /** Of conflicts between the two; left out, the room's policies decide. */
  readonly strategy?: Strategy;
  /** Gestures that are left out of the branch from then on. */
  readonly dropped?: readonly CommandName[];
}

// -- the past ---------------------------------------------------------------------------------------------------------

/** A gesture, and whose it is. */
export interface PastStep {
  /** The record in which it was done. */
  readonly seq: bigint;
  readonly gesture: CommandName;
  readonly author: AuthorKey;
  readonly authorName: string;
  /** 0xRRGGBB. */
  readonly colour: number;
  readonly label: string;
  /** Null for what governs the room. */
  readonly entity: EntityId | null;
  readonly outcome: Outcome;
  readonly atMs: number;
}

export interface PastPage {
  /** Newest first. */
  readonly steps: readonly PastStep[];
  /** There are older ones. */
  readonly more: boolean;
}

/** Who made something, with which command. */
export interface Maker {
  readonly actor: Actor;
  readonly author: AuthorKey;
  readonly name: string;
  /** 0xRRGGBB. */
  readonly colour: number;
  readonly label: string;
  readonly seq: bigint;
  readonly atMs: number;
}

// -- who may do what --------------------------------------------------------------------------------------------------

export type GoverningOperation =
  | { readonly type: "set_role"; readonly author: AuthorKey; readonly role: Role }
  | { readonly type: "kick"; readonly author: AuthorKey; readonly reason: string }
  | { readonly type: "revoke_key"; readonly author: AuthorKey; readonly reason: string }
  | { readonly type: "restore_key"; readonly author: AuthorKey }
  /** Of a command type's name, or "*" for all. */
  | { readonly type: "set_strategy"; readonly command: string; readonly strategy: Strategy }
  | { readonly type: "set_permission"; readonly command: string; readonly role: Role }
  | { readonly type: "set_cascade"; readonly allowed: boolean };

/** What the room's policies say of one type of command. */
export interface PolicyRule {
  /** Its name, for example "theta.paint". */
  readonly command: string;
  /** Of its conflicts; null when it can have none. */
  readonly strategy: Strategy | null;
  /** The least one that may use it. */
  readonly role: Role;
}

export interface Policies {
  /** For what was given none of its own. */
  readonly strategy: Strategy;
  /** Whether an undo may take back what others built on it. */
  readonly cascade: boolean;
  /** Every type of command that is not for admins only, by name. */
  readonly rules: readonly PolicyRule[];
}

export interface Invite {
  readonly role: Role;
  readonly token: string;
  /** Milliseconds since 1970 on the room's clock; null when it does not end. */
  readonly expiresMs: number | null;
}
