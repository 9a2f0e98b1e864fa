"""Features of cuts and waveforms: Lhotse's extractors, checked inputs."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any, Iterable, List, Literal, Mapping, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import ConfigError, CorpusError
from fsaasr.core.files import PathLike
from fsaasr.core.scores import FloatArray, Seconds
from fsaasr.corpora.audio import resample as resample_audio
from fsaasr.features.config import FeatureConfig
from fsaasr.features.transforms import add_deltas, normalise

if TYPE_CHECKING:
    from fsaasr.features.on_demand import OnDemand

Storage = Literal["memory", "disk", "on-the-fly"]
"""Where features are between two uses: in memory, in the files of a cache, or nowhere."""

CHUNK = 64
"""Cuts that an executor gets at a time."""


@dataclass(frozen=True)
class FeatureBatch:
    """Features of N utterances, with what training needs to know of them.

    Attributes:
      ids: N utterance ids.
      matrices: N float32 (T_n, F), T_n >= 1: a tuple, or an `OnDemand` of what is not in memory.
      speakers: N speaker names, "" where unknown.
      texts: N transcripts, "" where there is none.
      frame_shift: seconds between two frames.
      at_speed: the same utterances spoken faster (above 1) or slower, by speed; see `add_speeds`.
    """

    ids: Tuple[str, ...]
    matrices: Sequence[FloatArray]
    speakers: Tuple[str, ...]
    texts: Tuple[str, ...]
    frame_shift: Seconds
    at_speed: Mapping[float, Sequence[FloatArray]] = field(default_factory=dict)

    def __len__(self) -> int:
        """N, the number of utterances."""
        return len(self.ids)

    @property
    def dim(self) -> int:
        """F, features a frame."""
        return int(self.matrices[0].shape[1])

    @cached_property
    def lengths(self) -> Tuple[int, ...]:
        """T_n of each utterance; costs nothing where matrices are made on demand."""
        known: Optional[Tuple[int, ...]] = getattr(self.matrices, "lengths", None)
        return tuple(map(len, self.matrices)) if known is None else known

    def frames(self, most: int = 1_000_000) -> FloatArray:
        """float32 (T, F): frames of all utterances, or of as many, evenly chosen, as have about `most`."""
        step = max(1, round(sum(self.lengths) / most))
        return np.concatenate([self.matrices[n] for n in range(0, len(self), step)])

    def select(self, ids: Sequence[str]) -> FeatureBatch:
        """The utterances `ids`, in that order, in memory.

        Raises:
          CorpusError: an id that is not in the batch.
        """
        place = {name: n for n, name in enumerate(self.ids)}
        unknown = [name for name in ids if name not in place]
        if unknown:
            raise CorpusError(f"FeatureBatch.select: no utterance {unknown[0]!r} among {len(self)}")
        rows = [place[name] for name in ids]
        return FeatureBatch(
            tuple(ids),
            tuple(self.matrices[n] for n in rows),
            tuple(self.speakers[n] for n in rows),
            tuple(self.texts[n] for n in rows),
            self.frame_shift,
            {speed: tuple(matrices[n] for n in rows) for speed, matrices in self.at_speed.items()},
        )

    def select_cuts(self, cuts: Iterable[Any]) -> FeatureBatch:
        """The utterances of these Lhotse cuts, in their order; raises as `select`."""
        return self.select([cut.id for cut in cuts])


def compute_features(
    cuts: Iterable[Any],
    config: FeatureConfig,
    *,
    resample: bool = False,
    cache_dir: Optional[PathLike] = None,
    executor: Optional[Executor] = None,
    storage: Storage = "memory",
) -> FeatureBatch:
    """Computes features of all cuts, in their order.

    Args:
      cuts: Lhotse cuts with one channel of audio each.
      config: kind, normalisation, derivatives.
      resample: bring other sampling rates to `config.sampling_rate` instead of refusing them.
      cache_dir: keep extracted features here and take them from here when configuration and audio
        (path, size, time) are the same; None keeps nothing.
      executor: where to extract: processes (start method `spawn`, as torch does not survive a fork) or a
        cluster's; threads gain little. None extracts here. The result does not depend on it.
      storage: where the matrices are: in `memory`; on `disk`, in `cache_dir`, from where each is read when it is asked
        for; or nowhere, extracted `on-the-fly` each time, so that errors of a cut come then. Their values are the same.

    Returns:
      One (T, F) matrix a cut.

    Raises:
      CorpusError: no cuts, a repeated id, unreadable audio, another sampling rate, more than one channel, audio that is
        shorter than one frame or not finite, or `cmvn="speaker"` and a cut without speaker; names the cut.
      ConfigError: a configuration that leaves a mel filter empty, or storage on disk without `cache_dir`.
    """
    listed = list(cuts)
    if not listed:
        raise CorpusError("compute_features: no cuts; give at least one")
    ids = tuple(cut.id for cut in listed)
    if len(set(ids)) < len(ids):
        twice = next(name for n, name in enumerate(ids) if name in ids[:n])
        raise CorpusError(f"compute_features: cut id {twice!r} occurs twice; make ids unique")
    speakers = tuple(cut_speaker(cut) for cut in listed)
    if config.cmvn == "speaker" and "" in speakers:
        raise CorpusError(
            f"compute_features: cut {ids[speakers.index('')]!r} has no speaker, needed for cmvn='speaker'; "
            "set supervision.speaker or use cmvn='utterance'"
        )
    texts, static = tuple(map(cut_text, listed)), static_config(config)
    if storage != "memory":
        from fsaasr.features.on_demand import finished_on_demand

        source = _on_demand(listed, static, resample, executor, cache_dir, storage)
        return FeatureBatch(ids, finished_on_demand(source, speakers, config), speakers, texts, config.frame_shift)
    if cache_dir is None:
        matrices = extract_all(listed, static, resample, executor)
    else:
        from fsaasr.features.cache import extract_cached

        matrices = extract_cached(listed, static, resample, executor, cache_dir)
    finished = _finish(matrices, list(speakers) if config.cmvn == "speaker" else list(ids), config)
    return FeatureBatch(ids, tuple(finished), speakers, texts, config.frame_shift)


def _on_demand(
    cuts: Sequence[Any],
    config: FeatureConfig,
    resample: bool,
    executor: Optional[Executor],
    cache_dir: Optional[PathLike],
    storage: Storage,
) -> OnDemand:
    if storage == "on-the-fly":
        from fsaasr.features.on_demand import extracted_on_the_fly

        return extracted_on_the_fly(cuts, config, resample)
    if cache_dir is None:
        raise ConfigError("compute_features: storage 'disk' without cache_dir; say where the features are to be")
    from fsaasr.features.cache import cached_on_demand

    return cached_on_demand(cuts, config, resample, executor, cache_dir)


def waveform_features(
    ids: Sequence[str], waves: Sequence[FloatArray], config: FeatureConfig, speakers: Sequence[str] = ()
) -> FeatureBatch:
    """Features of waveforms, the same as `compute_features` gives for cuts of them.

    Args:
      ids: N utterance ids.
      waves: N float32 (num_samples,) in -1 .. 1, at the configuration's rate.
      config: kind, normalisation, derivatives.
      speakers: N names, which matter to `cmvn="speaker"`; an utterance without one ("") is a speaker of its own.

    Raises:
      CorpusError: a waveform too short or not finite; names the utterance.
    """
    names = tuple(speakers) or ("",) * len(ids)
    static = static_config(config)
    matrices = [extract_one(wave, static, name) for name, wave in zip(ids, waves)]
    by_speaker = config.cmvn == "speaker"
    # The zero keeps a speaker apart from an utterance of that name.
    groups = [f"\0{name}" if by_speaker and name else utterance for utterance, name in zip(ids, names)]
    blank = ("",) * len(ids)
    return FeatureBatch(tuple(ids), tuple(_finish(matrices, groups, config)), names, blank, config.frame_shift)


def features_of(
    samples: npt.ArrayLike,
    config: FeatureConfig,
    *,
    sampling_rate: Optional[int] = None,
    resample: bool = False,
    utterance: str = "audio",
) -> FloatArray:
    """Features of one waveform, the same as `compute_features` gives for a cut alone.

    Args:
      samples: (num_samples,) or (1, num_samples) in -1 .. 1.
      config: kind, normalisation, derivatives; `cmvn="speaker"` has this utterance alone to go by.
      sampling_rate: Hz of the samples; None means `config.sampling_rate`.
      resample: bring another rate to `config.sampling_rate` instead of refusing it.
      utterance: name for messages.

    Returns:
      float32 (T, F).

    Raises:
      CorpusError: another rate, more than one channel, too short or not finite.
    """
    rate = config.sampling_rate if sampling_rate is None else sampling_rate
    wave = at_rate(samples, rate, config, resample, utterance)
    return waveform_features([utterance], [wave], config).matrices[0]


def extract_all(
    cuts: Sequence[Any], config: FeatureConfig, resample: bool, executor: Optional[Executor]
) -> List[FloatArray]:
    """Features of each cut, neither normalised nor with derivatives; see `compute_features`."""
    from tqdm import tqdm

    chunks = [cuts[start : start + CHUNK] for start in range(0, len(cuts), CHUNK)]
    work = partial(_extract_chunk, config=config, resample=resample)
    done = map(work, chunks) if executor is None else executor.map(work, chunks)
    # disable=None: a bar on a terminal only.
    with tqdm(total=len(cuts), desc="features", unit="cut", leave=False, disable=None) as bar:
        matrices: List[FloatArray] = []
        for chunk in done:
            matrices.extend(chunk)
            bar.update(len(chunk))
    return matrices


def _extract_chunk(cuts: Sequence[Any], config: FeatureConfig, resample: bool) -> List[FloatArray]:
    return [extract_one(load_samples(cut, config, resample), config, cut.id) for cut in cuts]


def extract_one(samples: FloatArray, config: FeatureConfig, utterance: str) -> FloatArray:
    """(T, F) of samples (num_samples,) at the configuration's rate, without normalisation and derivatives."""
    if len(samples) < config.window_samples:
        raise CorpusError(
            f"features: utterance {utterance!r} has {len(samples)} samples, fewer than the {config.window_samples} of "
            "one frame; drop it"
        )
    if not np.isfinite(samples).all():
        raise CorpusError(f"features: utterance {utterance!r} has samples that are NaN or infinite; restore its audio")
    if config.kind == "waveform":
        return sample_rows(samples, config)
    matrix: FloatArray = _extractor(config).extract(samples * np.float32(32768.0), config.sampling_rate)
    return matrix


def sample_rows(samples: FloatArray, config: FeatureConfig) -> FloatArray:
    """Samples (num_samples,) as rows of a frame shift each, (T, S); the last row ends in zeros or is cut."""
    rows = np.zeros((config.num_frames(len(samples)), config.shift_samples), dtype=np.float32)
    whole = min(rows.size, len(samples))
    rows.reshape(-1)[:whole] = samples[:whole]
    return rows


def load_samples(cut: Any, config: FeatureConfig, resample: bool = False) -> FloatArray:
    """Samples of a cut at the configuration's rate, float32 (num_samples,) in -1 .. 1.

    Raises:
      CorpusError: another sampling rate without `resample`, more than one channel, unreadable audio.
    """
    if not cut.has_recording:
        raise CorpusError(f"features: cut {cut.id!r} has no recording; attach one")
    _check_rate(int(cut.sampling_rate), config, resample, cut.id)
    try:
        samples = cut.load_audio()
    except Exception as error:  # Lhotse wraps what goes wrong in many classes, AssertionError among them.
        reason = str(error).partition("\n")[0]
        raise CorpusError(f"features: cut {cut.id!r}: its audio cannot be read ({reason}); restore it") from error
    return at_rate(samples, int(cut.sampling_rate), config, resample, cut.id)


def at_rate(samples: npt.ArrayLike, rate: int, config: FeatureConfig, resample: bool, utterance: str) -> FloatArray:
    """Samples (num_samples,) or (1, num_samples) at the configuration's rate, float32 (num_samples,).

    Raises:
      CorpusError: another sampling rate without `resample`, or more than one channel.
    """
    _check_rate(rate, config, resample, utterance)
    return resample_audio(one_channel(np.asarray(samples, dtype=np.float32), utterance), rate, config.sampling_rate)


def one_channel(samples: FloatArray, utterance: str) -> FloatArray:
    """Samples (num_samples,) of (num_samples,) or (1, num_samples); raises CorpusError for any other shape."""
    if samples.ndim == 2 and samples.shape[0] == 1:
        samples = samples[0]
    if samples.ndim != 1:
        raise CorpusError(
            f"features: utterance {utterance!r} has samples of shape {samples.shape}, expected one channel; "
            "choose or mix the channels first"
        )
    return samples


def _check_rate(rate: int, config: FeatureConfig, resample: bool, utterance: str) -> None:
    if rate != config.sampling_rate and not resample:
        raise CorpusError(
            f"features: {utterance!r} is sampled at {rate} Hz, expected {config.sampling_rate} Hz; "
            f"set sampling_rate={rate} in the configuration or pass resample=True"
        )


def _finish(matrices: List[FloatArray], groups: Sequence[str], config: FeatureConfig) -> List[FloatArray]:
    if config.cmvn != "none":
        matrices = normalise(matrices, groups, config.cmvn_variance)
    return [add_deltas(matrix, config.deltas) for matrix in matrices] if config.deltas else matrices


def static_config(config: FeatureConfig) -> FeatureConfig:
    """The configuration without normalisation and derivatives."""
    return replace(config, cmvn="none", cmvn_variance=False, deltas=0)


@lru_cache(maxsize=8)
def _extractor(config: FeatureConfig) -> Any:
    from lhotse.features.kaldi.extractors import Fbank, FbankConfig, Mfcc, MfccConfig

    common = {
        "sampling_rate": config.sampling_rate,
        "frame_shift": config.frame_shift,
        "frame_length": config.frame_length,
        "low_freq": config.low_freq,
        "high_freq": config.high_freq,
        "num_filters": config.filters,
    }
    extractor = (
        Mfcc(MfccConfig(num_ceps=config.num_ceps, **common)) if config.kind == "mfcc" else Fbank(FbankConfig(**common))
    )
    empty = (extractor.extractor._fb.sum(dim=0) == 0).nonzero().flatten().tolist()
    if empty:
        raise ConfigError(
            f"FeatureConfig: mel filter {empty[0]} of {config.filters} spans no FFT bin at {config.sampling_rate} Hz; "
            "use fewer num_filters"
        )
    return extractor


def cut_speaker(cut: Any) -> str:
    """The speaker of a Lhotse cut's first supervision, "" where unknown."""
    return (cut.supervisions[0].speaker or "") if cut.supervisions else ""


def cut_text(cut: Any) -> str:
    """The transcript of a Lhotse cut: the texts of its supervisions in the order of their starts; "" without any."""
    ordered = sorted(cut.supervisions, key=lambda supervision: supervision.start)
    return " ".join(supervision.text for supervision in ordered if supervision.text)
