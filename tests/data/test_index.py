import base64
import hashlib
import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from basalt_iq.cli import main
from basalt_iq.data import download, work_list
from basalt_iq.data.checksums import verify
from basalt_iq.data.defects import Finding
from basalt_iq.data.work_list import from_index, read_source
from basalt_iq.errors import UserError


class Server(ThreadingHTTPServer):
    """Serves bytes from memory, and misbehaves as told."""

    daemon_threads = True

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = files
        self.drop_after = None
        """Bytes after which every connection breaks."""
        self.ignore_ranges = self.damaged = False
        self.failures = 0
        """Requests still to be answered with 503."""
        self.served = 0
        self.announce = None
        """The length that every answer claims, in place of its own."""
        self.length = ""
        """The same as text; None: no length is told."""
        self.elsewhere = None
        """Where requests for videos are sent on to."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/"


class Handler(BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def answer(self, body):
        server = self.server
        if server.failures:
            server.failures -= 1
            return self.send_error(503)
        content = server.files.get(self.path[1:])
        if content is None:
            return self.send_error(404)
        if server.elsewhere and self.path.endswith("mp4") and "localhost" not in self.headers["Host"]:
            self.send_response(302)
            self.send_header("Location", server.elsewhere + self.path[1:])
            self.send_header("Content-Length", "0")
            return self.end_headers()
        start = 0
        if not server.ignore_ranges and (wanted := self.headers.get("Range")):
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if start else 200)
        told = str(server.announce or len(content) - start) if server.length == "" else server.length
        if told is None or self.path == "/index.json":
            told = str(len(content)) if self.path == "/index.json" else None
        if told is not None:
            self.send_header("Content-Length", told)
        self.send_header("Content-MD5", base64.b64encode(hashlib.md5(content).digest()).decode())
        self.end_headers()
        if body:
            sent = content[start : start + (server.drop_after or len(content))]
            server.served += len(sent)
            self.wfile.write(bytes(len(sent)) if server.damaged else sent)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    random = np.random.default_rng(0)
    stems = [
        "dir/calm-fig-00a1-20220701-000000",
        "dir/calm-fig-00a1-20220701-000500",
        "dir/b-00b2-20220701-000000",
    ]
    files = {
        f"{s}.{kind}": random.bytes(50_000 + i) for i, s in enumerate(stems) for kind in ("mp4", "jsonl")
    }
    server = Server(files)
    listing = {"basedir": server.url, "relpaths": [f"{stem}.mp4" for stem in stems]}
    files["index.json"] = json.dumps(listing).encode()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(server, out, limit=None):
    work = read_source(server.url + "index.json").limited(limit)
    return list(download.fetch(work, out, lambda done, total: None))


def content(out):
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and path.suffix != ".sha256"
    }


def wanted(server, start=""):
    return {k: v for k, v in server.files.items() if k.startswith("dir/" + start)}


def test_an_index_becomes_a_list_of_demos_with_sizes(server):
    work = download.with_sizes(read_source(server.url + "index.json"))
    assert [(entry.demo, len(entry.files)) for entry in work.entries] == [("b-00b2", 2), ("calm-fig-00a1", 4)]
    assert work.entries[0].size == 100_004
    plan = work.limited(1).facts()
    assert (plan.files, plan.bytes) == (2, 100_004)


def test_a_local_folder_becomes_a_list_too(tmp_path, demos):
    folder = demos.write_2021(tmp_path, "v4_a-1_0-30")
    (entry,) = read_source(str(tmp_path)).entries
    files = [folder / name for name in ("recording.mp4", "rendered.npz", "metadata.json")]
    assert entry.size == sum(file.stat().st_size for file in files)
    assert entry.files[0] == "MineRLBasaltFindCave-v0/v4_a-1_0-30/recording.mp4"


def test_files_arrive_over_a_server_that_drops_connections(server, tmp_path):
    server.drop_after = 9_000
    server.failures = 2
    fetch(server, tmp_path)
    assert content(tmp_path) == wanted(server)
    assert server.served == sum(map(len, wanted(server).values())) + len(server.files["index.json"])


def test_files_arrive_whole_from_a_server_that_knows_no_ranges(server, tmp_path):
    server.ignore_ranges = True
    work = read_source(server.url + "index.json")
    (tmp_path / "dir").mkdir()
    list(download.fetch(work, tmp_path, lambda done, total: None))
    assert content(tmp_path) == wanted(server)


def test_a_broken_off_download_is_resumed(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "_ATTEMPTS", 1)
    server.drop_after = 20_000
    with pytest.raises(UserError, match=r"b-00b2.*gave up after 1 tries .*run again to resume"):
        fetch(server, tmp_path, limit=1)
    (partial,) = content(tmp_path).values()
    assert len(partial) == 20_000
    server.drop_after, server.served = None, 0
    fetch(server, tmp_path, limit=1)
    assert content(tmp_path) == wanted(server, "b-")
    listing = len(server.files["index.json"])
    assert server.served == 100_004 - 20_000 + listing
    server.served = 0
    fetch(server, tmp_path, limit=1)
    assert server.served == listing


def test_damage_is_noticed_and_the_rest_is_fetched(server, tmp_path):
    work = read_source(server.url + "index.json")
    server.damaged = True
    got = list(download.fetch(work.limited(1), tmp_path, lambda done, total: None))
    assert all("another checksum" in finding.what for finding in got)
    assert content(tmp_path) == {}
    server.damaged = False
    del server.files["dir/b-00b2-20220701-000000.jsonl"]
    got = list(download.fetch(work, tmp_path, lambda done, total: None))
    (missing,) = [one for one in got if not hasattr(one, "suffix")]
    assert "404" in missing.what
    assert content(tmp_path) == wanted(server)


def test_sums_that_were_checked_stay_beside_the_files(server, tmp_path):
    fetch(server, tmp_path, limit=1)
    (sums,) = tmp_path.rglob("*.sha256")
    verify(sums)
    lines = sums.read_text().splitlines()
    files = [sums.with_suffix(kind) for kind in (".mp4", ".jsonl")]
    assert lines == [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}" for file in files]


def test_a_server_that_sends_more_than_it_announced_is_cut_off(server, tmp_path):
    server.announce = 10
    got = list(download.fetch(read_source(server.url + "index.json").limited(1), tmp_path, lambda *_: None))
    assert {finding.what.split(" ", 1)[1] for finding in got} == {
        "arrived with another checksum than the server's"
    }
    assert content(tmp_path) == {}


@pytest.mark.parametrize("length", ["abc", "-1", None, "1e3", "\u0661"])
def test_a_length_that_is_none_is_not_believed(server, tmp_path, monkeypatch, length):
    monkeypatch.setattr(download, "_ATTEMPTS", 1)
    server.length = length
    try:
        got = list(download.fetch(read_source(server.url + "index.json"), tmp_path, lambda *_: None))
    except UserError:
        return
    assert content(tmp_path) == wanted(server) or all(isinstance(one, Finding) for one in got)


def test_without_a_length_the_disk_still_bounds_a_download(server, tmp_path, monkeypatch):
    server.length = None
    monkeypatch.setattr(download, "_MARGIN", 0)
    work = read_source(server.url + "index.json")
    free = type(shutil.disk_usage(tmp_path))
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: free(100_000, 0, 100))
    with pytest.raises(UserError, match="make room"):
        list(download.fetch(work, tmp_path, lambda *_: None))


def test_being_sent_on_to_another_host_is_said(server, tmp_path):
    server.elsewhere = server.url.replace("127.0.0.1", "localhost")
    work = read_source(server.url + "index.json")
    got = list(download.fetch(work, tmp_path, lambda *_: None))
    assert "sends on to localhost" in {one.what for one in got if isinstance(one, Finding)}
    assert content(tmp_path) == wanted(server)


NAMES = [
    "a" * 300 + ".mp4",
    "\ud800.mp4",
    "a/\x1b[2J.mp4",
    "",
    "/",
    "..",
    "a/../../b.mp4",
    "C:\\a.mp4",
    ".hidden.mp4",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_no_folder_should_hold_are_refused(name):
    with pytest.raises(UserError, match=r"not to be trusted|not what it should be"):
        from_index(json.dumps({"basedir": "http://x/", "relpaths": [name]}), "index.json")


def test_a_name_that_is_a_file_and_a_folder_is_refused():
    text = json.dumps({"basedir": "http://x/", "relpaths": ["a.mp4", "a.mp4/b.mp4"]})
    with pytest.raises(UserError, match="is a file and a folder"):
        from_index(text, "index.json")


@pytest.mark.parametrize("base", ["http://[", "http://", "ftp://x/", "file:///etc/", "x", "http://x:99999/"])
def test_a_base_that_is_no_address_is_refused(base):
    with pytest.raises(UserError, match="is no http"):
        from_index(json.dumps({"basedir": base, "relpaths": ["a.mp4"]}), "index.json")


def test_an_index_nested_without_end_or_too_large_is_refused(server, tmp_path, monkeypatch):
    with pytest.raises(UserError, match="not what it should be"):
        from_index("[" * 100_000, "index.json")
    monkeypatch.setattr(work_list, "MOST_BYTES", 1000)
    server.files["index.json"] = b" " * 2000
    with pytest.raises(UserError, match="more than 0 MiB"):
        read_source(server.url + "index.json")
    (tmp_path / "index.json").write_bytes(b" " * 2000)
    with pytest.raises(UserError, match="larger than 1,000 bytes"):
        read_source(str(tmp_path / "index.json"))


def test_a_full_disk_is_noticed_before_anything_is_written(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "_MARGIN", 1 << 60)
    with pytest.raises(UserError, match=r"GB free, .* GB needed .*; make room"):
        fetch(server, tmp_path)
    assert content(tmp_path) == {}


@pytest.mark.parametrize("path", ["../../etc/passwd.mp4", "/etc/passwd.mp4", "http://elsewhere/a.mp4"])
def test_an_index_cannot_write_outside_the_folder(path):
    with pytest.raises(UserError, match="not to be trusted"):
        from_index(json.dumps({"basedir": "http://x/", "relpaths": [path]}), "index.json")


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"basedir": 1, "relpaths": []}', '{"basedir": "", "relpaths": [1]}']
)
def test_what_is_no_index_is_named(text):
    with pytest.raises(UserError, match=r"index.json: (not what it should be|basedir .* is no)"):
        from_index(text, "index.json")


def test_the_command(server, tmp_path, capsys):
    def cli(*arguments):
        with pytest.raises(SystemExit) as exit:
            main(["data", "index", *map(str, arguments), "--json"])
        out = capsys.readouterr().out
        return exit.value.code, json.loads(out) if out else None

    listing = server.url + "index.json"
    code, plan = cli(listing, "--sizes", "--limit", 1)
    assert (code, plan["bytes"], len(plan["demos"])) == (0, 100_004, 1)
    code, result = cli(listing, "--out", tmp_path / "out", "--limit", 1)
    assert (code, len(result["fetched"])) == (0, 2)
    assert cli(tmp_path / "none.json")[0] == 2
    assert cli(tmp_path / "out", "--out", tmp_path / "again")[0] == 2
    assert cli(listing, "--limit", 0)[0] == 2
