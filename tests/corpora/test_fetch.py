from __future__ import annotations

import functools
import hashlib
import http.server
import io
import socket
import subprocess
import tarfile
import threading

import pytest

from fsaasr.core.errors import CorpusError
from fsaasr.corpora import fetch, fetch_fsdd, internet_reachable
from fsaasr.corpora.fetch import download, folder_digest, unpack_audio

FILES = {"0_ann_0.wav": b"zero", "1_ann_0.wav": b"one", "10_ann_0.wav": b"ten"}
DIGEST = hashlib.sha256(
    b"".join(f"{hashlib.sha256(FILES[name]).hexdigest()}  {name}\n".encode() for name in sorted(FILES))
).hexdigest()


def regular(name: str, content: bytes = b"x") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    return info, content


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


GOOD = [regular("top-26eb/README.md"), *(regular(f"top-26eb/recordings/{n}", c) for n, c in FILES.items())]


def write_tar(path, members):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """This machine's own addresses need no proxy."""
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def archive(tmp_path):
    return write_tar(tmp_path / "web" / "fsdd.tar.gz", GOOD)


@pytest.fixture
def server(tmp_path, archive):
    """A web server on this machine that holds the archive."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(archive.parent))
    ) as site:
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{site.server_port}"
        site.shutdown()
        thread.join()


def test_corpus_is_fetched_whole(server, tmp_path):
    found = fetch_fsdd(tmp_path / "data" / "fsdd", url=f"{server}/fsdd.tar.gz", digest=DIGEST)
    assert {path.name: path.read_bytes() for path in (found / "recordings").iterdir()} == FILES
    assert [path.name for path in found.iterdir()] == ["recordings"]
    assert [path.name for path in found.parent.iterdir()] == ["fsdd"]


def test_whole_corpus_is_not_fetched_again(archive, tmp_path):
    fetch_fsdd(tmp_path / "fsdd", url=archive.as_uri(), digest=DIGEST)
    archive.unlink()
    assert fetch_fsdd(tmp_path / "fsdd", url=archive.as_uri(), digest=DIGEST) == tmp_path / "fsdd"


def test_other_content_is_refused_and_leaves_nothing(archive, tmp_path):
    with pytest.raises(CorpusError, match=f"have digest {DIGEST}, expected 0000"):
        fetch_fsdd(tmp_path / "out" / "fsdd", url=archive.as_uri(), digest="0000")
    assert list((tmp_path / "out").iterdir()) == []


def test_directory_with_something_else_is_left_alone(archive, tmp_path):
    (tmp_path / "fsdd").mkdir()
    (tmp_path / "fsdd" / "precious").write_text("mine")
    with pytest.raises(CorpusError, match="holds something else"):
        fetch_fsdd(tmp_path / "fsdd", url=archive.as_uri(), digest=DIGEST)
    assert (tmp_path / "fsdd" / "precious").read_text() == "mine"


def test_remains_of_a_killed_run_do_not_matter(archive, tmp_path):
    (tmp_path / "fsdd").mkdir()
    (tmp_path / ".fsdd.partial" / "recordings").mkdir(parents=True)
    (tmp_path / ".fsdd.partial" / "recordings" / "half.wav").write_text("half")
    fetch_fsdd(tmp_path / "fsdd", url=archive.as_uri(), digest=DIGEST)
    assert folder_digest(tmp_path / "fsdd" / "recordings") == DIGEST


def test_missing_page_and_dead_server_are_named(server, tmp_path):
    with pytest.raises(CorpusError, match=r"nothing\.tar\.gz: HTTP Error 404"):
        fetch_fsdd(tmp_path / "fsdd", url=f"{server}/nothing.tar.gz", digest=DIGEST)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(CorpusError, match=r"check the connection"):
        fetch_fsdd(tmp_path / "fsdd", url=f"http://127.0.0.1:{port}/a.tar.gz", digest=DIGEST)
    assert not (tmp_path / "fsdd").exists()


def test_other_protocols_and_large_downloads_are_refused(archive, tmp_path):
    with pytest.raises(CorpusError, match="not an https, http or file address"):
        download("ftp://example.org/x", tmp_path / "x")
    with pytest.raises(CorpusError, match="larger than 10 bytes"):
        download(archive.as_uri(), tmp_path / "x", max_bytes=10)


def test_truncated_archive_is_refused(archive, tmp_path):
    archive.write_bytes(archive.read_bytes()[:-40])
    with pytest.raises(CorpusError, match="not a whole tar archive"):
        fetch_fsdd(tmp_path / "fsdd", url=archive.as_uri(), digest=DIGEST)


@pytest.mark.parametrize("name", ["/etc/evil.wav", "top/recordings/../../evil.wav", "../top/recordings/a.wav"])
def test_names_that_lead_elsewhere_are_refused(tmp_path, name):
    write_tar(tmp_path / "a.tar.gz", [*GOOD, regular(name)])
    with pytest.raises(CorpusError, match="unsafe name"):
        unpack_audio(tmp_path / "a.tar.gz", tmp_path / "in" / "out", folder="recordings")
    assert {path.name for path in tmp_path.rglob("*.wav")} <= set(FILES)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_among_recordings_are_refused(tmp_path, kind):
    write_tar(tmp_path / "a.tar.gz", [*GOOD, link("top-26eb/recordings/z.wav", "/etc/passwd", kind)])
    with pytest.raises(CorpusError, match="link or device"):
        unpack_audio(tmp_path / "a.tar.gz", tmp_path / "out", folder="recordings")


def test_what_is_no_recording_is_not_unpacked(tmp_path):
    extra = [
        regular("top/setup.py"),
        regular("top/recordings/deep/x.wav"),
        regular("top/other/y.wav"),
        link("top/l", "/"),
    ]
    write_tar(tmp_path / "a.tar.gz", [*GOOD, *extra])
    assert unpack_audio(tmp_path / "a.tar.gz", tmp_path / "out", folder="recordings") == 3
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(FILES)


def test_bombs_are_refused(tmp_path, monkeypatch):
    write_tar(tmp_path / "a.tar.gz", [*GOOD, regular("top/zeros", bytes(10_000))])
    monkeypatch.setattr(fetch, "MAX_UNPACKED", 5_000)
    with pytest.raises(CorpusError, match="unpacks to more"):
        unpack_audio(tmp_path / "a.tar.gz", tmp_path / "out", folder="recordings")
    monkeypatch.setattr(fetch, "MAX_UNPACKED", 50_000)
    monkeypatch.setattr(fetch, "MAX_FILES", 3)
    with pytest.raises(CorpusError, match="unpacks to more"):
        unpack_audio(tmp_path / "a.tar.gz", tmp_path / "out", folder="recordings")


def test_archive_of_something_else_is_refused(tmp_path):
    write_tar(tmp_path / "a.tar.gz", [regular("top/README.md")])
    with pytest.raises(CorpusError, match=r"holds no recordings/\*\.wav"):
        unpack_audio(tmp_path / "a.tar.gz", tmp_path / "out", folder="recordings")


def test_digest_is_the_shells(tmp_path):
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "notes.txt").write_text("not counted")
    shell = subprocess.run(
        f"cd '{tmp_path}' && LC_ALL=C sh -c 'sha256sum *.wav' | sha256sum",
        shell=True,
        capture_output=True,
        text=True,
        check=True,
    )
    assert folder_digest(tmp_path) == shell.stdout.split()[0] == DIGEST


def test_reachable_is_who_answers(server):
    assert internet_reachable(server, timeout=5.0)
    assert internet_reachable(f"{server}/nothing", timeout=5.0)
    assert not internet_reachable("http://127.0.0.1:9/", timeout=5.0)
    assert not internet_reachable("no address", timeout=5.0)


def test_silence_is_not_waited_for():
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        assert not internet_reachable(f"http://127.0.0.1:{mute.getsockname()[1]}", timeout=0.1)
