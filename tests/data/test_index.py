import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from basalt_iq.cli import main
from basalt_iq.data import index
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
        start = 0
        if not server.ignore_ranges and (wanted := self.headers.get("Range")):
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
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
    work = index.read_source(server.url + "index.json").limited(limit)
    return list(index.fetch(work, out, lambda done, total: None))


def content(out):
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def wanted(server, start=""):
    return {k: v for k, v in server.files.items() if k.startswith("dir/" + start)}


def test_an_index_becomes_a_list_of_demos_with_sizes(server):
    work = index.with_sizes(index.read_source(server.url + "index.json"))
    assert [(entry.demo, len(entry.files)) for entry in work.entries] == [("b-00b2", 2), ("calm-fig-00a1", 4)]
    assert work.entries[0].size == 100_004
    plan = work.limited(1).to_json()
    assert (plan["files"], plan["bytes"]) == (2, 100_004)


def test_a_local_folder_becomes_a_list_too(tmp_path, demos):
    folder = demos.write_2021(tmp_path, "v4_a-1_0-30")
    (entry,) = index.read_source(str(tmp_path)).entries
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
    work = index.read_source(server.url + "index.json")
    (tmp_path / "dir").mkdir()
    list(index.fetch(work, tmp_path, lambda done, total: None))
    assert content(tmp_path) == wanted(server)


def test_a_broken_off_download_is_resumed(server, tmp_path, monkeypatch):
    monkeypatch.setattr(index, "_ATTEMPTS", 1)
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
    work = index.read_source(server.url + "index.json")
    server.damaged = True
    got = list(index.fetch(work.limited(1), tmp_path, lambda done, total: None))
    assert all("another checksum" in finding.what for finding in got)
    assert content(tmp_path) == {}
    server.damaged = False
    del server.files["dir/b-00b2-20220701-000000.jsonl"]
    got = list(index.fetch(work, tmp_path, lambda done, total: None))
    (missing,) = [one for one in got if not hasattr(one, "suffix")]
    assert "404" in missing.what
    assert content(tmp_path) == wanted(server)


def test_a_full_disk_is_noticed_before_anything_is_written(server, tmp_path, monkeypatch):
    monkeypatch.setattr(index, "_MARGIN", 1 << 60)
    with pytest.raises(UserError, match=r"GB free, .* GB needed .*; make room"):
        fetch(server, tmp_path)
    assert content(tmp_path) == {}


@pytest.mark.parametrize("path", ["../../etc/passwd.mp4", "/etc/passwd.mp4", "http://elsewhere/a.mp4"])
def test_an_index_cannot_write_outside_the_folder(path):
    with pytest.raises(UserError, match="not to be trusted"):
        index.from_index(json.dumps({"basedir": "http://x/", "relpaths": [path]}), "index.json")


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"basedir": 1, "relpaths": []}', '{"basedir": "", "relpaths": [1]}']
)
def test_what_is_no_index_is_named(text):
    with pytest.raises(UserError, match=r"index.json: no index \("):
        index.from_index(text, "index.json")


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
