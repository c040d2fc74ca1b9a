"""Tool scopes: parts of the world's state that only some roles are told of."""

from theta.base.errors import InvalidValue
from theta.commands.roles import may_edit
from theta.wire.types import RoleName

SCOPES = ("", "editor")
"""By number: what everybody may see, and what editors' tools show to editors."""


def scope_number(name: str) -> int:
    """A scope's place in SCOPES.

    Raises:
        InvalidValue: there is no such scope.
    """
    try:
        return SCOPES.index(name)
    except ValueError:
        raise InvalidValue("scope", name, "one of " + ", ".join(map(repr, SCOPES))) from None


def scopes_seen_by(role: RoleName) -> tuple[int, ...]:
    """The numbers of the scopes that a role is told of."""
    return tuple(number for number, name in enumerate(SCOPES) if not name or may_edit(role))
