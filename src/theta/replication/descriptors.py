"""What the components of a session are: told once, and again when there are more (REP-6, REP-7)."""

import json
from collections.abc import Iterable, Sequence

from theta.base.errors import InvalidValue, ProtocolError, ProtocolMismatch
from theta.base.identifiers import blake2b_128
from theta.ecs.component import ComponentType
from theta.ecs.evolution import RemoteComponent
from theta.ecs.received import ReceivedComponents
from theta.ecs.registry import FIRST_NUMBER, Descriptor, descriptor_bytes
from theta.replication.schema import Schema
from theta.wire.state_messages import ComponentDescriptors


def manifest_hash(descriptors: Iterable[Descriptor]) -> bytes:
    """The hash of descriptors in their order, 16 bytes."""
    return blake2b_128("theta-components", *(descriptor_bytes(each) + b"\n" for each in descriptors))


def component_descriptors(components: Sequence[ComponentType], first: int = FIRST_NUMBER) -> ComponentDescriptors:
    """What a room tells of its components from number `first` on.

    Args:
        components: all of the session's, in the order of their numbers.
        first: the number of the first that the receiver does not know.
    """
    told = [each.descriptor() for each in components]
    texts = [descriptor_bytes(each).decode("utf-8") for each in told[first - FIRST_NUMBER :]]
    return ComponentDescriptors(first, texts, manifest_hash(told))


class SessionComponents:
    """A receiver's side: the components that the room has told of.

    Attributes:
        manifest: the hash of their descriptors, 16 bytes.
        schema: their layouts.
        received: what each number means here, and what was skipped.
    """

    def __init__(self) -> None:
        self.received = ReceivedComponents()
        self.schema = Schema(())
        self._descriptors: list[Descriptor] = []
        self.manifest = manifest_hash(())

    def handle_descriptors(self, message: ComponentDescriptors) -> None:
        """Take what the room told.

        Raises:
            ProtocolError: descriptors that cannot be, that leave a gap or that are others than before; none was taken.
            ProtocolMismatch: their hash is another.
        """
        place = message.first - FIRST_NUMBER
        try:
            told = [json.loads(text) for text in message.descriptors]
            found = ReceivedComponents()
            found.handle_descriptors(FIRST_NUMBER, [*self._descriptors[: max(place, 0)], *told])
            schema = Schema.of(_all_of(found))
        except (InvalidValue, ValueError, RecursionError) as error:
            raise ProtocolError(f"ComponentDescriptors: {error}") from error
        every = [*self._descriptors[:place], *told]
        if len(every) < len(self._descriptors):
            every += self._descriptors[len(every) :]
        manifest = manifest_hash(every)
        if manifest != message.manifest:
            raise ProtocolMismatch("ComponentDescriptors: the hash is not that of the descriptors")
        try:
            self.received.handle_descriptors(message.first, told)
        except InvalidValue as error:
            raise ProtocolError(f"ComponentDescriptors: {error}") from error
        if len(every) > len(self._descriptors):
            self.schema = schema
        self._descriptors, self.manifest = every, manifest

    @property
    def components(self) -> list[RemoteComponent]:
        """Those of numbers 1 and on."""
        return _all_of(self.received)


def _all_of(received: ReceivedComponents) -> list[RemoteComponent]:
    found = (received.find(number) for number in range(FIRST_NUMBER, FIRST_NUMBER + len(received)))
    return [each for each in found if each is not None]
