"""Recipes from YAML."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Sequence

from fsaasr.core.config import config_from_dict, merged, read_mapping
from fsaasr.core.files import PathLike
from fsaasr.recipe.axes import expand_axes
from fsaasr.recipe.spec import RecipeSpec


def read_recipe(path: PathLike, overrides: Sequence[PathLike] = ()) -> RecipeSpec:
    """Reads a recipe; systems with lexicons or seeds stand in it once for each, data with hours likewise.

    Args:
      path: YAML file of a RecipeSpec.
      overrides: YAML files laid over it, one after another; `null` drops a key.

    Raises:
      ConfigError: a file is missing or not YAML; an unknown key; a value out of range.
    """
    values: Dict[str, Any] = read_mapping(path)
    for override in overrides:
        values = merged(values, read_mapping(override))
    spec: RecipeSpec = config_from_dict(RecipeSpec, values, str(path))
    return expand_axes(replace(spec, base=str(Path(path).parent)))
