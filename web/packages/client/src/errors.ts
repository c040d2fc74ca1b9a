/** The error tree of the page's side: whose fault it is. */

/** Base of every error thrown on purpose. */
export abstract class ClientError extends Error {
  /** Written out in each class, because class names don't survive minification. */
  abstract override readonly name: string;
}

/** The room refused a packet for good; nothing of it happened. `code` is the room's name for it. */
export class RefusedError extends ClientError {
  override readonly name = "RefusedError";
  readonly code: string;
  readonly reason: string;

  constructor(code: string, reason: string) {
    super(`${code}: ${reason}`);
    this.code = code;
    this.reason = reason;
  }
}

/** There is no session and there won't be one: never joined, or closed. */
export class NotConnectedError extends ClientError {
  override readonly name = "NotConnectedError";
}

/** Too much waits for the room already. */
export class OutboxFullError extends ClientError {
  override readonly name = "OutboxFullError";
}

/** Nothing of one's own is left to undo, or to redo. */
export class NothingToUndoError extends ClientError {
  override readonly name = "NothingToUndoError";
}

/** The past is shown; nothing can be changed there. */
export class LookingBackError extends ClientError {
  override readonly name = "LookingBackError";
}

/** A field of an operation is out of its limits; nothing was sent. */
export class InvalidOperationError extends ClientError {
  override readonly name = "InvalidOperationError";
  readonly field: string;

  constructor(field: string, limit: string) {
    super(`${field} must be ${limit}`);
    this.field = field;
  }
}

/** The room broke a rule of the protocol. `closeCode` is what the connection is closed with. */
export class RoomFaultError extends ClientError {
  override readonly name = "RoomFaultError";
  readonly closeCode: number;

  constructor(reason: string, closeCode = 4400) {
    super(reason);
    this.closeCode = closeCode;
  }
}

/** Another room answers than the invite is for; it was not shown the invite. */
export class WrongRoomError extends ClientError {
  override readonly name = "WrongRoomError";
}

/** At the same address there is another room than before. */
export class RoomChangedError extends ClientError {
  override readonly name = "RoomChangedError";
}
