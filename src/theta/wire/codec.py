"""Bytes to messages and back. Decoding names the field that is wrong and never raises anything but PeerErrors."""

from typing import Union

import msgspec

from theta.base.errors import FrameTooLarge, ProtocolError
from theta.base.limits import CLIENT_FRAME_BYTES_MAX, FRAME_BYTES_MAX, SIGNAL_MESSAGE_BYTES_MAX
from theta.wire.compression import Decompressor
from theta.wire.messages import Compressed, Message, SessionHello
from theta.wire.planes import FROM_PARTICIPANT, FROM_ROOM
from theta.wire.signal_messages import SIGNAL_FROM_PEER, SIGNAL_FROM_SERVER
from theta.wire.types import U32, Id16

_HELLO = SessionHello.__struct_config__.tag
_encoder = msgspec.msgpack.Encoder()
_from_participant: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Union[FROM_PARTICIPANT])  # noqa: UP007
_from_room: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Union[FROM_ROOM])  # noqa: UP007
_signal_from_peer: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Union[SIGNAL_FROM_PEER])  # noqa: UP007
_signal_from_server: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Union[SIGNAL_FROM_SERVER])  # noqa: UP007


def encode(message: Message) -> bytes:
    """The message's MessagePack."""
    return _encoder.encode(message)


def decode_from_participant(frame: bytes) -> Message:
    """What a participant may say to a room.

    Raises:
        FrameTooLarge: over CLIENT_FRAME_BYTES_MAX.
        ProtocolError: not a message, or a field out of its limits.
    """
    return _decode(_from_participant, frame, CLIENT_FRAME_BYTES_MAX)


def read_opening(frame: bytes) -> tuple[int, bytes] | None:
    """Protocol version and hash of a hello that this protocol cannot read; None for any other frame (SES-16).

    They come first in every hello of every protocol.
    """
    if len(frame) > CLIENT_FRAME_BYTES_MAX:
        return None
    try:
        said = msgspec.msgpack.decode(frame)
        if not isinstance(said, list) or said[:1] != [_HELLO]:
            return None
        return msgspec.convert((said[1], said[2]), tuple[U32, Id16])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError, IndexError, TypeError):
        return None


def decode_from_room(frame: bytes) -> Message:
    """What a room may say to a participant.

    Raises:
        FrameTooLarge: over FRAME_BYTES_MAX.
        ProtocolError: not a message, or a field out of its limits.
    """
    return _decode(_from_room, frame, FRAME_BYTES_MAX)


def decode_signal_from_peer(frame: bytes) -> Message:
    """What a peer may say to a signalling server.

    Raises:
        FrameTooLarge: over SIGNAL_MESSAGE_BYTES_MAX.
        ProtocolError: not a message, or a field out of its limits.
    """
    return _decode(_signal_from_peer, frame, SIGNAL_MESSAGE_BYTES_MAX)


def decode_signal_from_server(frame: bytes) -> Message:
    """What a signalling server may say to a peer.

    Raises:
        FrameTooLarge: over SIGNAL_MESSAGE_BYTES_MAX.
        ProtocolError: not a message, or a field out of its limits.
    """
    return _decode(_signal_from_server, frame, SIGNAL_MESSAGE_BYTES_MAX)


def unwrap(message: Message, decompressor: Decompressor | None) -> Message:
    """The message that a Compressed one holds; any other as it is.

    Args:
        message: as it was decoded.
        decompressor: the session's; None for a session that takes nothing compressed.

    Raises:
        BadCompression: the frame in it is not taken; names the field.
        ProtocolError: the session takes none, what is in it is not a message, or is compressed once more.
    """
    if not isinstance(message, Compressed):
        return message
    if decompressor is None:
        raise ProtocolError("a compressed message came to a session that takes none")
    inner = decode_from_room(decompressor.decompress(message.data, FRAME_BYTES_MAX))
    if isinstance(inner, Compressed):
        raise ProtocolError("a compressed message holds another one")
    return inner


def _decode(decoder: msgspec.msgpack.Decoder[Message], frame: bytes, bytes_max: int) -> Message:
    if len(frame) > bytes_max:
        raise FrameTooLarge(f"a frame of {len(frame)} bytes is over the limit of {bytes_max}")
    try:
        return decoder.decode(frame)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise ProtocolError(f"not a message: {error}") from error
