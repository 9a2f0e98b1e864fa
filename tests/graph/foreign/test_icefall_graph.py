"""icefall's graphs: files that k2 itself made are read, decode as k2 decodes them, and nothing in them is run."""

import contextlib
import os
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fsaasr.core.errors import FileFormatError
from fsaasr.core.scores import Scores
from fsaasr.core.symbols import SymbolTable
from fsaasr.decode import SearchOptions, decode
from fsaasr.graph import k2_to_decoding_graph
from fsaasr.graph.foreign import read_icefall_graph, read_icefall_lg
from fsaasr.testing import best_and_total, enumerate_paths, random_matrix

WIDE = SearchOptions("native", search_beam=1000.0, lattice_beam=1000.0)
WORDS = SymbolTable(["ab", "a", "b"])
TOKENS = "<blk> 0\na 1\nb 2\n#0 3\n"
# ab = a b, a = a, b = b, in a loop; two arcs of state 0 read `a`.
LG = "0 1 1 1 -0.5\n0 2 1 2 -0.75\n0 2 2 3 -1\n0 3 -1 -1 -0.125\n1 2 2 0 -0.25\n2 0 0 0 0\n3"


def k2_lg(k2):
    lg = k2.Fsa.from_str(LG, acceptor=False)
    lg.lm_scores = lg.scores.clone()
    return k2.arc_sort(k2.connect(lg))


def k2_hlg(k2):
    """As icefall composes it."""
    lg = k2.arc_sort(k2.connect(k2.remove_epsilon(k2_lg(k2))))
    lg.aux_labels = lg.aux_labels.remove_values_eq(0)
    hlg = k2.compose(k2.arc_sort(k2.ctc_topo(2)), lg, inner_labels="tokens")
    return k2.arc_sort(k2.connect(hlg))


@pytest.fixture
def tokens(tmp_path):
    (tmp_path / "tokens.txt").write_text(TOKENS)
    return tmp_path / "tokens.txt"


def best_of_k2(k2, fsa, matrix):
    """Best score, its words, and total score, by k2's exact intersection."""
    segments = torch.tensor([[0, 0, len(matrix)]], dtype=torch.int32)
    dense = k2.DenseFsaVec(torch.from_numpy(matrix)[None], segments)
    lattice = k2.intersect_dense(k2.create_fsa_vec([fsa]), dense, output_beam=1000.0)
    best = k2.shortest_path(lattice, use_double_scores=True)
    words = best.aux_labels.values if isinstance(best.aux_labels, k2.RaggedTensor) else best.aux_labels
    totals = (float(lattice.get_tot_scores(use_double_scores=True, log_semiring=log)[0]) for log in (False, True))
    return (*totals, [int(word) for word in words if word > 0])


@pytest.mark.k2
@pytest.mark.parametrize("protocol", [2, 4])
def test_an_hlg_decodes_as_in_k2(protocol, tokens, tmp_path):
    k2 = pytest.importorskip("k2")
    hlg = k2_hlg(k2)
    torch.save(hlg.as_dict(), tmp_path / "HLG.pt", pickle_protocol=protocol)
    graph = read_icefall_graph(tmp_path / "HLG.pt", WORDS, tokens)
    assert graph.column_names == ("<blk>", "a", "b")
    for seed in range(20):
        matrix = random_matrix(np.random.default_rng(seed), 1 + seed % 6)
        best, total, words = best_of_k2(k2, hlg, matrix)
        (lattice,) = decode(graph, Scores.from_matrices([matrix], frame_shift=0.04), WIDE)
        assert lattice.best_path().score == pytest.approx(best, abs=1e-4)
        assert lattice.total_score() == pytest.approx(total, abs=1e-4)
        by_words = {path.text: path.score for path in lattice.nbest(5)}
        assert by_words[" ".join(WORDS.names_of(words))] == pytest.approx(best, abs=1e-4)


@pytest.mark.k2
def test_tokens_are_told_apart_by_what_icefall_leaves_in_the_file(tokens, tmp_path):
    k2 = pytest.importorskip("k2")
    hlg = k2_hlg(k2)
    torch.save(hlg.as_dict(), tmp_path / "HLG.pt")
    graph = read_icefall_graph(tmp_path / "HLG.pt", WORDS, tokens)
    matrix = np.full((5, 3), -9.0, dtype=np.float32)
    matrix[np.arange(5), [1, 1, 0, 1, 2]] = 0.0  # a a <blk> a b
    (lattice,) = decode(graph, Scores.from_matrices([matrix], frame_shift=1.0))
    spans = [(span.name, span.start, span.end) for span in lattice.best_path().tokens]
    assert spans == [("a", 0.0, 2.0), ("a", 3.0, 4.0), ("b", 4.0, 5.0)]
    del hlg.tokens
    torch.save(hlg.as_dict(), tmp_path / "bare.pt")
    assert read_icefall_graph(tmp_path / "bare.pt", WORDS, tokens).arc_flags is None
    by_k2 = k2_to_decoding_graph(hlg, WORDS, graph.tokens, graph.column_token, graph.column_names)
    assert read_icefall_graph(tmp_path / "bare.pt", WORDS, tokens).hash == by_k2.hash


@pytest.mark.k2
@pytest.mark.parametrize("by_itself", [True, False])
def test_an_lg_with_a_topology_decodes_as_the_hlg(by_itself, tokens, tmp_path):
    k2 = pytest.importorskip("k2")
    torch.save(k2_lg(k2).as_dict(), tmp_path / "LG.pt")
    hlg = k2_hlg(k2)
    graph = read_icefall_lg(tmp_path / "LG.pt", WORDS, tokens, "ctc")
    searched = graph if by_itself else graph.expand()
    for seed in range(10):
        matrix = random_matrix(np.random.default_rng(seed), 1 + seed % 5)
        best, total, _ = best_of_k2(k2, hlg, matrix)
        (lattice,) = decode(searched, Scores.from_matrices([matrix], frame_shift=0.04), WIDE)
        assert lattice.best_path().score == pytest.approx(best, abs=1e-4)
        assert lattice.total_score() == pytest.approx(total, abs=1e-4)


def plain_hlg(**changes):
    """A file's dict without k2: `a` is word 1 or words 2 3, with blanks before it."""
    arcs = [(0, 0, 0, 0.0), (0, 1, 1, -0.5), (0, 1, 1, -1.0), (1, 2, -1, -0.25)]
    table = np.array([(*arc[:3], 0) for arc in arcs], dtype=np.int32)
    table[:, 3] = np.array([arc[3] for arc in arcs], dtype=np.float32).view(np.int32)
    found = {"arcs": torch.from_numpy(table), "aux_labels": torch.tensor([0, 1, 2, -1], dtype=torch.int32)}
    return {**found, "labels_version": 0, **changes}


def test_without_k2_scores_are_those_of_all_paths(tokens, tmp_path):
    torch.save(plain_hlg(), tmp_path / "HLG.pt")
    graph = read_icefall_graph(tmp_path / "HLG.pt", WORDS, tokens)
    matrix = np.array([[-1.0, -2.0, 0.0], [-3.0, -0.5, 0.0]], dtype=np.float32)
    found = best_and_total(enumerate_paths(graph.fst, matrix))
    assert found.best == -1.0 - 0.5 - 0.5 - 0.25
    assert found.total == pytest.approx(found.best + np.log1p(np.exp(-0.5)))


def test_views_of_larger_storages_are_read(tokens, tmp_path):
    plain = plain_hlg()
    wide = torch.zeros((4, 7), dtype=torch.int32)
    wide[:, 2:6] = plain["arcs"]
    torch.save(plain, tmp_path / "plain.pt")
    torch.save({**plain, "arcs": wide[:, 2:6]}, tmp_path / "view.pt")
    one, other = (read_icefall_graph(tmp_path / name, WORDS, tokens) for name in ("plain.pt", "view.pt"))
    assert one.hash == other.hash


class Evil:
    def __reduce__(self):
        return os.system, ("touch hacked",)


class EvilBuild:
    def __reduce__(self):
        return torch.nn.Module, (), {"x": 1}


def rewrite(path, name, data, **kind):
    """The archive with one entry replaced or added."""
    with zipfile.ZipFile(path) as old:
        entries = {entry.filename: old.read(entry) for entry in old.infolist()}
    head = next(iter(entries)).split("/")[0]
    entries[f"{head}/{name}"] = data(entries.get(f"{head}/{name}", b""))
    with zipfile.ZipFile(path, "w", **kind) as new:
        for entry, content in entries.items():
            new.writestr(entry, content)


@pytest.mark.parametrize("evil", [Evil(), EvilBuild(), print, torch.nn.Linear(1, 1), {"deep": [Evil()]}])
def test_what_would_run_something_is_refused_by_name(evil, tokens, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(plain_hlg(x=evil), tmp_path / "HLG.pt")
    with pytest.raises(FileFormatError, match=r"it names (posix\.system|torch\.nn\.|builtins\.print|__builtin__\.)"):
        read_icefall_graph(tmp_path / "HLG.pt", WORDS, tokens)
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize(
    ("pickled", "problem"),
    [
        (b"\x80\x02cos\nsystem\n", "names os.system"),
        (b"\x80\x02X\x02\0\0\0osX\x06\0\0\0system\x93.", "names os.system"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02ls\x85R.", "names os.system"),
        (b"\x80\x02(ios\nsystem\n.", "instruction 0x69"),
        (b"\x80\x02(cos\nsystem\no.", "names os.system"),
        (b"\x80\x02ccollections\nOrderedDict\n)R}b.", "sets the state of what has none"),
        (b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.", "a tensor without storage"),
        (b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)\x81.", "makes an object of no class"),
        (b"\x80\x02K\1)R.", "calls what is no function"),
        (b"\x80\x02}" + 50_000 * b")\x85" + b"N\x73.", "strings or integers as keys"),
        (b"\x80\x02}K\1Q.", "refers to something that is no storage"),
        (b"\x80\x02]" + b"q\0h\0a" * 1000 + b".", "holds a list"),
        (b"\x80\x02X\xff\xff\xff\xff", "damaged or cut off"),
        (b"\x80\x02\x8a\xff", "damaged or cut off"),
        (b"\x80\x02R", "damaged or cut off"),
        (b"\x80\x02t", "damaged or cut off"),
        (b"\x80\x02N\x87.", "damaged or cut off"),
        (b"\x80\x02h\7.", "damaged or cut off"),
        (b"\x80\x02N", "damaged or cut off"),
        (b"\x80\x01N.", "protocol 1"),
        (b"", "damaged or cut off"),
        (bytes(1 << 21), "bytes or is compressed"),
    ],
)
def test_hostile_programs_are_refused(pickled, problem, tokens, tmp_path):
    torch.save(plain_hlg(), tmp_path / "HLG.pt")
    rewrite(tmp_path / "HLG.pt", "data.pkl", lambda _: pickled)
    with pytest.raises(FileFormatError, match=problem):
        read_icefall_graph(tmp_path / "HLG.pt", WORDS, tokens)


def test_storages_are_held_against_the_bytes_that_are_there(tokens, tmp_path):
    path = tmp_path / "HLG.pt"
    size = b"K\x10tq\x07QK\x00K\x04K\x04\x86"  # 16 elements; offset 0, shape (4, 4)
    for changed, problem in (
        (b"J\x00\x00\x00\x7ftq\x07QK\x00K\x04K\x04\x86", "bytes of 8522825728 are there; cut off"),
        (b"K\x10tq\x07QK\x01K\x04K\x04\x86", "reaches beyond its storage of 16"),
        (b"K\x10tq\x07QK\x00J\x00\x00\x00\x7fK\x04\x86", "reaches beyond its storage"),
        (b"J\xff\xff\xff\xfftq\x07QK\x00K\x04K\x04\x86", "malformed name or size"),
    ):
        torch.save(plain_hlg(), path)
        rewrite(path, "data.pkl", lambda data, changed=changed: data.replace(size, changed))
        with pytest.raises(FileFormatError, match=problem):
            read_icefall_graph(path, WORDS, tokens)
    torch.save(plain_hlg(), path)
    with zipfile.ZipFile(path) as archive:
        data = archive.read("HLG/data.pkl")
    # A shape of 2^30 x 4 whose strides are 0 needs no storage, and memory without end.
    still = data.replace(b"QK\x00K\x04K\x04\x86q\x08K\x04K\x01\x86", b"QK\x00J\0\0\0\x40K\x04\x86q\x08K\x00K\x00\x86")
    assert still != data
    rewrite(path, "data.pkl", lambda _: still)
    with pytest.raises(FileFormatError, match="more elements than its storage"):
        read_icefall_graph(path, WORDS, tokens)


def test_archives_that_swell_or_are_damaged_are_refused(tokens, tmp_path):
    path = tmp_path / "HLG.pt"
    torch.save(plain_hlg(), path)
    rewrite(path, "data/0", lambda _: bytes(64), compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(FileFormatError, match="is compressed"):
        read_icefall_graph(path, WORDS, tokens)
    torch.save(plain_hlg(), path)
    whole = path.read_bytes()
    entry = whole.index(b"PK\x01\x02")
    path.write_bytes(whole[: entry + 20] + b"\xff\xff\xff\x7f" + whole[entry + 24 :])  # its compressed size
    with pytest.raises(FileFormatError, match="is compressed"):
        read_icefall_graph(path, WORDS, tokens)
    for cut in range(0, len(whole), 37):
        path.write_bytes(whole[:cut])
        with pytest.raises(FileFormatError):
            read_icefall_graph(path, WORDS, tokens)
    place = whole.index(np.float32(-0.5).tobytes())
    path.write_bytes(whole[:place] + b"x" + whole[place + 1 :])
    with pytest.raises(FileFormatError, match="Bad CRC-32"):
        read_icefall_graph(path, WORDS, tokens)


@settings(max_examples=200)
@given(st.data())
def test_changed_bytes_are_refused_or_sound(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("x")
    (folder / "tokens.txt").write_text(TOKENS)
    torch.save(plain_hlg(), folder / "HLG.pt")
    content = bytearray((folder / "HLG.pt").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (folder / "HLG.pt").write_bytes(content)
    with contextlib.suppress(FileFormatError):
        assert read_icefall_graph(folder / "HLG.pt", WORDS, folder / "tokens.txt").check() is None


def test_the_old_format_is_refused_with_the_remedy(tokens, tmp_path):
    torch.save(plain_hlg(), tmp_path / "HLG.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(FileFormatError, match=r"torch's old format.*save it again with torch.save"):
        read_icefall_graph(tmp_path / "HLG.pt", WORDS, tokens)
    (tmp_path / "HLG.pt").write_bytes(b"nothing at all")
    with pytest.raises(FileFormatError, match=r"expected a file of torch.save"):
        read_icefall_graph(tmp_path / "HLG.pt", WORDS, tokens)


def changed_arcs(place, value):
    arcs = plain_hlg()["arcs"].clone()
    arcs[place] = value
    return {"arcs": arcs}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"arcs": torch.zeros(3)}, "'arcs' is float32"),
        ({"arcs": torch.zeros((0, 4), dtype=torch.int32)}, "'arcs' is int32"),
        ({"arcs": "text"}, "'arcs' is str, expected a tensor"),
        (changed_arcs((0, 1), 2**31 - 1), "states lie outside"),
        (changed_arcs((0, 0), -1), "states lie outside"),
        (changed_arcs((0, 2), -1), "arc 0: label -1 to state 0"),
        (changed_arcs((3, 2), 1), "arc 3: label 1 to state 2"),
        (changed_arcs((1, 2), 3), "label 3 is beyond the last token, 2"),
        (changed_arcs((1, 3), 0x7F800000), r"score of arc 1 is \+inf"),
        (changed_arcs((1, 3), 0x7FC00000), "score of arc 1 is NaN"),
        ({"aux_labels": torch.zeros(3, dtype=torch.int32)}, "'aux_labels' does not fit the 4 arcs"),
        ({"aux_labels": torch.zeros(4)}, "'aux_labels' does not fit"),
        ({"aux_labels": torch.tensor([0, 9, 0, -1], dtype=torch.int32)}, "output label 9 beyond the 4 words"),
        ({"aux_labels": torch.tensor([0, 2**40, 0, -1])}, "huge labels"),
        ({"aux_labels": "text"}, "'aux_labels' is no ragged tensor"),
        ({"tokens": torch.zeros(3, dtype=torch.int32)}, "'tokens' has shape"),
    ],
)
def test_what_is_no_graph_is_refused(changes, problem, tokens, tmp_path):
    torch.save(plain_hlg(**changes), tmp_path / "HLG.pt")
    with pytest.raises(FileFormatError, match=problem):
        read_icefall_graph(tmp_path / "HLG.pt", WORDS, tokens)
