"""A participant's side of compression: what it can take apart, and the dictionaries that it was given (WIRE-44)."""

from theta.base.errors import InvalidValue, ProtocolError
from theta.base.limits import DICTIONARIES_HELD_MAX
from theta.wire.codec import unwrap
from theta.wire.compression import Decompressor
from theta.wire.dictionaries import Dictionary, dictionary_of
from theta.wire.messages import CompressionDictionary, Message


class Unpacking:
    """Outlives connections, so that a room gives its dictionary once."""

    def __init__(self) -> None:
        self._held: list[Dictionary] = []
        self._decompressor = Decompressor()

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What a hello says of the dictionaries here."""
        return tuple(each.capability for each in self._held)

    def unwrap(self, message: Message, *, allowed: bool) -> Message:
        """The message that a Compressed one holds; any other as it is. `allowed` unless the session takes none.

        Raises:
            ProtocolError: it is not allowed, or not taken; see theta.wire.codec.unwrap.
        """
        return unwrap(message, self._decompressor if allowed else None)

    def handle_dictionary(self, message: CompressionDictionary) -> None:
        """The room gives a dictionary. DICTIONARIES_HELD_MAX are kept, the newest.

        Raises:
            ProtocolError: it is none, or damaged; names what is wrong.
        """
        try:
            found = dictionary_of(message.data)
        except InvalidValue as error:
            raise ProtocolError(f"the room gave a dictionary that is none: {error}") from error
        self._held = [*(each for each in self._held if each.id != found.id), found][-DICTIONARIES_HELD_MAX:]
        self._decompressor = Decompressor(self._held)
