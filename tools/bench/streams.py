"""What a listener waits for: latencies of a model's streams, and whether they end as the whole audio at once.

python -m tools.bench.streams MODEL CUTS [--chunks 0.1,0.2] [--count 20]
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from fsaasr import Recognizer, word_errors
from fsaasr.core.scores import Seconds
from fsaasr.corpora import read_cuts


@dataclass(frozen=True)
class StreamRow:
    """Medians over utterances; work is measured in processor time, in which other processes of a machine show less.

    Attributes:
      chunk: seconds of audio that are heard at a time.
      utterances: how many.
      first_partial: seconds of audio that had been heard when a word was first shown.
      after_begin: seconds of audio from the beginning of the first word until then.
      final_ms: milliseconds from the end of the audio to the result.
      rtf: seconds of work for a second of audio, partial and stable results after each chunk included.
      same: utterances whose words and times are those of the whole audio at once.
      taken_back: utterances that ended otherwise than what had been called stable.
      wer: word error rate, where there are transcripts.
    """

    chunk: Seconds
    utterances: int
    first_partial: Seconds
    after_begin: Seconds
    final_ms: float
    rtf: float
    same: int
    taken_back: int
    wer: Optional[float]


class _Heard(NamedTuple):
    first_partial: Optional[Seconds]
    first_word: Optional[Seconds]
    final: Seconds
    rtf: float
    same: bool
    taken_back: bool
    words: List[str]


def measure(recognizer: Recognizer, cuts: Sequence[Any], chunk: Seconds) -> StreamRow:
    """Streams each cut chunk by chunk.

    Args:
      recognizer: of a model that streams. cuts: Lhotse cuts at its rate. chunk: seconds.
    """
    _hear(recognizer, cuts[0], chunk)  # compiles
    heard = [_hear(recognizer, cut, chunk) for cut in cuts]
    spoken = [one for one in heard if one.first_partial is not None and one.first_word is not None]
    texts = {cut.id: " ".join(part.text or "" for part in cut.supervisions).split() for cut in cuts}
    said = {cut.id: one.words for cut, one in zip(cuts, heard)}
    return StreamRow(
        chunk,
        len(cuts),
        statistics.median([one.first_partial or 0.0 for one in spoken]),
        statistics.median([(one.first_partial or 0.0) - (one.first_word or 0.0) for one in spoken]),
        1000 * statistics.median([one.final for one in heard]),
        statistics.median([one.rtf for one in heard]),
        sum(one.same for one in heard),
        sum(one.taken_back for one in heard),
        word_errors(texts, said).rate if all(texts.values()) else None,
    )


def _hear(recognizer: Recognizer, cut: Any, chunk: Seconds) -> _Heard:
    rate = recognizer.sampling_rate
    wave, size = cut.load_audio()[0], round(chunk * rate)
    begin = time.process_time()
    stream = recognizer.stream(name=cut.id)
    stable = stream.stable
    for start in range(0, len(wave), size):
        stream.accept(wave[start : start + size])
        stable = (stream.partial, stream.stable)[1]
    end = time.process_time()
    done = stream.finish()
    over = time.process_time()
    whole = recognizer.transcribe((wave, rate))
    late = stream.latency
    return _Heard(
        late.first_partial,
        late.first_word,
        over - end,
        (over - begin) / done.duration,
        [word[:3] for word in whole.words] == [word[:3] for word in done.words],
        done.hypothesis.columns[: len(stable.columns)] != stable.columns,
        done.text.split(),
    )


def table(rows: Sequence[StreamRow]) -> str:
    """The rows as a table in Markdown."""
    names = list(asdict(rows[0]))
    lines = [names, ["---"] * len(names)]
    for row in rows:
        values: Dict[str, Any] = asdict(row)
        lines.append([f"{value:.3g}" if isinstance(value, float) else str(value) for value in values.values()])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main(arguments: Optional[Sequence[str]] = None) -> None:
    """Reads the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("cuts", type=Path)
    parser.add_argument("--chunks", default="0.1,0.2", help="seconds, with commas")
    parser.add_argument("--count", type=int, default=20, help="cuts, from the first one")
    given = parser.parse_args(arguments)
    recognizer, cuts = Recognizer.open(given.model), list(read_cuts(given.cuts))[: given.count]
    print(table([measure(recognizer, cuts, float(chunk)) for chunk in given.chunks.split(",")]))


if __name__ == "__main__":
    main()
