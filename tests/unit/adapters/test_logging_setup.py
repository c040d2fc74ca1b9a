"""Log lines: their shape, and what never gets into them."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from theta.adapters.logging_setup import LogFormat, set_up_logging, without_invites


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:], root.level = before


def logged(stream: io.StringIO, log_format: LogFormat, message: str, *arguments: Any, **extra: Any) -> str:
    set_up_logging("info", log_format, stream)
    logging.getLogger("theta.test").info(message, *arguments, extra=extra)
    return stream.getvalue().rstrip("\n")


def test_a_text_line_has_time_level_logger_message_and_fields(stream: io.StringIO) -> None:
    line = logged(stream, "text", "hello %s", "there", connection=3, reason="went away", key=b"\x01\x02", empty="")
    time, rest = line.split(" ", maxsplit=1)
    assert len(time) == len("2026-01-31T12:00:00.000Z")
    assert rest == 'INFO theta.test hello there connection=3 reason="went away" key=0102 empty=""'


def test_a_json_line_has_the_same(stream: io.StringIO) -> None:
    content = json.loads(logged(stream, "json", "hello", connection=3, ok=True, key=b"\x01", person="Zoë", none=None))
    assert content.pop("time").endswith("Z")
    assert content == {
        "level": "info",
        "logger": "theta.test",
        "message": "hello",
        "connection": 3,
        "ok": True,
        "key": "01",
        "person": "Zoë",
        "none": None,
    }


def test_levels_below_are_left_out(stream: io.StringIO) -> None:
    set_up_logging("warning", "text", stream)
    logging.getLogger("theta").info("quiet")
    logging.getLogger("theta").warning("loud")
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_traceback_comes_along(stream: io.StringIO, log_format: LogFormat) -> None:
    set_up_logging("info", log_format, stream)
    try:
        raise ValueError("invite=SECRET")
    except ValueError:
        logging.getLogger("theta").exception("failed")
    assert "Traceback" in stream.getvalue()
    assert "SECRET" not in stream.getvalue()


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_invite_gets_in(stream: io.StringIO, log_format: LogFormat) -> None:
    line = logged(
        stream, log_format, "open %s", "http://localhost:8080/#invite=SECRET", url="x#invite=SECRET", invite="SECRET"
    )
    assert "SECRET" not in line
    assert "invite" in line


@pytest.mark.parametrize(
    "text", ["#invite=SECRET", "invite: SECRET", '{"invite":"SECRET"}', "{'invite': 'SECRET'}", "Invite=SECRET&x=1"]
)
def test_an_invite_is_found_in_any_dress(text: str) -> None:
    assert "SECRET" not in without_invites(text)


@pytest.mark.parametrize("nasty", ["a\nINFO forged", "a\r\n", "a\x1b[2Jb", "a\u2028b", "a\x00b"])
def test_nobodys_name_writes_a_line_of_its_own(stream: io.StringIO, nasty: str) -> None:
    line = logged(stream, "text", "%s came", nasty, person=nasty)
    assert line.isprintable()
