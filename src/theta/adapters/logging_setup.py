"""Logs: one line each on stderr, as key=value or JSON. Invites never get in, not even by mistake."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import IO, Any, Literal

LogFormat = Literal["text", "json"]
LEVELS = ("debug", "info", "warning", "error")

_INVITE = re.compile(r"(invite[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,})]+", re.IGNORECASE)
_OWN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def set_up_logging(level: str, log_format: LogFormat, stream: IO[str] | None = None) -> None:
    """Send every logger's records of `level` and above to `stream` (stderr when None)."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else KeyValueFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # aiohttp logs each request at INFO; ours are logged by what they lead to.
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)


def without_invites(text: str) -> str:
    """`text` with the value of every `invite=…` blotted out."""
    return _INVITE.sub(r"\1***", text)


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """What the caller gave as `extra`."""
    return {key: value for key, value in vars(record).items() if key not in _OWN_FIELDS}


class KeyValueFormatter(logging.Formatter):
    """`2026-01-31T12:00:00.000Z INFO theta.adapters.host message key=value key="a value"`, one line each."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging.Formatter; line ends inside are escaped, except in a traceback."""
        parts = [_time_of(record), record.levelname, record.name, _one_line(record.getMessage())]
        parts += [f"{key}={_quoted(value)}" for key, value in fields_of(record).items()]
        text = " ".join(parts)
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return without_invites(text)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, the fields, and `traceback` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging.Formatter."""
        content: dict[str, Any] = {
            "time": _time_of(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_invites(record.getMessage()),
        }
        for key, value in fields_of(record).items():
            content[key] = "***" if "invite" in key.lower() else _plain(value)
        if record.exc_info:
            content["traceback"] = without_invites(self.formatException(record.exc_info))
        return json.dumps(content, ensure_ascii=False)


def _time_of(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(record.msecs):03d}Z"


def _one_line(text: str) -> str:
    """`text` without line ends or terminal escapes: nobody's name may write a line of its own."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def _quoted(value: object) -> str:
    text = value.hex() if isinstance(value, bytes) else _one_line(str(value))
    return text if re.fullmatch(r"[^\s\"=]+", text) else json.dumps(text, ensure_ascii=False)


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if value is None or isinstance(value, bool | int | float):
        return value
    return without_invites(str(value))
