"""Sections of the page: which errors, of which words, in which utterances; and where systems disagree, to listen to."""

from __future__ import annotations

import io
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from fsaasr.corpora import manifest_path, read_cuts
from fsaasr.evaluate.breakdown import (
    Band,
    Disagreement,
    confusions,
    disagreements,
    errors_by_frequency,
    errors_by_length,
    errors_by_speaker,
)
from fsaasr.evaluate.error_report import GAP
from fsaasr.recipe.comparison.entries import Entry, training_counts
from fsaasr.report.page import Block, Cell, Heard, Section, Text, Utterance, number_cell, table_of
from fsaasr.report.page.charts import Series, line_chart

CONFUSIONS = 25
"""Confusions shown."""


def errors_section(chosen: Mapping[str, Entry]) -> Section:
    """Confusions, and errors by frequency, length and speaker, of the systems compared."""
    blocks: List[Block] = [_confusions(chosen)]
    bands: Sequence[Tuple[str, str, Callable[[Entry], Tuple[Band, ...]]]] = (
        (
            "times in the training text",
            "Reference words by how often training had them (insertions left out)",
            _frequency,
        ),
        ("words in the utterance", "Utterances by their length", lambda entry: errors_by_length(entry.reports)),
        ("speaker", "Speakers", lambda entry: errors_by_speaker(entry.reports)),
    )
    for label, title, bands_of in bands:
        found = {name: bands_of(entry) for name, entry in chosen.items()}
        chart = _band_chart(found, label, title)
        if chart is not None:
            blocks += [Text(title + ":"), chart]
    return Section("Which errors", tuple(blocks))


def _frequency(entry: Entry) -> Tuple[Band, ...]:
    return errors_by_frequency(entry.reports, training_counts(entry))


def _confusions(chosen: Mapping[str, Entry]) -> Block:
    """The errors that all systems together make most, and how often each system makes them."""
    times: Dict[Tuple[str, str], Dict[str, float]] = {}
    for name, entry in chosen.items():
        for found in confusions(entry.reports):
            pair = times.setdefault((found.reference, found.hypothesis), {})
            pair[name] = found.times / len(entry.reports)
    frequent = sorted(times, key=lambda pair: (-sum(times[pair].values()), pair))[:CONFUSIONS]
    rows = [
        [
            *(Cell(word or "–") for word in pair),
            number_cell(sum(times[pair].values()), "{:.1f}"),
            *(number_cell(times[pair].get(name), "{:.1f}") for name in chosen),
        ]
        for pair in frequent
    ]
    caption = (
        f"The {CONFUSIONS} most frequent errors and how often each system makes them (means over seeds); – for nothing"
    )
    return table_of(caption, ("said", "recognized", "all systems", *chosen), rows, 2)


def _band_chart(found: Dict[str, Tuple[Band, ...]], label: str, title: str) -> Optional[Block]:
    names = list(dict.fromkeys(band.name for bands in found.values() for band in bands))
    if len(names) < 2:
        return None
    words = {band.name: band.words for bands in found.values() for band in bands}
    series = [
        Series(
            system,
            tuple(float(names.index(band.name)) for band in bands),
            tuple(100 * band.rate for band in bands),
        )
        for system, bands in found.items()
    ]
    categories = [f"{name}\n{words[name]} words" for name in names]
    return line_chart(series, label, "errors in % of the words", f"{title}: error rates", categories, joined=False)


def disagreement_section(chosen: Mapping[str, Entry], limit: int) -> Section:
    """Utterances that one system has right and another has not, to listen to."""
    if len(chosen) < 2:
        return Section("Where systems disagree", (Text("One system alone agrees with itself."),))
    found = disagreements({name: entry.reports[0] for name, entry in chosen.items()})
    cuts = cuts_of_test(next(iter(chosen.values())))
    shown = [heard_utterance(one, cuts) for one in found[:limit]]
    text = Text(
        f"{len(found)} utterances are not heard equally well by all systems (first training of each); here are those "
        "with the largest differences. Substituted, inserted and deleted words are coloured and marked."
    )
    return Section("Where systems disagree", (text, *shown))


def cuts_of_test(entry: Entry) -> Dict[str, Any]:
    """Cuts of the test part, by id."""
    path = manifest_path(entry.experiment.data_dir(entry.first.split), "test")
    return {str(cut.id): cut for cut in read_cuts(path)}


def heard_utterance(one: Disagreement, cuts: Mapping[str, Any]) -> Utterance:
    """An utterance with its audio and what each system heard."""
    reference = next(iter(one.errors.values())).alignment
    return Utterance(
        one.utterance,
        " ".join(word for word, _ in reference if word != GAP),
        wav_of(cuts[one.utterance]),
        tuple(Heard(name, entry.alignment) for name, entry in one.errors.items()),
    )


def wav_of(cut: Any) -> bytes:
    """The audio of a cut as a WAV file of 16 bits."""
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, cut.load_audio()[0], int(cut.sampling_rate), format="WAV", subtype="PCM_16")
    return buffer.getvalue()
