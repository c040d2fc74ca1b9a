"""Which command types exist, by the hash of their name and their version."""

from collections.abc import Iterable
from typing import Any, ClassVar, Protocol, TypeVar

import msgspec

from theta.base.errors import InvalidValue
from theta.base.identifiers import signed_name_id
from theta.commands.refusals import BadPayload, UnknownCommand
from theta.wire.messages import CommandEnvelope


class Payload(Protocol):
    """What the log needs to know of a command's payload: its name and version, and how many objects it creates."""

    NAME: ClassVar[str]
    VERSION: ClassVar[int]
    CREATES: ClassVar[int]

    def check(self) -> None:
        """Refuse values that no document could accept, by InvalidValue."""
        ...

    @property
    def price(self) -> int:
        """What it costs beside its own token and its assets, in tokens."""
        ...

    @property
    def assets(self) -> tuple[bytes, ...]:
        """The names (32 bytes) of the assets that it cannot be folded without."""
        ...


AnyPayload = TypeVar("AnyPayload", bound=Payload)


class CommandRegistry:
    """Decodes payloads of registered types; the same types on every peer, checked by the protocol hash."""

    def __init__(self, types: Iterable[type[Payload]]) -> None:
        self._decoders: dict[tuple[int, int], msgspec.msgpack.Decoder[Any]] = {}
        self.names: list[str] = []
        for payload_type in types:
            key = (signed_name_id(payload_type.NAME), payload_type.VERSION)
            assert key not in self._decoders, f"{payload_type.NAME} is registered twice, or its hash collides"
            self._decoders[key] = msgspec.msgpack.Decoder(payload_type)
            self.names.append(f"{payload_type.NAME}@{payload_type.VERSION}")

    def decode(self, envelope: CommandEnvelope) -> Payload:
        """The payload of a command.

        Raises:
            UnknownCommand: its type or version is not registered.
            BadPayload: it is not what its type demands; names the field and the limit.
        """
        decoder = self._decoders.get((envelope.type_id, envelope.version))
        if decoder is None:
            raise UnknownCommand(f"type {envelope.type_id} version {envelope.version} is not known here")
        try:
            payload: Payload = decoder.decode(envelope.payload)
            payload.check()
        except InvalidValue as error:
            raise BadPayload(str(error)) from error
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError) as error:
            raise BadPayload(f"payload: {error}") from error
        return payload


def encode_payload(payload: Payload) -> msgspec.Raw:
    """A payload as a packet's body holds it."""
    return msgspec.Raw(msgspec.msgpack.encode(payload))
