from hypothesis import given
from hypothesis import strategies as st

from theta.base.identifiers import CommandName, Position
from theta.commands.name_index import NameIndex

ACTORS = (5, 2**64 - 1)


def test_cmd_12_a_name_is_found_in_its_packets_record() -> None:
    index = NameIndex()
    assert index.find(CommandName(5, 1)) is None
    assert index.lasts == {}
    index.add((1, 2, 3, 7, 8), Position(40, 5, 8), 10)
    index.add((9,), Position(41, 5, 9), 11)
    found = [index.find(CommandName(5, number)) for number in range(11)]
    assert found == [0, 10, 10, 10, None, None, None, 10, 10, 11, None]
    assert index.find(CommandName(6, 1)) is None
    assert index.lasts == {5: Position(41, 5, 9)}


def test_cmd_12_below_the_base_it_is_only_known_that_a_name_was_used() -> None:
    index = NameIndex()
    index.add_base(Position(40, 5, 8))
    assert [index.find(CommandName(5, number)) for number in (1, 8, 9)] == [0, 0, None]
    index.add((12,), Position(41, 5, 12), 11)
    assert [index.find(CommandName(5, number)) for number in (8, 9, 12)] == [0, None, 11]


PACKETS = st.lists(st.tuples(st.sampled_from(ACTORS), st.lists(st.integers(1, 4), min_size=1, max_size=8)), max_size=12)


@given(PACKETS, st.integers(0, 15))
def test_cmd_12_the_index_is_what_a_plain_table_would_be(packets: list[tuple[int, list[int]]], forgotten: int) -> None:
    index, table, last = NameIndex(), {}, dict.fromkeys(ACTORS, 0)
    forgot: dict[int, int] = dict.fromkeys(ACTORS, 0)
    for seq, (actor, steps) in enumerate(packets, 1):
        numbers = []
        for step in steps:
            last[actor] += step
            numbers.append(last[actor])
        index.add(tuple(numbers), Position(seq, actor, numbers[-1]), seq)
        table.update({(actor, number): seq for number in numbers})
        if seq <= forgotten:
            forgot[actor] = numbers[-1]
    index.forget(forgotten)
    for actor in ACTORS:
        for number in range(1, last[actor] + 3):
            expected = 0 if number <= forgot[actor] else table.get((actor, number))
            assert index.find(CommandName(actor, number)) == expected
