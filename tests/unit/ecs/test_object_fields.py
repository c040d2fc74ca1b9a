import numpy as np
import pytest

from theta.base.errors import InvalidValue
from theta.ecs.fields import Blob, Bytes, Column, ObjectKind, Text


@pytest.mark.parametrize(
    ("kind", "values", "data"),
    [
        (Text(4), ["", "höh", "😀"], [b"", "höh".encode(), "😀".encode()]),
        (Bytes(3), [b"", b"\0\1", b"abc"], [b"", b"\0\1", b"abc"]),
        (Blob(2), [b"ab", b"\0\0"], [b"ab", b"\0\0"]),
    ],
)
def test_ecs_3_rows_travel_as_bytes(kind: ObjectKind, values: list[object], data: list[bytes]) -> None:
    rows = kind.check_rows("field", values, len(values))
    assert kind.encode_rows(rows) == data
    again = kind.decode_rows("field", data)
    assert [kind.load(again, row) for row in range(len(values))] == values
    assert kind.encode_rows(again) == data
    assert kind.encode_rows(kind.decode_rows("field", [])) == []


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (Text(4), b"\xff"),
        (Text(4), b"12345"),
        (Text(4), b"\xed\xa0\x80"),
        (Bytes(3), b"1234"),
        (Blob(2), b"1"),
        (Blob(2), b"123"),
    ],
)
def test_ecs_3_bytes_that_spell_no_value_are_refused(kind: ObjectKind, data: bytes) -> None:
    with pytest.raises(InvalidValue) as caught:
        kind.decode_rows("test.field", [data])
    assert caught.value.field == "test.field"


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Column("<f4"), [1e39, 0.0]),
        (Column("<f4"), [True, False]),
        (Column("<f4"), [None, None]),
        (Column("<f8"), [10**400, 0]),
        (Column("<u8"), [0.5, 2**64 - 1]),
        (Column("<f8", 2), [1.0, 2.0]),
        (Column("<u1"), [0, -1]),
        (Column("<u8"), [0, 2**64]),
        (Column("<i8"), [0, 2**63]),
        (Column("<u1"), [0.0, 1.0]),
        (Text(3), "ab"),
        (Text(3), [1, 2]),
        (Bytes(2), b"ab"),
        (Bytes(2), [b"abc", b""]),
        (Blob(2), 7),
        (Blob(2), [b"ab", 3]),
    ],
)
def test_ecs_3_rows_that_do_not_fit_are_refused(kind: Column | ObjectKind, values: object) -> None:
    with pytest.raises(InvalidValue) as caught:
        kind.check_rows("test.field", values, 2)
    assert caught.value.field == "test.field"


def test_rows_of_another_dtype_are_cast_when_they_fit() -> None:
    assert Column("<u1").check_rows("field", np.array([0, 255], np.int64), 2).dtype == np.uint8
    assert Column("<f4").check_rows("field", [1, 2], 2).tolist() == [1.0, 2.0]
    assert Column("<u8").check_rows("field", [0, 2**64 - 1], 2).tolist() == [0, 2**64 - 1]
    assert Column("<f8").check_rows("field", [], 0).shape == (0,)
    values = np.zeros((2, 3), np.uint8)
    assert Blob(3).check_rows("field", values, 2) is values
