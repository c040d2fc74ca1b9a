"""Files of dictionaries for compression, as `theta train-dictionary` writes them."""

from pathlib import Path

from theta.adapters.glb_files import check_target, write_whole
from theta.base.errors import InvalidValue, StoreUnavailable
from theta.base.limits import DICTIONARY_BYTES_MAX
from theta.wire.dictionaries import Dictionary, dictionary_file, read_dictionary_file

_FILE_BYTES_MAX = DICTIONARY_BYTES_MAX + 256


def read_dictionary(path: Path) -> Dictionary:
    """The dictionary in a file.

    Raises:
        StoreUnavailable: it cannot be read.
        InvalidValue: it is another kind of file, or damaged.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_FILE_BYTES_MAX + 1)
    except OSError as error:
        raise StoreUnavailable(f"cannot read {path}: {error.strerror}") from error
    return read_dictionary_file(content)


def check_dictionary_target(path: Path) -> None:
    """Refuse to write a dictionary over anything but an older one.

    Raises:
        InvalidValue: a folder, or a file that is no dictionary.
        StoreUnavailable: it cannot be read.
    """
    check_target(path)
    if path.exists():
        try:
            read_dictionary(path)
        except InvalidValue as error:
            limit = "a new file, or an older dictionary to replace: this is something else"
            raise InvalidValue("the target", str(path), limit) from error


def write_dictionary(path: Path, dictionary: Dictionary) -> None:
    """Write a dictionary, replacing an older one of that name; see `check_dictionary_target`.

    Raises:
        StoreUnavailable: it cannot be written; what was there still is.
    """
    write_whole(path, dictionary_file(dictionary))
