"""Audio files to words with times, by any trained model directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

from fsaasr.core.errors import CorpusError
from fsaasr.core.files import PathLike
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.corpora.audio import open_recording, read_samples
from fsaasr.decode import SearchOptions
from fsaasr.features import FeatureBatch, features_of
from fsaasr.graph import Graph, compile_token_graph, word_loop
from fsaasr.graph import load_graph as load_graph_file
from fsaasr.models import AcousticModel, load_graph, load_lexicon, load_model
from fsaasr.recipe.decoding import DEFAULT_SEARCH, recognize
from fsaasr.recipe.scales import UNSCALED, read_scales
from fsaasr.recipe.searches import searchable

SCALES = "scales.json"
"""File of a model directory that holds the scales tuned with its graph."""


@dataclass(frozen=True)
class Transcription:
    """What was recognized in one audio file.

    Attributes:
      path: the file.
      hypothesis: words and tokens with times.
      resampled_from: Hz of the file where it is not the model's rate, else None.
    """

    path: str
    hypothesis: Hypothesis
    resampled_from: Optional[int] = None


@dataclass(frozen=True)
class Transcribed:
    """Transcriptions in the order of the files, and with what they were made.

    Attributes:
      files: one transcription a file.
      sampling_rate: Hz that the model hears.
      graph: `graph.fsa` of the model directory, the file given, or `word loop`.
      flags: troubles of the search, as in `Decoded`.
    """

    files: Tuple[Transcription, ...]
    sampling_rate: int
    graph: str
    flags: Dict[str, int]


def transcribe(
    model_dir: PathLike,
    paths: Sequence[PathLike],
    *,
    graph_path: Optional[PathLike] = None,
    options: SearchOptions = DEFAULT_SEARCH,
    resample: bool = True,
) -> Transcribed:
    """Recognizes audio files.

    Args:
      model_dir: directory of a trained model of any family.
      paths: one-channel audio files.
      graph_path: graph to search; None takes the model directory's own, and where it has none, a loop over all
        words of its lexicon.
      options: engine and beams; scales are those of the model directory, where it has some.
      resample: bring audio of another rate to the model's, instead of refusing it.

    Raises:
      ModelError: not a model directory, or a graph of another model.
      CorpusError: no files, or one that is missing, unreadable, of several channels, or of another rate.
    """
    if not paths:
        raise CorpusError("transcribe: no audio files; give at least one")
    model = load_model(model_dir)
    graph, source = _graph(model_dir, model, graph_path)
    scales_path = Path(model_dir) / SCALES
    scales = read_scales(scales_path) if scales_path.exists() else UNSCALED
    features, rates = _features(model, paths, resample)
    decoded = recognize(model, graph, features, options, scales)
    files = tuple(
        Transcription(str(path), hypothesis, rate if rate != model.features.sampling_rate else None)
        for path, hypothesis, rate in zip(paths, decoded.hypotheses, rates)
    )
    return Transcribed(files, model.features.sampling_rate, source, decoded.flags)


def _features(model: AcousticModel, paths: Sequence[PathLike], resample: bool) -> Tuple[FeatureBatch, List[int]]:
    matrices, rates = [], []
    for path in paths:
        rates.append(int(open_recording(path, str(path)).sampling_rate))
        samples = read_samples(path)
        matrices.append(
            features_of(samples, model.features, sampling_rate=rates[-1], resample=resample, utterance=str(path))
        )
    # The place in front keeps the ids apart where a file is given twice.
    ids = tuple(f"{n}:{path}" for n, path in enumerate(paths))
    blank = ("",) * len(ids)
    return FeatureBatch(ids, tuple(matrices), blank, blank, model.features.frame_shift), rates


def _graph(model_dir: PathLike, model: AcousticModel, graph_path: Optional[PathLike]) -> Tuple[Graph, str]:
    if graph_path is not None:
        return searchable(model, load_graph_file(graph_path)), str(graph_path)
    graph = load_graph(model_dir)
    if graph is not None:
        return graph, "graph.fsa"
    lexicon = load_lexicon(model_dir)
    loop = word_loop(lexicon.words)
    tokens = compile_token_graph(lexicon, loop, model.topology, tokens=model.tokens, transitions=model.transitions)
    return searchable(model, tokens), "word loop"
