"""Section of the page: when systems of each family say what was said."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Sequence, Tuple

from fsaasr.core.errors import DecodeError, TrainingError
from fsaasr.evaluate import boundary_report
from fsaasr.evaluate.peakiness import token_coverage
from fsaasr.features import FeatureConfig, compute_features
from fsaasr.lexicon import Lexicon
from fsaasr.models import load_lexicon, load_model
from fsaasr.recipe.comparison.entries import Entry
from fsaasr.recipe.comparison.page_errors import cuts_of_test, wav_of
from fsaasr.recipe.families.needs import NEEDS
from fsaasr.recipe.forced import Forced, forced_alignments
from fsaasr.report.alignment_figure import AlignmentRow, AlignmentsView, alignments_figure
from fsaasr.report.page import Block, Cell, Figure, Section, Text, Utterance, number_cell, table_of

_WORDS = 5
"""Words of an utterance that is long enough to show something and short enough to be readable."""


class _Aligned(NamedTuple):
    """A system's alignments of the utterances, its lexicon's silence, and its frame shift."""

    forced: Forced
    silence: str
    family: str


def alignment_section(chosen: Mapping[str, Entry], utterances: int, shown: int) -> Section:
    """Alignments of the same utterances by all systems: pictures, boundary differences, and how peaky they are.

    Args:
      chosen: systems by name; those with times by state come first in the pictures.
      utterances: of the test part that the figures are of, at most.
      shown: of these, how many are drawn.
    """
    known = [name for name in chosen if chosen[name].first.family in NEEDS]
    names = sorted(known, key=lambda name: not NEEDS[chosen[name].first.family].times)
    cuts = list(cuts_of_test(next(iter(chosen.values()))).values())
    usable = _known_words(sorted(cuts, key=lambda cut: str(cut.id)), [chosen[name] for name in names])
    picked = _spread(usable, utterances)
    aligned, left_out = _aligned(chosen, names, cuts, picked)
    if not aligned:
        return Section("When it is said", (Text("No system can be aligned with these utterances."), *left_out))
    blocks: List[Block] = [
        Text(
            "An HMM explains every frame by a state, so its times are durations. A CTC model says each token in a "
            "spike and blank in between; a transducer says it at one frame; attention looks somewhere, in order or "
            "not. All were given the transcript; of each family, the best on dev is here. Vertical lines: word "
            "boundaries of the first system."
        )
    ]
    for cut in _readable(picked, shown):
        blocks += _picture(cut, picked.index(cut), aligned)
    blocks += [_boundaries(aligned), _measures(aligned, picked), *left_out]
    return Section("When it is said", tuple(blocks))


def _known_words(cuts: List[Any], entries: Sequence[Entry]) -> List[Any]:
    """Cuts of which all systems know all words."""
    known = [set(load_lexicon(_model_dir(entry)).words.names) for entry in entries]
    return [cut for cut in cuts if all(set((cut.supervisions[0].text or "").split()) <= words for words in known)]


def _aligned(
    chosen: Mapping[str, Entry], names: Sequence[str], cuts: List[Any], picked: List[Any]
) -> Tuple[Dict[str, _Aligned], List[Text]]:
    """Alignments by system, and what to say of systems that cannot align one of the utterances."""
    aligned: Dict[str, _Aligned] = {}
    left_out: List[Text] = []
    for name in names if picked else ():
        try:
            aligned[name] = _align(chosen[name], cuts, picked)
        except (DecodeError, TrainingError) as error:
            left_out.append(Text(f"{name} is left out: {error}", faint=True))
    return aligned, left_out


def _model_dir(entry: Entry) -> Path:
    return entry.experiment.model_dir(entry.first.split, entry.first.system)


def _spread(cuts: List[Any], count: int) -> List[Any]:
    """As many of the cuts, evenly over all of them."""
    step = max(1.0, len(cuts) / max(1, count))
    return [cuts[int(n * step)] for n in range(min(count, len(cuts)))]


def _readable(cuts: List[Any], count: int) -> List[Any]:
    return sorted(cuts, key=lambda cut: abs(len((cut.supervisions[0].text or "").split()) - _WORDS))[:count]


def _align(entry: Entry, cuts: List[Any], picked: List[Any]) -> _Aligned:
    model, lexicon = load_model(_model_dir(entry)), load_lexicon(_model_dir(entry))
    # Features of the whole part, so that means of speakers are those of the decoding.
    features = compute_features(cuts, model.features, cache_dir=entry.experiment.features_dir)
    forced = forced_alignments(model, lexicon, features.select([cut.id for cut in picked]))
    return _Aligned(forced, _silence(lexicon), model.family)


def _silence(lexicon: Lexicon) -> str:
    return "" if lexicon.silence is None else lexicon.silence.token


def _picture(cut: Any, place: int, aligned: Mapping[str, _Aligned]) -> Tuple[Block, ...]:
    config = FeatureConfig(kind="fbank", sampling_rate=int(cut.sampling_rate), num_filters=40)
    spectrogram = compute_features([cut], config)
    rows = tuple(
        AlignmentRow(name, one.forced.hypotheses[place].words, one.forced.hypotheses[place].tokens, one.forced.note)
        for name, one in aligned.items()
    )
    top = config.sampling_rate / 2 + config.high_freq
    view = AlignmentsView(spectrogram.matrices[0], spectrogram.frame_shift, top, rows)
    text = cut.supervisions[0].text or ""
    data = [
        [Cell(row.title), Cell(word.name), number_cell(word.start), number_cell(word.end)]
        for row in rows
        for word in row.words
    ]
    table = table_of(f"Words of {cut.id} with their times in seconds", ("system", "word", "begin", "end"), data, 2)
    alt = f"spectrogram of “{text}” with the words and tokens of each system on one time axis"
    return (Utterance(str(cut.id), text, wav_of(cut)), Figure(alt, partial(alignments_figure, view), table))


def _boundaries(aligned: Mapping[str, _Aligned]) -> Block:
    (first, reference), *others = aligned.items()
    rows = []
    for name, one in others:
        found = boundary_report(reference.forced.hypotheses, one.forced.hypotheses)
        for kind, part in (("word begins", found.word_starts), ("word ends", found.word_ends)):
            if part.count:
                times = (part.mean, part.median, part.mean_distance, part.median_distance, part.largest)
                cells = [number_cell(time, "{:.0f}", 1000) for time in times]
                shares = [number_cell(share, "{:.0f} %", 100) for share in part.within]
                rows.append([Cell(name), Cell(kind), number_cell(part.count, "{:.0f}"), *cells, *shares])
    caption = f"Boundaries against those of {first}, in ms (above 0: later)"
    columns: Tuple[str, ...] = ("system", "boundary", "count", "mean", "median", "|mean|", "|median|", "largest")
    columns += ("≤ 10", "≤ 20", "≤ 50")
    return table_of(caption, columns, rows, 2)


def _measures(aligned: Mapping[str, _Aligned], picked: List[Any]) -> Block:
    durations = [float(cut.duration) for cut in picked]
    rows = []
    for name, one in aligned.items():
        measures: Dict[str, float] = one.forced.measures
        rows.append(
            [
                *(Cell(name), Cell(one.family)),
                number_cell(token_coverage(one.forced.hypotheses, durations, one.silence), "{:.0f} %", 100),
                number_cell(measures.get("blank share"), "{:.0f} %", 100),
                number_cell(measures.get("monotonicity"), "{:.0f} %", 100),
                number_cell(measures.get("entropy")),
            ]
        )
    columns: Tuple[str, ...] = (
        "system",
        "family",
        "time covered by tokens",
        "frames of blank",
        "steps on in time",
        "entropy, nats",
    )
    caption = (
        f"How tokens are spread, over {len(picked)} utterances. Entropy: of CTC's posteriors a frame, or of "
        "attention's weights a step"
    )
    return table_of(caption, columns, rows, 2)
