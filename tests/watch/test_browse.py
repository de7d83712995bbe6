"""The browser for demonstrations, and the marks that training honours."""

import json

import numpy as np
import pytest

from basalt_iq.contract import BUTTONS, find_task
from basalt_iq.data.marks import Marks, mark, read_marks
from basalt_iq.data.steps import Steps
from basalt_iq.data.store import Store
from basalt_iq.errors import UserError
from basalt_iq.server import run_site
from basalt_iq.train.demos import load_demos
from basalt_iq.watch.browse import Browser

TASK = find_task("FindCave")


def add(store, name, length, *, seed, forward=0.5, moves=True, success=True):
    rng, names = np.random.default_rng(seed), BUTTONS[2021]
    buttons = np.zeros((length, len(names)), np.uint8)
    buttons[:, names.index("forward")] = rng.random(length) < forward
    steps = Steps(
        task="FindCave", era=2021, button_names=names, buttons=buttons,
        camera=np.zeros((length, 2), np.float32), equip_values=TASK.equip,
        equip=np.full(length, TASK.equip.index("none"), np.int16),
        equipped=np.full(length + 1, TASK.equip.index("snowball"), np.int16), items=TASK.items,
        inventory=np.ones((length + 1, len(TASK.items)), np.int32), meta={"success": success, "seed": seed},
    )  # fmt: skip
    with store.writer(name) as writer:
        for k in range(length + 1):
            writer.append(np.full((3, 64, 64), (7 * k) % 200 if moves else seed % 200, np.uint8))
        writer.commit(steps)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demos") / "store"
    store = Store.create(folder, size=64)
    for seed in range(40):
        add(store, f"v3_demo_{seed:03d}", 60 + seed % 7, seed=seed, forward=0.8 + 0.01 * (seed % 5))
    add(store, "v3_idle", 61, seed=100, forward=0.02)
    add(store, "v3_short", 5, seed=101, forward=1.0)
    add(store, "v3_stuck", 62, seed=102, forward=1.0, moves=False, success=False)
    add(store, "v3_twin", 63, seed=103, forward=0.9)
    add(store, "v3_twin_again", 63, seed=103, forward=0.9, success=False, moves=False)
    return folder


@pytest.fixture
def browser(path):
    (path / "marks.json").unlink(missing_ok=True)
    with Browser(path) as browser:
        browser._looking.join(30)
        yield browser


def names(browser, **asked):
    return [row.name for row in browser.page(asked).rows]


def test_what_is_odd_is_named(browser):
    odd = {row.name: row.outlier for row in browser.page({"show": "odd"}).rows}
    assert set(odd) == {"v3_idle", "v3_short", "v3_stuck", "v3_twin_again"}
    assert "idle on" in odd["v3_idle"][0]
    assert odd["v3_short"][0] == "5 ticks where 63 are usual"
    assert "stuck on 100% of ticks" in odd["v3_stuck"][0]
    assert "the same actions as v3_twin" in odd["v3_twin_again"][-1]


def test_rows_are_filtered_sorted_and_paged(browser):
    assert names(browser, sort="steps")[0] == "v3_short"
    assert names(browser, sort="steps", order="down")[0] == "v3_demo_034"
    assert names(browser, show="failed") == ["v3_stuck", "v3_twin_again"]
    assert names(browser, search="DEMO_00", limit="3", offset="2") == [
        "v3_demo_002",
        "v3_demo_003",
        "v3_demo_004",
    ]
    assert browser.page({"limit": "-1", "offset": "x", "sort": "size", "show": "?"}).total == 45


def test_what_is_excluded_is_not_trained_on_and_comes_back(browser, path):
    before = load_demos(path, "FindCave", 0.1)
    everything = [*before.train, *before.held_out]
    gone = everything[3]
    mark(path, gone, excluded=True, note="walks into a hedge")
    after = load_demos(path, "FindCave", 0.1)
    assert gone.name not in {t.name for t in (*after.train, *after.held_out)}
    assert len(after.train) + len(after.held_out) == len(everything) - 1
    assert {m.note for m in read_marks(path).demos.values()} == {"walks into a hedge"}
    mark(path, gone, excluded=False, note="")
    assert read_marks(path) == Marks()
    for one in everything:
        mark(path, one, excluded=True, note="")
    with pytest.raises(UserError, match="are excluded"):
        load_demos(path, "FindCave", 0.1)


@pytest.mark.parametrize("text", ["{", "[]", '{"demos": {"x": {"excluded": "yes"}}}', '{"demos": 3}', "\x00"])
def test_damaged_marks_are_named(path, text):
    (path / "marks.json").write_text(text)
    try:
        with pytest.raises(UserError, match=r"marks\.json"):
            load_demos(path, "FindCave", 0.1)
    finally:
        (path / "marks.json").unlink()


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_a_person_looks_filters_and_excludes(page, browser, path, width, theme):
    page.scheme(theme)
    with run_site(browser.routes) as address:
        page.open(address, width=width, height=844)
        page.until("document.querySelectorAll('.demo').length > 5")
        assert page.visible("#rows")
        assert page.ask("document.documentElement.scrollWidth") <= width
        assert "45 of 45" in page.text("#count")
        page.choose("#show", "odd")
        page.until("document.querySelectorAll('.demo').length === 4")
        page.point(".demo:nth-of-type(1)")
        page.until("basalt.demo?.steps === 61 && document.getElementById('video').readyState >= 2")
        assert "idle on" in page.text("#odd")
        page.until("document.getElementById('video').currentTime > 0")
        page.press("x")
        page.until("document.querySelector('.demo.excluded')")
        assert "1 excluded" in page.text("#count")
        page.ask("document.getElementById('note').focus()")
        page.press("jj idle x")
        page.press("\ue007")
        page.until("document.querySelector('.demo').textContent.includes('✎')")
        assert page.ask("basalt.demo.id") == 40  # typing steers nothing
        page.press("j")
        page.until("basalt.demo.steps === 5")
        assert page.faint_texts() == []
        assert page.console() == []
    assert [(m.excluded, m.note) for m in read_marks(path).demos.values()] == [(True, "jj idle x")]
    json.loads((path / "marks.json").read_text())
