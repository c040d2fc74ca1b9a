"""What `theta inspect` makes of what it is told: whom and what is meant, and the words for it."""

import pytest

from theta.base.errors import InvalidValue
from theta.cli.inspecting import actor_called, interest_lines, read_entity, world_lines
from theta.wire.interest_messages import InterestAnswer, SystemTime, WorldAnswer, WorldGroup, WorldPeer
from theta.wire.messages import Person

ADA, BEN, TWIN, ME = 0x3F2A_90C1_0000_0001, 0x77AA_0000_0000_0002, 0x77AA_0000_0000_0003, 5


def person(name: str, actor: int) -> Person:
    return Person(actor, bytes(32), name, 0, "editor")


PEOPLE = [person("Ada", ADA), person("Ben", BEN), person("Ben", TWIN), person("theta", ME)]


@pytest.mark.parametrize(("text", "entity"), [("4294967303", 2**32 + 7), (" 0x100000007 ", 2**32 + 7), ("1", 1)])
def test_an_entity_by_its_id(text: str, entity: int) -> None:
    assert read_entity(text) == entity


@pytest.mark.parametrize("text", ["", "rose", "0", "-1", "1.5", str(2**64)])
def test_what_is_no_entity(text: str) -> None:
    with pytest.raises(InvalidValue, match="must be an entity's id in the room"):
        read_entity(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ada", ("Ada", ADA)),
        ("3f2a", ("Ada", ADA)),
        ("0x3F2A90", ("Ada", ADA)),
        ("77aa000000000003", ("Ben", TWIN)),
        ("", ("you", ME)),
        ("00000000000000ff", ("00000000000000ff", 255)),
    ],
)
def test_somebody_by_name_or_actor(text: str, found: tuple[str, int]) -> None:
    assert actor_called(text, PEOPLE, ME) == found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Cid", "who is here: Ada (3f2a90c100000001), Ben (77aa000000000002), Ben (77aa000000000003)"),
        ("Ben", "one of several, by the start of the actor: Ben (77aa000000000002), Ben (77aa000000000003)"),
        ("77aa", "one of several, by the start of the actor: Ben (77aa000000000002), Ben (77aa000000000003)"),
        ("3f2", "who is here"),
        ("3f2a90c10000000g", "who is here"),
    ],
)
def test_nobody_or_several(text: str, says: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        actor_called(text, PEOPLE, ME)
    assert says in str(caught.value)
    assert "theta" not in str(caught.value)


def test_alone() -> None:
    with pytest.raises(InvalidValue, match="who is here: nobody"):
        actor_called("Ada", [person("theta", ME)], ME)


TOLD = InterestAnswer(
    1, 900, 12, True, True, ["within the radius", "its own"], 3.204, 10.0, 0.25, 1.5, 880, 879, 899, 12, "budget"
)


def test_why_somebody_is_told() -> None:
    assert list(interest_lines("Ada", 2**32 + 7, "", TOLD)) == [
        "Ada is told of entity 0x100000007: within the radius; its own",
        "  distance:  3.20 m, of 10.00 m",
        "  priority:  0.250, and 1.500 more each tick that it waits, selected",
        "  cell 12:  changed in tick 899 of 900, sent in 880, acknowledged as of 879",
        "  waits for: budget, for 0.40 s",
    ]


def test_why_somebody_is_not_told() -> None:
    reasons = ["the peer's role is not told\x1b of this scope"]
    hidden = InterestAnswer(1, 9, 3, False, False, reasons, -1.0, 10.0, 0.0, 0.0, 0, 0, 8, 0, "relevance")
    assert list(interest_lines("you", 7, "editor", hidden)) == [
        "you are not told of the editor components of entity 0x7: the peer's role is not told\ufffd of this scope",
        "  cell 3:  changed in tick 8 of 9, never sent, never acknowledged",
        "  waits for: relevance",
    ]
    nowhere = InterestAnswer(1, 9, -1, False, False, ["it has no place"], -1.0, -1.0, 0.0, 0.0, 0, 0, 0, 0, "relevance")
    assert list(interest_lines("Ada", 7, "", nowhere)) == [
        "Ada is not told of entity 0x7: it has no place",
        "  waits for: relevance",
    ]


WORLD = WorldAnswer(
    1,
    12_345,
    10_003,
    [WorldGroup(["theta.Pose", "theta.Shape"], 10_000), WorldGroup([], 1)],
    [WorldPeer(ADA, 84, 3, 21_300, False), WorldPeer(BEN, 1_084, 0, 65_000, True), WorldPeer(ME, 1, 0, 99_000, False)],
    [
        SystemTime("render", "flutter", 4_000, 0.0002, 0.0004),
        SystemTime("render", "", 4_000, 0.00025, 0.00045),
        SystemTime("simulation", "rain", 12_000, 0.001, 0.002),
    ],
    "",
)


def test_how_a_world_is() -> None:
    assert list(world_lines(WORLD, {ADA: "Ada", ME: "theta"}, ME)) == [
        "10,003 entities, tick 12,345",
        "     10,000  theta.Pose, theta.Shape",
        "          1  without components",
        "          2  with other components",
        "2 participants, without this one",
        "  somebody new (77aa000000000002): 1,084 cells, 0 waiting, 65.0 KB/s, still joining",
        "  Ada (3f2a90c100000001): 84 cells, 3 waiting, 21.3 KB/s",
        "systems: average, p99, runs",
        f"  {'  rain':<30} {1.0:>8.3f} ms {2.0:>8.3f} ms    12,000",
        f"  {'render':<30} {0.25:>8.3f} ms {0.45:>8.3f} ms     4,000",
        f"  {'  flutter':<30} {0.2:>8.3f} ms {0.4:>8.3f} ms     4,000",
    ]


def test_how_an_empty_world_is() -> None:
    empty = WorldAnswer(1, 0, 0, [], [WorldPeer(ADA, 0, 0, 0, False)], [], "garden.py:3: no \x1bway")
    assert list(world_lines(empty, {ADA: "A\x1bda"}, ME)) == [
        "0 entities, tick 0",
        "1 participant, without this one",
        "  A\ufffdda (3f2a90c100000001): 0 cells, 0 waiting, 0.0 KB/s",
        "no systems have run",
        "no systems run any more: garden.py:3: no \ufffdway",
    ]
