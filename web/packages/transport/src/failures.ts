/** Why a way to the room came to nothing; the codes are those of theta/base/errors.py. */

import { CLOSE_ABNORMAL, CLOSE_PROTOCOL_ERROR } from "./transport";

/** Base of every failure of a transport. `code` is what its `closed` is called with. */
export abstract class TransportFailure extends Error {
  /** Written out in each class, because class names don't survive minification. */
  abstract override readonly name: string;
  abstract readonly code: number;
}

/** The signalling server cannot be reached, turns us away, or whoever is to answer through it does not. */
export class SignalingFailed extends TransportFailure {
  override readonly name = "SignalingFailed";
  override readonly code = 4502;
}

/** No way through to the other side was found, or what was found did not carry a connection. */
export class IceFailed extends TransportFailure {
  override readonly name = "IceFailed";
  override readonly code = 4503;
}

/** No address under which the other side could reach us was found in time. */
export class IceGatheringTimeout extends TransportFailure {
  override readonly name = "IceGatheringTimeout";
  override readonly code = 4505;
}

/** More than SIGNAL_CANDIDATES_MAX candidates in an attempt. */
export class TooManyCandidates extends TransportFailure {
  override readonly name = "TooManyCandidates";
  override readonly code = CLOSE_PROTOCOL_ERROR;
}

/** The other side broke a rule of the transport. */
export class ProtocolFault extends TransportFailure {
  override readonly name = "ProtocolError";
  override readonly code: number;

  constructor(reason: string, code = CLOSE_PROTOCOL_ERROR) {
    super(reason);
    this.code = code;
  }
}

/** This browser, or this room, has no such transport, or it does not get through. */
export class Unavailable extends TransportFailure {
  override readonly name = "Unavailable";
  override readonly code = CLOSE_ABNORMAL;
}

/** What an error says, whatever was thrown. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
