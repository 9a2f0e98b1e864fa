from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional, Tuple

import pytest

from fsaasr.core import STRICT, ConfigError, config_from_dict, config_to_dict, read_config
from fsaasr.core.config import without_defaults


@dataclass(frozen=True)
class Inner:
    size: int = 3

    __pydantic_config__ = STRICT


@dataclass(frozen=True)
class Outer:
    name: str
    beam: float = 8.0
    bands: Tuple[int, ...] = (1, 2)
    inner: Inner = field(default_factory=Inner)
    limit: Optional[int] = None

    __pydantic_config__ = STRICT

    def __post_init__(self) -> None:
        if self.beam <= 0:
            raise ConfigError(f"Outer: beam is {self.beam}, expected > 0")


def test_values_and_defaults() -> None:
    config = config_from_dict(Outer, {"name": "a", "beam": 4, "inner": {"size": 5}, "bands": [3]})
    assert config == Outer("a", 4.0, (3,), Inner(5))


def test_a_config_survives_being_written_down() -> None:
    config = Outer("a", 2.5, (7, 8), Inner(9), 1)
    assert config_from_dict(Outer, config_to_dict(config)) == config
    assert config_to_dict(config) == {"name": "a", "beam": 2.5, "bands": [7, 8], "inner": {"size": 9}, "limit": 1}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": "a", "baem": 4}, "key 'baem'.*Outer has the keys name, beam, bands, inner, limit"),
        ({"beam": 4}, "key 'name'"),
        ({"name": "a", "beam": "wide"}, "key 'beam'"),
        ({"name": "a", "inner": {"sise": 4}}, r"key 'inner\.sise'"),
        ({"name": "a", "beam": 0}, "beam is 0.0, expected > 0"),
    ],
)
def test_a_wrong_key_or_value_is_named(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config_from_dict(Outer, values)


def test_the_mapping_is_left_alone() -> None:
    values = {"name": "a", "inner": {"size": 5}}
    config_from_dict(Outer, values)
    assert values == {"name": "a", "inner": {"size": 5}}


def test_yaml_files(tmp_path: Path) -> None:
    path = tmp_path / "conf.yaml"
    path.write_text("name: a\nbands: [4, 5]  # comment\n", encoding="utf-8")
    assert read_config(Outer, path) == Outer("a", bands=(4, 5))
    path.write_text("", encoding="utf-8")
    assert read_config(Inner, path) == Inner()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n- b\n", "found a list, expected `key: value` lines"),
        ("just words\n", "found a str"),
        ("a: [1\n", "not YAML"),
        ("size: x\n", "key 'size'"),
    ],
)
def test_bad_yaml_names_the_file(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "conf.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message) as caught:
        read_config(Inner, path)
    assert str(caught.value).startswith(str(path))


def test_what_differs_from_the_defaults_is_left() -> None:
    defaults = {"a": 1, "part": {"kind": "x", "b": 2, "c": 3}, "none": None}
    assert without_defaults(defaults, defaults) == {}
    values = {"a": 2, "part": {"kind": "x", "b": 2, "c": 4}, "none": {"d": 1}, "new": None}
    assert without_defaults(values, defaults) == {"a": 2, "part": {"c": 4}, "none": {"d": 1}, "new": None}
    # Parts of another kind have defaults of their own, so all of their values count.
    other = {**defaults, "part": {"kind": "y", "b": 2}}
    assert without_defaults(other, defaults) == {"part": {"kind": "y", "b": 2}}
