"""The tables of a session's states (SES-15)."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theta.session.states import (
    ACTION_MEANINGS,
    EVENT_MEANINGS,
    HOST,
    PARTICIPANT,
    STATE_MEANINGS,
    Action,
    Event,
    SessionMachine,
    SessionTable,
    State,
    event_of,
)
from theta.wire.messages import ChatLine, Ping, Pong, ResyncRequest, SessionProof

TABLES = {"room": HOST, "participant": PARTICIPANT}
BOTH = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


@st.composite
def walks(draw: st.DrawFn) -> tuple[SessionTable, list[Event]]:
    table = draw(st.sampled_from(list(TABLES.values())))
    return table, draw(st.lists(st.sampled_from(table.events), max_size=60))


@given(walks())
def test_ses_15_no_event_is_without_an_answer_and_closed_is_final(walk: tuple[SessionTable, list[Event]]) -> None:
    table, events = walk
    machine = SessionMachine(table)
    for event in events:
        before = machine.state
        foretold = machine.answer(event)
        assert machine.state is before
        assert machine.handle(event) is foretold
        assert machine.state in table.states
        if before is State.CLOSED:
            assert (machine.state, foretold) == (State.CLOSED, Action.NOTHING)
        if foretold is Action.REFUSE or foretold is Action.HANG_UP:
            assert machine.state in (State.SUSPENDED, State.CLOSED)
        if machine.stands and before not in (State.ACTIVE, State.RESUMED):
            assert before is State.ACKNOWLEDGE, "nobody takes part who has not proved a key"


@BOTH
def test_ses_15_every_state_can_be_reached_and_left_but_the_end(table: SessionTable) -> None:
    reached, new = set(), {table.first}
    while new:
        reached |= new
        new = {table.after(state, event).state for state, event in product(reached, table.events)} - reached
    assert reached == set(table.states)
    for state in table.states:
        leads_on = any(table.after(state, event).state is not state for event in table.events)
        assert leads_on is (state is not State.CLOSED)


@BOTH
def test_ses_15_every_session_can_end(table: SessionTable) -> None:
    for state in table.states:
        assert table.after(state, Event.ENDED).state is State.CLOSED


def test_ses_15_a_table_without_an_answer_is_none() -> None:
    rows = {State.HELLO: {Event.HELLO: (State.PROOF, Action.CHALLENGE)}, State.PROOF: {}}
    with pytest.raises(KeyError):
        SessionTable(State.HELLO, rows, {})


def test_ses_15_each_word_of_the_tables_is_explained() -> None:
    assert [*STATE_MEANINGS] == [*State]
    assert [*EVENT_MEANINGS] == [*Event]
    assert [*ACTION_MEANINGS] == [*Action]
    used = {
        table.after(state, event).action
        for table in TABLES.values()
        for state, event in product(table.states, table.events)
    }
    assert used == set(Action)
    assert {event for table in TABLES.values() for event in table.events} == set(Event)


@pytest.mark.parametrize(
    ("message", "event"),
    [
        (Ping(1, 0.0), Event.HEARTBEAT),
        (Pong(1, 0.0, 0.0), Event.HEARTBEAT),
        (SessionProof(bytes(64), ""), Event.PROOF),
        (ResyncRequest(1, bytes(16)), Event.DIVERGED),
        (ChatLine("hello"), Event.MESSAGE),
    ],
)
def test_ses_15_a_message_is_an_event(message: Ping, event: Event) -> None:
    assert event_of(message) is event


def test_ses_15_a_lost_session_is_taken_up_over_another_connection() -> None:
    mine, first, second = SessionMachine(PARTICIPANT), SessionMachine(HOST), SessionMachine(HOST)

    def shake(host: SessionMachine, known: Event, told: Event) -> list[Action]:
        return [
            mine.handle(Event.CONNECTED),
            host.handle(Event.HELLO),
            mine.handle(Event.CHALLENGE),
            host.handle(Event.PROOF),
            host.handle(known),
            mine.handle(told),
        ]

    handshake = [Action.SAY_HELLO, Action.CHALLENGE, Action.PROVE, Action.RECORD, Action.WELCOME]
    assert shake(first, Event.RECORDED, Event.ACKNOWLEDGED) == [*handshake, Action.SEND_ANEW]
    assert (mine.state, first.state) == (State.ACTIVE, State.ACTIVE)
    assert (mine.handle(Event.LOST), first.handle(Event.LOST)) == (Action.KEEP, Action.KEEP)
    assert shake(second, Event.RESUMED, Event.RESUMED) == [*handshake, Action.SEND_AGAIN]
    assert first.handle(Event.TAKEN_UP) is Action.NOTHING
    assert (mine.state, first.state, second.state) == (State.RESUMED, State.CLOSED, State.RESUMED)
    assert mine.handle(Event.DIVERGED) is second.handle(Event.DIVERGED) is Action.RESYNC
    mine.handle(Event.COMPARED)
    second.handle(Event.HEARTBEAT)
    assert (mine.state, second.state) == (State.ACTIVE, State.ACTIVE)
