"""What all payloads are made from: the document's commands and those that govern."""

import re
from collections.abc import Iterable
from typing import ClassVar

from theta.base.identifiers import CommandName
from theta.wire.messages import Part

# C0, DEL and C1, line and paragraph separators, and what turns the direction of writing. Listed here because what
# `str.isprintable` says depends on the Python version, and a record must be as good for every peer as for its room.
CONTROL_CHARACTERS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class BasePayload(Part, frozen=True, forbid_unknown_fields=True):
    """Base of all payloads; `check` looks at the values alone, never at the document."""

    NAME: ClassVar[str]
    VERSION: ClassVar[int] = 1
    CREATES: ClassVar[int] = 0
    RETIRED: ClassVar[bool] = False
    """Whether rooms take no more of this version, and it is there for the logs that hold it."""
    TOKENS: ClassVar[int] = 0
    """What it costs beside its own token, however small its payload is (CMD-15)."""
    SWITCHES: ClassVar[bool] = False
    """Whether it takes gestures out of the document or back in, and costs what is replayed for that (CMD-76)."""

    def check(self) -> None:
        """Refuse values that nobody could accept.

        Raises:
            InvalidValue: names the field and its limit.
        """

    @property
    def price(self) -> int:
        """What it costs beside its own token, in tokens (CMD-15).

        The price of a merge and of what `SWITCHES` depends on the log (CMD-68, CMD-76).
        """
        return self.TOKENS

    @property
    def switched(self) -> Iterable[CommandName]:
        """The gestures that it speaks of when it `SWITCHES`, whoever's they are."""
        return ()

    @property
    def assets(self) -> tuple[bytes, ...]:
        """The names (32 bytes) of the assets that it cannot be folded without."""
        return ()
