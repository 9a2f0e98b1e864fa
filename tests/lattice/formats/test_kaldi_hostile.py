"""Damaged and malicious archives: a clear error with the place, soon, and without much memory."""

import gzip
import struct
import time
import tracemalloc
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsaasr.core.errors import FsaasrError, LatticeFileError
from fsaasr.core.symbols import SymbolTable
from fsaasr.lattice import Lattice, check
from fsaasr.lattice.formats import KaldiTable, LatticeSymbols, read_lattices, write_lattices
from fsaasr.testing import random_word_lattice

KINDS = {True: b"compactlattice44", False: b"lattice4"}
INF = float("inf")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def header(compact, start=0, num_states=2, num_arcs=1, version=2, flags=0, kind=b"vector", arc_type=None):
    arc_type = arc_type or KINDS[compact]
    names = b"".join(struct.pack("<i", len(name)) + name for name in (kind, arc_type))
    return (
        struct.pack("<i", 2125659606) + names + struct.pack("<iiQqqq", version, flags, 3, start, num_states, num_arcs)
    )


def weight(compact, graph, acoustic, *ids, length=None):
    string = struct.pack(f"<i{len(ids)}i", len(ids) if length is None else length, *ids) if compact else b""
    return struct.pack("<ff", graph, acoustic) + string


def arc(compact, word, target, graph=1.0, acoustic=1.0, ids=(1, 2), length=None, other=None):
    first = word if compact else 1
    labels = struct.pack("<ii", first if other is None else other, word)
    return labels + weight(compact, graph, acoustic, *ids, length=length) + struct.pack("<i", target)


def lattice(compact=True, states=None, claimed=None, **head):
    """An archive of one lattice: of each state, its final weight and its arcs; `claimed`: as many arcs it says."""
    never = weight(compact, INF, INF)
    if states is None:
        states = [(never, [arc(compact, 1, 1)]), (weight(compact, 0, 0), [])]
    body = b"".join(
        final + struct.pack("<q", len(arcs) if claimed is None else claimed) + b"".join(arcs) for final, arcs in states
    )
    return b"utt " + header(compact, num_states=head.pop("num_states", len(states)), **head) + body


def one_arc(compact=True, final=None, **values):
    states = [(weight(compact, INF, INF), [arc(compact, **{"word": 1, "target": 1, **values})])]
    return lattice(compact, [*states, (weight(compact, 0, 0) if final is None else final, [])])


def read(content, symbols=None):
    Path("x").write_bytes(content)
    return list(read_lattices("ark:x", symbols))


CYCLE = lattice(states=[(weight(True, INF, INF), [arc(True, 1, 1)]), (weight(True, 0, 0), [arc(True, 0, 0, ids=())])])

BINARY = [
    (b"", "x: byte 0: an archive without a lattice"),
    (b" \n \n", "x: byte 4: an archive without a lattice"),
    (b"utt", "x: byte 0: a key without a lattice behind it"),
    (b"u" * 5000, "x: byte 0: no key in 4096 bytes"),
    (b"\xff\xfe utt", "x: byte 0: a key that is not UTF-8"),
    (b"utt ", "x: byte 4: utterance 'utt': found the end of the file, expected a lattice"),
    (b"utt \0BFM ", r"x: byte 4: utterance 'utt': found b'\\x00', expected a lattice"),
    (b"utt \xd6abc", "x: byte 4: found .*, expected the beginning of a lattice"),
    (b"utt " + header(True)[:60], "x: byte 64: the file ends within a lattice"),
    (b"utt " + header(True)[:6], "x: byte 10: the file ends"),
    (lattice(kind=b"const"), "x: byte 4: an FST of kind b'const' with arcs b'compactlattice44'; expected b'vector'"),
    (lattice(arc_type=b"standard"), "x: byte 4: an FST of kind b'vector' with arcs b'standard'"),
    (lattice(kind=b"v" * 1000), "x: byte 8: a name of 1000 bytes"),
    (lattice(version=1), "x: byte 38: a header with version 1"),
    (lattice(flags=1), "x: byte 38: a header with version 2, flags 1"),
    (lattice(num_states=-1), "x: byte 38: a header with .* -1 states"),
    (lattice(num_states=1 << 60), "x: byte 150: the file ends within a lattice"),
    (lattice(num_states=0), "x: byte 4: utterance 'utt': the start is state 0 of 0"),
    (lattice(start=-1), "x: byte 4: utterance 'utt': the start is state -1 of 2"),
    (lattice(start=2), "x: byte 4: utterance 'utt': the start is state 2 of 2"),
    (lattice(claimed=-1), "x: byte 90: a state with -1 arcs"),
    (lattice(claimed=1 << 40), "x: byte 90: a state with 1099511627776 arcs"),
    (lattice(claimed=1 << 30), "x: byte 150: the file ends within a lattice"),
    (one_arc(length=-5), "x: byte 114: a string of -5 transition-ids"),
    (one_arc(length=1 << 30), "x: byte 150: the file ends within a lattice"),
    (one_arc(target=7), "x: byte 4: utterance 'utt': arc 0 has state 7, beyond the 2 states"),
    (one_arc(target=-7), "x: byte 4: utterance 'utt': arc 0 has state -7"),
    (one_arc(target=0), "x: byte 4: utterance 'utt': no path leads from the start"),
    (one_arc(word=1 << 30), "x: byte 4: word label 1073741824 without a symbol table"),
    (one_arc(word=-1), "x: byte 4: utterance 'utt': word label -1 is beyond the symbols"),
    (one_arc(other=9), "x: byte 4: utterance 'utt': a compact lattice with different labels"),
    (one_arc(ids=(1, -2)), "x: byte 4: utterance 'utt': transition-id -2"),
    (one_arc(ids=(1, 0)), "x: byte 4: utterance 'utt': transition-id 0"),
    (one_arc(ids=(1, 1 << 30)), "x: byte 4: column 1073741824 without a symbol table"),
    (one_arc(graph=float("nan")), "x: byte 4: utterance 'utt': a score is NaN"),
    (one_arc(acoustic=-INF), "x: byte 4: utterance 'utt': a score is NaN or .inf"),
    (one_arc(graph=INF), "x: byte 4: utterance 'utt': no path leads from the start"),
    (one_arc(final=weight(True, float("nan"), 0)), "x: byte 4: utterance 'utt': a score is NaN"),
    (one_arc(final=weight(True, 0, float("nan"))), "x: byte 4: utterance 'utt': a score is NaN"),
    (one_arc(final=weight(True, 0, 0, length=-1)), "x: byte 138: a string of -1 transition-ids"),
    (CYCLE, "x: byte 4: utterance 'utt': state [01] lies on a cycle"),
    (
        lattice(states=[(weight(True, 0, 0), [arc(True, 1, 0, ids=())])]),
        "x: byte 4: utterance 'utt': state 0 lies on a cycle",
    ),
    (
        lattice(states=[(weight(True, 0, 0), [arc(True, 1, 1)]), (weight(True, 0, 0), [])]),
        "x: byte 4: utterance 'utt': paths end at frame 0 and at frame 2",
    ),
    (
        lattice(
            states=[
                (weight(True, INF, INF), [arc(True, 1, 1), arc(True, 2, 1, ids=(3,))]),
                (weight(True, 0, 0), []),
            ]
        ),
        "x: byte 4: utterance 'utt': state 1 is reached at frame 2 on one path and at frame 1 by the arc from state 0",
    ),
]


def test_the_archive_that_is_damaged_below_is_sound():
    for compact in (True, False):
        (sound,) = read(lattice(compact))
        assert isinstance(sound, Lattice) != compact
        assert sound.best_path().score == -2.0


@pytest.mark.parametrize(("content", "problem"), BINARY)
def test_damage_in_binary_is_named_with_its_byte(content, problem):
    tracemalloc.start()
    with pytest.raises(LatticeFileError, match=f"^{problem}"):
        read(content)
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


GOOD_LINE = "0 1 3 0.5,1.5,1_2"


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([GOOD_LINE, "1", "0"], "x:1: utterance 'utt': paths end at frame 0 and at frame 2"),
        ([GOOD_LINE, "1 2 3 4 5 6"], "x:3: found '1 2 3 4 5 6', expected `source target word graph,acoustic,id_id`"),
        (["zero 1 3 0.5,1.5,1_2"], "x:2: found 'zero 1 3 0.5,1.5,1_2', expected .*a number is expected"),
        (["-1 1 3 0.5,1.5,1_2"], "x:2: found '-1 1 3"),
        (["1_0 1 3 0.5,1.5,1_2"], "x:2: found '1_0 1 3"),
        (["99999999999999999999 1 3 0,0,"], "x:2: found '9999.*a number above"),
        (["3000000000 1 3 0,0,"], "x:2: found '3000000000 .*a number above"),
        (["0 1 so 0.5,1.5,1_2"], "x:2: found .*for words by name, give LatticeSymbols"),
        (["0 1 3 0.5,1.5,1__2"], r"x:2: found|x: byte \d+: "),
        (["0 1 3 0.5,1.5,1_x"], "x:2: found"),
        (["0 1 3 half,1.5,1_2"], "x:2: found"),
        (["0 1 3 0.5,1.5,1_2,3"], "x:2: found"),
        ([GOOD_LINE, "0 1 3 3 0.5,1.5"], "x:3: found '0 1 3 3 0.5,1.5', expected"),
        ([GOOD_LINE, "1 0,0,", "1 0,1,"], "x: byte 38: in the lattice before this byte, a state has two final weights"),
        ([GOOD_LINE, "1 nan,0,"], "x:1: utterance 'utt': a score is NaN"),
        ([], "x:1: utterance 'utt': the start is state -1 of 0"),
    ],
)
def test_damage_in_text_is_named_with_its_line(lines, problem):
    content = "utt \n" + "".join(f"{line}\n" for line in lines) + "\n"
    with pytest.raises(LatticeFileError, match=f"^{problem}"):
        read(content.encode())


def test_lines_are_counted_through_the_archive():
    good = f"utt \n{GOOD_LINE}\n1\n\n"
    with pytest.raises(LatticeFileError, match=r"^x:11: found '1 2 3 4 5 6'"):
        read((good + "\n" + good + "utt \n1 2 3 4 5 6\n\n").encode())
    with pytest.raises(LatticeFileError, match=r"^x: byte \d+: no blank line ends the lattice"):
        read(good[:-1].encode())
    with pytest.raises(LatticeFileError, match=r"^x: byte \d+: not UTF-8"):
        read(good.encode() + b"utt \n0 1 \xff 0,0,\n\n")


def test_labels_beyond_the_tables_are_refused():
    symbols = LatticeSymbols(SymbolTable(["a"]), SymbolTable(["x"]), np.array([0, 1], dtype=np.int32), 0.01)
    assert len(read(one_arc(), symbols)) == 1
    with pytest.raises(LatticeFileError, match="word label 2 is beyond the symbols, which run to 1"):
        read(one_arc(word=2), symbols)
    with pytest.raises(LatticeFileError, match="column 2 is beyond the symbols, which run to 1"):
        read(one_arc(ids=(1, 3)), symbols)
    with pytest.raises(LatticeFileError, match=r"x:2: found .*no symbol 'b' among 2 symbols"):
        read(b"utt \n0 1 b 0,0,1\n1\n\n", symbols)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "x.scp: a script without a line"),
        ("utt\n", "x.scp:1: found .*, expected `utterance file:offset`"),
        ("utt a:4\n\n", "x.scp:2: found"),
        ("utt gunzip -c a.gz |\n", "x.scp:1: found .*commands are not run"),
        ("utt a:4[0:5]\n", "x.scp:1: found .*commands are not run"),
        ("utt nowhere:4\n", "nowhere: cannot be read: No such file"),
        ("utt a:3\n", r"a: byte 3: utterance 'utt': found|a: byte 3: found|a: byte \d+: no blank line"),
        ("utt a:9999999\n", "a: byte 9999999: utterance 'utt': found the end of the file"),
        (f"utt a:{10**18 - 1}\n", "a: (cannot be read|byte)"),
        (f"utt a:{10**30}\n", "a:10+: cannot be read"),
        ("utt a:4\nutt a:4\n", "x.scp:2: utterance 'utt' stands in an earlier line too"),
    ],
)
def test_damaged_scripts(line, problem):
    Path("a").write_bytes(lattice())
    Path("x.scp").write_text(line)
    with pytest.raises(LatticeFileError, match=f"^{problem}"):
        dict(KaldiTable("x.scp"))


def test_damaged_gzip_is_named():
    packed = gzip.compress(lattice() * 50)
    for damaged in (packed[:-20], packed[:40] + b"\0\0\0\0" + packed[44:]):
        with pytest.raises(LatticeFileError, match=r"^x: not whole gzip data"):
            read(damaged)


@pytest.mark.parametrize(
    ("content", "filler"),
    [
        (lattice()[:110], b"\0"),
        (b"utt \n", b"0 1 1 0,0,\n"),
        (b"", b" \t\n"),
        (b"utt ", b" "),
        (b"", b"u"),
    ],
)
def test_a_packed_trap_costs_little_memory(content, filler):
    """50 MB in 50 kB, without an end of the lattice: refused when more than 300 times the file is unpacked."""
    with gzip.open("x.gz", "wb") as file:
        file.write(content + filler * (50_000_000 // len(filler)))
    tracemalloc.start()
    with pytest.raises(LatticeFileError):
        list(read_lattices("ark:x.gz"))
    assert tracemalloc.get_traced_memory()[1] < 800 * Path("x.gz").stat().st_size
    tracemalloc.stop()


def test_text_of_many_lines_is_taken_apart_bit_by_bit():
    """The strings of 80,000 lines at once would take 23 MB."""
    Path("x").write_bytes(b"utt \n" + b"0 1 1 0.5,0.5,1\n" * 80_000 + b"0 1 1 0\n\n")
    tracemalloc.start()
    with pytest.raises(LatticeFileError, match=r"^x:80002: found '0 1 1 0', expected"):
        list(read_lattices("ark:x"))
    assert tracemalloc.get_traced_memory()[1] < 1.6e7
    tracemalloc.stop()


def test_a_missing_file_is_named():
    with pytest.raises(LatticeFileError, match=r"^none\.ark: cannot be read: No such file"):
        list(read_lattices("none.ark"))


@st.composite
def damaged_archives(draw):
    """Archives of random lattices with bytes changed, taken out, doubled, or cut off."""
    lattices = [
        random_word_lattice(np.random.default_rng(seed), utterance=f"u{seed}")
        for seed in draw(st.lists(st.integers(0, 99), min_size=1, max_size=3))
    ]
    write_lattices(lattices, draw(st.sampled_from(["ark:x", "ark,t:x", "x.ark.gz"])))
    path = Path("x") if Path("x").exists() else Path("x.ark.gz")
    content = bytearray(path.read_bytes())
    path.unlink()
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(content) - 1))
        kind = draw(st.sampled_from(["flip", "set", "cut", "drop", "double", "word"]))
        if kind == "flip":
            content[place] ^= 1 << draw(st.integers(0, 7))
        elif kind == "set":
            content[place] = draw(st.sampled_from([0, 1, 10, 32, 0x7F, 0x80, 0xD6, 0xFF]))
        elif kind == "word":
            value = draw(st.sampled_from([0, 1, -1, 2**31 - 1, -(2**31), 2**20, 0x7FC00000]))
            content[place : place + 4] = struct.pack("<i", value)
        elif kind == "cut":
            content = content[: place + 1]
        elif kind == "drop":
            del content[place : place + draw(st.integers(1, 8))]
        else:
            content[place:place] = content[place : place + draw(st.integers(1, 60))]
        content = content or bytearray(b"x")
    return bytes(content)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """All loops compiled, that of cycles included."""
    path = tmp_path_factory.mktemp("compiled") / "x"
    for content in (lattice(), lattice(False), CYCLE):
        path.write_bytes(content)
        with suppress(FsaasrError):
            list(read_lattices(f"ark:{path}"))


@settings(max_examples=300, deadline=None)
@given(content=damaged_archives(), named=st.booleans())
@pytest.mark.usefixtures("compiled")
def test_whatever_is_damaged_is_sound_or_refused_soon(content, named):
    symbols = LatticeSymbols.of(random_word_lattice(np.random.default_rng(0))) if named else None
    Path("x").write_bytes(content)
    begin, problem = time.process_time(), "x"
    try:
        for found in read_lattices("ark:x", symbols):
            check(found)
    except FsaasrError as error:
        problem = str(error)
    assert problem.startswith("x")
    assert time.process_time() - begin < 1
    Path("x").unlink()
