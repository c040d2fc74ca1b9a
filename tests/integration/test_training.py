"""`theta train-dictionary` on a room's file, and a room that is opened with what it wrote."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.integration.test_cli import Server, living_in
from tests.integration.test_cli_rooms import printed, refused
from tests.integration.written_room import WrittenRoom
from theta.adapters.dictionary_files import read_dictionary
from theta.adapters.files import identity_path, read_or_make_secret
from theta.base.errors import InvalidValue, StoreUnavailable
from theta.cli.training import thinned
from theta.commands.identity import Identity
from theta.editor.vocabulary import CreatePrimitive
from theta.node.recorded_traffic import Said

pytestmark = pytest.mark.integration


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    with living_in(tmp_path) as folder:
        yield folder


def a_room(home: Path, cubes: int) -> Path:
    path = home.parent / "castle.theta"
    written = WrittenRoom(path, Identity.from_seed(read_or_make_secret(identity_path())))
    ada = written.come_in("Ada", Identity.from_seed(b"a" * 32))
    for number in range(cubes):
        place = ((float(number), 0.0, 0.0), (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0))
        written.say(ada, CreatePrimitive("cube", 1.0, f"stone {number}", *place))
    written.close()
    return path


def test_it_writes_a_dictionary_that_saves_and_says_how_much(home: Path) -> None:
    room = a_room(home, 60)
    lines = printed("train-dictionary", room)
    dictionary = read_dictionary(room.with_suffix(".dictionary"))
    assert len(dictionary.data) <= 8_192
    assert f"id {dictionary.id}, version 1, hash {dictionary.digest.hex()}" in "\n".join(lines)
    to_a_page = next(line for line in lines if "to a page:" in line)
    raw, alone, helped = (int(word) for word in to_a_page.split() if word.isdigit())
    assert helped < alone < raw
    assert any("paid for itself after" in line for line in lines)


def test_it_replaces_an_older_dictionary_and_nothing_else(home: Path) -> None:
    room = a_room(home, 60)
    target = home.parent / "small.dictionary"
    printed("train-dictionary", room, "--out", target, "--size", 1_024)
    first = read_dictionary(target)
    assert len(first.data) <= 1_024
    printed("train-dictionary", room, "--out", target, "--size", 4_096)
    assert read_dictionary(target) != first
    before = room.read_bytes()
    assert "this is something else" in refused("train-dictionary", room, "--out", room)
    assert "not a folder" in refused("train-dictionary", room, "--out", home)
    assert room.read_bytes() == before


def test_it_says_what_is_too_little_or_out_of_its_limits(home: Path) -> None:
    room = a_room(home, 2)
    assert "at least 16384 bytes to learn from" in refused("train-dictionary", room)
    assert "256 to 65536 bytes" in refused("train-dictionary", room, "--size", 100)
    assert "does not exist" in refused("train-dictionary", home / "none.theta")
    assert not room.with_suffix(".dictionary").exists()


def test_of_a_compacted_room_it_reads_what_came_after(home: Path) -> None:
    room, small = a_room(home, 60), home.parent / "small.theta"
    printed("compact", room, small)
    running = Server(str(small), "--no-lan", "--no-quic")
    running.build("one more")
    assert running.stop()[0] == 0
    assert "at least 16384 bytes to learn from" in refused("train-dictionary", small)
    running = Server(str(small), "--no-lan", "--no-quic")
    running.build(*(f"stone {number} of the wall" for number in range(40)))
    assert running.stop()[0] == 0
    printed("train-dictionary", small)
    assert read_dictionary(small.with_suffix(".dictionary")).data


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="cannot read"):
        read_dictionary(tmp_path / "none.dictionary")
    other = tmp_path / "other.dictionary"
    other.write_bytes(b"SQLite format 3\0")
    with pytest.raises(InvalidValue, match="theta train-dictionary"):
        read_dictionary(other)


def test_of_a_long_log_commits_are_taken_evenly_and_long_ones_left_out() -> None:
    said = [Said(bytes(100), number.to_bytes(4, "little")) for number in range(1_000)]
    said[500] = Said(bytes(100), bytes(100_000))
    kept = [int.from_bytes(each.patches, "little") for each in thinned(said, 10_400)]
    assert 50 <= len(kept) <= 100
    steps = {after - before for before, after in pairwise(kept)}
    assert len(steps) <= 2
    assert kept[0] == 0
    assert kept[-1] > 900


def test_a_room_opened_with_it_is_joined_as_any_other(home: Path) -> None:
    room = a_room(home, 60)
    printed("train-dictionary", room)
    running = Server(str(room), "--no-lan", "--no-quic", "--dictionary", str(room.with_suffix(".dictionary")))
    document_hash = running.build("another stone", "and one more")
    assert running.stop()[0] == 0
    assert f"document hash: {document_hash.hex()}" in printed("verify", room)


def test_a_room_is_not_opened_with_something_else(home: Path) -> None:
    room = a_room(home, 1)
    assert "theta train-dictionary" in refused("serve", room, "--port", 0, "--dictionary", room)
