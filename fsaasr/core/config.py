"""Configuration: YAML or mappings to frozen dataclasses, unknown keys refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Dict, Mapping, Type, TypeVar

import pydantic
import yaml

from fsaasr.core.errors import ConfigError
from fsaasr.core.files import PathLike

T = TypeVar("T")

STRICT = pydantic.ConfigDict(extra="forbid")


def config_from_dict(cls: Type[T], values: Mapping[str, Any], source: str = "") -> T:
    """Builds the dataclass `cls` from a mapping.

    A config dataclass is frozen, lists its units beside its fields, checks ranges in `__post_init__`
    (raising ConfigError) and sets `__pydantic_config__ = STRICT`.

    Raises:
      ConfigError: an unknown key, a missing key or a value of the wrong type, with key and source named.
    """
    names = [field.name for field in dataclasses.fields(cls)]  # type: ignore[arg-type]
    try:
        return pydantic.TypeAdapter(cls).validate_python(dict(values))
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"{source or cls.__name__}: key {key!r}: {first['msg']}; {cls.__name__} has the keys {', '.join(names)}"
        ) from error


def read_config(cls: Type[T], path: PathLike) -> T:
    """Reads a YAML file into the dataclass `cls`; an empty file means all defaults.

    Raises:
      ConfigError: as `config_from_dict`, or the file is not a YAML mapping.
    """
    return config_from_dict(cls, read_mapping(path), str(path))


def read_mapping(path: PathLike) -> Dict[str, Any]:
    """Reads a YAML file that holds a mapping; an empty file is an empty one.

    Raises:
      ConfigError: no such file, not YAML, or not a mapping.
    """
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: found a {type(values).__name__}, expected `key: value` lines")
    return values


def config_to_dict(config: Any) -> Dict[str, Any]:
    """All fields of a config, nested ones too, as JSON-ready values."""
    values: Dict[str, Any] = pydantic.TypeAdapter(type(config)).dump_python(config, mode="json")
    return values


def without_defaults(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> Dict[str, Any]:
    """The values that are not those of `defaults`, which may lack some; nested mappings likewise."""
    result: Dict[str, Any] = {}
    for key, value in values.items():
        default = defaults.get(key)
        if isinstance(value, dict) and isinstance(default, dict) and value.get("kind") == default.get("kind"):
            value = without_defaults(value, default)
            if not value:
                continue
        if key not in defaults or value != default:
            result[key] = value
    return result


def merged(values: Mapping[str, Any], over: Mapping[str, Any]) -> Dict[str, Any]:
    """`values` with `over` laid on top: mappings are merged, all else is replaced, None drops the key."""
    result = dict(values)
    for key, value in over.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result
