"""Dictionaries: ids that follow from the content, files that are held against their hash, training that may fail."""

from collections.abc import Callable

import msgspec
import pytest

from theta.base.errors import InvalidValue
from theta.base.limits import DICTIONARY_BYTES_MAX, DICTIONARY_BYTES_MIN, DICTIONARY_SAMPLE_BYTES_MIN
from theta.wire.dictionaries import dictionary_file, dictionary_of, read_dictionary_file, train
from tools.compression_vectors import a_dictionary


def test_wire_47_an_id_follows_from_the_content_and_is_in_the_capability() -> None:
    one, other = a_dictionary(), a_dictionary(8)
    assert one == a_dictionary()
    assert one.id != other.id
    assert 32_768 <= one.id < 2**31
    assert one.data[4:8] == one.id.to_bytes(4, "little")
    assert one.capability == f"dictionary-{one.id:08x}-{one.digest[:6].hex()}"
    assert len(one.capability) <= 32


@pytest.mark.parametrize(
    ("damage", "field"),
    [
        (lambda data: data[: DICTIONARY_BYTES_MIN - 1], "dictionary"),
        (lambda data: data + bytes(DICTIONARY_BYTES_MAX), "dictionary"),
        (lambda data: bytes(4) + data[4:], "dictionary"),
        (lambda data: data[:4] + bytes(4) + data[8:], "dictionary id"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "dictionary id"),
    ],
)
def test_wire_47_a_damaged_dictionary_is_refused(damage: Callable[[bytes], bytes], field: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        dictionary_of(damage(a_dictionary().data))
    assert caught.value.field == field


def test_wire_47_tables_that_zstd_cannot_load_are_refused_even_with_the_right_id() -> None:
    garbage = a_dictionary().data[:4] + bytes(4) + b"\xff" * 300
    with pytest.raises(InvalidValue) as caught:
        dictionary_of(garbage)
    assert caught.value.field == "dictionary id"
    due = int(caught.value.limit.split(",")[0])
    with pytest.raises(InvalidValue, match="tables zstd can load"):
        dictionary_of(garbage[:4] + due.to_bytes(4, "little") + garbage[8:])


def test_a_file_gives_back_its_dictionary() -> None:
    dictionary = a_dictionary()
    assert read_dictionary_file(dictionary_file(dictionary)) == dictionary


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda parts: b"glTF", "dictionary file"),
        (lambda parts: msgspec.msgpack.encode(parts[:-1]), "dictionary file"),
        (lambda parts: msgspec.msgpack.encode([parts[0], 2, *parts[2:]]), "dictionary file's version"),
        (lambda parts: msgspec.msgpack.encode([*parts[:3], bytes(32), parts[4]]), "dictionary file's hash"),
        (lambda parts: msgspec.msgpack.encode([*parts[:2], parts[2] + 1, *parts[3:]]), "dictionary file's hash"),
        (lambda parts: msgspec.msgpack.encode([*parts[:4], parts[4][:-1]]), "dictionary id"),
    ],
)
def test_another_file_is_refused(change: Callable[[list[object]], bytes], field: str) -> None:
    parts = msgspec.msgpack.decode(dictionary_file(a_dictionary()))
    with pytest.raises(InvalidValue) as caught:
        read_dictionary_file(change(parts))
    assert caught.value.field == field


def test_training_says_what_is_too_little() -> None:
    with pytest.raises(InvalidValue, match=f"at least {DICTIONARY_SAMPLE_BYTES_MIN} bytes"):
        train([b"ab" * 100], 1_024)
    with pytest.raises(InvalidValue, match="have something in common"):
        train([bytes(DICTIONARY_SAMPLE_BYTES_MIN)], 1_024)
    for size in (DICTIONARY_BYTES_MIN - 1, DICTIONARY_BYTES_MAX + 1):
        with pytest.raises(InvalidValue, match="size"):
            train([b"ab" * 100] * 1_000, size)
