from hypothesis import given
from hypothesis import strategies as st

from theta.base import limits
from theta.base.identifiers import CommandName, Position
from theta.commands.name_index import NameIndex

ACTORS = (5, 2**64 - 1)


def test_cmd_12_a_name_is_found_in_its_packets_record() -> None:
    index = NameIndex()
    assert index.find(CommandName(5, 1)) is None
    assert index.lasts == {}
    index.add((1, 2, 3, 7, 8), Position(40, 5, 8), 10, 3)
    index.add((9,), Position(41, 5, 9), 11, 2)
    found = [index.find(CommandName(5, number)) for number in range(11)]
    assert found == [None, 10, 10, 10, None, None, None, 10, 10, 11, None]
    assert index.find(CommandName(6, 1)) is None
    assert index.lasts == {5: Position(41, 5, 9)}


def test_cmd_12_below_the_base_it_is_only_known_which_names_were_used() -> None:
    index = NameIndex()
    index.add_base(Position(40, 5, 8), 30, [2, 3, 6, 6, 8, 8])
    assert [index.find(CommandName(5, number)) for number in range(1, 10)] == [
        None,
        0,
        0,
        None,
        None,
        0,
        None,
        0,
        None,
    ]
    index.add((12,), Position(41, 5, 12), 11, 10)
    assert [index.find(CommandName(5, number)) for number in (7, 8, 9, 12)] == [None, 0, None, 11]
    assert [(last, seen, list(ranges)) for last, seen, ranges in index.actors()] == [
        (Position(41, 5, 12), 30, [2, 3, 6, 6, 8, 8, 12, 12])
    ]


def test_cmd_12_of_more_ranges_than_are_kept_the_lowest_count_as_never_admitted() -> None:
    index, most = NameIndex(), limits.ADMITTED_RANGES_PER_ACTOR_MAX
    for number in range(2, 2 * most + 6, 2):
        index.add((number,), Position(number, 5, number), number, 0)
    assert index.find(CommandName(5, 2)) == 2, "its record is here"
    index.forget(2 * most + 4)
    assert [index.find(CommandName(5, number)) for number in (2, 4, 6, 7, 8)] == [None, None, 0, None, 0]
    assert sum(len(ranges) for _, _, ranges in index.actors()) == 2 * most


def test_cmd_75_what_an_actor_has_seen_never_falls() -> None:
    index = NameIndex()
    assert index.seen_by(5) == 0
    for seq, seen, highest in ((1, 7, 7), (2, 3, 7), (3, 8, 8)):
        index.add((seq,), Position(seq, 5, seq), seq, seen)
        assert index.seen_by(5) == highest


PACKETS = st.lists(st.tuples(st.sampled_from(ACTORS), st.lists(st.integers(1, 4), min_size=1, max_size=8)), max_size=12)


@given(PACKETS, st.integers(0, 15))
def test_cmd_12_the_index_is_what_a_plain_table_would_be(packets: list[tuple[int, list[int]]], forgotten: int) -> None:
    index, table, last = NameIndex(), {}, dict.fromkeys(ACTORS, 0)
    forgotten_names: set[tuple[int, int]] = set()
    for seq, (actor, steps) in enumerate(packets, 1):
        numbers = []
        for step in steps:
            last[actor] += step
            numbers.append(last[actor])
        index.add(tuple(numbers), Position(seq, actor, numbers[-1]), seq, 0)
        table.update({(actor, number): seq for number in numbers})
        if seq <= forgotten:
            forgotten_names.update((actor, number) for number in numbers)
    index.forget(forgotten)
    again = NameIndex()
    for last_position, seen, ranges in index.actors():
        again.add_base(last_position, seen, ranges)
    for actor in ACTORS:
        for number in range(1, last[actor] + 3):
            expected = 0 if (actor, number) in forgotten_names else table.get((actor, number))
            assert index.find(CommandName(actor, number)) == expected
            assert again.find(CommandName(actor, number)) == (0 if (actor, number) in table else None)
