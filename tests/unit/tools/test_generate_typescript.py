"""The page's types come from the Python structs and nowhere else."""

import re
from pathlib import Path

import msgspec
import pytest

from theta.base import limits
from theta.editor.vocabulary import OPERATIONS
from theta.node.protocol import protocol_hash
from theta.wire.messages import Message
from theta.wire.planes import FROM_PARTICIPANT, FROM_ROOM
from theta.wire.types import U64
from tools import generate_typescript
from tools.generate_typescript import UnsupportedType, generate, main


def test_the_committed_file_is_fresh() -> None:
    assert generate_typescript.TARGET.read_text(encoding="utf-8") == generate()


def test_output_is_the_same_every_time() -> None:
    assert generate() == generate()


MESSAGES: tuple[type[Message], ...] = tuple(dict.fromkeys((*FROM_PARTICIPANT, *FROM_ROOM)))


@pytest.mark.parametrize("message", MESSAGES)
def test_every_message_has_its_tag_and_its_fields_in_order(message: type[Message]) -> None:
    codec = rf'= message\(\n  "{message.__name__}",\n  (-?\d+)n,\n  {{\n(.*?)\n  }},\n'
    found = re.search(codec, generate(), re.DOTALL)
    assert found is not None
    assert int(found[1]) == message.__struct_config__.tag
    names = [line.split(":")[0].strip() for line in found[2].split("\n")]
    assert [re.sub(r"([A-Z])", r"_\1", name).lower() for name in names] == list(message.__struct_fields__)


def test_every_operation_and_limit_is_there() -> None:
    content = generate()
    for operation in OPERATIONS:
        assert f'name: "{operation.NAME}"' in content
    for name in vars(limits):
        if name.isupper():
            assert f"export const {name} = " in content
    assert f'"{protocol_hash().hex()}"' in content


def test_numbers_beyond_what_a_double_holds_are_bigints() -> None:
    for value in re.findall(r"= (\d+);", generate()):
        assert int(value) <= 2**53 - 1
    assert f"export const U64_MAX = {2**64 - 1}n;" in generate()


def test_a_field_that_typescript_cannot_read_is_refused_by_name() -> None:
    class Odd(msgspec.Struct, array_like=True):
        """A struct with a field of a type that the wire doesn't have."""

        fine: U64
        mapping: dict[str, int]

    with pytest.raises(UnsupportedType, match="DictType"):
        generate_typescript._struct(Odd)


def test_check_tells_fresh_from_stale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "generated.ts"
    assert main(["--output", str(target), "--check"]) == 1
    assert main(["--output", str(target)]) == 0
    assert main(["--output", str(target), "--check"]) == 0
    target.write_text(target.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert main(["--output", str(target), "--check"]) == 1
    assert "is stale" in capsys.readouterr().err
