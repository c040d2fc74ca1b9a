/** What a peer and a signalling server say to each other, to frames and back (SIG-1). */

import { decodeMessage, encodeWith, indexBy } from "./codec";
import {
  SIGNAL_FROM_PEER,
  SIGNAL_FROM_SERVER,
  SIGNAL_MESSAGE_BYTES_MAX,
  type SignalFromPeer,
  type SignalFromServer,
} from "./generated";
import { type MessageCodec, WireError } from "./schema";

type Signal = SignalFromPeer | SignalFromServer;

const byName = indexBy([...SIGNAL_FROM_PEER, ...SIGNAL_FROM_SERVER] as MessageCodec<Signal>[], (codec) => codec.name);
const fromPeer = indexBy(SIGNAL_FROM_PEER, (codec) => codec.tag);
const fromServer = indexBy(SIGNAL_FROM_SERVER, (codec) => codec.tag);

/** The message's MessagePack. */
export function encodeSignal(message: Signal): Uint8Array<ArrayBuffer> {
  return encodeWith(byName, message);
}

/** What a signalling server may say. Throws `WireError` for anything else. */
export function decodeSignalFromServer(frame: Uint8Array): SignalFromServer {
  return decodeMessage(fromServer, checked(frame));
}

/** What a peer may say to a signalling server. Throws `WireError` for anything else. */
export function decodeSignalFromPeer(frame: Uint8Array): SignalFromPeer {
  return decodeMessage(fromPeer, checked(frame));
}

function checked(frame: Uint8Array): Uint8Array {
  if (frame.length > SIGNAL_MESSAGE_BYTES_MAX) {
    throw new WireError(`${frame.length} bytes are over the limit of ${SIGNAL_MESSAGE_BYTES_MAX}`);
  }
  return frame;
}
