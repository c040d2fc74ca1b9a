"""Which command types exist, by the hash of their name and their version."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar

import msgspec

from theta.base.errors import InvalidValue
from theta.base.identifiers import CommandName, signed_name_id
from theta.commands.governing import Governing
from theta.commands.packets import ParsedBody, RowsDecoder, parse_body, rows_decoder
from theta.commands.refusals import BadPayload, UnknownCommand
from theta.wire.messages import CommandEnvelope, Part


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

    @property
    def switched(self) -> Iterable[CommandName]:
        """The gestures that an undo or redo speaks of; of all else none."""
        ...


AnyPayload = TypeVar("AnyPayload", bound=Payload)
_FAULTS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError)


class Kind(NamedTuple):
    """A registered type: how to read its payload, and which of a Payload's members it leaves as its base has them."""

    payload_type: type[Payload]
    decode: Callable[[Any], Any]
    checks: bool
    is_priced: bool
    names_assets: bool
    creates: int
    tokens: int
    governs: bool
    is_retired: bool
    switches: bool


class Batch(msgspec.Struct, frozen=True, gc=False):
    """A packet's operations, with what they amount to: objects created, price in tokens, assets named.

    `governs` when there is a governing command among them, `is_retired` when one is of a version that old logs hold,
    `switches` when one undoes or redoes.
    """

    operations: Sequence[Payload]
    creates: int
    price: int
    assets: Sequence[bytes]
    governs: bool
    is_retired: bool
    switches: bool


class CommandRegistry:
    """Decodes payloads of registered types; the same types on every peer, checked by the protocol hash."""

    def __init__(self, types: Iterable[type[Payload]]) -> None:
        self._kinds: dict[tuple[int, int], Kind] = {}
        self._names: dict[int, str] = {}
        self._rows: dict[tuple[int, int], RowsDecoder] = {}
        self._guess: RowsDecoder | None = None
        self.names: list[str] = []
        for payload_type in types:
            key = (signed_name_id(payload_type.NAME), payload_type.VERSION)
            assert key not in self._kinds, f"{payload_type.NAME} is registered twice, or its hash collides"
            self._kinds[key] = _kind_of(payload_type)
            self._names[key[0]] = payload_type.NAME
            self.names.append(f"{payload_type.NAME}@{payload_type.VERSION}")

    def decode(self, envelope: CommandEnvelope) -> Payload:
        """The payload of a command.

        Raises:
            UnknownCommand: its type or version is not registered.
            BadPayload: it is not what its type demands; names the field and the limit.
        """
        kind = self._kind(envelope.type_id, envelope.version)
        return _batch_of(kind, [_read(kind, envelope.payload)]).operations[0]

    def parse(self, body: bytes) -> ParsedBody:
        """What a packet holds; when it is all of the kind that the last one was of, its payloads are decoded at once.

        Raises:
            PacketTooLarge, BadPayload: see parse_body.
        """
        parsed = parse_body(body, self._guess)
        if not parsed.is_decoded:
            self._guess = self._rows_decoder(parsed.type_ids[0], parsed.versions[0]) if parsed.is_uniform else None
        return parsed

    def names_of(self, body: ParsedBody) -> list[str]:
        """The names of a packet's types, each once, in no order; those that are not registered are left out."""
        type_ids = body.type_ids[:1] if body.is_uniform else set(body.type_ids)
        return [self._names[each] for each in type_ids if each in self._names]

    def decode_all(self, body: ParsedBody) -> Batch:
        """The payloads of a packet's commands.

        Raises:
            UnknownCommand, BadPayload: as `decode`.
        """
        type_ids, versions, payloads = body.type_ids, body.versions, body.payloads
        if body.is_uniform:
            kind = self._kinds.get((type_ids[0], versions[0])) or self._kind(type_ids[0], versions[0])
            return _batch_of(kind, payloads if body.is_decoded else [_read(kind, each) for each in payloads])
        keys = list(zip(type_ids, versions, strict=True))
        kinds = {key: self._kind(*key) for key in dict.fromkeys(keys)}
        mixed = [_read(kinds[key], each) for key, each in zip(keys, payloads, strict=True)]
        batches = [
            _batch_of(kind, [each for each, its in zip(mixed, keys, strict=True) if its == key])
            for key, kind in kinds.items()
        ]
        return Batch(
            mixed,
            sum(batch.creates for batch in batches),
            sum(batch.price for batch in batches),
            [asset for batch in batches for asset in batch.assets],
            any(batch.governs for batch in batches),
            any(batch.is_retired for batch in batches),
            any(batch.switches for batch in batches),
        )

    def _rows_decoder(self, type_id: int, version: int) -> RowsDecoder | None:
        key = (type_id, version)
        if key not in self._rows and key in self._kinds:
            self._rows[key] = rows_decoder(type_id, version, self._kinds[key].payload_type)
        return self._rows.get(key)

    def _kind(self, type_id: int, version: int) -> Kind:
        kind = self._kinds.get((type_id, version))
        if kind is None:
            raise UnknownCommand(f"type {type_id} version {version} is not known here")
        return kind


def _read(kind: Kind, payload: msgspec.Raw) -> Any:
    try:
        return kind.decode(payload)
    except _FAULTS as error:
        raise BadPayload(f"payload: {error}") from error


def _kind_of(payload_type: type[Payload]) -> Kind:
    # What a type inherits from the base of all payloads need not be asked of every command.
    base = next(
        (each for each in reversed(payload_type.__mro__) if issubclass(each, Part) and each is not Part), object
    )
    has = {name: getattr(payload_type, name) is not getattr(base, name, None) for name in ("check", "price", "assets")}
    if base is payload_type:
        has = dict.fromkeys(has, True)
    return Kind(
        payload_type,
        msgspec.msgpack.Decoder(payload_type).decode,
        has["check"],
        has["price"],
        has["assets"],
        payload_type.CREATES,
        getattr(payload_type, "TOKENS", 0),
        issubclass(payload_type, Governing),
        getattr(payload_type, "RETIRED", False),
        getattr(payload_type, "SWITCHES", False),
    )


def _batch_of(kind: Kind, operations: Sequence[Any]) -> Batch:
    _, _, checks, is_priced, names_assets, creates, tokens, governs, is_retired, switches = kind
    if checks:
        try:
            for operation in operations:
                operation.check()
        except InvalidValue as error:
            raise BadPayload(str(error)) from error
    count = len(operations)
    price = sum([operation.price for operation in operations]) if is_priced else tokens * count
    assets = [asset for operation in operations for asset in operation.assets] if names_assets else ()
    return Batch(operations, creates * count, price, assets, governs, is_retired, switches)


def encode_payload(payload: Payload) -> msgspec.Raw:
    """A payload as a packet's body holds it."""
    return msgspec.Raw(msgspec.msgpack.encode(payload))
