"""The compiled loop that reads tokens and words off a path."""

from __future__ import annotations

from typing import Any

import numpy as np

from fsaasr.core.kernels import njit

_TOKEN_OR_WORD_START, _WORD_START, _WORD_LIMIT = 1 | 2, 2, 2 | 4
"""Bits of arc flags: what begins a token, a word, and what ends the word before."""


@njit(cache=True, nogil=True)
def frames_of_labels(consumes: Any, output_label: Any) -> Any:
    """Frame at which each word label of a path stands."""
    frames = np.empty(len(output_label), np.int64)
    frame, words = 0, 0
    for k in range(len(output_label)):
        if output_label[k] > 0:
            frames[words] = frame
            words += 1
        frame += consumes[k]
    return frames[:words]


@njit(cache=True, nogil=True)
def token_frames(flags: Any, frame_tokens: Any) -> Any:
    """First frame and end of each token; it ends at the next start or blank."""
    frames = len(flags)
    starts, ends = np.empty(frames, np.int64), np.empty(frames, np.int64)
    count, is_open = 0, False
    for frame in range(frames):
        is_start = flags[frame] & _TOKEN_OR_WORD_START > 0
        if is_open and (is_start or frame_tokens[frame] == 0):
            ends[count - 1] = frame
            is_open = False
        if is_start:
            starts[count] = frame
            count += 1
            is_open = True
    if is_open:
        ends[count - 1] = frames
    return starts[:count], ends[:count]


@njit(cache=True, nogil=True)
def word_frames(flags: Any, token_starts: Any, token_ends: Any, label_frames: Any) -> Any:
    """First frame and end of each of the W words whose labels stand at `label_frames`.

    A path that was cut short may hold a label whose word has not begun, or a word without a label yet:
    the former takes its label's place, the latter is left out.
    """
    words, frames = len(label_frames), len(flags)
    starts, ends = label_frames.copy(), np.empty(words, np.int64)
    flagged = 0
    for frame in range(frames):
        if flagged < words and flags[frame] & _WORD_START > 0:
            starts[flagged] = frame
            flagged += 1
    token = 0
    for word in range(words):
        if word >= flagged:
            ends[word] = starts[word + 1] if word + 1 < words else frames
            continue
        # A word start is a token start, so a token begins before the word's limit.
        limit = starts[word] + 1
        while limit < frames and flags[limit] & _WORD_LIMIT == 0:
            limit += 1
        while token + 1 < len(token_starts) and token_starts[token + 1] < limit:
            token += 1
        ends[word] = token_ends[token]
    return starts, np.maximum(starts, ends)
