"""`prefix_decoder`: CTC output to words of any spelling, by prefix beam search, with n-gram models or without."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np

from fsaasr.core.errors import ConfigError
from fsaasr.core.files import PathLike
from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.core.scores import FloatArray, Seconds
from fsaasr.decode.ctc_outputs import ctc_log_probs
from fsaasr.decode.prefix_times import Said, said_words, timed
from fsaasr.grammar import FailureAutomaton, Hotwords, NgramModel, TokenHotwords, read_arpa
from fsaasr.lexicon.spelling import speller
from fsaasr.lexicon.token_tables import TokenSource, TokenTable, read_token_table

LanguageModel = Union[PathLike, NgramModel, None]


@dataclass(frozen=True)
class PrefixOptions:
    """Weights and width of a prefix beam search; all scores are natural logarithms.

    The score of words is the log of the sum over all their alignments, plus `lm_scale` times the word model's log
    probability of the sentence (with `unknown_score` added for each word that the model lacks), plus `word_score` for
    each word, plus `token_lm_scale` times the token model's log probability.

    Attributes:
      lm_scale, token_lm_scale: >= 0.
      unknown_score: added to the log probability of `<unk>` for each unknown word; without `<unk>` in the model it
        is the log probability, and what follows has no context.
      word_score: below 0 it is a penalty.
      beam: prefixes kept a frame, >= 1.
      prune: how far a prefix may lag behind the best one, > 0.
      token_prune: log posterior below which a column is not tried, unless it is the frame's best.
      frame_shift: seconds a row of the model's output.
    """

    lm_scale: float = 1.0
    unknown_score: float = -23.0
    word_score: float = 0.0
    token_lm_scale: float = 1.0
    beam: int = 100
    prune: float = 20.0
    token_prune: float = -10.0
    frame_shift: Seconds = 0.04

    def __post_init__(self) -> None:
        finite = np.isfinite([self.lm_scale, self.unknown_score, self.word_score, self.token_lm_scale]).all()
        if not finite or min(self.lm_scale, self.token_lm_scale) < 0 or self.beam < 1 or not self.prune > 0:
            raise ConfigError(f"{self}: expected finite scores, scales >= 0, a beam of at least 1 prefix and prune > 0")
        if not self.frame_shift > 0:
            raise ConfigError(f"PrefixOptions: frame_shift is {self.frame_shift}, expected seconds > 0")


DEFAULT_PREFIX = PrefixOptions()


class PrefixDecoder:
    """Decodes the output of one CTC model without a lexicon; made by `prefix_decoder`.

    Attributes:
      table: what the model's columns mean.
      options: weights and width.
    """

    def __init__(
        self,
        table: TokenTable,
        model: Optional[NgramModel],
        token_model: Optional[NgramModel],
        word_tokens: bool,
        options: PrefixOptions,
    ) -> None:
        """Keeps what it is given, and makes the tables of the search."""
        from fsaasr.decode.prefix_words import token_tables, word_tables

        self.table, self.options = table, options
        self._models, self._word_tokens = (model, token_model), word_tokens
        weights = (options.lm_scale, options.unknown_score, options.word_score)
        self._words = word_tables(table, model, word_tokens, *weights)
        self._tokens = token_tables(table, token_model, options.token_lm_scale)

    def __call__(
        self, outputs: Any, lengths: Any = None, *, ids: Sequence[str] = (), hotwords: Optional[Hotwords] = None
    ) -> List[Hypothesis]:
        """The best words of each utterance; arguments and errors as for `CtcDecoder`, but hotwords are those of all."""
        return [hypotheses[0] for hypotheses in self.nbest(outputs, 1, lengths, ids=ids, hotwords=hotwords)]

    def nbest(
        self,
        outputs: Any,
        n: int,
        lengths: Any = None,
        *,
        ids: Sequence[str] = (),
        hotwords: Optional[Hotwords] = None,
    ) -> List[List[Hypothesis]]:
        """The n best of each utterance that the beam kept, word sequences all different; arguments as for a call.

        `acoustic_score` is the log probability of all alignments together, `graph_score` the models' part, and the
        hotwords'; times and columns are those of the best alignment.

        Raises:
          ConfigError: hotwords beside a model of tokens, or of pieces, which do not tell where a word ends.
          GrammarError: hotwords that cannot be spelt.
        """
        phrases = None if hotwords is None else self._phrases(hotwords)
        matrices = ctc_log_probs(outputs, lengths, self.table)
        names = list(ids) or [f"utt{k}" for k in range(len(matrices))]
        if len(names) != len(matrices):
            raise ConfigError(f"prefix_decoder: {len(names)} ids for {len(matrices)} utterances; give one each")
        found = [self._nbest(matrix, n, name, phrases) for matrix, name in zip(matrices, names)]
        if hotwords is None:
            return found
        return [[hotwords.displayed(hypothesis) for hypothesis in hypotheses] for hypotheses in found]

    def _phrases(self, hotwords: Hotwords) -> FailureAutomaton:
        """The automaton of hotwords as tokens; it takes the place of a model of tokens."""
        if self._models[1] is not None or self.table.marks_words:
            raise ConfigError(
                "prefix_decoder: hotwords take the place of a model of tokens, and want tokens that are no pieces with "
                "`▁`; leave token_lm out, or search with ctc_decoder, which takes any tokens"
            )
        spell = speller(self.table)

        def spellings(word: str) -> List[Tuple[str, ...]]:
            tokens = (word,) if self._word_tokens and word in self.table.tokens else spell(word)[0]
            return [tokens] if tokens else []

        return TokenHotwords(hotwords, spellings, self.table.delimiter).automaton(self.table.tokens)

    def _nbest(self, matrix: FloatArray, n: int, name: str, phrases: Optional[FailureAutomaton]) -> List[Hypothesis]:
        from fsaasr.decode.prefix_kernels import search
        from fsaasr.decode.prefix_words import hotword_tables

        limits = (int(self.options.beam), float(self.options.prune))
        tokens = self._tokens if phrases is None else hotword_tables(phrases)
        prefixes, alive, acoustic = search(
            np.ascontiguousarray(matrix), self._words, tokens, limits, float(self.options.token_prune)
        )
        found = self._by_words(prefixes, alive.tolist(), acoustic.tolist(), phrases)
        ordered = sorted(found.values(), key=lambda said: -(said.acoustic + said.model))[:n]
        return [self._hypothesis(said, matrix, name) for said in ordered]

    def _by_words(
        self, prefixes: Any, alive: List[int], acoustic: List[float], phrases: Optional[FailureAutomaton]
    ) -> Dict[Tuple[str, ...], Said]:
        """Prefixes of the same words as one, with the tokens of the best."""
        found: Dict[Tuple[str, ...], Said] = {}
        for number, score in zip(alive, acoustic):
            tokens: List[int] = []
            at = number
            while at > 0:
                tokens.append(int(prefixes.token[at]))
                at = int(prefixes.parent[at])
            said = said_words(self.table, tokens[::-1], self._word_tokens)
            model = float(prefixes.score[number]) + self._end(prefixes, number)
            if phrases is not None:
                model += float(phrases.final([int(prefixes.token_state[number])])[0])
            key = tuple(word for word, _, _ in said)
            before = found.get(key)
            if before is None:
                found[key] = Said(said, tokens[::-1], score, model)
                continue
            better = score + model > before.acoustic + before.model
            chosen = Said(said, tokens[::-1], score, model) if better else before
            total = np.logaddexp(score + model, before.acoustic + before.model)
            found[key] = chosen._replace(acoustic=float(total) - chosen.model)
        return found

    def _end(self, prefixes: Any, number: int) -> float:
        """What the models give the end behind a prefix."""
        from fsaasr.decode.prefix_kernels import complete
        from fsaasr.grammar.ngram_kernels import step

        place, state, score = int(prefixes.place[number]), int(prefixes.state[number]), 0.0
        if place != 0:
            state, score = complete(self._words, place, state)
        model, token_model = self._models
        if model is not None:
            score += self.options.lm_scale * step(self._words.lm, state, model.states.end_id)[1]
        if token_model is not None:
            token_state = int(prefixes.token_state[number])
            score += self.options.token_lm_scale * step(self._tokens.lm, token_state, token_model.states.end_id)[1]
        return float(score)

    def _hypothesis(self, said: Said, matrix: FloatArray, name: str) -> Hypothesis:
        aligned = timed(said, self.table, matrix, self.options.frame_shift, name)
        known = self._models[0].ids if self._models[0] is not None else None
        words = aligned.words
        if known is not None:
            words = tuple(word if word.name in known else _unknown(word, aligned.tokens) for word in words)
        return replace(aligned, words=words, acoustic_score=said.acoustic, graph_score=said.model)


def _unknown(word: Span, tokens: Sequence[Span]) -> Span:
    return word._replace(spelling=tuple(t.name for t in tokens if word.start <= t.start < word.end))


def prefix_decoder(
    tokens: TokenSource,
    lm: LanguageModel = None,
    *,
    token_lm: LanguageModel = None,
    blank: Union[int, str, None] = None,
    delimiter: Optional[str] = None,
    word_tokens: bool = False,
    options: PrefixOptions = DEFAULT_PREFIX,
) -> PrefixDecoder:
    """Makes a decoder of a CTC model of any toolkit that can spell any word.

    `ctc_decoder` is for lexicons, grammars and lattices, and takes the best alignment; this one adds up all alignments.
    A word is scored by `lm` when it ends: at a delimiter, where the next word begins (`▁`), or at the end. Words that
    the model lacks are marked in the result (`Span.unknown`).

    Args:
      tokens: what the columns are, as for `read_token_table`.
      lm: ARPA file or n-gram model of words, with `<s>` and `</s>`.
      token_lm: the same of tokens; a delimiter is a token, too.
      blank, delimiter: as for `read_token_table`.
      word_tokens: each token is a word, as phones are; else tokens are joined to words at delimiters or `▁`.
      options: weights and width.

    Raises:
      LexiconError: a table without blank.
      GrammarError, FileFormatError: as reading a model says; a token model that lacks tokens and has no `<unk>`.
    """
    table = read_token_table(tokens, blank, delimiter)
    return PrefixDecoder(table, _model(lm), _model(token_lm), word_tokens, options)


def _model(source: LanguageModel) -> Optional[NgramModel]:
    return read_arpa(source) if isinstance(source, (str, Path)) else source
