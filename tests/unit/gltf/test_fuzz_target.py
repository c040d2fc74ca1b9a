"""The fuzz target runs on its seeds without atheris."""

import pytest

from tests.fuzz import gltf_import
from theta.gltf import GltfError


def test_the_target_takes_every_seed() -> None:
    seeds = gltf_import.seeds()
    assert len(seeds) == len(set(seeds)) > 10
    for seed in seeds:
        gltf_import.read_anything(seed)


def test_the_target_finds_what_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: bytes) -> None:
        raise KeyError("asset")

    monkeypatch.setattr("theta.gltf.import_model", broken)
    with pytest.raises(KeyError):
        gltf_import.read_anything(b"")

    def refuses(_: bytes) -> None:
        raise GltfError("asset", "is none")

    monkeypatch.setattr("theta.gltf.import_model", refuses)
    gltf_import.read_anything(b"")
