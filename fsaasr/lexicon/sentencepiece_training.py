"""Training of sentencepiece models."""

from __future__ import annotations

import io
from typing import Iterable, Literal

from fsaasr.core.errors import LexiconError
from fsaasr.core.files import PathLike, atomic_path

ModelType = Literal["unigram", "bpe", "char", "word"]


def train_sentencepiece(
    sentences: Iterable[str],
    model_path: PathLike,
    vocab_size: int,
    model_type: ModelType = "unigram",
    alphabet: Iterable[str] = (),
) -> None:
    """Trains a sentencepiece model on text and writes it, atomically.

    Every sentence is used, in order, on one thread, so the same text gives the same file. Text is taken
    as it stands (no Unicode normalisation) and all its characters become pieces, so that every word of the
    text has a spelling. Kudo and Richardson 2018, "SentencePiece".

    Args:
      sentences: lines of text; empty ones are skipped.
      model_path: the `.model` file to write.
      vocab_size: number of pieces, with the three of `<unk>`, `<s>` and `</s>`.
      model_type: `unigram`, `bpe`, `char` or `word`.
      alphabet: characters that become pieces even where the text lacks them, e.g. those of a lexicon's words.

    Raises:
      LexiconError: no text, or a vocabulary size that the text does not allow.
    """
    import sentencepiece

    lines = [line for line in (sentence.strip() for sentence in sentences) if line]
    if not lines:
        raise LexiconError("train_sentencepiece: no sentences; expected at least one line of text")
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines),
            model_writer=model,
            vocab_size=vocab_size,
            model_type=model_type,
            character_coverage=1.0,
            required_chars="".join(sorted(set(alphabet))),
            normalization_rule_name="identity",
            num_threads=1,
            input_sentence_size=0,
            shuffle_input_sentence=False,
            max_sentence_length=max(len(line.encode()) for line in lines) + 1,
            minloglevel=4,
        )
    except (RuntimeError, OSError, ValueError) as error:
        raise LexiconError(
            f"train_sentencepiece: {vocab_size} {model_type} pieces from {len(lines)} sentences: {error}"
        ) from error
    with atomic_path(model_path) as temporary:
        temporary.write_bytes(model.getvalue())
