"""The life of a session as two tables, the room's and the participant's: (state, event) → (state, action) (SES-15).

The room has one machine for each connection, the participant one for all the connections of a session. Whoever drives
a machine says what has happened, and does what it answers. Nothing is decided here but what comes after what;
docs/sessions.md shows the tables, drawn from these.
"""

from collections.abc import Mapping
from enum import StrEnum
from itertools import product
from typing import NamedTuple

from theta.wire.messages import (
    Message,
    Ping,
    Pong,
    ResyncRequest,
    SessionAcknowledge,
    SessionChallenge,
    SessionHello,
    SessionProof,
)


class State(StrEnum):
    """Where a session is."""

    HELLO = "hello"
    CHALLENGE = "challenge"
    PROOF = "proof"
    ACKNOWLEDGE = "acknowledge"
    ACTIVE = "active"
    RESUMED = "resumed"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class Event(StrEnum):
    """What happens to it."""

    CONNECTED = "connected"
    HELLO = "hello"
    CHALLENGE = "challenge"
    PROOF = "proof"
    RECORDED = "recorded"
    ACKNOWLEDGED = "acknowledged"
    RESUMED = "resumed"
    HEARTBEAT = "heartbeat"
    MESSAGE = "message"
    COMPARED = "compared"
    DIVERGED = "diverged"
    LATE = "late"
    SILENT = "silent"
    FAULT = "fault"
    LOST = "lost"
    REPLACED = "replaced"
    TAKEN_UP = "taken up"
    EXPIRED = "expired"
    ENDED = "ended"


class Action(StrEnum):
    """What is to be done about it."""

    NOTHING = "nothing"
    SAY_HELLO = "say hello"
    CHALLENGE = "challenge"
    PROVE = "prove"
    RECORD = "record"
    WELCOME = "welcome"
    SEND_ANEW = "send anew"
    SEND_AGAIN = "send again"
    ANSWER = "answer"
    TAKE = "take"
    RESYNC = "resync"
    REFUSE = "refuse"
    HANG_UP = "hang up"
    KEEP = "keep"
    FORGET = "forget"
    SAY_GOODBYE = "say goodbye"


STATE_MEANINGS: Mapping[State, str] = {
    State.HELLO: "nothing was said yet",
    State.CHALLENGE: "hello was said, and the room's challenge is awaited",
    State.PROOF: "the challenge was said, and the proof is awaited",
    State.ACKNOWLEDGE: "the key is proved, and the acknowledgement is on its way",
    State.ACTIVE: "the session stands on a connection",
    State.RESUMED: "it stands again, and what is here was not compared with the other side's yet",
    State.SUSPENDED: "no connection, and the session may be taken up again",
    State.CLOSED: "the end",
}
EVENT_MEANINGS: Mapping[Event, str] = {
    Event.CONNECTED: "a connection to the room is there",
    Event.HELLO: "a good hello came",
    Event.CHALLENGE: "a good challenge came",
    Event.PROOF: "a good proof came",
    Event.RECORDED: "the new session's record is on disk, or none is needed",
    Event.ACKNOWLEDGED: "the room acknowledges a new session",
    Event.RESUMED: "the session goes on: the room knows it, or acknowledges it so",
    Event.HEARTBEAT: "a ping or a pong came",
    Event.MESSAGE: "anything else came",
    Event.COMPARED: "the document's hash was compared, and is the same",
    Event.DIVERGED: "it is another: the participant found out, and tells the room",
    Event.LATE: "the handshake took HANDSHAKE_SECONDS_MAX, or twice that for a participant",
    Event.SILENT: "nothing was heard for HEARTBEATS_MISSED_MAX intervals",
    Event.FAULT: "the other side broke a rule, or may not stay",
    Event.LOST: "the connection is gone",
    Event.REPLACED: "the same actor came over a newer connection",
    Event.TAKEN_UP: "a newer connection goes on with the session",
    Event.EXPIRED: "nobody took it up for RESUME_SECONDS_MAX",
    Event.ENDED: "the room closes, or lets nobody in again, or the participant leaves",
}
ACTION_MEANINGS: Mapping[Action, str] = {
    Action.NOTHING: "nothing",
    Action.SAY_HELLO: "begin the handshake, with the session to resume if there is one",
    Action.CHALLENGE: "send the challenge",
    Action.PROVE: "send the proof",
    Action.RECORD: "look for the session to resume, or make a new one durable",
    Action.WELCOME: "send the acknowledgement, and what the participant lacks",
    Action.SEND_ANEW: "sign what is unacknowledged anew, and send it",
    Action.SEND_AGAIN: "send what is unacknowledged again, the same bytes in the same order",
    Action.ANSWER: "answer a ping, measure with a pong",
    Action.TAKE: "hand it to whom it is for",
    Action.RESYNC: "begin anew from the room's log or document",
    Action.REFUSE: "close: ProtocolError",
    Action.HANG_UP: "close with the error's code",
    Action.KEEP: "remember the session for RESUME_SECONDS_MAX",
    Action.FORGET: "let go of the session",
    Action.SAY_GOODBYE: "close without an error",
}


class Transition(NamedTuple):
    """What an event leads to."""

    state: State
    action: Action


class SessionTable:
    """One side's table.

    Args:
        first: the state to begin with.
        rows: what an event leads to, state by state.
        otherwise: what it leads to in all other states but CLOSED, out of which nothing leads.

    Attributes:
        events: what can happen on this side, in the order of Event.
        states: the states there are on this side, in the order of State.
    """

    def __init__(
        self,
        first: State,
        rows: Mapping[State, Mapping[Event, tuple[State, Action]]],
        otherwise: Mapping[Event, tuple[State, Action]],
    ) -> None:
        self.first = first
        self.rows = rows
        self.otherwise = otherwise
        named = {event for row in rows.values() for event in row} | set(otherwise)
        self.events = tuple(event for event in Event if event in named)
        self.states = tuple(state for state in State if state in rows or state is State.CLOSED)
        end = Transition(State.CLOSED, Action.NOTHING)
        self._transitions = dict.fromkeys(product((State.CLOSED,), self.events), end)
        self._transitions |= {
            (state, event): Transition(*(rows[state][event] if event in rows[state] else otherwise[event]))
            for state, event in product(rows, self.events)
        }

    def after(self, state: State, event: Event) -> Transition:
        """What `event` leads to in `state`; there is an answer for every one of this side's."""
        return self._transitions[state, event]


_AWAY: Mapping[Event, tuple[State, Action]] = dict.fromkeys(
    (Event.HEARTBEAT, Event.MESSAGE, Event.LATE, Event.SILENT, Event.FAULT, Event.LOST),
    (State.SUSPENDED, Action.NOTHING),
)
"""What is still on its way from a connection that is given up changes nothing."""

_STANDING_IN_ROOM: Mapping[Event, tuple[State, Action]] = {
    Event.HEARTBEAT: (State.ACTIVE, Action.ANSWER),
    Event.MESSAGE: (State.ACTIVE, Action.TAKE),
    Event.DIVERGED: (State.RESUMED, Action.RESYNC),
    Event.HELLO: (State.SUSPENDED, Action.REFUSE),
    Event.PROOF: (State.SUSPENDED, Action.REFUSE),
    Event.LATE: (State.ACTIVE, Action.NOTHING),
    Event.SILENT: (State.SUSPENDED, Action.HANG_UP),
    Event.FAULT: (State.SUSPENDED, Action.HANG_UP),
    Event.REPLACED: (State.SUSPENDED, Action.HANG_UP),
    Event.LOST: (State.SUSPENDED, Action.KEEP),
}

HOST = SessionTable(
    State.HELLO,
    {
        State.HELLO: {
            Event.HELLO: (State.PROOF, Action.CHALLENGE),
            Event.HEARTBEAT: (State.HELLO, Action.ANSWER),
        },
        State.PROOF: {
            Event.PROOF: (State.ACKNOWLEDGE, Action.RECORD),
            Event.HEARTBEAT: (State.PROOF, Action.ANSWER),
        },
        State.ACKNOWLEDGE: {
            Event.RECORDED: (State.ACTIVE, Action.WELCOME),
            Event.RESUMED: (State.RESUMED, Action.WELCOME),
            Event.HEARTBEAT: (State.ACKNOWLEDGE, Action.ANSWER),
            Event.LATE: (State.ACKNOWLEDGE, Action.NOTHING),
        },
        State.ACTIVE: _STANDING_IN_ROOM,
        State.RESUMED: {**_STANDING_IN_ROOM, Event.LATE: (State.RESUMED, Action.NOTHING)},
        State.SUSPENDED: {
            **_AWAY,
            Event.TAKEN_UP: (State.CLOSED, Action.NOTHING),
            Event.EXPIRED: (State.CLOSED, Action.FORGET),
        },
    },
    {
        **dict.fromkeys(
            (Event.HELLO, Event.PROOF, Event.HEARTBEAT, Event.MESSAGE, Event.DIVERGED), (State.CLOSED, Action.REFUSE)
        ),
        **dict.fromkeys(
            (Event.RECORDED, Event.RESUMED, Event.REPLACED, Event.TAKEN_UP, Event.EXPIRED),
            (State.CLOSED, Action.FORGET),
        ),
        Event.LATE: (State.CLOSED, Action.HANG_UP),
        Event.SILENT: (State.CLOSED, Action.HANG_UP),
        Event.FAULT: (State.CLOSED, Action.HANG_UP),
        Event.LOST: (State.CLOSED, Action.NOTHING),
        Event.ENDED: (State.CLOSED, Action.SAY_GOODBYE),
    },
)

_STANDING_AT_PARTICIPANT: Mapping[Event, tuple[State, Action]] = {
    Event.DIVERGED: (State.RESUMED, Action.RESYNC),
    Event.COMPARED: (State.ACTIVE, Action.NOTHING),
}

PARTICIPANT = SessionTable(
    State.HELLO,
    {
        State.HELLO: {Event.LOST: (State.HELLO, Action.NOTHING)},
        State.CHALLENGE: {
            Event.CHALLENGE: (State.ACKNOWLEDGE, Action.PROVE),
            Event.HEARTBEAT: (State.CHALLENGE, Action.ANSWER),
        },
        State.ACKNOWLEDGE: {
            Event.ACKNOWLEDGED: (State.ACTIVE, Action.SEND_ANEW),
            Event.RESUMED: (State.RESUMED, Action.SEND_AGAIN),
            Event.HEARTBEAT: (State.ACKNOWLEDGE, Action.ANSWER),
        },
        State.ACTIVE: {
            **_STANDING_AT_PARTICIPANT,
            Event.HEARTBEAT: (State.ACTIVE, Action.ANSWER),
            Event.MESSAGE: (State.ACTIVE, Action.TAKE),
            Event.LATE: (State.ACTIVE, Action.NOTHING),
        },
        State.RESUMED: {
            **_STANDING_AT_PARTICIPANT,
            Event.HEARTBEAT: (State.RESUMED, Action.ANSWER),
            Event.MESSAGE: (State.RESUMED, Action.TAKE),
            Event.LATE: (State.RESUMED, Action.NOTHING),
        },
        State.SUSPENDED: _AWAY,
    },
    {
        **dict.fromkeys(
            (
                Event.CHALLENGE,
                Event.ACKNOWLEDGED,
                Event.RESUMED,
                Event.HEARTBEAT,
                Event.MESSAGE,
                Event.COMPARED,
                Event.DIVERGED,
            ),
            (State.SUSPENDED, Action.REFUSE),
        ),
        Event.CONNECTED: (State.CHALLENGE, Action.SAY_HELLO),
        Event.LATE: (State.SUSPENDED, Action.HANG_UP),
        Event.SILENT: (State.SUSPENDED, Action.HANG_UP),
        Event.FAULT: (State.SUSPENDED, Action.HANG_UP),
        Event.LOST: (State.SUSPENDED, Action.KEEP),
        Event.ENDED: (State.CLOSED, Action.FORGET),
    },
)


class SessionMachine:
    """One session's place in a table."""

    def __init__(self, table: SessionTable) -> None:
        self._table = table
        self._state = table.first

    @property
    def state(self) -> State:
        """Where it is."""
        return self._state

    @property
    def stands(self) -> bool:
        """Whether the session is on a connection."""
        return self._state in (State.ACTIVE, State.RESUMED)

    def answer(self, event: Event) -> Action:
        """What `event` would lead to; nothing changes."""
        return self._table.after(self._state, event).action

    def handle(self, event: Event) -> Action:
        """`event` has happened; what is to be done about it."""
        self._state, action = self._table.after(self._state, event)
        return action


def event_of(message: Message) -> Event:
    """What it is to the other side's table that somebody says something."""
    if isinstance(message, Ping | Pong):
        return Event.HEARTBEAT
    if isinstance(message, SessionAcknowledge):
        return Event.RESUMED if message.resumed else Event.ACKNOWLEDGED
    return _EVENTS.get(type(message), Event.MESSAGE)


_EVENTS: Mapping[type[Message], Event] = {
    SessionHello: Event.HELLO,
    SessionChallenge: Event.CHALLENGE,
    SessionProof: Event.PROOF,
    ResyncRequest: Event.DIVERGED,
}
