"""Who somebody means: a person who is here, a name that somebody has or had, or a key."""

from theta.base.errors import InvalidValue
from theta.base.limits import PUBLIC_KEY_BYTES
from theta.commands.log import CommandLog
from theta.wire.messages import Person

Someone = Person | str | bytes
"""A Person, a name, the start of a key in hex (KEY_DIGITS_MIN digits or more), or the whole key in 32 bytes."""

KEY_DIGITS_MIN = 8


def author_called(log: CommandLog, who: Someone) -> bytes:
    """The public key, 32 bytes, of somebody who ever came into the room of this log.

    Raises:
        InvalidValue: nobody is called so, or several are; says who.
    """
    if isinstance(who, Person):
        return who.author
    if isinstance(who, bytes):
        if len(who) != PUBLIC_KEY_BYTES:
            raise InvalidValue("who", who, f"a name, or a key of {PUBLIC_KEY_BYTES} bytes")
        return who
    names: dict[bytes, str] = {session.author: session.name for session in log.sessions.values()}
    word = who.strip().casefold()
    found = [author for author, name in names.items() if name.casefold() == word]
    if not found:
        earlier = {session.author for session in log.sessions.values() if session.name.casefold() == word}
        found = [author for author in names if author in earlier]
    if not found and len(word) >= KEY_DIGITS_MIN:
        found = [author for author in names if author.hex().startswith(word)]
    if len(found) == 1:
        return found[0]
    told = found or list(names)
    listed = ", ".join(f"{names[author]} ({author.hex()[:KEY_DIGITS_MIN]}…)" for author in told)
    only = "of several called so, by the start of the key" if found else "who ever came in, by name or key"
    raise InvalidValue("who", who, f"one {only}: {listed}")
