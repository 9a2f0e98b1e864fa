"""In which order systems are trained, and lexicons are learned from them."""

from __future__ import annotations

from typing import Dict, Tuple

from fsaasr.recipe.spec import RecipeSpec


def training_depths(spec: RecipeSpec) -> Tuple[Dict[str, int], Dict[str, int]]:
    """How many jobs, one after another, come before each system and before each lexicon that is learned, by name."""
    systems: Dict[str, int] = {}
    lexicons: Dict[str, int] = {}
    for name, entry in spec.systems.items():
        systems[name] = max(lexicons.get(entry.lexicon, -1), systems.get(entry.start, -1)) + 1
        for lexicon, other in spec.lexicons.items():
            if other.learned_from == name:
                lexicons[lexicon] = systems[name] + 1
    return systems, lexicons
