"""What an agent looked at and the land under its path, in the report, as a person sees them."""

from dataclasses import replace

import numpy as np
import pytest

from basalt_iq.errors import UserError
from basalt_iq.play.episode import LOOKED_SIDE, load, save
from basalt_iq.play.plan import read_summary
from basalt_iq.records import write_json
from basalt_iq.watch import lands, report
from basalt_iq.watch.looked import unlooked
from basalt_iq.watch.packing import shares

PIXEL = "return document.querySelector('canvas.looked').getContext('2d').getImageData(%d, %d, 1, 1).data[3]"


@pytest.fixture
def run(synthetic, tmp_path):
    return synthetic.run(tmp_path / "iq", count=2, steps=40)


def looked_at(folder, seed, row, column):
    """Put on record that only one square mattered, and only in the first half."""
    episode = load(folder, seed)
    changes = np.zeros((episode.facts.steps, LOOKED_SIDE, LOOKED_SIDE))
    changes[:20, row, column] = 2.0
    save(folder, episode.facts, episode.arrays | {"looked": changes.reshape(len(changes), -1)})


def test_the_picture_glows_where_the_agent_looked(page, run, tmp_path):
    looked_at(run / "evaluations" / "agent", 100, row=1, column=6)
    report.write_report([run], tmp_path / "report.html")
    page.open((tmp_path / "report.html").as_uri() + "#episode=")
    page.until("basalt.viewer.arrays && basalt.viewer.main.video.readyState >= 2")
    page.until("basalt.viewer.episode.seed === 100")
    page.ask("basalt.viewer.seek(5)")
    page.until("basalt.viewer.step === 5 && !basalt.viewer.main.video.seeking")
    alpha = lambda column, row: page.driver.execute_script(PIXEL % (column, row))  # noqa: E731
    page.until("!document.querySelector('canvas.looked').hidden")
    assert alpha(6, 1) > 150
    assert alpha(1, 6) == 0
    box = "document.querySelector('%s').getBoundingClientRect().%s"
    for side in ("left", "top", "width", "height"):  # it lies on the video
        apart = f"Math.abs({box % ('.picture video', side)} - {box % ('canvas.looked', side)})"
        assert page.ask(apart) < 1, side
    page.ask("basalt.viewer.seek(30)")
    page.until("basalt.viewer.step === 30 && !basalt.viewer.main.video.seeking")
    page.until("basalt.viewer.drawn.step === 30")
    assert alpha(6, 1) == 0
    page.ask("basalt.viewer.look()")
    assert page.ask("document.querySelector('canvas.looked').hidden")
    page.ask("basalt.viewer.neighbour(1)")
    page.until("basalt.viewer.episode.seed === 101 && basalt.viewer.arrays.steps === 41")
    assert page.ask("basalt.viewer.lookButton.hidden")  # nothing is shown that was not measured
    assert not [line for line in page.console() if "getImageData" not in line]  # that is this test's


def test_the_land_lies_under_the_paths_where_its_start_is_the_episodes(page, run, tmp_path, monkeypatch):
    folder = run / "evaluations" / "agent"
    write_json(folder / "summary.json", replace(read_summary(folder), distance="near"))
    picture = np.full((32, 48, 3), (90, 120, 60), np.uint8)
    starts = {100: (0.5, 0.0, 0.5), 101: (9.5, 0.0, 0.5)}  # episodes start at 0.5, 0.5
    monkeypatch.setattr(
        "basalt_iq.world.overview.overview", lambda task, seed, distance: (picture, starts[seed])
    )
    lands._land.cache_clear()
    report.write_report([run], tmp_path / "report.html")
    lands._land.cache_clear()
    page.open((tmp_path / "report.html").as_uri())
    page.until("basalt.map")
    page.choose("select[aria-label='Seed']", "100")
    land = "document.querySelector('.map image.land')"
    assert page.ask(f"{land}.href.baseVal.startsWith('data:image/jpeg;base64,')")
    wide, deep = page.ask(f"['width', 'height'].map(k => {land}.getBBox()[k])")
    assert wide / deep == pytest.approx(48 / 32, rel=1e-3)
    # Where the path starts is where that block lies in the picture.
    centre = "(b => [b.x + b.width / 2, b.y + b.height / 2])"
    ring = page.ask(f"{centre}(document.querySelector('.map circle').getBBox())")
    corner = page.ask(f"(b => [b.x, b.y])({land}.getBBox())")
    apart = [(r - c) / (wide / 48) for r, c in zip(ring, corner, strict=True)]
    assert apart == pytest.approx([0.5, 0.5], abs=0.02)
    page.choose("select[aria-label='Seed']", "101")
    assert page.ask("document.querySelectorAll('.map image.land').length") == 0
    assert page.console() == []


def test_episodes_wait_until_they_are_asked_for_and_are_looked_at_once(run):
    assert list(unlooked([run], 0)) == []
    folder = run / "evaluations" / "agent"
    with pytest.raises(UserError, match="weights that played are not in the run"):
        list(unlooked([run], 1))
    for seed in (100, 101):
        looked_at(folder, seed, 0, 0)
    assert list(unlooked([run], 2)) == []  # and chance looks at nothing


def test_the_strongest_change_of_an_episode_glows_most():
    assert shares(np.array([[0.0, 0.5, 2.0]], np.float16)).tolist() == [[0, 128, 255]]
    assert shares(np.zeros((1, 4))).max() == 0
