"""Recipes as tables of all combinations: systems by lexicon and by seed, data by hours."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Mapping, Sequence, Tuple

from fsaasr.core.config import merged
from fsaasr.recipe.language_model_seeds import expanded_models
from fsaasr.recipe.spec import DataSpec, RecipeSpec, SystemSpec

Names = Dict[str, Tuple[str, ...]]
"""What a name of the recipe became, where it became several."""


def expand_axes(spec: RecipeSpec) -> RecipeSpec:
    """A recipe in which systems stand once for each of their lexicons and seeds, and data once for their hours.

    A system with `lexicons` becomes `<name>-<lexicon>`, one with `seeds` `<name>.seed<number>`; the latter keep in
    `group` what they are of. One that starts from such a system starts from the one of its own lexicon and seed, or
    of the first where there is none of its own; the showcase shows the first, and lexicons learn from it. Data with
    `hours` are followed by their parts. Language models stand once for each seed, too.
    """
    whole = replace(spec, data=_with_parts(spec.data), language_models=expanded_models(spec.language_models))
    return _by_seed(_by_lexicon(whole))


def _with_parts(data: Mapping[str, DataSpec]) -> Dict[str, DataSpec]:
    found: Dict[str, DataSpec] = {}
    for name, entry in data.items():
        found[name] = replace(entry, hours=())
        for hours in entry.hours:
            found[f"{name}.{hours:g}h"] = replace(entry, hours=(hours,), part_of=name)
    return found


def _by_lexicon(spec: RecipeSpec) -> RecipeSpec:
    names: Names = {
        name: tuple(f"{name}-{lexicon}" for lexicon in entry.lexicons)
        for name, entry in spec.systems.items()
        if entry.lexicons
    }
    systems: Dict[str, SystemSpec] = {}
    for name, entry in spec.systems.items():
        if not entry.lexicons:
            systems[name] = replace(entry, start=_one(entry.start, names))
        for lexicon in entry.lexicons:
            start = _one(entry.start, names, f"{entry.start}-{lexicon}")
            systems[f"{name}-{lexicon}"] = replace(entry, lexicon=lexicon, lexicons=(), start=start)
    return _renamed(spec, systems, names)


def _by_seed(spec: RecipeSpec) -> RecipeSpec:
    names: Names = {
        name: tuple(f"{name}.seed{seed}" for seed in entry.seeds) for name, entry in spec.systems.items() if entry.seeds
    }
    systems: Dict[str, SystemSpec] = {}
    for name, entry in spec.systems.items():
        if not entry.seeds:
            systems[name] = replace(entry, start=_one(entry.start, names))
        for seed in entry.seeds:
            settings = merged(entry.settings, {"training": {"fit": {"seed": seed}}})
            start = _one(entry.start, names, f"{entry.start}.seed{seed}")
            systems[f"{name}.seed{seed}"] = replace(entry, settings=settings, start=start, seeds=(), group=name)
    return _renamed(spec, systems, names)


def _renamed(spec: RecipeSpec, systems: Mapping[str, SystemSpec], names: Names) -> RecipeSpec:
    lexicons = {
        name: replace(entry, learned_from=_one(entry.learned_from, names)) for name, entry in spec.lexicons.items()
    }
    showcase = tuple(_one(name, names) for name in spec.showcase)
    combinations = _combined(spec.combinations, names)
    return replace(spec, systems=dict(systems), showcase=showcase, lexicons=lexicons, combinations=combinations)


def _combined(combinations: Mapping[str, Sequence[str]], names: Names) -> Dict[str, Tuple[str, ...]]:
    """Once for each of the seeds that its systems have; of systems without this seed, and of lexicons, the first."""
    found: Dict[str, Tuple[str, ...]] = {}
    for name, systems in combinations.items():
        ends = [new[len(system) :] for system in systems for new in names.get(system, ())]
        seeds = list(dict.fromkeys(end for end in ends if end.startswith(".seed"))) or [""]
        for seed in seeds:
            found[name + seed] = tuple(_one(system, names, system + seed) for system in systems)
    return found


def _one(system: str, names: Mapping[str, Sequence[str]], own: str = "") -> str:
    if system not in names:
        return system
    return own if own in names[system] else names[system][0]
