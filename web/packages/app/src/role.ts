import type { Role, RoomClient } from "@theta/client";

/** What a viewer is told, wherever something would be changed. */
export const WATCHING = "You are watching; ask for an editor's link.";

export interface RoleWatch {
  /** Null before the first time in the room; kept while the connection is away. */
  readonly role: Role | null;
  /** This person may look, but change nothing: as a viewer, or because the past is shown. */
  readonly watching: boolean;
  /** Calls `listener` now and whenever the role changes. */
  follow(listener: (watching: boolean) => void): void;
}

/** What the room lets this person do now. */
export function createRoleWatch(client: RoomClient): RoleWatch {
  let role: Role | null = null;
  let isPast = false;
  const listeners: ((watching: boolean) => void)[] = [];
  const watching = (): boolean => isPast || role === "viewer";
  const update = (): void => {
    const { connection, document: view } = client;
    const next = connection.phase === "online" ? connection.role : role;
    if (next === role && isPast === (view.moment !== null)) return;
    role = next;
    isPast = view.moment !== null;
    for (const listener of listeners) listener(watching());
  };
  client.on("connection", update);
  client.on("status", update);
  update();
  return {
    get role() {
      return role;
    },
    get watching() {
      return watching();
    },
    follow(listener) {
      listeners.push(listener);
      listener(watching());
    },
  };
}
