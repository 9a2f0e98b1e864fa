"""HTK's SLF: what is written comes back; words on nodes or links, scales, bases and quotes mean what HTK says."""

import contextlib
import gzip
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsaasr.core.errors import LatticeError, LatticeFileError
from fsaasr.core.symbols import SymbolTable
from fsaasr.lattice import check
from fsaasr.lattice.formats import LatticeSymbols, read_lattices, write_lattices
from fsaasr.lattice.formats.slf_text import column_names, escaped, fields_of
from tests.lattice.formats.round_trip import frame_lattice, identical, paths, word_lattice


def read_text(tmp_path, text, symbols=None):
    (tmp_path / "x.slf").write_text(text)
    (lattice,) = read_lattices(tmp_path / "x.slf", symbols)
    check(lattice)
    return lattice


def back(tmp_path, lattice, symbols=None, name="x.slf"):
    assert write_lattices([lattice], tmp_path / name) == 1
    (read,) = read_lattices(tmp_path / name, symbols)
    check(read)
    return read


@pytest.mark.parametrize("seed", range(60))
def test_language_scores_times_and_alignment_come_back(seed, tmp_path):
    lattice = replace(word_lattice(seed, parts=seed % 3 == 0), frame_shift=[0.01, 0.03, 1 / 3][seed % 3])
    read = back(tmp_path, lattice, LatticeSymbols.of(lattice), ["x.slf", "x.lat.gz"][seed % 2])
    assert paths(read) == paths(lattice)
    assert (read.utterance, read.frame_shift, read.num_frames) == (
        f"utt-{seed}",
        lattice.frame_shift,
        lattice.num_frames,
    )
    if lattice.parts is None:
        assert identical(read, replace(lattice, column_flags=None))
    else:
        np.testing.assert_array_equal(read.parts.pronunciation, lattice.parts.pronunciation)
        np.testing.assert_allclose(read.graph_score, lattice.graph_score, atol=1e-6)


@pytest.mark.slow
@settings(max_examples=1000)
@given(st.integers(0, 1 << 30), st.booleans())
def test_any_lattice_comes_back(tmp_path_factory, seed, parts):
    lattice = word_lattice(seed, parts)
    assert paths(back(tmp_path_factory.mktemp("x"), lattice, LatticeSymbols.of(lattice))) == paths(lattice)


@pytest.mark.parametrize("seed", range(10))
def test_without_symbols_names_are_the_files(seed, tmp_path):
    lattice = word_lattice(seed)
    read = back(tmp_path, lattice)
    assert paths(read, columns=False) == paths(lattice, columns=False)
    names = column_names(lattice.tokens, lattice.column_token)
    found = column_names(read.tokens, read.column_token)
    assert [found[c] for c in read.columns] == [names[c] for c in lattice.columns]
    bare = replace(lattice, columns=None, column_flags=None, reached_final=False)
    assert back(tmp_path, bare).columns is None or bare.num_frames == 0
    assert not back(tmp_path, bare).reached_final


def test_a_lattice_of_frames_is_refused_with_the_remedy(tmp_path):
    lattice = next(found for seed in range(50) for found in [frame_lattice(seed)] if found is not None)
    with pytest.raises(LatticeError, match=r"make a word lattice of it first, with fsaasr.lattice.word_lattice"):
        write_lattices([lattice], tmp_path / "x.slf")
    with pytest.raises(LatticeError, match="!NULL means no word"):
        write_lattices([replace(word_lattice(0), words=SymbolTable(["!NULL", "a", "b"]))], tmp_path / "x.slf")
    assert not list(tmp_path.iterdir())


LINKS = """VERSION=1.0
UTTERANCE=utt
lmscale=2.0 wdpenalty=-0.5 acscale=0.1
N=4 L=4
I=0 t=0.00
I=1 t=0.05
I=2 t=0.08
I=3 t=0.10
J=0 S=0 E=1 W=hello v=1 a=-100 l=-1.5 p=0.5
J=1 S=1 E=3 W=world v=1 a=-50 l=-2
J=2 S=0 E=2 W=yellow v=2 a=-110 l=-4
J=3 S=2 E=3 W=!NULL a=-10 l=0
"""
NODES = """VERSION=1.0
UTTERANCE=utt
base=10 lmscale=2.0 wdpenalty=-0.2171472409516259 acscale=0.1
N=5 L=5
I=0 t=0 W=!NULL
I=1 t=0.05 W=hello v=1
I=2 t=0.08 W=yellow v=2
I=3 t=0.10 W=world
I=4 time=0.10 WORD=!NULL
J=0 START=0 END=1 acoustic=-43.42944819032518 language=-0.6514417228548777
J=1 S=1 E=3 a=-21.71472409516259 l=-0.8685889638065036
J=2 S=0 E=2 a=-47.7723930093577 l=-1.7371779276130073
J=3 S=2 E=4 a=-4.342944819032518
J=4 S=3 E=4
"""


def test_scales_of_the_header_hold(tmp_path):
    lattice = read_text(tmp_path, LINKS)
    # hello world: acoustic 0.1 * -150; graph 2 * -3.5 - 2 * 0.5. yellow: 0.1 * -120; 2 * -4 - 0.5.
    found = {path.text: (path.acoustic_score, path.graph_score) for path in lattice.nbest(3)}
    assert found["hello world"] == pytest.approx((-15.0, -8.0))
    assert found["yellow"] == pytest.approx((-12.0, -8.5))
    spans = {path.text: [(w.start, w.end) for w in path.words] for path in lattice.nbest(3)}
    assert spans == {"hello world": [(0.0, 0.05), (0.05, 0.1)], "yellow": [(0.0, 0.08)]}


def test_words_on_nodes_belong_to_the_links_that_end_there(tmp_path):
    """The same lattice with logarithms of base 10, long names, and words on nodes."""
    assert paths(read_text(tmp_path, NODES)) == paths(read_text(tmp_path, LINKS))


def test_base_zero_means_probabilities(tmp_path):
    text = LINKS.replace("lmscale=2.0 wdpenalty=-0.5 acscale=0.1", "base=0")
    text = text.replace("a=-100 l=-1.5", "a=0.5 l=0.25").replace("a=-50 l=-2", "a=0.5 l=1")
    text = text.replace("a=-110 l=-4", "a=0 l=0.5").replace("a=-10 l=0", "a=1 l=1")
    lattice = read_text(tmp_path, text)
    (path,) = lattice.nbest(3)  # the other is impossible
    assert (path.text, path.score) == ("hello world", pytest.approx(np.log(0.5 * 0.25 * 0.5)))
    with pytest.raises(LatticeFileError, match="probabilities are announced"):
        read_text(tmp_path, text.replace("a=0.5", "a=-0.5"))


def test_a_word_at_the_start_node_is_kept(tmp_path):
    text = NODES.replace("I=0 t=0 W=!NULL", "I=0 t=0 W=oh")
    assert read_text(tmp_path, text).best_path().text == "oh yellow"


def test_sentence_ends_are_no_words_in_a_table_that_lacks_them(tmp_path):
    text = NODES.replace("I=0 t=0 W=!NULL", "I=0 t=0 W=<s>").replace("WORD=!NULL", "WORD=!SENT_END")
    assert read_text(tmp_path, text).best_path().text == "<s> yellow !SENT_END"
    symbols = LatticeSymbols.of_words(SymbolTable(["hello", "yellow", "world"]))
    assert paths(read_text(tmp_path, text, symbols)) == paths(read_text(tmp_path, NODES))


def test_times_scale_and_offset(tmp_path):
    scaled = LINKS.replace("VERSION=1.0", "VERSION=1.0 tscale=0.01").replace("0.05", "5").replace("0.08", "8")
    assert read_text(tmp_path, scaled.replace("t=0.10", "t=10")).state_frame.tolist() == [0, 5, 8, 10]
    later = LINKS.replace("t=0.0", "t=1.0").replace("t=0.10", "t=1.10")
    assert read_text(tmp_path, later).state_frame.tolist() == [0, 5, 8, 10]
    symbols = LatticeSymbols.unknown(frame_shift=0.03)
    with pytest.raises(LatticeFileError, match=r"x.slf:6: time 0.05 is no multiple of 0.03 s"):
        read_text(tmp_path, LINKS, symbols)


ODD = ["'tis", '"q', "a\\b", "a=b", "ä", "\\", "I=0", "c:d,e", "x'y"]


def test_odd_names_survive(tmp_path):
    lattice = word_lattice(3)
    lattice = replace(
        lattice,
        words=SymbolTable(ODD),
        output_label=(np.arange(lattice.num_arcs) % len(ODD) + 1).astype(np.int32),
        tokens=SymbolTable(["'a", "b:c", "d,e"]),
        utterance='"an" utterance',
    )
    read = back(tmp_path, lattice, LatticeSymbols.of(lattice))
    assert paths(read) == paths(lattice)
    assert read.utterance == '"an" utterance'
    assert [fields_of(f"W={escaped(word)} v=1") for word in ODD] == [[("W", word), ("v", "1")] for word in ODD]


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ('J=1 W="two words" a=-1', [("J", "1"), ("W", "two words"), ("a", "-1")]),
        (r"W=\303\244x", [("W", "äx")]),
        (r"W=\0303\0244x", [("W", "äx")]),
        (r"W='it\'s' v=1", [("W", "it's"), ("v", "1")]),
        ("  ", []),
    ],
)
def test_quotes_and_escapes_are_htks(text, fields):
    assert fields_of(text) == fields


SEGMENTS = LINKS.replace("l=-1.5", "d=:h,0.02,-60:eh,0.03,-40: l=-1.5").replace("a=-50", "d=:w,0.05: a=-50")
SEGMENTS = SEGMENTS.replace("a=-110", "d=:y,0.08: a=-110").replace("a=-10 ", "d=:sil,0.02: a=-10 ")


def test_segments_become_columns(tmp_path):
    lattice = read_text(tmp_path, SEGMENTS)
    names = {path.text: [lattice.tokens.name(c) for c in path.columns] for path in lattice.nbest(3)}
    assert names["hello world"] == ["h"] * 2 + ["eh"] * 3 + ["w"] * 5
    assert names["yellow"] == ["y"] * 8 + ["sil"] * 2
    assert read_text(tmp_path, SEGMENTS.replace("d=:w,0.05:", "")).columns is None
    symbols = LatticeSymbols(SymbolTable([]), SymbolTable(["h"]), np.arange(2, dtype=np.int32), 0.01)
    with pytest.raises(LatticeFileError, match=r"x.slf:9: segment 'eh' is no column"):
        read_text(tmp_path, SEGMENTS, symbols)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("d=:w,0.05:", "d=:w,0.04:", ":10: segments of 4 frames on a link of 5"),
        ("d=:w,0.05:", "d=:w,0.055:", ":10: .*no multiple"),
        ("d=:w,0.05:", "d=:w,x:", ":10: could not convert"),
        ("d=:w,0.05:", "d=:w:", ":10: segment 'w'"),
        ("d=:w,0.05:", "d=:w,1e300:", ":10: .*no multiple"),
        ("d=:w,0.05:", "d=:w,nan:", ":10: .*no multiple"),
        ("I=2 t=0.08", "I=2", ":7: a node without time"),
        ("I=2 t=0.08", "I=2 t=nan", ":7: t=nan, expected a number"),
        ("I=2 t=0.08", "I=2 t=-1", ":7: time -1.0"),
        ("I=2 t=0.08", "I=2 t=1e30", ":7: time 1e"),
        ("I=2 t=0.08", "I=1 t=0.08", ":7: node 1 stands twice"),
        ("I=2 t=0.08", "I=2 t=0.08 s=sub", ":7: a sub-lattice"),
        ("I=2 t=0.08", "I=99999999999 t=0.08", ":7: found '99999999999'"),
        ("N=4", "N=400000000", "4 nodes, '400000000' announced"),
        ("L=4", "L=5", "4 links, '5' announced; the file is cut short"),
        ("VERSION=1.0", "VERSION=1.0\nSUBLAT=x", "sub-lattices"),
        ("VERSION=1.0", "VERSION=1.0 dir=b", "backward lattice"),
        ("VERSION=1.0", "VERSION=1.0 base=1", "logarithms of base 1"),
        ("VERSION=1.0", "VERSION=1.0 tscale=nan", "tscale is nan"),
        ("VERSION=1.0", "nonsense", ":1: found 'nonsense'"),
        ("a=-50", "a=x", ":10: a=x, expected a number"),
        ("a=-50", "a=nan", ":10: a=nan, expected a number"),
        ("a=-50", "a=inf", r"a score is NaN or \+inf"),
        ("a=-50", "x1=-50", ":10: field 'x1' is not known here"),
        ("a=-50", "a=-50 a=1", ":10: field 'a' stands twice"),
        ("J=1 S=1", "J=1 S=7", ":10: a link at node 7"),
        ("J=1 S=1 E=3", "J=1 S=1", ":10: a link without S= or E="),
        ("J=1 S=1 E=3", "J=1 S=1 E=0", "0 nodes without link to them"),
        ("J=3 S=2 E=3", "J=3 S=3 E=2", ":12: the link goes back in time"),
        ("J=2 S=0 E=2", "J=2 S=1 E=2", None),
        ("W=hello", 'W="a b"', "no symbol|non-empty, without spaces"),
        ("W=hello", "W=\\377", "utf-8"),
    ],
)
def test_damage_is_named(old, new, problem, tmp_path):
    assert old in SEGMENTS
    if problem is None:
        read_text(tmp_path, SEGMENTS.replace(old, new).replace("d=:y,0.08:", "d=:y,0.03:"))
        return
    with pytest.raises(LatticeFileError, match=f"x.slf.*({problem})"):
        read_text(tmp_path, SEGMENTS.replace(old, new))


def test_a_cycle_is_named(tmp_path):
    text = LINKS.replace("t=0.08", "t=0.05").replace("J=1 S=1 E=3", "J=1 S=1 E=2").replace("L=4", "L=5")
    with pytest.raises(LatticeFileError, match=r"utterance 'utt': state [12] lies on a cycle"):
        read_text(tmp_path, text + "J=4 S=2 E=1 W=again\n")


def test_words_that_the_table_lacks_are_named(tmp_path):
    symbols = LatticeSymbols.of_words(SymbolTable(["hello", "world"]))
    with pytest.raises(LatticeFileError, match=r"x.slf:11: .*no symbol 'yellow'"):
        read_text(tmp_path, LINKS, symbols)


@settings(max_examples=300)
@given(st.data())
def test_changed_bytes_are_refused_or_sound(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("x") / "x.slf"
    content = bytearray(data.draw(st.sampled_from([SEGMENTS, LINKS, NODES])).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.sampled_from(b'=:.-9e \\n\\xff"SEWt'))
    path.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    with contextlib.suppress(LatticeFileError):
        assert all(lattice.check() is None for lattice in read_lattices(path))


def test_an_infinite_time_is_refused_without_a_warning(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(LatticeFileError, match=r"time inf is no multiple of"):
            read_text(tmp_path, LINKS.replace("t=0.08", "t=1e400"))


def test_files_that_swell_are_refused(tmp_path):
    (tmp_path / "x.slf.gz").write_bytes(gzip.compress(bytes(40 << 20)))
    with pytest.raises(LatticeFileError, match="unpacks to more than"):
        list(read_lattices(tmp_path / "x.slf.gz"))
    long = SEGMENTS.replace("t=0.08", "t=4e6").replace("t=0.10", "t=4e6").replace("d=:y,0.08:", "d=:y,4e6:")
    with pytest.raises(LatticeFileError, match=r"frames together, more than|segments of"):
        read_text(tmp_path, long)
