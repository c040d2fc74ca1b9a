"""What one participant was promised: every command that it made, and what the room and the log told about each."""

from collections.abc import Callable, Iterable, Sequence

import pytest

from theta.base.identifiers import MAIN_BRANCH, CommandName
from theta.base.moment import Moment
from theta.commands.log import Command, CommandLog
from theta.commands.store import StoredRecord
from theta.editor.unit import Outcome
from theta.editor.vocabulary import Operation
from theta.node.events import Applied, Diverged, Event, Joined, OutcomeChanged, Rejected
from theta.node.peer import Peer
from theta.node.protocol import REGISTRY
from theta.node.replica import Replica
from theta.wire.messages import PacketRefused


class Ledger:
    """Keeps a peer's books from outside. Pass it each of the peer's events.

    Args:
        peer: listened to through its outbox, the only place that knows which commands a packet held.
        monkeypatch: takes the ear away again.
        on_news: called after each acknowledgement and each event.
    """

    def __init__(self, peer: Peer, monkeypatch: pytest.MonkeyPatch, on_news: Callable[[], None] = lambda: None) -> None:
        self.performed: dict[CommandName, Operation] = {}
        self.acknowledged: set[CommandName] = set()
        self.outcomes: dict[CommandName, Outcome] = {}
        self.refused: list[PacketRefused] = []
        self.rejected: list[Rejected] = []
        self.diverged: list[Diverged] = []
        self.resumed: list[bool] = []
        self._on_news = on_news
        outbox = peer._outbox
        really_put, really_acknowledge, really_refuse = outbox.put, outbox.handle_acknowledged, outbox.handle_refused

        def put(operations: Sequence[Operation], gesture: int | None, branch: bytes = MAIN_BRANCH) -> list[CommandName]:
            names = really_put(operations, gesture, branch)
            self.performed |= zip(names, operations, strict=True)
            return names

        def handle_acknowledged(nonce: int) -> None:
            packet = outbox._find(nonce)
            if packet is not None:
                self.acknowledged.update(packet.names)
            really_acknowledge(nonce)
            on_news()

        def handle_refused(now: Moment, refusal: PacketRefused) -> list[CommandName]:
            self.refused.append(refusal)
            on_news()
            return really_refuse(now, refusal)

        monkeypatch.setattr(outbox, "put", put)
        monkeypatch.setattr(outbox, "handle_refused", handle_refused)
        monkeypatch.setattr(outbox, "handle_acknowledged", handle_acknowledged)

    def handle_event(self, event: Event) -> None:
        """Note what an event says of a command; a command is applied once."""
        if isinstance(event, Applied):
            assert event.name not in self.outcomes, f"{event.name} was applied twice"
            self.outcomes[event.name] = event.outcome
        elif isinstance(event, OutcomeChanged):
            self.outcomes[event.name] = event.outcome
        elif isinstance(event, Rejected):
            self.rejected.append(event)
        elif isinstance(event, Diverged):
            self.diverged.append(event)
        elif isinstance(event, Joined):
            self.resumed.append(event.resumed)
        self._on_news()

    @property
    def promised(self) -> set[CommandName]:
        """What the room acknowledged, and what was shown as part of the log: neither may ever be lost."""
        return self.acknowledged | self.outcomes.keys()

    def check_against(self, replica: Replica, commands: Iterable[Command]) -> None:
        """Everything performed is among a whole log's commands as it was meant, with the outcome that was told."""
        found = {command.name: command.operation for command in commands if command.name in self.performed}
        assert found == self.performed
        # What was seen in the log before its acknowledgement came, which was lost with the connection, has none.
        assert self.acknowledged <= self.outcomes.keys() == self.performed.keys()
        assert {name: replica.fold.outcome(name) for name in self.outcomes} == self.outcomes
        assert (self.rejected, self.diverged) == ([], [])


def commands_in(records: Iterable[StoredRecord]) -> list[Command]:
    """Every command of a log; a name comes once."""
    log = CommandLog(REGISTRY)
    commands = [command for record in records for command in log.accept(record, verify=False)]
    assert len({command.name for command in commands}) == len(commands), "a command is in the log twice"
    return commands
