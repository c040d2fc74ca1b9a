"""Run many seeds: `python -m theta.sim --seeds 1000 --peers 4`; exits with 1 when a seed failed."""

import argparse
import sys
from collections.abc import Callable, Sequence

from theta.sim import (
    SCENARIOS,
    TROUBLE_SECONDS,
    SimulationFailed,
    SimulationSettings,
    bad_network,
    check_seed,
    living_room,
)

FAILURES_MAX = 10
PEERS = 4
BY_SEED = {"living": living_room, "network": bad_network}
"""Of these scenarios' rooms each is another, by its seed."""
SCENARIO_HELP = f"what goes wrong; with {' and '.join(sorted(BY_SEED))}, how badly is by the seed"


def main(arguments: Sequence[str] | None = None, say: Callable[[str], object] = sys.stderr.write) -> int:
    """Check the seeds that the arguments name, and tell each result in a line; returns the exit status."""
    options = _parser().parse_args(arguments)
    failed: list[int] = []
    for seed in range(options.first, options.first + options.seeds):
        try:
            result = check_seed(seed, _settings(seed, options), options.seconds)
        except SimulationFailed as failure:
            failed.append(seed)
            say(f"{failure}\nreplay with: {_replay(seed, options)}\n")
            if len(failed) == FAILURES_MAX:
                break
        else:
            say(
                f"seed {seed}: {result.records} records, {len(result.acknowledged)} commands acknowledged, "
                f"{result.room_starts} room starts, {result.seconds:g} s, trace {result.trace_hash.hex()}\n"
            )
    say(f"failed: {', '.join(map(str, failed))}\n" if failed else "every seed converged\n")
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m theta.sim", description="Run seeded simulations of a room and its people, and check them."
    )
    parser.add_argument("--seeds", type=int, default=100, help="how many (default: 100)")
    parser.add_argument("--first", type=int, default=1, help="the first seed (default: 1)")
    parser.add_argument("--peers", type=int, help=f"people in the room (default: {PEERS}, or by the seed)")
    parser.add_argument("--seconds", type=float, default=TROUBLE_SECONDS, help="simulated seconds of trouble")
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), default="everything", help=SCENARIO_HELP)
    parser.add_argument("--trace", type=int, default=40, help="trace lines told of a failure (default: 40)")
    return parser


def _settings(seed: int, options: argparse.Namespace) -> SimulationSettings:
    by_seed = BY_SEED.get(options.scenario)
    if by_seed is not None:
        settings = by_seed(seed, options.peers)
    else:
        settings = SCENARIOS[options.scenario]._replace(peers=options.peers or PEERS)
    return settings._replace(trace_lines_printed=options.trace)


def _replay(seed: int, options: argparse.Namespace) -> str:
    peers = options.peers or (None if options.scenario in BY_SEED else PEERS)
    return (
        f"python -m theta.sim --first {seed} --seeds 1{f' --peers {peers}' if peers else ''} "
        f"--seconds {options.seconds:g} --scenario {options.scenario} --trace 400"
    )


if __name__ == "__main__":
    sys.exit(main())
