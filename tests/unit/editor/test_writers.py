import pytest

from theta.base.identifiers import CommandName
from theta.editor.writers import EVERY, Extruded, Writer, Writers

ONE, OTHER = b"1" * 16, b"2" * 16
MAIN, BRANCH = bytes(16), b"b" * 16


def writer(actor: int, number: int, seq: int = 1, branch: bytes = MAIN, did: bool = True) -> Writer:
    """Somebody."""
    return Writer(actor, number, seq, branch, did)


def extruded(by: Writer) -> Extruded:
    """A triangle."""
    points = ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    return Extruded((by,), (ONE, OTHER, b"3" * 16), (ONE,), points, (0.0, 0.0, 1.0), ((0.0, 0.0, 2.0),))


def filled() -> Writers:
    """Of several people."""
    writers = Writers()
    writers.write("position", [ONE, OTHER], writer(1, 1, 2), 1)
    writers.write_one("position", ONE, writer(2, 1, 3), 1)
    writers.write("name", [b"*"], writer(2, 2, 4, BRANCH, did=False), 1)
    writers.extrude(ONE, extruded(writer(1, 1, 2)))
    return writers


def test_cmd_82_those_are_kept_whom_nobody_who_wrote_later_knew_of() -> None:
    writers = Writers()
    first, second, third = writer(1, 1, 2), writer(2, 1, 3), writer(1, 2, 4)
    masked, elsewhere = writer(1, 3, 5, did=False), writer(1, 4, 6, BRANCH)
    for each in (first, second, third, masked, elsewhere):
        writers.write("position", [ONE], each, 1)
    assert writers.heads("position", ONE) == (second, third, masked, elsewhere)
    assert writers.heads("position", EVERY) == writers.heads("position", ONE)
    assert writers.heads("position", OTHER) == ()
    assert writers.heads("topology", ONE) == ()
    assert third.name == CommandName(1, 2)
    knows_two = writer(3, 1, 7)
    writers.write("position", [ONE], knows_two, 3)
    assert writers.heads("position", ONE) == (third, masked, elsewhere, knows_two)
    did_nothing = writer(3, 2, 8, did=False)
    writers.write("position", [ONE], did_nothing, 7)
    assert writers.heads("position", ONE) == (third, elsewhere, knows_two, did_nothing), (
        "it stands for what did nothing"
    )
    knows_all = writer(4, 1, 9)
    writers.write("position", [ONE], knows_all, 8)
    assert writers.heads("position", ONE) == (elsewhere, knows_all), "but of what was done on another branch"


def test_cmd_82_one_element_is_written_as_several_are() -> None:
    several, one = Writers(), Writers()
    people = [writer(1, 1, 2), writer(1, 2, 3), writer(2, 1, 4, did=False), writer(2, 2, 5), writer(1, 3, 6, BRANCH)]
    for each in people:
        several.write("position", [ONE], each, each.seq - 2)
        one.write_one("position", ONE, each, each.seq - 2)
        assert several.to_bytes() == one.to_bytes()


def test_cmd_82_many_people_one_after_the_other_leave_one() -> None:
    writers = Writers()
    for number in range(1, 200):
        writers.write_one("position", ONE, writer(number, 1, number), number - 1)
        writers.write("topology", [OTHER, ONE], writer(number, 2, number), number - 1)
    for field in ("position", "topology"):
        assert [each.actor for each in writers.heads(field, EVERY)] == [199]


def test_cmd_90_writers_are_rolled_back_to_any_mark() -> None:
    writers = filled()
    states, marks = [], []
    for number in range(5):
        states.append(writers.to_bytes())
        marks.append(writers.mark())
        writers.write("position", [OTHER, b"3" * 16], writer(number % 3, 10 + number, 10 + number), 9 + number)
        writers.write_one("topology", ONE, writer(1, 10 + number, 10 + number), 5)
        writers.extrude(OTHER if number % 2 else ONE, extruded(writer(1, 10 + number)))
    for mark, state in zip(marks[:1:-1], states[:1:-1], strict=True):
        writers.rollback(mark)
        assert writers.to_bytes() == state
    writers.forget_before(marks[1])
    writers.rollback(marks[1])
    assert writers.to_bytes() == states[1]
    with pytest.raises(AssertionError):
        writers.rollback(marks[0])


def test_cmd_82_a_copy_changes_by_itself() -> None:
    writers = filled()
    before = writers.to_bytes()
    copy = writers.copy()
    assert copy.to_bytes() == before
    copy.write("position", [ONE], writer(3, 1, 9), 1)
    copy.extrude(OTHER, extruded(writer(3, 1, 9)))
    assert writers.to_bytes() == before
    assert copy.to_bytes() != before


def test_cmd_82_what_is_stored_comes_back_the_same() -> None:
    writers = filled()
    back = Writers.from_bytes(writers.to_bytes())
    assert back.tables == writers.tables
    assert back.extruded == writers.extruded
    assert back.to_bytes() == writers.to_bytes()
    assert Writers.from_bytes(Writers().to_bytes()).tables == {}


def test_cmd_82_the_same_writers_are_the_same_bytes_whatever_led_there() -> None:
    one, other = Writers(), Writers()
    for elements in ([ONE, OTHER], [OTHER, ONE]):
        one.write("position", elements, writer(1, 1), 0)
    other.write("position", [OTHER, ONE], writer(1, 1), 0)
    mark = other.mark()
    other.write("name", [ONE], writer(2, 1), 0)
    other.rollback(mark)
    assert one.to_bytes() == other.to_bytes()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x93",
        b"\x93\x90\x81\xa1p\x91\x92\xc4\x01a\x00\x90",
        b"\x93\x90\x81\xa1p\x91\x92\xc4\x01a\xff\x90",
    ],
)
def test_cmd_82_bytes_that_no_writers_give_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - msgspec's own among them
        Writers.from_bytes(data)
