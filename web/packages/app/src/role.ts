import type { Role, RoomClient } from "@theta/client";

/** What a viewer is told, wherever something would be changed. */
export const WATCHING = "You are watching; ask for an editor's link.";

export interface RoleWatch {
  /** Null before the first time in the room; kept while the connection is away. */
  readonly role: Role | null;
  /** This person may look, but change nothing. */
  readonly watching: boolean;
  /** Calls `listener` now and whenever the role changes. */
  follow(listener: (watching: boolean) => void): void;
}

/** What the room lets this person do. */
export function createRoleWatch(client: RoomClient): RoleWatch {
  let role: Role | null = null;
  const listeners: ((watching: boolean) => void)[] = [];
  const update = (): void => {
    const { connection } = client;
    if (connection.phase !== "online" || connection.role === role) return;
    role = connection.role;
    for (const listener of listeners) listener(role === "viewer");
  };
  client.on("connection", update);
  update();
  return {
    get role() {
      return role;
    },
    get watching() {
      return role === "viewer";
    },
    follow(listener) {
      listeners.push(listener);
      listener(role === "viewer");
    },
  };
}
