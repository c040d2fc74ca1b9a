"""What can go wrong for whoever calls the client, beyond a bad value."""

from theta.base.errors import UsageError


class CommandRefused(UsageError):
    """The room did not admit the command; `refusal` is the rule's name, for example "NotAllowed"."""

    def __init__(self, refusal: str, reason: str) -> None:
        super().__init__(f"{refusal}: {reason}")
        self.refusal = refusal


class NoEffect(UsageError):
    """The command is in the log, but it came to nothing: what it acts on is not there, or not as it was."""


class ConnectionFailed(UsageError):
    """The room cannot be reached, or does not let us in; `close_code` is what it said, 1006 when nobody answered."""

    def __init__(self, reason: str, close_code: int) -> None:
        super().__init__(reason)
        self.close_code = close_code
