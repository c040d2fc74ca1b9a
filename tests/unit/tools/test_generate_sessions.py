"""The drawing of a session's states."""

from pathlib import Path

from theta.session.states import HOST, PARTICIPANT, Action, State
from tools import generate_sessions


def test_each_pair_of_the_tables_is_in_the_grid_and_each_way_in_the_diagram() -> None:
    text = generate_sessions.generate()
    grids = [line for line in text.splitlines() if line.startswith("| **")]
    assert len(grids) == len(HOST.events) + len(PARTICIPANT.events)
    for table in (HOST, PARTICIPANT):
        for state, row in table.rows.items():
            for event, (after, action) in row.items():
                arrow = f"    {state} --> {after}: "
                drawn = [line for line in text.splitlines() if line.startswith(arrow) and line.endswith(f"/ {action}")]
                assert after is state or any(str(event) in line for line in drawn)
    assert "active --> suspended: lost / keep" in text
    assert f"{State.CLOSED} --> [*]" in text
    assert all(f"| {action} | " in text for action in Action)


def test_a_stale_drawing_is_found(tmp_path: Path) -> None:
    file = tmp_path / "sessions.md"
    assert generate_sessions.main(["--output", str(file)]) == 0
    assert generate_sessions.main(["--check", "--output", str(file)]) == 0
    file.write_text(file.read_text().replace("lost / keep", "lost / forget"))
    assert generate_sessions.main(["--check", "--output", str(file)]) == 1
