"""`StreamingEncoder`: an encoder that need not wait for an utterance's end."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Tuple

from torch import Tensor

from fsaasr.core.errors import ModelError
from fsaasr.models.encoders.encoder import Encoder


class StreamingEncoder(Encoder):
    """An encoder whose vectors chunk by chunk are those of the whole utterance, however it is cut.

    In evaluation mode, and to 1e-5. `N` utterances advance together, by the same number of frames each.
    """

    @property
    @abstractmethod
    def look_ahead(self) -> int:
        """Frames beyond the `subsampling` ones that a vector stands for that must be heard before it is given.

        Raises:
          ModelError: as `start`.
        """

    @abstractmethod
    def start(self, like: Tensor) -> Any:
        """The state before the first frame.

        Args:
          like: features (N, T, F), of which count, type and device matter.

        Raises:
          ModelError: an encoder of this shape needs whole utterances.
        """

    @abstractmethod
    def advance(self, features: Tensor, state: Any, final: bool = False) -> Tuple[Tensor, Any]:
        """Hears frames, and gives the vectors that no frame to come can change.

        Args:
          features: float32 (N, T, F), the next frames of each utterance; T may be 0.
          state: of `start` or the call before; not changed.
          final: the utterances end here; all vectors are given.

        Returns:
          float32 (N, T', D), T' >= 0, and the state.
        """


def streaming(encoder: Encoder) -> StreamingEncoder:
    """`encoder` as one that streams; raises ModelError where its kind never does."""
    if not isinstance(encoder, StreamingEncoder):
        raise ModelError(
            f"streaming: an encoder of class {type(encoder).__name__} needs whole utterances; train one of kind lstm, "
            "tdnn, or conformer with chunks"
        )
    return encoder
