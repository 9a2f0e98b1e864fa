"""What recognition costs, part by part: features, encoder and search."""

from __future__ import annotations

import copy
import time
from functools import wraps
from typing import Any, Callable, Iterable, List, TypeVar

from fsaasr.core.scores import Seconds
from fsaasr.features import FeatureConfig, compute_features
from fsaasr.models import AcousticModel

_ENCODERS = ("scores", "encode", "encoded")
"""Methods that turn features into what a search reads; they do not depend on what was said before."""

_LISTEN: Seconds = 30.0
"""Speech on which the extraction of features is timed."""

Result = TypeVar("Result")


class Stopwatch:
    """Adds up the processor time of calls; on a busy machine it does not depend on what else runs.

    Attributes:
      seconds: so far.
    """

    def __init__(self) -> None:
        self.seconds: Seconds = 0.0

    def timed(self, function: Callable[..., Result]) -> Callable[..., Result]:
        """The function, its calls timed."""

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Result:
            begin = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds += time.process_time() - begin

        return call


def with_timed_encoder(model: AcousticModel, watch: Stopwatch) -> AcousticModel:
    """The same model, whose calls of the encoder `watch` counts: what is no search, whatever the family."""
    timed = copy.copy(model)
    for name in _ENCODERS:
        if hasattr(model, name):
            object.__setattr__(timed, name, watch.timed(getattr(model, name)))
    return timed


def features_rtf(cuts: Iterable[Any], config: FeatureConfig) -> float:
    """Seconds of one core that the features of a second of audio take, found on the first of the cuts."""
    chosen: List[Any] = []
    heard = 0.0
    for cut in cuts:
        if heard >= _LISTEN:
            break
        chosen.append(cut)
        heard += float(cut.duration)
    compute_features(chosen[:1], config)  # the first call sets things up
    begin = time.process_time()
    compute_features(chosen, config)
    return (time.process_time() - begin) / heard
