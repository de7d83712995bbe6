"""The report in a real browser, from disk, without a network."""

import json

import numpy as np
import pytest

from basalt_iq.errors import UserError
from basalt_iq.play.episode import load
from basalt_iq.watch.pairing import paired_tests
from basalt_iq.watch.report import write_report
from basalt_iq.watch.runs import find, read_curves

EVIL = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>{{7*7}}"


@pytest.fixture(scope="module")
def run(synthetic, tmp_path_factory):
    return synthetic.run(tmp_path_factory.mktemp("runs") / "iq", count=3, steps=90)


@pytest.fixture(scope="module")
def report(run):
    write_report([run], run.parent / "report.html")
    return run.parent / "report.html"


@pytest.fixture(scope="module")
def episode(run):
    return load(run / "evaluations" / "agent", 100)


def opened(page, report, **size):
    page.open(report.as_uri(), **size)
    page.until("basalt.viewer.arrays && basalt.viewer.main.video.readyState >= 2")
    return page


def step(page):
    page.until("!basalt.viewer.main.video.seeking")
    return page.ask("basalt.viewer.step")


def test_it_opens_from_disk_without_network_or_error(page, report):
    opened(page, report)
    assert page.console() == []
    assert {url.split(":")[0] for url in page.requests()} <= {"file", "blob", "data"}
    results = page.text("#results")
    assert "67 %" in results  # two of three
    assert "2 of 3" in results
    assert "exact McNemar test" in results
    assert page.ask("document.querySelectorAll('article.curve').length") == 4
    assert "basalt-iq train" in page.text("#reproduce")


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_it_opens_at_its_results_and_stays_where_one_reads(page, report, width, theme):
    page.scheme(theme)
    opened(page, report, width=width, height=844)
    assert page.ask("scrollY") == 0
    assert page.visible("#results table")
    page.ask("scrollTo(0, 200)")
    page.ask("basalt.viewer.neighbour(1)")
    page.until("basalt.viewer.episode.seed === 101")
    assert page.ask("scrollY") == 200
    assert page.faint_texts() == []


def test_a_click_on_an_episode_starts_it_and_space_still_works(page, report):
    opened(page, report)
    page.ask("document.querySelector('#episodes').scrollIntoView()")
    page.point(".list li:nth-child(2) button")
    page.until("!basalt.viewer.main.video.paused && basalt.viewer.episode.seed === 101")
    page.press(" ")
    page.until("basalt.viewer.main.video.paused")
    assert page.ask("basalt.viewer.episode.seed") == 101


def test_an_address_of_a_moment_brings_it_back(page, report):
    opened(page, report)
    page.ask("document.querySelector('#episodes').scrollIntoView()")
    page.press("j")
    page.until("basalt.viewer.episode.seed === 101 && basalt.viewer.arrays.steps === 91")
    page.ask("basalt.viewer.seek(33)")
    page.until("location.hash.endsWith('step=33')")
    address = page.ask("location.href")
    page.open(address)
    page.until("basalt.viewer.arrays && basalt.viewer.main.video.readyState >= 2")
    assert (page.ask("basalt.viewer.episode.seed"), step(page)) == (101, 33)


def test_an_agent_has_one_colour_and_baselines_are_grey(page, synthetic, tmp_path):
    for name in ("iq", "bc"):
        synthetic.run(
            tmp_path / name, count=1, steps=9, players=("agent", "random") if name == "iq" else ("agent",)
        )
    path = tmp_path / "iq" / "evaluations" / "random" / "summary.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"weights": None}))
    write_report([tmp_path / "iq", tmp_path / "bc"], tmp_path / "r.html")
    opened(page, tmp_path / "r.html")
    swatches = (
        "Object.fromEntries([...document.querySelectorAll('#{} .swatch')]"
        ".map(s => [s.nextSibling.textContent, getComputedStyle(s).backgroundColor]))"
    )
    results, learning = (page.ask(swatches.format(part)) for part in ("results", "learning"))
    assert learning == {name: results[name] for name in ("iq", "bc")}
    assert len(set(results.values())) == 3
    red, green, blue = map(int, results["random"][4:-1].split(","))
    assert max(red, green, blue) - min(red, green, blue) < 20


def test_charts_zoom_and_names_hide_curves(page, report):
    opened(page, report)
    page.until("document.querySelector('.plot').plot")
    page.ask("document.querySelector('.plot').plot.setScale('x', {min: 500, max: 900})")
    assert page.ask("document.querySelector('.plot').plot.scales.x.max") == 900
    page.click(".plot .u-legend tr:nth-child(2) th")
    assert page.ask("document.querySelector('.plot').plot.series[1].show") is False


def test_the_map_shows_every_players_path_and_endings_are_counted(page, report):
    opened(page, report)
    assert page.ask("document.querySelectorAll('.map g.path path.reach').length") == 2  # agent and random
    page.choose("select[aria-label='Map']", "ends")
    assert page.ask("document.querySelectorAll('.map g.path').length") == 6
    page.choose("select[aria-label='Map']", "time")
    assert page.ask("document.querySelectorAll('.map rect.heat').length") > 3
    words = page.text(".endings")
    assert "2 of 3" in words
    assert "succeeded" in words
    page.click(".endings li:nth-child(2) button")
    page.until("basalt.viewer.episode.seed === 101")


def test_many_videos_at_once(page, report):
    opened(page, report)
    page.click(".many > summary")
    page.until("basalt.wall.screens.length === 2")
    page.choose("select[aria-label='Which videos']", "e0")
    page.until("basalt.wall.screens.length === 3 && basalt.wall.screens.every(s => s.video.readyState >= 2)")
    page.ask("basalt.wall.toggle()")
    page.until("basalt.wall.screens.every(s => s.video.currentTime > 0.1)")


def test_unlike_evaluations_are_not_compared(synthetic, tmp_path):
    run = synthetic.run(tmp_path / "iq", count=4, steps=5)
    change = {"random": {"max_steps": 100}, "agent": {}}
    for name, more in change.items():
        path = run / "evaluations" / name / "summary.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | more))
    found = [e for _, e in find([run])[1]]
    tests, others = paired_tests(found)
    assert tests == []
    assert others[0].why == "different episode limits: 3600 and 100"


def test_commands_give_the_updates_made_and_no_clock(synthetic, tmp_path):
    run = synthetic.run(tmp_path / "iq", players=())
    config = json.loads((run / "config.json").read_text())
    config["command"] += ["--minutes", "3.5", "--json", "--steps", "1000000000"]
    (run / "config.json").write_text(json.dumps(config))
    (run / "checkpoints" / "000000971").mkdir(parents=True)
    (found,) = find([run])[0]
    assert found.commands == [f"basalt-iq train --store store --task FindCave --run {run} --steps 971"]


def test_what_was_never_measured_is_not_shown(synthetic, tmp_path):
    run = synthetic.run(tmp_path / "iq", players=())
    with (run / "metrics.jsonl").open("a") as file:
        file.write(
            json.dumps({"step": 3000, "seconds": 1, "train/v_policy": 0.0, "train/v_expert": 1.0}) + "\n"
        )
    (found,) = find([run])[0]
    assert "train/v_policy" not in found.measured_curves()
    assert "train/v_expert" in found.measured_curves()


def test_the_video_plays_and_the_timeline_follows(page, report):
    opened(page, report)
    page.ask("document.querySelector('#episodes').scrollIntoView()")
    page.click("button.play")
    page.until("basalt.viewer.main.video.currentTime > 0.5")
    page.click("button.play")
    page.until("basalt.viewer.main.video.paused")
    at = step(page)
    page.until("basalt.viewer.drawn.step === basalt.viewer.step")
    assert at >= 10
    assert page.text(".transport .time").startswith(f"step {at} of 90")
    left = page.ask("parseFloat(document.querySelector('.timeline .head').style.left)")
    expected = page.ask("basalt.viewer.timeline.x(basalt.viewer.main.moment)")
    assert left == pytest.approx(expected, abs=1)
    assert left > page.ask("basalt.viewer.timeline.gutter")


def test_what_it_considered_is_what_was_recorded(page, report, episode):
    opened(page, report)
    for moment in (0, 17, 89):
        page.ask(f"basalt.viewer.seek({moment})")
        assert step(page) == moment
        page.until(f"basalt.viewer.drawn.step === {moment}")
        names = [episode.facts.action_names[i] for i in episode.arrays["top_action"][moment]]
        shown = page.ask("[...document.querySelectorAll('.acts')[0].rows].map(r => r.cells[0].textContent)")
        assert [name.removeprefix("● ") for name in shown[:5]] == names
        chosen = page.text("tr.chosen td").removeprefix("● ")
        assert chosen == episode.facts.action_names[episode.arrays["action"][moment]]
        down = page.ask("[...document.querySelectorAll('.keys kbd.down')].map(k => k.textContent)")
        pressed = np.flatnonzero(episode.arrays["buttons"][moment])
        assert down == [episode.facts.button_names[i] for i in pressed]


def test_jumps_go_to_the_extremes_of_the_recovered_reward(page, report, episode):
    opened(page, report)
    reward = episode.arrays["reward"]
    page.click("button[title*='highest']")
    assert step(page) == int(reward.argmax())
    page.click("button[title*='lowest']")
    assert step(page) == int(reward.argmin())
    page.click("button[title*='highest']")
    assert abs(step(page) - int(reward.argmax())) >= 10


def test_the_keyboard_drives_it(page, report):
    opened(page, report)
    page.ask("document.querySelector('#episodes').scrollIntoView()")
    page.press("ArrowRight", shift=True)
    page.press("ArrowRight")
    assert step(page) == 21
    page.press("ArrowLeft")
    assert step(page) == 20
    page.press("e")
    assert step(page) == 90
    page.press("0")
    assert step(page) == 0
    page.press("s")
    assert page.ask("basalt.viewer.main.video.playbackRate") == 2
    page.press("j")
    page.until("basalt.viewer.episode.seed === 101")
    page.press("?")
    assert page.ask("document.getElementById('help').open")


def test_an_episode_of_the_same_seed_plays_beside_it(page, report):
    opened(page, report)
    page.choose("select[aria-label='Beside it']", "1/0")
    page.until("basalt.viewer.side.video.readyState >= 2")
    page.ask("basalt.viewer.seek(40)")
    page.until("Math.abs(basalt.viewer.side.video.currentTime - 40.5 / 20) < 0.02")
    assert "random" in page.ask("basalt.viewer.side.caption.textContent")


def test_filters_leave_what_they_say(page, report):
    opened(page, report)
    page.choose("select[aria-label='Outcome']", "good")
    listed = "[...document.querySelectorAll('.list li button')].map(b => b.textContent)"
    assert [text[:9] for text in page.ask(listed)] == ["✓seed 100", "✓seed 102"]
    page.choose("select[aria-label='Outcome']", "error")
    assert page.text(".list ol") == "none"


@pytest.mark.parametrize("width", [320, 390, 768])
def test_nothing_is_wider_than_a_phone(page, report, width):
    opened(page, report, width=width, height=800)
    assert page.ask("document.documentElement.scrollWidth") <= width


def test_large_media_lie_beside_the_page_and_work_from_disk(page, run, tmp_path):
    out = tmp_path / "big.html"
    found = write_report([run], out, inside_limit=0)
    assert found.media == str(tmp_path / "big_files")
    assert found.bytes < 500_000
    opened(page, out)
    page.ask("basalt.viewer.seek(30)")
    assert step(page) == 30
    assert page.console() == []
    assert {url.split(":")[0] for url in page.requests()} <= {"file", "blob", "data"}


def test_hostile_names_and_texts_stay_text(page, synthetic, tmp_path):
    run = synthetic.run(tmp_path / EVIL.replace("/", "|"), count=1, steps=20)
    for path in [run / "config.json", *run.glob("evaluations/*/*.json")]:
        facts = poisoned(json.loads(path.read_text()))
        path.write_text(json.dumps(facts))
    with (run / "metrics.jsonl").open("a") as file:
        file.write(json.dumps({"step": 3000, "seconds": 1, f"train/{EVIL}": 1.0}) + "\n")
    folder = run / "evaluations" / "agent"
    folder.rename(folder.with_name(EVIL.replace("/", "|")))
    write_report([run], tmp_path / "report.html", title=EVIL)
    opened(page, tmp_path / "report.html")
    page.choose("select[aria-label='Beside it']", "1/0")
    page.ask("basalt.viewer.seek(5)")
    assert page.ask("window.hacked") is None
    assert page.ask("document.title") == EVIL
    assert page.ask("document.images.length") == 0
    assert page.console() == []


def poisoned(value):
    """Every free text replaced; what the code reads as a number, a name of a file or a choice is left."""
    if isinstance(value, dict):
        kept = ("task", "player")
        return {key: item if key in kept else poisoned(item) for key, item in value.items()}
    if isinstance(value, list):
        return [poisoned(item) for item in value]
    return EVIL if isinstance(value, str) else value


def test_a_policy_forbids_what_the_page_did_not_bring(report):
    text = report.read_text()
    assert "default-src 'none'" in text
    assert "unsafe" not in text.split("</head>")[0].split("<style")[0]


def test_a_run_without_episodes_and_an_evaluation_without_thoughts(page, synthetic, tmp_path):
    bare = synthetic.run(tmp_path / "bare", players=())
    write_report([bare], tmp_path / "bare.html")
    page.open((tmp_path / "bare.html").as_uri())
    assert "No episode" in page.text("#results")
    write_report([synthetic.evaluation(tmp_path / "scripted", 2, 10, "scripted")], tmp_path / "s.html")
    opened(page, tmp_path / "s.html")
    assert "does not tell" in page.text(".thought")
    assert "no learning curves" in page.text("#learning")
    assert page.console() == []


def test_folders_that_hold_nothing_are_named(tmp_path):
    with pytest.raises(UserError, match="no run and no evaluation"):
        write_report([tmp_path], tmp_path / "r.html")
    assert not (tmp_path / "r.html").exists()


def test_folders_of_runs_and_equal_names_are_told_apart(synthetic, tmp_path):
    for name in ("a", "b"):
        synthetic.run(tmp_path / name, count=1, steps=3)
    runs, evaluations = find([tmp_path])
    assert [run.name for run in runs] == ["a", "b"]
    assert [evaluation.name for _, evaluation in evaluations] == ["a", "a/random", "b", "b/random"]


def test_curves_survive_a_cut_line_and_are_thinned(tmp_path):
    lines = [json.dumps({"step": i, "seconds": i / 2, "train/loss": float(i)}) for i in range(1000)]
    lines += ['{"step": 1000, "sec', json.dumps({"step": 1001, "train/loss": None}), "[]"]
    (tmp_path / "metrics.jsonl").write_text("\n".join(lines))
    curve = read_curves(tmp_path / "metrics.jsonl", 100)["train/loss"]
    assert len(curve.steps) == 100
    assert (curve.steps[0], curve.values[0], curve.seconds[0]) == (4.5, 4.5, 2.25)
    assert curve.values[-1] == 994.5
