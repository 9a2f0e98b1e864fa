"""Extracted features on disk, keyed by what they were extracted from."""

from __future__ import annotations

import json
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from fsaasr.core.config import config_to_dict
from fsaasr.core.files import PathLike, atomic_path, content_hash
from fsaasr.core.scores import FloatArray
from fsaasr.features.config import FeatureConfig
from fsaasr.features.extract import extract_all
from fsaasr.features.on_demand import OnDemand

SHARD = 2000
"""Cuts a file: a killed extraction loses no more than one file's work."""

_VERSION = "1"


def extract_cached(
    cuts: Sequence[Any], config: FeatureConfig, resample: bool, executor: Optional[Executor], cache_dir: PathLike
) -> List[FloatArray]:
    """As `extract_all`, keeping files `features-<hash>.safetensors` in `cache_dir`.

    The hash covers the configuration, each cut's manifest entry, and path, size and time of its audio
    files; a file that cannot be read is made anew.
    """
    matrices: List[FloatArray] = []
    for shard, path in _shards(cuts, config, resample, cache_dir):
        found = _read(path, len(shard))
        if found is None:
            found = extract_all(shard, config, resample, executor)
            _write(path, found)
        matrices.extend(found)
    return matrices


def cached_on_demand(
    cuts: Sequence[Any], config: FeatureConfig, resample: bool, executor: Optional[Executor], cache_dir: PathLike
) -> OnDemand:
    """The same matrices, of which the files hold all and memory none; what is missing is extracted first."""
    from safetensors import safe_open

    lengths: List[int] = []
    places: List[Tuple[Any, int]] = []
    for shard, path in _shards(cuts, config, resample, cache_dir):
        rows = _lengths(path, len(shard))
        if rows is None:
            _write(path, extract_all(shard, config, resample, executor))
            rows = _lengths(path, len(shard)) or []
        content: Any = safe_open(path, "numpy")
        frames = content.get_slice("frames")
        places += [(frames, sum(rows[:n])) for n in range(len(rows))]
        lengths += rows

    def read(place: int) -> FloatArray:
        frames, begin = places[place]
        matrix: FloatArray = frames[begin : begin + lengths[place]]
        return matrix

    return OnDemand(lengths, read)


def _shards(
    cuts: Sequence[Any], config: FeatureConfig, resample: bool, cache_dir: PathLike
) -> Iterator[Tuple[Sequence[Any], Path]]:
    """Cuts of each file, and the file."""
    for start in range(0, len(cuts), SHARD):
        shard = cuts[start : start + SHARD]
        yield shard, Path(cache_dir) / f"features-{cache_key(shard, config, resample)[:24]}.safetensors"


def cache_key(cuts: Sequence[Any], config: FeatureConfig, resample: bool = False) -> str:
    """SHA-256 (hex) over all that the features of `cuts` depend on."""
    import lhotse
    import torch

    # Two builds of torch differ in the last bits; neither may find the other's files.
    builds = [_VERSION, str(lhotse.__version__), str(torch.__version__)]
    settings = json.dumps([builds, config_to_dict(config), resample], sort_keys=True)
    return content_hash(settings, *(part for cut in cuts for part in _cut_parts(cut)))


def _cut_parts(cut: Any) -> Iterator[str]:
    yield json.dumps(cut.to_dict(), sort_keys=True, default=str)
    for track in getattr(cut, "tracks", None) or [cut]:
        recording = getattr(getattr(track, "cut", track), "recording", None)
        for source in recording.sources if recording is not None else ():
            if source.type == "file" and Path(source.source).exists():
                stat = Path(source.source).stat()
                yield f"{source.source} {stat.st_size} {stat.st_mtime_ns}"


def _read(path: Path, count: int) -> Optional[List[FloatArray]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        content = load_file(path)
        frames, lengths = content["frames"], content["lengths"]
    except (OSError, KeyError, SafetensorError):
        return None
    if len(lengths) != count or int(lengths.sum()) != len(frames):
        return None
    return list(np.split(frames, np.cumsum(lengths)[:-1]))


def _lengths(path: Path, count: int) -> Optional[List[int]]:
    """Rows of each matrix of a file that is whole."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as content:
            lengths: List[int] = content.get_tensor("lengths").tolist()
            whole = int(content.get_slice("frames").get_shape()[0])
    except (OSError, SafetensorError):
        return None
    return lengths if len(lengths) == count and sum(lengths) == whole else None


def _write(path: Path, matrices: Sequence[FloatArray]) -> None:
    from safetensors.numpy import save_file

    lengths = np.array([len(matrix) for matrix in matrices], dtype=np.int64)
    with atomic_path(path) as temporary:
        save_file({"frames": np.concatenate(matrices), "lengths": lengths}, temporary)
