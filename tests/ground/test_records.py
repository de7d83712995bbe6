import contextlib
import json
import os
from dataclasses import dataclass
from typing import Annotated

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basalt_iq.errors import UserError
from basalt_iq.records import parse_json, read_json, to_json, write_json


@dataclass(frozen=True)
class Point:
    name: str
    x: Annotated[float, msgspec.Meta(ge=0)]
    tags: tuple[str, ...] = ()


def read(path):
    return read_json(path, Point, remedy="copy it again")


def test_what_is_written_is_read_back_and_newer_fields_are_left_aside(tmp_path):
    point = Point("a", 1.5, ("b",))
    write_json(tmp_path / "p.json", point)
    assert read(tmp_path / "p.json") == point
    (tmp_path / "p.json").write_text('{"name": "a", "x": 2, "of_a_later_version": [1]}')
    assert read(tmp_path / "p.json") == Point("a", 2.0)
    assert to_json(read(tmp_path / "p.json")) == {"name": "a", "x": 2.0, "tags": ()}


@pytest.mark.parametrize(
    "content",
    ["", "{", "[1]", "null", '{"name": 1, "x": 1}', '{"name": "a", "x": NaN}', '{"name": "a", "x": 1e999}',
     '{"name": "a", "x": -1}', '{"name": "a"}', "[" * 100_000, "\ud800".encode("utf-8", "surrogatepass")],
)  # fmt: skip
def test_anything_else_is_one_line_that_names_file_and_remedy(tmp_path, content):
    path = tmp_path / "p.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).endswith("; copy it again")
    assert "\n" not in str(caught.value)


def test_pipes_folders_and_giants_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="not a regular file"):
        read(tmp_path / "pipe")
    with pytest.raises(UserError, match=r"directory|regular"):
        read(tmp_path)
    with (tmp_path / "giant").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UserError, match="larger than"):
        read(tmp_path / "giant")
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "nowhere")


def test_a_number_that_is_not_finite_is_never_written(tmp_path):
    write_json(tmp_path / "p.json", {"x": 1.0})
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "p.json", {"x": float("nan")})
    assert json.loads((tmp_path / "p.json").read_text()) == {"x": 1.0}


@given(st.binary(max_size=200))
def test_no_bytes_are_a_traceback(raw):
    with contextlib.suppress(UserError):
        assert isinstance(parse_json(raw, Point, "it", remedy="r"), Point)
