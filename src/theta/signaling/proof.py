"""How a host shows a signalling server that the room is its own (SIG-2)."""

from theta.base.errors import BadProof
from theta.base.identifiers import blake2b_128, blake2b_256
from theta.commands.identity import Identity, is_signed_by
from theta.wire.signal_messages import SIGNAL_PROTOCOL_VERSION, SignalHost

_DOMAIN = "theta-signalhost"
"""BLAKE2b takes a personalisation of at most 16 bytes."""


def room_of_key(room_key: bytes) -> bytes:
    """The 16-byte id by which guests ask for the room of this key, as it is in their invites (SES-3)."""
    return blake2b_128("theta-room", room_key)


def host_digest(nonce: bytes, room_key: bytes) -> bytes:
    """The 32 bytes that a host signs."""
    return blake2b_256(_DOMAIN, nonce, room_of_key(room_key), room_key)


def prove_host(room_key: Identity, nonce: bytes) -> SignalHost:
    """A host's first message."""
    signature = room_key.sign(host_digest(nonce, room_key.public_key))
    return SignalHost(SIGNAL_PROTOCOL_VERSION, room_key.public_key, signature)


def check_host(message: SignalHost, nonce: bytes) -> bytes:
    """The room that a host has proved to be its own.

    Raises:
        BadProof: the signature is not the room key's over this nonce.
    """
    if not is_signed_by(message.room_key, host_digest(nonce, message.room_key), message.signature):
        raise BadProof("the room's key was not proved: its signature does not fit this server's nonce")
    return room_of_key(message.room_key)
