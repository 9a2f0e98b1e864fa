"""Language models that are trained more than once: one for each seed."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Mapping

from fsaasr.core.config import merged
from fsaasr.recipe.language_model_spec import LanguageModelSpec
from fsaasr.recipe.spec import RecipeSpec


def expanded_models(models: Mapping[str, LanguageModelSpec]) -> Dict[str, LanguageModelSpec]:
    """Language models with `seeds` once for each, as `<name>.seed<number>`, which keep their name in `group`."""
    expanded = {}
    for name, entry in models.items():
        if not entry.seeds:
            expanded[name] = entry
        for seed in entry.seeds:
            settings = merged(entry.settings, {"fit": {"seed": seed}})
            expanded[f"{name}.seed{seed}"] = replace(entry, settings=settings, seeds=(), group=name)
    return expanded


def language_model_for(spec: RecipeSpec, model: str, system: str) -> str:
    """The language model that a grammar means by `model`, for a system: of its seed, or else the first seed's."""
    members = [name for name, entry in spec.language_models.items() if entry.group == model]
    if not members:
        return model
    ending = system[len(spec.systems[system].group) :] if spec.systems[system].group else ""
    return f"{model}{ending}" if f"{model}{ending}" in members else members[0]
