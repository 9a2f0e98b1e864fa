"""An independent referee of transducer losses: walks every path through the lattice."""

from __future__ import annotations

import math

import numpy as np


def enumerated_loss(logits: np.ndarray, labels: list[int], topology: str) -> float:
    """Minus the log-sum over paths of float64 logits (T, U + 1, C) of one utterance; inf without a path."""
    log_probs = logits - np.log(np.exp(logits).sum(axis=2, keepdims=True))
    frames, scores = len(logits), []

    def walk(time: int, place: int, score: float) -> None:
        if time == frames:
            if place == len(labels):
                scores.append(score)
            return
        walk(time + 1, place, score + log_probs[time, place, 0])
        if place < len(labels):
            after = time if topology == "regular" else time + 1
            walk(after, place + 1, score + log_probs[time, place, labels[place]])

    walk(0, 0, 0.0)
    return -math.log(math.fsum(math.exp(score) for score in scores)) if scores else math.inf
