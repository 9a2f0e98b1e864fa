"""Systems that are trained more than once: one for each seed."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Mapping, Tuple

from fsaasr.core.config import merged
from fsaasr.recipe.language_model_spec import LanguageModelSpec
from fsaasr.recipe.spec import RecipeSpec, SystemSpec


def expand_seeds(spec: RecipeSpec) -> RecipeSpec:
    """A recipe in which every system and language model with `seeds` stands once for each, as `<name>.seed<number>`.

    Each of them keeps the name of what it was in `group`. One that starts from a system with seeds starts from the one
    of its own seed, or of the first seed where there is none of its own; the showcase shows the first, and lexicons
    learn from it.
    """
    seeds: Dict[str, Tuple[int, ...]] = {name: entry.seeds for name, entry in spec.systems.items() if entry.seeds}
    systems: Dict[str, SystemSpec] = {}
    for name, entry in spec.systems.items():
        if not entry.seeds:
            systems[name] = replace(entry, start=_one(entry.start, seeds))
        for seed in entry.seeds:
            settings = merged(entry.settings, {"training": {"fit": {"seed": seed}}})
            start = _one(entry.start, seeds, seed)
            systems[_name(name, seed)] = replace(entry, settings=settings, start=start, seeds=(), group=name)
    showcase = tuple(_one(name, seeds) for name in spec.showcase)
    lexicons = {
        name: replace(entry, learned_from=_one(entry.learned_from, seeds)) for name, entry in spec.lexicons.items()
    }
    models = _expanded_models(spec.language_models)
    return replace(spec, systems=systems, showcase=showcase, lexicons=lexicons, language_models=models)


def _expanded_models(models: Mapping[str, LanguageModelSpec]) -> Dict[str, LanguageModelSpec]:
    expanded = {}
    for name, entry in models.items():
        if not entry.seeds:
            expanded[name] = entry
        for seed in entry.seeds:
            settings = merged(entry.settings, {"fit": {"seed": seed}})
            expanded[_name(name, seed)] = replace(entry, settings=settings, seeds=(), group=name)
    return expanded


def language_model_for(spec: RecipeSpec, model: str, system: str) -> str:
    """The language model that a grammar means by `model`, for a system: of its seed, or else the first seed's."""
    members = [name for name, entry in spec.language_models.items() if entry.group == model]
    if not members:
        return model
    ending = system[len(spec.systems[system].group) :] if spec.systems[system].group else ""
    return f"{model}{ending}" if f"{model}{ending}" in members else members[0]


def _name(system: str, seed: int) -> str:
    return f"{system}.seed{seed}"


def _one(system: str, seeds: Mapping[str, Tuple[int, ...]], seed: int = -1) -> str:
    if system not in seeds:
        return system
    return _name(system, seed if seed in seeds[system] else seeds[system][0])
