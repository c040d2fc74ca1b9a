import pytest

from theta.sim import SimulationFailed, SimulationResult, Trace, __main__


def test_the_hash_covers_time_node_event_and_bytes() -> None:
    def hash_of(*entry: object) -> bytes:
        trace = Trace()
        trace.note(*entry)  # type: ignore[arg-type]
        return trace.hash

    base = (1.0, "room", "frame", b"abc")
    others = [(1.5, "room", "frame", b"abc"), (1.0, "peer", "frame", b"abc"), (1.0, "room", "timer", b"abc")]
    others += [(1.0, "room", "frame", b"abd"), (1.0, "room", "frame", b""), (1.0, "roomframe", "", b"abc")]
    assert hash_of(*base) == hash_of(*base)
    assert len({hash_of(*base), *(hash_of(*other) for other in others)}) == 1 + len(others)


def test_the_last_lines_are_kept_and_all_are_counted() -> None:
    trace = Trace(lines_kept=3)
    for step in range(10):
        trace.note(step / 2, "peer 1", f"step {step}", bytes(step))
    assert trace.count == 10
    assert [line.split()[4] for line in trace.lines(2)] == ["8", "9"]
    assert len(trace.lines(100)) == 3
    assert "[9 bytes, " in trace.lines(1)[0]
    assert trace.lines(0) == []


def test_the_command_tells_each_seed_and_succeeds() -> None:
    said: list[str] = []
    assert __main__.main(["--seeds", "2", "--first", "5", "--peers", "2", "--seconds", "1"], said.append) == 0
    assert [line.split(":")[0] for line in said] == ["seed 5", "seed 6", "every seed converged\n"]
    assert "trace " in said[0]


def test_the_command_fails_and_says_how_to_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(seed: int, *arguments: object) -> SimulationResult:
        raise SimulationFailed(f"seed {seed} failed")

    monkeypatch.setattr(__main__, "check_seed", fail)
    said: list[str] = []
    assert __main__.main(["--seeds", "50", "--scenario", "rough"], said.append) == 1
    assert len(said) == __main__.FAILURES_MAX + 1, "it goes on for ever"
    assert "python -m theta.sim --first 1 --seeds 1 --peers 4 --seconds 5 --scenario rough" in said[0]
    assert said[-1] == "failed: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10\n"
