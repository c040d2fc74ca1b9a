"""The assets that are here, in memory: by name, each checked when it came (AST-2, AST-3)."""

from collections.abc import Iterable, Iterator, Mapping

from theta.editor.mesh_assets import face_count_of
from theta.mesh import asset_name


class AssetShelf(Mapping[bytes, bytes]):
    """Assets by their 32-byte names. What the fold has read must stay."""

    def __init__(self, assets: Iterable[bytes] = ()) -> None:
        """With these on it.

        Raises:
            UnusableAsset: one is no asset.
        """
        self._assets: dict[bytes, bytes] = {}
        self._faces: dict[bytes, int] = {}
        self.byte_count = 0
        for data in assets:
            self.add(data)

    def add(self, data: bytes) -> bytes:
        """Put an asset on the shelf and return its name.

        Raises:
            UnusableAsset: it is none; names the field.
        """
        name = asset_name(data)
        if name not in self._assets:
            self._faces[name] = face_count_of(data)
            self._assets[name] = data
            self.byte_count += len(data)
        return name

    def drop(self, name: bytes) -> None:
        """Take one off that no command names."""
        self.byte_count -= len(self._assets.pop(name))
        del self._faces[name]

    def faces_of(self, name: bytes) -> int | None:
        """How many faces an asset has; None when it is not here."""
        return self._faces.get(name)

    def __getitem__(self, name: bytes) -> bytes:
        """The asset's bytes."""
        return self._assets[name]

    def __iter__(self) -> Iterator[bytes]:
        """The names, in the order in which they came."""
        return iter(self._assets)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._assets)
