"""The comparison page and the live page, served to a real browser."""

import json
import threading
import time
import urllib.error
import urllib.request

import msgspec
import pytest

from basalt_iq.errors import UserError
from basalt_iq.server import run_site
from basalt_iq.watch.commands import Compare, Watch
from basalt_iq.watch.compare import Comparison, judged_ones
from basalt_iq.watch.judgements import Judgements
from basalt_iq.watch.live import LiveSite, sparkline, view
from basalt_iq.watch.runs import find


@pytest.fixture
def run(synthetic, tmp_path):
    return synthetic.run(tmp_path / "iq", count=3, steps=30)


@pytest.fixture
def comparison(run, tmp_path):
    evaluations = [evaluation for _, evaluation in find([run])[1]]
    return Comparison("FindCave", evaluations, Judgements(tmp_path / "judged"), judge="tester")


def fetch(url: str, **options) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, **options)) as answer:
        return answer.read()


def refused(url: str, **options) -> int:
    with pytest.raises(urllib.error.HTTPError) as caught:
        fetch(url, **options)
    return caught.value.code


def ready(page):
    page.until("['left', 'right'].every(id => document.getElementById(id).readyState >= 2)")


def test_a_click_is_a_judgement_and_moves_the_ratings_as_by_hand(page, comparison, tmp_path):
    with run_site(comparison.routes) as address:
        page.open(address)
        ready(page)
        assert "better at finding a cave" in page.text("#question")
        shown = comparison._open[page.ask("basalt.match.id")]
        page.click("button[data-winner='left']")
        page.until("document.getElementById('count').textContent === '1 judged'")
        page.click("#standing summary")
        page.until("document.querySelectorAll('#standing tbody tr').length === 2")
        cells = (
            "[...document.querySelectorAll('#standing tr')].map(r => [...r.cells].map(c => c.textContent))"
        )
        rows = page.ask(cells)[1:]
        assert page.console() == []
        assert {url.split("/")[2] for url in page.requests() if url.startswith("http")} == {
            address.split("/")[2]
        }
    assert [row[:3] for row in rows] == [[shown.left, "29.396", "7.171"], [shown.right, "20.604", "7.171"]]
    (kept,) = Judgements(tmp_path / "judged").all
    assert (kept.left, kept.right, kept.winner, kept.seed, kept.judge) == (
        shown.left, shown.right, "left", shown.seed, "tester",
    )  # fmt: skip


def test_baselines_are_judged_only_if_asked_for(synthetic, tmp_path):
    for name in ("iq", "bc"):
        synthetic.run(tmp_path / name, count=1, steps=3, players=("agent", "random", "scripted"))
        for player in ("random", "scripted"):
            path = tmp_path / name / "evaluations" / player / "summary.json"
            path.write_text(json.dumps(json.loads(path.read_text()) | {"weights": None}))
    found = find([tmp_path / "iq", tmp_path / "bc"])[1]
    assert [e.name for e in judged_ones(found, ())] == ["iq", "bc"]
    assert [e.name for e in judged_ones(found, ("bc", "bc/random"))] == ["bc", "bc/random"]
    with pytest.raises(UserError, match="--agents nobody: there is iq"):
        judged_ones(found, ("nobody",))
    assert len(judged_ones(find([tmp_path / "iq"])[1], ())) == 3  # one agent alone has only them to meet


def test_a_note_speed_and_the_way_back_by_keys(page, comparison):
    with run_site(comparison.routes) as address:
        page.open(address)
        ready(page)
        page.ask("document.getElementById('note').focus()")
        page.press("more cavesrs")
        assert page.ask("document.querySelector('video').playbackRate") == 1  # typing steers nothing
        page.press("\ue007")  # enter leaves the field
        page.press("s")
        assert page.ask("document.querySelector('video').playbackRate") == 2
        page.click("button[data-winner='left']")
        page.until("document.getElementById('count').textContent === '1 judged'")
        assert [j.note for j in comparison.judgements.all] == ["more cavesrs"]
        assert comparison.standing().notes[0].endswith("more cavesrs")
        page.press("\ue003")  # backspace
        page.until("document.getElementById('count').textContent === '0 judged'")
    assert comparison.judgements.all == []


def test_keys_judge_and_taking_back_works(page, comparison):
    with run_site(comparison.routes) as address:
        page.open(address)
        ready(page)
        for key in ("ArrowRight", "ArrowDown"):
            before = page.ask("basalt.match.id")
            page.press(key)
            page.until(f"basalt.match.id !== '{before}'")
        assert [j.winner for j in comparison.judgements.all] == ["right", "draw"]
        page.click("#undo")
        page.until("document.getElementById('count').textContent === '1 judged'")
    assert [j.winner for j in comparison.judgements.all] == ["right"]


def test_the_page_is_blind(comparison):
    with run_site(comparison.routes) as address:
        seen = fetch(address) + msgspec.json.encode(comparison.next())
    for name in comparison.episodes:
        assert name.encode() not in seen.replace(b"randomUUID", b"")


@pytest.mark.parametrize("width", [360, 1280])
def test_two_videos_fit_the_screen(page, comparison, width):
    with run_site(comparison.routes) as address:
        page.open(address, width=width, height=800)
        ready(page)
        assert page.ask("document.documentElement.scrollWidth") <= width


def test_only_this_machines_own_page_may_judge(comparison):
    with run_site(comparison.routes) as address:
        body = json.dumps({"id": comparison.next().id, "winner": "left"}).encode()
        kind = {"Content-Type": "application/json"}
        assert refused(address, headers={"Host": "evil.example"}) == 403
        assert refused(address + "judge", data=body, headers={"Content-Type": "text/plain"}) == 415
        assert refused(address + "judge", data=b"[]", headers=kind) == 400
        assert refused(address + "judge", data=b'{"id": "x", "winner": "left"}', headers=kind) == 400
        assert refused(address + "video/../../etc/left.mp4") == 404
        assert refused(address + "nothing") == 404
        assert comparison.judgements.all == []
        assert b"question" in fetch(address + "judge", data=body, headers=kind)
    assert len(comparison.judgements.all) == 1


def test_videos_come_in_parts(comparison):
    with run_site(comparison.routes) as address:
        url = address.rstrip("/") + comparison.next().left
        whole = fetch(url)
        assert fetch(url, headers={"Range": "bytes=10-19"}) == whole[10:20]
        assert fetch(url, headers={"Range": "bytes=100-"}) == whole[100:]
        assert refused(url, headers={"Range": "bytes=999999999-"}) == 416


def test_agents_without_a_common_seed_cannot_be_compared(synthetic, tmp_path):
    evaluation = synthetic.evaluation(tmp_path / "a", 1, 3)
    with pytest.raises(UserError, match="same seed"):
        Compare(folders=(evaluation,), out=tmp_path / "out", auto=True).run()


def test_the_automatic_comparison_and_bedds_format(run, tmp_path, capsys):
    both = Compare(folders=(run,), out=tmp_path / "judged", auto=True, export_matches=tmp_path / "m.json")
    found = both.run().to_json()
    (test,) = found["world"]
    # agent succeeds on seeds 100 and 102, random (every fourth) on 100
    assert (test["seeds"], test["both"], test["only_a"], test["only_b"], test["p"]) == (3, 1, 1, 0, 1.0)
    assert found["people"]["judged"] == 0
    assert json.loads((tmp_path / "m.json").read_text()) == []
    (tmp_path / "m.json").write_text(json.dumps([{
        "hash": "h1", "task": "FindCave",
        "episodes": [{"agent_name": "iq", "seed": "5"}, {"agent_name": "Human1", "seed": "5"}],
        "result": {"is_draw": False, "eval_metadata": {"win_player": "p2"}},
    }]))  # fmt: skip
    for _ in range(2):  # the second time adds nothing
        found = (
            Compare(folders=(run,), out=tmp_path / "judged", auto=True, import_matches=tmp_path / "m.json")
            .run()
            .to_json()
        )
    first = found["people"]["agents"][0]
    assert (first["agent"], round(first["mu"], 3), found["people"]["judged"]) == ("Human1", 29.396, 1)


def test_the_live_page_follows_a_run_as_it_grows(page, synthetic, run, monkeypatch):
    monkeypatch.setattr("basalt_iq.watch.live.REFRESH", 0.3)
    site = LiveSite([run])
    with run_site(site.routes) as address:
        page.open(address)
        page.until("basalt.viewer.arrays && basalt.viewer.main.video.readyState >= 2")
        assert "67 %" in page.text("#results")
        page.ask("scrollTo(0, 150)")
        watching = page.ask("basalt.viewer.episode.key")
        synthetic.evaluation(run / "evaluations" / "a-later-one", 2, 10)
        with (run / "metrics.jsonl").open("a") as file:
            file.write(json.dumps({"step": 2020, "seconds": 300, "train/loss": 77.5}) + "\n")
        page.until("document.querySelector('#results').textContent.includes('a-later-one')")
        shown = "[...document.querySelectorAll('.plot')].some((p) => p.plot?.data[1].at(-1) === 77.5)"
        page.until(shown)
        assert page.ask("scrollY") == 150  # nobody is moved by what is new
        assert page.ask("basalt.viewer.episode.key") == watching
        assert page.console() == []
    terminal = view(site.report, address)
    assert any("a-later-one" in str(cell) for cell in terminal.renderables[-1].columns[0].cells)


def test_watch_live_ends_when_asked(run, tmp_path, capsys):
    began = time.monotonic()
    found = Watch(runs=(run,), live=True, seconds=0.2).run().to_json()
    assert found["ok"]
    assert found["address"] in capsys.readouterr().err  # though nobody has a terminal here
    assert time.monotonic() - began < 10
    assert not [t for t in threading.enumerate() if t.name == "site"]


def test_sparkline_by_hand():
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert sparkline([5.0, 5.0]) == "▁▁"
    assert len(sparkline(list(range(1000)), width=40)) == 40


def test_a_port_that_is_taken_is_named(comparison):
    with run_site(comparison.routes) as address:
        port = int(address.rstrip("/").rpartition(":")[2])
        with pytest.raises(UserError, match=f"--port {port}"), run_site(comparison.routes, port):
            pass


def test_the_command_serves_the_page_for_the_time_asked(run, tmp_path, capsys):
    found = Compare(folders=(run,), out=tmp_path / "judged", seconds=0.1).run().to_json()
    assert found["ok"]
    assert "http://127.0.0.1:" in capsys.readouterr().err
    assert not [t for t in threading.enumerate() if t.name == "site"]


def test_agents_of_two_tasks_need_a_choice(synthetic, tmp_path):
    for name, task in (("a", "FindCave"), ("b", "MakeWaterfall")):
        folder = synthetic.evaluation(tmp_path / name, 1, 3)
        summary = json.loads((folder / "summary.json").read_text())
        (folder / "summary.json").write_text(json.dumps(summary | {"task": task}))
    with pytest.raises(UserError, match="FindCave and MakeWaterfall; choose one"):
        Compare(folders=(tmp_path,), auto=True, out=tmp_path / "out").run()
