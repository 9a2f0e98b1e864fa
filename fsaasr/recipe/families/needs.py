"""What data each family is trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict


@dataclass(frozen=True)
class Needs:
    """What a training needs beside speech and its transcripts.

    Attributes:
      start: what of another model it starts from; empty for nothing.
      times: whether what it learns from tells when each token is said: such a family gives durations.
      text: text that it learns word or token order from, beside that of the grammar; empty for none.
    """

    start: str = ""
    times: bool = False
    text: str = ""


NEEDS: Dict[str, Needs] = {
    "gmm": Needs(times=True),
    "tied-gmm": Needs("alignments of a GMM-HMM", times=True),
    "hybrid": Needs("alignments of any HMM", times=True),
    "full-sum": Needs(times=True),
    "lf-mmi": Needs(times=True, text="tokens of the transcripts (denominator)"),
    "mwer": Needs("a trained LF-MMI or full-sum model", times=True),
    "ctc": Needs(),
    "transducer": Needs(text="tokens of the transcripts (predictor)"),
    "attention": Needs(text="tokens of the transcripts (decoder)"),
}
"""By family, as in `SETUPS`."""
