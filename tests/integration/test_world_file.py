"""World files: what a room takes from one, what is said of a broken one, and rooms that run one."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

import theta
from tests.contract.transport_contract import soon
from tests.integration.test_cli import DEADLINE_SECONDS, THETA, Server, living_in
from tests.integration.test_cli_rooms import theta as run_theta
from tests.support.room_process import TAKES_CTRL_C
from theta.adapters.world_files import WorldFileError, read_world
from theta.base.errors import StoreUnavailable
from theta.ecs.component import component_named, component_type

pytestmark = pytest.mark.integration

GARDEN = Path(__file__).resolve().parents[2] / "examples" / "garden.py"
YARD = """
from dataclasses import dataclass
from typing import Annotated
import theta
from theta import Column, Plane, Pose, Shape, Stage, component, system

@component("yard.Glow", plane=Plane.STATE)
@dataclass(frozen=True)
class Glow:
    light: Annotated[float, Column("<f4")] = 0.5

@component("yard.Age", plane=Plane.STATE)
@dataclass(frozen=True)
class Age:
    seconds: Annotated[float, Column("<f4")] = 0.0

@component("yard.Title", plane=Plane.DOCUMENT)
@dataclass(frozen=True)
class Title:
    size: Annotated[int, Column("<u4")] = 1

@system(Stage.RENDER, writes=(Pose,))
def rise(world, seconds):
    for _, (pose,) in world.query_mut(Pose):
        pose["translation"][:, 1] = (pose["translation"][:, 1] + 0.5 * seconds) % 2.0

world = theta.World()
world.spawn(Pose((1.0, 0.0, 0.0)), Shape(), Glow(0.75))
world.schedule.add(rise)
"""


@pytest.fixture(autouse=True)
def _path_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", sys.path[:])


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    with living_in(tmp_path) as folder:
        yield folder


def written(folder: Path, text: str, name: str = "yard.py") -> Path:
    path = folder / name
    path.write_text(dedent(text), encoding="utf-8")
    return path


def refused(folder: Path, text: str) -> WorldFileError:
    with pytest.raises(WorldFileError) as caught:
        read_world(written(folder, text))
    assert str(caught.value).startswith(str(folder / "yard.py"))
    return caught.value


def names_of(components: tuple[type[object], ...]) -> list[str]:
    return [component_type(each).name for each in components]


class TestReading:
    def test_the_world_and_every_state_component_by_name(self, tmp_path: Path) -> None:
        found = read_world(written(tmp_path, YARD))
        assert found.world.entity_count == 1
        assert [each.name for each in found.declarations] == ["theta.Pose", "theta.Shape", "yard.Age", "yard.Glow"]
        found.world.schedule.update(0.0)
        found.world.schedule.update(1.0)
        (rows,) = found.world.query(theta.Pose)
        assert rows.columns[0]["translation"].tolist() == [[1.0, 0.5, 0.0]]

    def test_or_those_that_it_lists_in_their_order(self, tmp_path: Path) -> None:
        found = read_world(written(tmp_path, YARD + "components = [Glow, Shape, Glow]\n"))
        assert [each.name for each in found.declarations] == ["theta.Pose", "theta.Shape", "yard.Glow"]
        assert names_of(found.components) == ["theta.Pose", "theta.Shape", "yard.Glow"]

    def test_what_lies_beside_it_can_be_imported(self, tmp_path: Path) -> None:
        written(tmp_path, "def fill(world):\n    world.spawn()\n", "yard_parts.py")
        text = "import theta\nfrom yard_parts import fill\nworld = theta.World()\nfill(world)\n"
        assert read_world(written(tmp_path, text)).world.entity_count == 1

    def test_annotations_may_be_text(self, tmp_path: Path) -> None:
        assert read_world(written(tmp_path, "from __future__ import annotations\n" + YARD)).world.entity_count == 1

    def test_it_may_be_called_anything(self, tmp_path: Path) -> None:
        path = written(tmp_path, "import theta\nworld = theta.World()\nname = __name__\n", "my yard-2.world")
        assert read_world(path).world.entity_count == 0
        assert "theta_world_my_yard_2" in sys.modules

    def test_the_garden_of_the_examples(self) -> None:
        found = read_world(GARDEN)
        assert found.world.entity_count == 10_000
        assert [each.name for each in found.declarations] == ["theta.Pose", "theta.Shape", "garden.Flight"]
        moved = []
        for tick in range(360):
            before = found.world.tick
            found.world.schedule.update(tick / 30)
            moved.append(len(found.world.changed_slots(theta.Pose, before - 1)))
        assert 800 < np.mean(moved[30:]) < 1_200
        places = np.concatenate([rows.columns[0]["translation"] for rows in found.world.query(theta.Pose)])
        assert np.all(np.abs(places[:, (0, 2)]) < 105.0)
        assert 100 < np.count_nonzero(np.linalg.norm(places, axis=1) < 10.0) < 1_000


class TestRefusing:
    def test_no_such_file(self, tmp_path: Path) -> None:
        with pytest.raises(StoreUnavailable, match="no such file"):
            read_world(tmp_path / "nowhere.py")
        with pytest.raises(StoreUnavailable, match="a folder"):
            read_world(tmp_path)

    def test_what_is_no_python(self, tmp_path: Path) -> None:
        error = refused(tmp_path, "import theta\nworld = theta.World(\nspawn = = 3\n")
        assert error.line == 2
        assert "SyntaxError: '(' was never closed, in “world = theta.World(”; mend it" in str(error)

    def test_what_is_no_text(self, tmp_path: Path) -> None:
        path = tmp_path / "yard.py"
        path.write_bytes(b"import theta\nname = '\xff'\n")
        with pytest.raises(WorldFileError, match="SyntaxError"):
            read_world(path)

    def test_an_exception_says_in_which_line(self, tmp_path: Path) -> None:
        error = refused(tmp_path, "import theta\nworld = theta.World()\nplaces = np.zeros(3)\n")
        assert error.line == 3
        assert str(error).endswith(
            "yard.py:3: NameError: name 'np' is not defined, in “places = np.zeros(3)”; mend it and start again"
        )
        assert "theta_world_yard" not in sys.modules

    def test_the_deepest_line_of_the_file_counts(self, tmp_path: Path) -> None:
        text = "import theta\ndef fill():\n    return 1 / 0\nworld = theta.World()\nfill()\n"
        assert refused(tmp_path, text).line == 3

    def test_an_error_of_the_world_names_the_line_that_called_it(self, tmp_path: Path) -> None:
        error = refused(tmp_path, "import theta\nworld = theta.World()\nworld.spawn(3)\n")
        assert error.line == 3
        assert "UnknownComponent: int is no component" in str(error)

    def test_an_error_beside_it_names_both(self, tmp_path: Path) -> None:
        written(tmp_path, "def fill(world):\n    raise ValueError\n", "yard_broken.py")
        error = refused(tmp_path, "import theta\nfrom yard_broken import fill\nworld = theta.World()\nfill(world)\n")
        assert error.line == 4
        assert "ValueError (raised at yard_broken.py:2), in “fill(world)”" in str(error)

    def test_a_module_that_is_missing(self, tmp_path: Path) -> None:
        error = refused(tmp_path, "import no_such_thing\n")
        assert error.line == 1
        assert "No module named 'no_such_thing'" in str(error)

    def test_it_may_not_end_the_command(self, tmp_path: Path) -> None:
        assert "SystemExit: enough" in str(refused(tmp_path, "import sys\nsys.exit('enough')\n"))

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("import theta\n", "it has no `world`: put `world = theta.World()` into it"),
            ("world = {}\n", "its `world` is a dict: put `world = theta.World()` into it"),
            (YARD + "components = Glow\n", "its `components` must be a tuple of classes"),
            (YARD + "components = (Glow, Title)\n", "cannot be replicated: components is 'yard.Title', but must be of"),
            (YARD + "components = (Glow, int)\n", "cannot be replicated: int is no component"),
            (
                YARD + "@system(Stage.RENDER, after=(rise, 'sink'))\ndef fall(world, seconds): ...\n"
                "world.schedule.add(fall)\n",
                "its systems cannot be put in order: fall names sink",
            ),
        ],
    )
    def test_what_makes_no_world_for_a_room(self, tmp_path: Path, text: str, says: str) -> None:
        assert says in str(refused(tmp_path, text))

    def test_a_world_that_may_grow_larger_than_a_room_holds(self, tmp_path: Path) -> None:
        error = refused(tmp_path, "import theta\nworld = theta.World(entities_max=100_001)\n")
        assert "its world may have 100001 entities, but a room's at most 100000" in str(error)


def serve(*arguments: object) -> subprocess.CompletedProcess[str]:
    """`theta serve` that is expected to refuse."""
    command = [*THETA, "serve", "--port", "0", "--no-lan", *(str(each) for each in arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_SECONDS)


class TestServing:
    def test_a_broken_file_opens_no_room(self, home: Path) -> None:
        written(home.parent, "import theta\nworld = theta.World()\n1 / 0\n")
        done = serve("room.theta", "--world", "yard.py")
        assert done.returncode == 2
        assert done.stderr == (
            "error: yard.py:3: ZeroDivisionError: division by zero, in “1 / 0”; mend it and start again\n"
        )
        assert done.stdout == ""
        assert sorted(each.name for each in home.parent.iterdir() if "pycache" not in each.name) == ["home", "yard.py"]

    def test_ctrl_c_ends_a_build_that_takes_long(self, home: Path) -> None:
        written(home.parent, "import time\nprint('building', flush=True)\ntime.sleep(600)\n")
        command = [*TAKES_CTRL_C, "serve", "room.theta", "--port", "0", "--world", "yard.py"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "building\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=DEADLINE_SECONDS)
        assert process.returncode == 130
        assert said == "stopped while yard.py was being run; the room was not opened\n"
        assert not (home.parent / "room.theta").exists()


FAILING = """
@system(Stage.EDITOR, reads=(Pose,))
def stumble(world, seconds):
    for _, (pose,) in world.query(Pose):
        if pose["translation"][0, 1] > 0.2:
            raise RuntimeError("no way")

world.schedule.add(stumble)
"""
DAWDLING = """
import time

@system(Stage.EDITOR)
def dawdle(world, seconds):
    time.sleep(0.02)

world.schedule.add(dawdle)
"""


@pytest.fixture
def running(home: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    """A room with the yard, and what else the test wants in its file."""
    written(home.parent, YARD + getattr(request, "param", ""))
    server = Server("room.theta", "--no-lan", "--world", "yard.py")
    yield server
    server.process.kill()
    server.process.communicate()


def height(room: theta.RoomClient) -> float:
    """How high what rises is, as it is known here; below the ground while it is not."""
    found = [float(rows.columns[0]["translation"][0, 1]) for rows in room.world.query(theta.Pose)]
    return found[0] if found else -1.0


def read_until(server: Server, start: str) -> str:
    """What it says on stderr, up to a line that begins so."""
    assert server.process.stderr is not None
    said = ""
    for line in server.process.stderr:
        said += line
        if line.startswith(start):
            break
    return said


class TestInspecting:
    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (("serve",), "theta serve meadow.theta --world garden.py"),
            (("serve",), 'pose["translation"][:, 1] += 0.1 * seconds'),
            (("inspect", "world"), "theta inspect world meadow.theta --json"),
            (("inspect", "interest"), "theta inspect interest --peer Ada --entity 4294967303"),
        ],
    )
    def test_it_is_taught_by_example(self, arguments: tuple[str, ...], says: str) -> None:
        assert says in run_theta(*arguments, "--help").stdout

    def test_a_room_that_nobody_serves_has_no_world(self, home: Path) -> None:
        (home.parent / "room.theta").write_bytes(b"")
        done = run_theta("inspect", "world", "room.theta")
        assert "nobody serves room.theta now" in str(done.exception)
        assert "a room's file that exists" in str(run_theta("inspect", "world", "nowhere.theta").exception)

    def test_what_is_asked_wrongly(self, home: Path) -> None:
        entity = ("inspect", "interest", "--entity")
        assert "--scope is 'all', but must be editor" in str(run_theta(*entity, "7", "--scope", "all").exception)
        assert "--entity is 'rose', but must be" in str(run_theta(*entity, "rose").exception)
        assert run_theta("inspect", "interest").exit_code == 2


class TestTogether:
    async def test_what_lives_in_it_is_seen_and_moves(self, running: Server) -> None:
        assert "The world of yard.py: 1 entity, 1 system." in running.welcome
        read_world(Path("yard.py"))
        glow = component_named("yard.Glow")
        assert glow is not None
        async with theta.connect(running.link, name="Ada") as room:
            await soon(room.wait_until(lambda: height(room) >= 0.0))
            seen = height(room)
            await soon(room.wait_until(lambda: abs(height(room) - seen) > 0.1))
            ((entities, (glows, shapes)),) = room.world.query(glow.made_by, theta.Shape)
            assert (glows["light"].tolist(), shapes["kind"].tolist(), len(entities)) == ([0.75], [0], 1)
        code, _, said = await asyncio.to_thread(running.stop)
        assert (code, "error" in said) == (0, False)

    def test_inspecting_it(self, running: Server) -> None:
        with theta.connect_blocking(running.link, name="Ada") as room:
            room.call(soon(room.room.wait_until(lambda: height(room.room) > 0.1)))
            actor = f"{room.actor:016x}"
            ((entities, _),) = room.read(lambda client: list(client.world.query(theta.Pose)))
            entity = room.room_entity(int(entities[0]))
            lines = run_theta("inspect", "world", "room.theta").stdout.splitlines()
            assert lines[0].startswith("1 entity, tick ")
            assert lines[1].split("  ")[-1] == "theta.Pose, theta.Shape, yard.Glow"
            assert any(line.startswith(f"  Ada ({actor}): 1 cell, ") for line in lines), lines
            assert any("rise" in line and " ms" in line for line in lines), lines
            asked = ("inspect", "interest", "room.theta", "--peer", "Ada", "--entity", entity)
            told = run_theta(*asked)
            assert told.stdout.startswith(f"Ada is told of entity {entity:#x}: within the radius\n")
            found = json.loads(run_theta(*asked, "--json").stdout)
            assert (found["peer"], found["actor"], found["relevant"]) == ("Ada", actor, True)
            world = json.loads(run_theta("inspect", "world", running.link, "--json").stdout)
            assert (world["entities"], world["fault"]) == (1, "")
            assert [peer["name"] for peer in world["peers"] if peer["actor"] == actor] == ["Ada"]
            assert "must be one that lives" in str(run_theta(*asked[:-1], entity + 2**33).exception)
            with pytest.raises(theta.CommandRefused, match="one that lives"):
                room.explain_interest(2**40, room.actor)

    @pytest.mark.parametrize("running", [FAILING], indirect=True)
    async def test_a_system_that_fails_is_said_once_and_the_room_goes_on(self, running: Server) -> None:
        line = next(at for at, text in enumerate((YARD + FAILING).splitlines(), 1) if "no way" in text)
        async with theta.connect(running.link, name="Ada") as room:
            said = await soon(asyncio.to_thread(read_until, running, "error: "))
            assert said.endswith(f"error: yard.py:{line}: RuntimeError: no way\n")
            assert said.count("Traceback") == 1
            assert (await room.inspect_world()).fault == f"yard.py:{line}: RuntimeError: no way"
            assert (await room.create("cube", name="stone")).exists
        code, _, rest = await asyncio.to_thread(running.stop)
        assert (code, "no way" in rest) == (0, False)

    @pytest.mark.parametrize("running", [DAWDLING], indirect=True)
    async def test_a_slow_system_is_warned_of_now_and_then(self, running: Server) -> None:
        async with theta.connect(running.link, name="Ada") as room:
            await soon(room.wait_until(lambda: height(room) > 0.5))
            await room.inspect_world()
        _, _, said = await asyncio.to_thread(running.stop)
        warnings = [line for line in said.splitlines() if "kind=slow" in line]
        assert 1 <= len(warnings) <= 2
        assert "the stage editor took" in warnings[0]
        assert "and dawdle" in warnings[0]

    async def test_nobody_else_may_inspect(self, running: Server) -> None:
        async with theta.connect(running.link, name="Ben", identity="ben") as room:
            with pytest.raises(theta.CommandRefused, match="ask an admin"):
                await room.inspect_world()
            with pytest.raises(theta.CommandRefused, match="ask an admin"):
                await room.explain_interest(2**32, actor=room.actor + 1)
            with pytest.raises(theta.InvalidValue, match="room_entity"):
                await room.explain_interest(0)
            with pytest.raises(theta.InvalidValue, match="scope"):
                await room.explain_interest(1, scope="nobody")  # type: ignore[arg-type]
            assert not (await room.explain_interest(2**40)).relevant
