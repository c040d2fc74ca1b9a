"""What retired elements stand for by now."""

import numpy as np
import pytest

from tests.unit.mesh.meshes import grid, raw_state, small_id
from theta.base.errors import InvalidValue, UnknownElement
from theta.mesh import MalformedMesh
from theta.mesh.errors import SplitElement
from theta.mesh.redirects import Part, Redirects, parse_redirects


def id_rows(*numbers: int) -> np.ndarray:
    return np.frombuffer(b"".join(small_id(number) for number in numbers), np.uint8).reshape(-1, 16)


def filled() -> Redirects:
    redirects = Redirects()
    redirects.add("face", small_id(1), [Part(small_id(2)), Part(small_id(3))])
    redirects.add("edge", small_id(1), [Part(small_id(2), (0.0, 0.25)), Part(small_id(3), (0.25, 1.0), (1.0, 0.0))])
    redirects.add_bulk("vertex", id_rows(4, 5), np.array([1, 2], np.uint32), id_rows(6, 7, 8))
    redirects.add_bulk("edge", id_rows(9), np.array([1], np.uint32), id_rows(2), np.array([[0.0, 1.0, 0.0, 1.0]]))
    return redirects


def test_mesh_25_what_replaced_an_element_is_found_whichever_way_it_was_told() -> None:
    redirects = filled()
    assert redirects.count == 5
    assert redirects.parts_of("face", small_id(1)) == (Part(small_id(2)), Part(small_id(3)))
    assert redirects.parts_of("vertex", small_id(5)) == (Part(small_id(7)), Part(small_id(8)))
    assert redirects.parts_of("edge", small_id(9)) == (Part(small_id(2)),)
    assert redirects.parts_of("edge", small_id(5)) == ()
    redirects.add("vertex", small_id(5), [Part(small_id(10))])
    assert redirects.parts_of("vertex", small_id(5)) == (Part(small_id(10)),)
    redirects.add_bulk("vertex", id_rows(5), np.array([1], np.uint32), id_rows(11))
    assert redirects.parts_of("vertex", small_id(5)) == (Part(small_id(11)),), "the last one counts"


def test_mesh_25_dropping_the_last_ones_gives_what_was_there_before() -> None:
    redirects = filled()
    states = []
    for number in range(redirects.length + 1):
        again = filled()
        again.truncate(number)
        states.append((again.digest(), again.count, again.to_bytes()))
    assert len({digest for digest, _, _ in states}) == len(states)
    redirects.digest()
    redirects.add("face", small_id(1), [Part(small_id(4))])
    redirects.truncate(4)
    assert redirects.parts_of("face", small_id(1)) == (Part(small_id(2)), Part(small_id(3)))
    redirects.truncate(0)
    assert (redirects.digest(), redirects.count, redirects.to_bytes()) == (bytes(16), 0, b"") == states[0]


def test_mesh_26_bytes_read_back_are_the_same_redirects() -> None:
    redirects = filled()
    again = parse_redirects(redirects.to_bytes())
    assert (again.digest(), again.count, again.length) == (redirects.digest(), 5, 4)
    assert again.parts_of("edge", small_id(1)) == redirects.parts_of("edge", small_id(1))


def test_mesh_26_a_copy_goes_its_own_way() -> None:
    redirects = filled()
    before = redirects.digest()
    again = redirects.copy()
    again.add("face", small_id(2), [Part(small_id(3))])
    assert redirects.digest() == before != again.digest()


@pytest.mark.parametrize("cut", [1, 9, 10, 25, 30, 45])
def test_mesh_26_bytes_that_are_cut_short_are_refused(cut: int) -> None:
    data = filled().to_bytes()
    with pytest.raises(MalformedMesh, match="redirects"):
        parse_redirects(data[:cut])


@pytest.mark.parametrize(("at", "byte"), [(0, 9), (1, 1), (2, 0), (26, 9)])
def test_mesh_26_bytes_that_no_redirects_have_are_refused(at: int, byte: int) -> None:
    data = bytearray(filled().to_bytes())
    data[at] = byte
    with pytest.raises(MalformedMesh, match="redirects"):
        parse_redirects(bytes(data))


def test_mesh_26_a_range_lies_in_the_edge() -> None:
    redirects = Redirects()
    redirects.add("edge", small_id(1), [Part(small_id(2), (0.0, 1.5))])
    with pytest.raises(MalformedMesh, match="range"):
        parse_redirects(redirects.to_bytes())


def test_mesh_26_there_is_an_end_to_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("theta.mesh.redirects.MESH_REDIRECTS_MAX", 5)
    redirects = filled()
    with pytest.raises(InvalidValue, match="at most 5"):
        redirects.add("face", small_id(2), [Part(small_id(3))])
    with pytest.raises(InvalidValue, match="at most 5"):
        redirects.add_bulk("vertex", id_rows(1), np.array([1], np.uint32), id_rows(2))
    assert redirects.count == 5


def test_mesh_27_ids_are_followed_to_the_living() -> None:
    mesh = grid(2, 1)
    one, other = mesh.face_ids()
    redirects = mesh.redirects
    redirects.add("face", small_id(1), [Part(small_id(2)), Part(one)])
    redirects.add("face", small_id(2), [Part(other), Part(one)])
    redirects.add("face", small_id(3), [Part(small_id(4))])
    redirects.add("face", small_id(4), [Part(small_id(3))])
    redirects.add("face", one, [Part(other)])
    assert mesh.resolve("face", one) == [one], "what lives stands for itself"
    assert mesh.resolve("face", small_id(1)) == [other, one]
    assert mesh.resolve("face", small_id(3)) == []
    assert mesh.the_one("face", one) == one
    with pytest.raises(SplitElement, match="replaced by 2"):
        mesh.the_one("face", small_id(1))
    with pytest.raises(UnknownElement):
        mesh.the_one("face", small_id(3))
    before = raw_state(mesh)
    assert raw_state(mesh.copy()) == before


def test_mesh_27_there_are_three_kinds() -> None:
    mesh = grid(1, 1)
    for ask in (mesh.resolve, mesh.the_one):
        with pytest.raises(InvalidValue, match="one of vertex, edge, face"):
            ask("corner", mesh.face_ids()[0])


def test_mesh_27_redirects_in_a_circle_come_to_nothing() -> None:
    mesh = grid(1, 1)
    mesh.redirects.add("edge", small_id(1), [Part(small_id(2))])
    mesh.redirects.add("edge", small_id(2), [Part(small_id(1))])
    assert mesh.resolve("edge", small_id(1)) == []
    with pytest.raises(UnknownElement):
        mesh.resolve_edge(small_id(1), 0.5)


def test_mesh_27_an_empty_span_lies_where_its_part_begins() -> None:
    mesh = grid(1, 1)
    one, other = mesh.edge_ids()[:2]
    mesh.redirects.add("edge", small_id(1), [Part(one, (0.0, 0.0), (0.25, 1.0)), Part(other)])
    assert mesh.resolve_edge(small_id(1), 0.0) == (one, 0.25)


def test_mesh_27_a_point_of_an_edge_is_followed_to_the_part_it_lies_on() -> None:
    mesh = grid(1, 1)
    one, other = mesh.edge_ids()[:2]
    mesh.redirects.add("edge", small_id(1), [Part(one, (0.0, 0.25)), Part(small_id(2), (0.25, 1.0), (1.0, 0.5))])
    mesh.redirects.add("edge", small_id(2), [Part(other, (0.5, 1.0))])
    assert mesh.resolve_edge(small_id(1), 0.125) == (one, 0.5)
    assert mesh.resolve_edge(small_id(1), 0.25) == (one, 1.0)
    assert mesh.resolve_edge(small_id(1), 0.625) == (other, 0.5)
    assert mesh.resolve_edge(one, 0.75) == (one, 0.75)
    for unknown, at in ((small_id(2), 0.25), (small_id(3), 0.5)):
        with pytest.raises(UnknownElement):
            mesh.resolve_edge(unknown, at)
