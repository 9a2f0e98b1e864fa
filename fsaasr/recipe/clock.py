"""How long a training took, however often it was killed."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Optional, Type

from fsaasr.core.files import read_json, write_json
from fsaasr.core.scores import Seconds

BEAT: Seconds = 10.0
"""Time between two notes: a killed training loses no more of its count."""


class TrainingClock:
    """Counts the processor time of this process within a `with` block, on from what a file has noted.

    Processor time, summed over threads, does not depend on what else the machine does.

    Attributes:
      minutes: minutes of one core so far.
    """

    def __init__(self, path: Path) -> None:
        """Reads what was noted.

        Args:
          path: JSON file of the notes; one that cannot be read counts as none.
        """
        self._path = path
        self._stop = threading.Event()
        self._began = time.process_time()
        try:
            self._before = float(read_json(path)["seconds"])
        except (OSError, ValueError, KeyError, TypeError):
            self._before = 0.0

    @property
    def minutes(self) -> float:
        """Minutes of one core so far."""
        return (self._before + time.process_time() - self._began) / 60.0

    def __enter__(self) -> TrainingClock:
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._note()

    def _beat(self) -> None:
        while not self._stop.wait(BEAT):
            self._note()

    def _note(self) -> None:
        write_json(self._path, {"seconds": 60.0 * self.minutes})
