"""Search options out of range are refused."""

import math

import pytest

from fsaasr.core.config import config_from_dict
from fsaasr.core.errors import ConfigError
from fsaasr.decode import SearchOptions


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"engine": "fast"}, "engine is 'fast', expected one of auto, native"),
        ({"search_beam": 0.0}, "search_beam is 0.0, expected > 0"),
        ({"search_beam": math.nan}, "search_beam is nan"),
        ({"lattice_beam": -1.0}, "lattice_beam is -1.0"),
        ({"min_active": 50, "max_active": 40}, "min_active 50 and max_active 40"),
        ({"min_active": 0, "max_active": 0}, "max_active >= 1"),
        ({"acoustic_scale": 0.0}, "acoustic_scale is 0.0"),
    ],
)
def test_values_out_of_range_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        SearchOptions(**values)


def test_options_are_read_as_a_config():
    assert config_from_dict(SearchOptions, {"engine": "k2", "search_beam": 20}) == SearchOptions("k2", 20.0)
    with pytest.raises(ConfigError, match="beams"):
        config_from_dict(SearchOptions, {"beams": 1})
