"""`ctc_decoder`: any CTC model's output in, words out; with a lexicon, an LM, a grammar, or nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Union
from weakref import WeakKeyDictionary

import numpy as np
import pynini

from fsaasr.core.errors import ConfigError
from fsaasr.core.files import PathLike
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import FloatArray, Scores, Seconds
from fsaasr.core.symbols import SymbolTable
from fsaasr.decode.ctc_outputs import ctc_log_probs
from fsaasr.decode.engine import decode, one_best
from fsaasr.decode.fallback import SpellingFallback, fill_empty, spelling_fallback
from fsaasr.decode.joined_tokens import join_tokens, spell_unknown, trim
from fsaasr.decode.on_the_fly import HotwordsOfEach, Model, OnTheFlyLm
from fsaasr.decode.options import SearchOptions
from fsaasr.grammar import Hotwords, NgramModel, TokenHotwords, read_arpa
from fsaasr.graph import (
    SlotGraph,
    SlotWords,
    TokenGraph,
    UnknownWord,
    compile_slot_graph,
    compile_token_graph,
    slot_words,
    unknown_word,
    word_loop,
)
from fsaasr.graph.compile import Grammar
from fsaasr.lattice.lattice import Lattice
from fsaasr.lexicon import Lexicon, OptionalSilence, Pronunciation, read_lexicon
from fsaasr.lexicon.spelling import Speller, spell_words, speller
from fsaasr.lexicon.token_tables import TokenSource, TokenTable, read_token_table

LexiconSource = Union[None, PathLike, Lexicon, Iterable[str], Mapping[str, Sequence[str]]]

GrammarSource = Union[None, pynini.Fst, Callable[[SymbolTable], pynini.Fst]]

NOT_CONTROL = ("<s>", "</s>", "<unk>", "<UNK>")
"""Words of an n-gram model that nobody says."""


@dataclass(frozen=True)
class CtcOptions:
    """Weights of a CTC decoder.

    Attributes:
      lm_scale: of the language model's and the lexicon's log probabilities beside the model's, >= 0.
      word_score: added for each word; below 0 it is a penalty.
      frame_shift: seconds a row of the model's output.
      search: how wide to search.
    """

    lm_scale: float = 1.0
    word_score: float = 0.0
    frame_shift: Seconds = 0.04
    search: SearchOptions = field(default_factory=SearchOptions)

    def __post_init__(self) -> None:
        if not (0.0 <= self.lm_scale < np.inf and np.isfinite(self.word_score) and self.frame_shift > 0):
            raise ConfigError(
                f"CtcOptions: lm_scale {self.lm_scale}, word_score {self.word_score}, frame_shift {self.frame_shift}; "
                "expected >= 0, a number, > 0"
            )


DEFAULT_CTC = CtcOptions()


class CtcDecoder:
    """Decodes the output of one CTC model; made by `ctc_decoder`.

    Attributes:
      table: what the model's columns mean.
      graph: what is searched; its columns are blank and the table's tokens.
      options: weights and beams.
      left_out: words that the model cannot spell, each with the character that no token has.
    """

    def __init__(
        self,
        table: TokenTable,
        graph: TokenGraph,
        options: CtcOptions,
        left_out: Mapping[str, str],
        words: bool,
        fallback: Optional[SpellingFallback] = None,
        spell: Optional[Callable[[LexiconSource], Tuple[Lexicon, Dict[str, str]]]] = None,
        pieces: Optional[PathLike] = None,
        on_the_fly: Optional[OnTheFlyLm] = None,
    ) -> None:
        """Keeps what it is given; `words` says whether the graph's words are words, and not tokens.

        `spell` gives pronunciations of more words, and those that have none, as `left_out` has them. `pieces` is a
        sentencepiece model that spells hotwords, where the graph's words are tokens. `on_the_fly` joins each search.
        """
        self.table, self.graph, self.options = table, graph, options
        self.left_out: Dict[str, str] = dict(left_out)
        self._words, self._fallback, self._spell, self._pieces = words, fallback, spell, pieces
        self._on_the_fly = on_the_fly
        self._token_hotwords: WeakKeyDictionary[Hotwords, TokenHotwords] = WeakKeyDictionary()

    def with_words(self, words: Mapping[str, Union[SlotWords, LexiconSource]]) -> CtcDecoder:
        """The decoder with other words in some of its slots, within milliseconds; this one stays as it is.

        Args:
          words: by slot, anything that `ctc_decoder` takes as a lexicon, all words equally likely; or `SlotWords` with
            probabilities. They replace what the slot holds; slots that are not named stay as they are.

        Raises:
          ConfigError: a decoder that was made without slots, or None in place of words.
          GraphError, LexiconError: as `SlotGraph.with_words` and `ctc_decoder`.
        """
        if self._spell is None or not isinstance(self.graph, SlotGraph):
            raise ConfigError("CtcDecoder.with_words: the decoder has no slots; name them to ctc_decoder")
        left_out, members = self.left_out.copy(), {}
        silence = OptionalSilence(self.table.delimiter, 0.5) if self.table.delimiter else None
        for slot, source in words.items():
            if source is None:
                raise ConfigError(f"CtcDecoder.with_words: no words for {slot}; graph.without_words empties slots")
            lexicon, lacking = self._spell(source.lexicon if isinstance(source, SlotWords) else source)
            lexicon = replace(lexicon, silence=silence)
            own = SlotWords(lexicon, source.grammar) if isinstance(source, SlotWords) else slot_words(lexicon)
            members[slot] = own
            left_out.update(lacking)
        graph, options = self.graph.with_words(members), self.options
        kept = self._fallback, self._spell, self._pieces, self._on_the_fly
        return CtcDecoder(self.table, graph, options, left_out, True, *kept)

    def __call__(
        self, outputs: Any, lengths: Any = None, *, ids: Sequence[str] = (), hotwords: HotwordsOfEach = None
    ) -> List[Hypothesis]:
        """The best hypothesis of each utterance.

        Args:
          outputs: logits or log posteriors (T, C) of one utterance, or (N, T, C); or a list of N (T_n, C). numpy,
            nested lists, or torch on any device. Rows that are no log probabilities are normalized.
          lengths: (N,) frames of each utterance; all of them if None.
          ids: N utterance ids.
          hotwords: phrases that are likelier than the model knows, of all utterances or of each. Hypotheses show their
            display forms.

        Raises:
          ScoresError: as `ctc_log_probs`. GrammarError: hotwords that cannot be recognized, by name.
        """
        scores = self.scores(outputs, lengths, ids)
        beside: Any = {"lm": self._on_the_fly, "hotwords": self._spelled(hotwords)}
        found = one_best(self.graph, scores, self.options.search, **beside)
        if self._fallback is not None:
            found = fill_empty(found, scores, self._fallback, self.options.search)
        return [self._read(hypothesis, _own(hotwords, n)) for n, hypothesis in enumerate(found)]

    def lattices(
        self, outputs: Any, lengths: Any = None, *, ids: Sequence[str] = (), hotwords: HotwordsOfEach = None
    ) -> List[Lattice]:
        """Lattices of each utterance, arguments as for a call; words are those of the graph, not display forms.

        With a delimiter they have one more frame than the utterance, in which a last delimiter costs nothing.
        """
        scores = self.scores(outputs, lengths, ids)
        beside: Any = {"lm": self._on_the_fly, "hotwords": self._spelled(hotwords)}
        return decode(self.graph, scores, self.options.search, **beside)

    def nbest(
        self,
        outputs: Any,
        n: int,
        lengths: Any = None,
        *,
        ids: Sequence[str] = (),
        hotwords: HotwordsOfEach = None,
    ) -> List[List[Hypothesis]]:
        """The n best hypotheses of each utterance, word sequences all different; arguments as for a call."""
        lattices = self.lattices(outputs, lengths, ids=ids, hotwords=hotwords)
        return [
            [self._read(hypothesis, _own(hotwords, place)) for hypothesis in lattice.nbest(n)]
            for place, lattice in enumerate(lattices)
        ]

    def _spelled(self, hotwords: HotwordsOfEach) -> HotwordsOfEach:
        """Hotwords over the graph's words; where these are tokens, as tokens."""
        if self._words or hotwords is None:
            return hotwords
        if not isinstance(hotwords, Hotwords):
            return [None if own is None else self._as_tokens(own) for own in hotwords]
        return self._as_tokens(hotwords)

    def _as_tokens(self, hotwords: Hotwords) -> TokenHotwords:
        found = self._token_hotwords.get(hotwords)
        if found is None:
            spell = speller(self.table, self._pieces)
            spelled = TokenHotwords(hotwords, lambda word: _spellings(spell, word), self.table.delimiter)
            found = self._token_hotwords[hotwords] = spelled
        return found

    def scores(self, outputs: Any, lengths: Any = None, ids: Sequence[str] = ()) -> Scores:
        """What is searched: normalized, blank first, columns that are no tokens left out."""
        matrices = [self._with_last(matrix) for matrix in ctc_log_probs(outputs, lengths, self.table)]
        return Scores.from_matrices(matrices, self.options.frame_shift, "ctc", ids)

    def _with_last(self, own: FloatArray) -> FloatArray:
        if not (self._words and self.table.delimiter):
            return own
        last = np.full((1, own.shape[1]), -np.inf, dtype=np.float32)
        last[0, [0, self.graph.tokens[self.table.delimiter]]] = 0.0
        return np.concatenate([own, last])

    def _read(self, hypothesis: Hypothesis, hotwords: Optional[Hotwords]) -> Hypothesis:
        if not self._words:
            hypothesis = join_tokens(hypothesis, self.table.delimiter, self.table.marks_words)
        elif self.table.delimiter is None:
            hypothesis = spell_unknown(hypothesis)
        else:
            trimmed = trim(hypothesis, self.table.delimiter, self.options.frame_shift)
            hypothesis = spell_unknown(trimmed, self.table.delimiter)
        return hypothesis if hotwords is None else hotwords.displayed(hypothesis)


def _own(hotwords: HotwordsOfEach, n: int) -> Optional[Hotwords]:
    """The hotwords of utterance n."""
    return hotwords if hotwords is None or isinstance(hotwords, Hotwords) else hotwords[n]


def _spellings(spell: Speller, word: str) -> List[Tuple[str, ...]]:
    tokens, _ = spell(word)
    return [tokens] if tokens else []


def ctc_decoder(
    tokens: TokenSource,
    lexicon: LexiconSource = None,
    lm: Union[PathLike, NgramModel, None] = None,
    *,
    grammar: GrammarSource = None,
    blank: Union[int, str, None] = None,
    delimiter: Optional[str] = None,
    pieces: Optional[PathLike] = None,
    skip_unspellable: bool = False,
    unknown: Union[float, UnknownWord, None] = None,
    slots: Sequence[str] = (),
    on_the_fly: Union[PathLike, Model, None] = None,
    options: CtcOptions = DEFAULT_CTC,
) -> CtcDecoder:
    """Makes a decoder of a CTC model of any toolkit.

    Without a lexicon and a language model, each token may follow each; the best sequence of columns comes out as words.
    With a language model alone, its words are spelt with the tokens.

    Args:
      tokens: what the columns are, as for `read_token_table`.
      lexicon: a file, a Lexicon, words to be spelt, or spellings (tokens) of words; without silence: a delimiter
        is put in between words.
      lm: ARPA file or n-gram model.
      grammar: in place of `lm`, an acceptor over the labels of the lexicon's words; or a function that makes one of
        these words, e.g. `lambda words: phrase_list(["lights on"], words)` or a JSGF grammar's `accept`.
      blank, delimiter: as for `read_token_table`.
      pieces: sentencepiece `.model` to spell words with.
      skip_unspellable: leave out words that the model cannot spell; `left_out` tells which.
      unknown: lets words be said that the lexicon, or the language model, lacks. An `UnknownWord` says how; a score is
        added for each, and tokens are those of an n-gram model of order 3 of the known words. They come out spelt,
        marked (`Span.unknown`) and timed; speech in which no word was found is spelt, too. `lm` must have `<unk>`.
      slots: words of `lm` or `grammar` that stand for words to come, see `CtcDecoder.with_words`; a grammar has their
        labels after those of the lexicon's words.
      on_the_fly: large n-gram model, ARPA or made, in place of `lm` while the search goes on, at `lm_scale`; the graph
        is made with `lm` alone, a small one (see `OnTheFlyLm`), or with none.
      options: weights and beams.

    Raises:
      LexiconError: a table without blank, words that cannot be spelt, a lexicon with other tokens.
      ConfigError: both `lm` and `grammar`, a grammar without lexicon, or slots without either; a model on the fly
        without a lexicon or lm, or at an `lm_scale` of 0.
      GrammarError, FileFormatError, GraphError: as reading and compiling say.
    """
    if grammar is not None and (lm is not None or lexicon is None):
        raise ConfigError("ctc_decoder: a grammar stands in place of lm, over the words of a lexicon; give that")
    table = read_token_table(tokens, blank, delimiter)
    if pieces is None and isinstance(tokens, (str, Path)) and str(tokens).endswith(".model"):
        pieces = tokens
    model = read_arpa(lm) if isinstance(lm, (str, Path)) else lm
    if unknown is not None and (grammar is not None or (lexicon is None and model is None)):
        raise ConfigError("ctc_decoder: unknown words stand beside those of a lexicon or lm; give one, and no grammar")
    large = _large(on_the_fly, model, options, lexicon is None and model is None)
    if lexicon is None and model is None:
        loop = Lexicon(tuple(Pronunciation(name, (name,)) for name in table.tokens.names[1:]))
        return CtcDecoder(table, _compiled(loop, None, table, options, False), options, {}, False, pieces=pieces)
    if slots and model is None and grammar is None:
        raise ConfigError("ctc_decoder: slots are words of a language model or a grammar; give one that says them")

    def spell(source: LexiconSource) -> Tuple[Lexicon, Dict[str, str]]:
        return _lexicon(source, model, table, pieces, skip_unspellable, slots)

    made, left_out = spell(lexicon)
    chosen: Optional[Grammar] = model
    if grammar is not None:
        chosen = grammar(made.words.extended(slots)) if callable(grammar) else grammar
    fallback = None
    if unknown is not None:
        unknown = _unknown(unknown, made, table)
        fallback = replace(spelling_fallback(made, unknown, "ctc", tokens=table.tokens), silence=table.delimiter)
    graph = _compiled(made, chosen, table, options, True, unknown, slots)
    return CtcDecoder(table, graph, options, left_out, True, fallback, spell, pieces, large)


def _large(
    on_the_fly: Union[PathLike, Model, None], small: Optional[NgramModel], options: CtcOptions, free: bool
) -> Optional[OnTheFlyLm]:
    """The model to put in place of the graph's own."""
    if on_the_fly is None:
        return None
    if free:
        raise ConfigError("ctc_decoder: a model on the fly scores words; give a lexicon, or a small lm with its words")
    large = read_arpa(on_the_fly) if isinstance(on_the_fly, (str, Path)) else on_the_fly
    return OnTheFlyLm(large, small, options.lm_scale)


def _unknown(given: Union[float, UnknownWord], lexicon: Lexicon, table: TokenTable) -> UnknownWord:
    ending = (table.delimiter,) if table.delimiter else ()
    if isinstance(given, UnknownWord):
        return replace(given, ending=ending)
    return unknown_word(lexicon, score=float(given), ending=ending, tokens=table.tokens.names[1:])


def _compiled(
    lexicon: Lexicon,
    grammar: Optional[Grammar],
    table: TokenTable,
    options: CtcOptions,
    words: bool,
    unknown: Optional[UnknownWord] = None,
    slots: Sequence[str] = (),
) -> TokenGraph:
    """The graph, weights put in; without a grammar any word may follow any, and that costs nothing."""
    scale = 0.0 if grammar is None and unknown is None else options.lm_scale
    if grammar is None:
        names = lexicon.words if unknown is None else unknown.words(lexicon)
        grammar = word_loop(names, np.zeros(len(names) - 1))
        free = tuple(replace(entry, log_prob=0.0) for entry in lexicon.pronunciations)
        lexicon = replace(lexicon, pronunciations=free)
    each_word = options.word_score
    if words and table.delimiter:
        # More delimiters may stand before and behind a word; what choosing costs is given back.
        lexicon = replace(lexicon, silence=OptionalSilence(table.delimiter, 0.5))
        each_word += scale * math.log(2.0)
    graph: TokenGraph
    if slots:
        graph = compile_slot_graph(lexicon, grammar, "ctc", slots=slots, tokens=table.tokens, unknown=unknown)
    else:
        graph = compile_token_graph(lexicon, grammar, "ctc", tokens=table.tokens, unknown=unknown)
    return graph.weighted(scale, each_word)


def _lexicon(
    source: LexiconSource,
    lm: Optional[NgramModel],
    table: TokenTable,
    pieces: Optional[PathLike],
    skip: bool,
    slots: Sequence[str],
) -> Tuple[Lexicon, Dict[str, str]]:
    """Pronunciations that end with the delimiter, and the words that the model cannot spell."""
    if source is None:
        assert lm is not None
        words = [word for word in lm.vocabulary if word not in (*NOT_CONTROL, *slots)]
        spelled = spell_words(words, table, pieces, skip=True)
        return spelled.lexicon, spelled.left_out
    if isinstance(source, (str, Path)):
        source = read_lexicon(source)
    if isinstance(source, Mapping):
        source = Lexicon(tuple(Pronunciation(word, tuple(tokens)) for word, tokens in source.items()))
    if isinstance(source, Lexicon):
        return _delimited(replace(source, silence=None), table), {}
    spelled = spell_words(source, table, pieces, skip)
    return spelled.lexicon, spelled.left_out


def _delimited(lexicon: Lexicon, table: TokenTable) -> Lexicon:
    end = (table.delimiter,) if table.delimiter else ()
    entries = [
        entry if entry.tokens[-1:] == end else replace(entry, tokens=(*entry.tokens, *end))
        for entry in lexicon.pronunciations
    ]
    return replace(lexicon, pronunciations=tuple(entries))
