"""Frames as they leave the room: compressed for the sessions that take it, once for all who take the same (WIRE-44)."""

from collections.abc import Collection, Iterable, Iterator

from theta.session.capabilities import ZSTD
from theta.wire.codec import encode
from theta.wire.compression import Compressor
from theta.wire.dictionaries import Dictionary
from theta.wire.messages import Compressed, CompressionDictionary, Message
from theta.wire.planes import PLANES
from theta.wire.state_messages import StateChunk, StateSection

COMPRESSED_PLANES = ("commands", "assets")
"""Not "control": what is secret, an invite or a resume token, must not share a frame with text that others chose."""
WRAPPING_BYTES = len(encode(Compressed(bytes(2**8)))) - 2**8
"""What a Compressed message adds to a frame of 256 bytes to 64 KiB; two more to a longer one."""


class Packing:
    """Makes frames of messages, each in the way that its receiver takes.

    Args:
        dictionary: the room's; None for none.
    """

    def __init__(self, dictionary: Dictionary | None = None) -> None:
        self._dictionary = dictionary
        self._plain = Compressor()
        self._with_dictionary = Compressor(dictionary) if dictionary is not None else self._plain
        self._ways: dict[int, Compressor] = {}

    def agree(self, connection: int, capabilities: Collection[str]) -> CompressionDictionary | None:
        """The session on a connection stands; returns the dictionary if it has to be told that.

        What is packed from here on for the connection is compressed; with the dictionary, if it has that already.
        """
        if ZSTD not in capabilities:
            return None
        has_it = self._dictionary is None or self._dictionary.capability in capabilities
        self._ways[connection] = self._with_dictionary if has_it else self._plain
        return None if self._dictionary is None or has_it else CompressionDictionary(self._dictionary.data)

    def handle_taken(self, connection: int) -> None:
        """The participant has the dictionary that it was told: frames on any lane may need it from now on (WIRE-48)."""
        if connection in self._ways:
            self._ways[connection] = self._with_dictionary

    def forget(self, connection: int) -> None:
        """The connection is gone."""
        self._ways.pop(connection, None)

    def pack(self, connection: int, message: Message, frame: bytes) -> bytes:
        """What to send on a connection for a message whose frame is `frame`."""
        return _packed(message, frame, self._ways.get(connection))

    def pack_all(self, connections: Iterable[int], message: Message, frame: bytes) -> Iterator[tuple[int, bytes]]:
        """Each connection with the message's frame for it; compressed at most once in each way."""
        packed: dict[Compressor, bytes] = {}
        for connection in connections:
            way = self._ways.get(connection)
            if way is None:
                yield connection, frame
                continue
            if way not in packed:
                packed[way] = _packed(message, frame, way)
            yield connection, packed[way]


def _packed(message: Message, frame: bytes, way: Compressor | None) -> bytes:
    # A chunk's data is compressed already, where that makes it shorter. A section is too large for a datagram: it is
    # text for the most part.
    if way is None or isinstance(message, StateChunk):
        return frame
    if PLANES[type(message)] not in COMPRESSED_PLANES and not isinstance(message, StateSection):
        return frame
    compressed = way.compress(frame, WRAPPING_BYTES)
    return frame if compressed is None else encode(Compressed(compressed))
