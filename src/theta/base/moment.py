"""Time as the core is given it: one reading of two clocks."""

from typing import NamedTuple


class Moment(NamedTuple):
    """`seconds` never goes back and measures spans; `unix_ms` is the wall clock, milliseconds since 1970."""

    seconds: float
    unix_ms: int
