"""Parts of training data: so many hours, shared fairly among the speakers."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any, Dict, Iterable, List

from fsaasr.core.errors import CorpusError
from fsaasr.core.files import PathLike, content_hash, read_json, write_json
from fsaasr.core.scores import Seconds
from fsaasr.corpora.manifests import MARKER, manifest_path, read_cuts, write_cuts

_SLACK = 1.001


def speaker_balanced(cuts: Iterable[Any], seconds: Seconds) -> List[Any]:
    """Cuts that last so long together, with as much speech of each speaker as there can be.

    The speaker with the least speech so far comes next, with a cut that the hash of its id chooses. So a part is within
    every larger one, and the same on every machine.

    Args:
      cuts: Lhotse cuts with one supervision each; a cut without speaker is a speaker of its own.
      seconds: at least so many; the last cut goes beyond.

    Returns:
      The chosen cuts, in their order.

    Raises:
      CorpusError: `seconds` is not above 0, or more than the cuts have.
    """
    listed = list(cuts)
    have = sum(float(cut.duration) for cut in listed)
    if not 0.0 < seconds <= have * _SLACK:
        raise CorpusError(
            f"speaker_balanced: {seconds / 3600:.4g} h asked of {len(listed)} cuts of {have / 3600:.4g} h; ask for "
            "more than nothing and not for more than there is"
        )
    waiting: Dict[str, List[Any]] = defaultdict(list)
    for cut in sorted(listed, key=lambda cut: content_hash(str(cut.id)), reverse=True):
        waiting[str(cut.supervisions[0].speaker or cut.id)].append(cut)
    heard = dict.fromkeys(sorted(waiting), 0.0)
    chosen, total = set(), 0.0
    while total < seconds and waiting:
        speaker = min(waiting, key=lambda name: (heard[name], name))
        cut = waiting[speaker].pop()
        chosen.add(cut.id)
        heard[speaker] += float(cut.duration)
        total += float(cut.duration)
        if not waiting[speaker]:
            del waiting[speaker]
    return [cut for cut in listed if cut.id in chosen]


def write_part(whole_dir: PathLike, out_dir: PathLike, hours: float) -> None:
    """Writes a prepared directory with so many hours of another one's training part, and its dev and test parts.

    Raises:
      CorpusError: as `speaker_balanced`, or nothing is prepared there.
    """
    record = read_json(Path(whole_dir) / MARKER)
    out, sizes = Path(out_dir), {}
    (out / MARKER).unlink(missing_ok=True)
    for split in record["cuts"]:
        cuts = list(read_cuts(manifest_path(whole_dir, split)))
        chosen = speaker_balanced(cuts, 3600.0 * hours) if split == "train" else cuts
        write_cuts(chosen, manifest_path(out, split))
        sizes[split] = len(chosen)
    keys = {name: content_hash(str(record[name]), f"{hours}") for name in ("hash", "content")}
    write_json(out / MARKER, {**record, **keys, "cuts": sizes, "train_hours": hours})
