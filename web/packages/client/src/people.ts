/** Who is in the room, and what they say. */

import { type Chat, CHAT_HISTORY_MAX, type Roster, toHex } from "@theta/wire";
import type { Actor, ChatMessage, Person } from "./types";

export function createPeople() {
  let people: readonly Person[] = [];
  let lines: readonly ChatMessage[] = [];
  return {
    get people(): readonly Person[] {
      return people;
    },
    get lines(): readonly ChatMessage[] {
      return lines;
    },
    handleRoster(roster: Roster, own: Actor): void {
      people = roster.people.map(({ actor, author, name, colour, role }) => ({
        actor,
        author: toHex(author),
        name,
        colour,
        role,
        self: actor === own,
      }));
    },
    handleChat({ actor, name, colour, text, atMs }: Chat): ChatMessage {
      const line = { actor, name, colour, text, atMs: Number(atMs) };
      lines = [...lines, line].slice(-CHAT_HISTORY_MAX);
      return line;
    },
    reset(): void {
      people = [];
      lines = [];
    },
  };
}
