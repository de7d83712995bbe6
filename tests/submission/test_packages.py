"""Packages are built, and tried out as the evaluator would."""

import json
import runpy
import shutil
from dataclasses import replace

import pytest

from basalt_iq.contract import TASKS
from basalt_iq.errors import UserError
from basalt_iq.submission.building import AICROWD_2021, AICROWD_2022, Particulars, build_package
from basalt_iq.submission.checking import Trial, check_package

#: Short, and patient: a busy machine thinks slowly.
SHORT = Trial(episodes=2, max_steps=6, tick=5.0)


@pytest.fixture
def package(checkpoint, tmp_path):
    build_package(AICROWD_2021, [checkpoint], tmp_path / "package", Particulars(authors=("someone",)))
    return tmp_path / "package"


def rows(folder, trial=SHORT):
    return {row.check: row for row in check_package(folder, trial)}


def failures(folder, trial=SHORT):
    return {name: row.detail for name, row in rows(folder, trial).items() if not row.ok}


#: What test_framework imports besides the agent.
EPISODE = """
class EpisodeDone(Exception):
    pass

class Episode(gym.Env):
    def __init__(self, env):
        self.env, self.done = env, False
    def reset(self):
        return self.env.reset()
    def step(self, action):
        observation, reward, self.done, info = self.env.step(action)
        if self.done:
            raise EpisodeDone
        return observation, reward, self.done, info
"""


def rewrite(package, body, head=""):
    """Another agent for the package, which does not need our source."""
    text = f"{head}\nimport gym\n{EPISODE}\nclass MineRLAgent:\n    def load_agent(self):\n        pass\n"
    text += f"    def run_agent_on_episode(self, env):\n        {body}\n"
    (package / "test_submission_code.py").write_text(text)
    (package / "train_submission_code.py").write_text("")  # run.py imports it too


NOOP = (
    "NOOP = dict.fromkeys('attack back forward jump left right sneak sprint use'.split(), 0)"
    " | {'camera': [0.0, 0.0], 'equip': 'none'}"
)


def test_a_package_is_self_contained_and_names_no_place(package, checkpoint, tmp_path):
    told = json.loads((package / "aicrowd.json").read_text())
    assert (told["tags"], told["authors"]) == ("FindCave", ["someone"])
    assert (package / "basalt_iq/contract.py").is_file()
    assert not list(package.rglob("__pycache__"))
    for path in package.rglob("*"):
        if path.is_file():
            assert str(tmp_path).encode() not in path.read_bytes(), path


def test_four_tasks_from_one_run_or_from_several(make_agent, checkpoint, tmp_path):
    waterfall = make_agent(tmp_path / "waterfall", "MakeWaterfall")
    manifest = build_package(
        AICROWD_2022, [checkpoint, waterfall], tmp_path / "four", Particulars(debug=True)
    )
    assert manifest.tasks == {
        "FindCave": "train/FindCave",
        "MakeWaterfall": "train/MakeWaterfall",
        "CreateVillageAnimalPen": "train/FindCave",
        "BuildVillageHouse": "train/FindCave",
    }
    assert json.loads((tmp_path / "four/aicrowd.json").read_text())["debug"] is True
    assert sorted(p.name for p in (tmp_path / "four/train").iterdir()) == ["FindCave", "MakeWaterfall"]


@pytest.mark.slow
def test_an_agent_of_2022_plays_all_tasks_as_they_share_one_interface(make_agent, tmp_path):
    agent = make_agent(tmp_path / "agent", "MakeWaterfall", era=2022)
    manifest = build_package(AICROWD_2022, [agent], tmp_path / "package", Particulars())
    assert manifest.tasks == dict.fromkeys(TASKS, "train/MakeWaterfall")
    assert [note.partition(":")[0] for note in manifest.notes] == ["no run of their own"]
    found = rows(tmp_path / "package")
    assert all(row.ok for row in found.values()), [row for row in found.values() if not row.ok]


@pytest.mark.slow
def test_an_agent_of_2022_goes_to_2021_by_translation_in_its_task(make_agent, tmp_path):
    agent = make_agent(tmp_path / "agent", "MakeWaterfall", era=2022)
    manifest = build_package(AICROWD_2021, [agent], tmp_path / "package", Particulars())
    assert manifest.tasks == {"MakeWaterfall": "train/MakeWaterfall"}
    assert manifest.notes[0].startswith("trained on 2022 demos: MakeWaterfall; plays the 2021 interface by")
    found = rows(tmp_path / "package")
    assert all(row.ok for row in found.values()), [row for row in found.values() if not row.ok]


def test_the_debug_mode_is_two_short_episodes(checkpoint, tmp_path, monkeypatch):
    for debug, expected in ((True, (2, 100)), (False, (11, 10**9))):
        package = tmp_path / str(debug)
        build_package(AICROWD_2022, [checkpoint], package, Particulars(debug=debug))
        monkeypatch.chdir(package)
        config = runpy.run_path("config.py")
        assert (config["EVAL_EPISODES"], config["EVAL_MAX_STEPS"]) == expected
    monkeypatch.setenv("AICROWD_NUM_EVAL_EPISODES", "3")
    monkeypatch.setenv("AICROWD_NUM_EVAL_MAX_STEPS", "1e3")
    config = runpy.run_path("config.py")
    assert (config["EVAL_EPISODES"], config["EVAL_MAX_STEPS"]) == (3, 1000)


@pytest.mark.slow
def test_a_package_in_debug_mode_is_checked_as_it_is_evaluated(checkpoint, tmp_path):
    build_package(AICROWD_2022, [checkpoint], tmp_path / "package", Particulars(debug=True))
    found = rows(tmp_path / "package", replace(SHORT, episodes=5))
    assert all(row.ok for row in found.values()), [row for row in found.values() if not row.ok]
    assert found["plays every episode from its reset to its end"].detail.count("2 of 2") == 4


def test_a_translation_is_said(checkpoint, tmp_path):
    (first, second) = build_package(AICROWD_2022, [checkpoint], tmp_path / "package", Particulars()).notes
    assert first.endswith(
        "MakeWaterfall, CreateVillageAnimalPen, BuildVillageHouse; played by the agent of FindCave"
    )
    assert second.startswith("trained on 2021 demos: FindCave; plays the 2022 interface by translation")
    readme = (tmp_path / "package/README.md").read_text()
    assert first in readme
    assert second in readme


def test_what_cannot_be_built_is_refused_and_leaves_nothing(make_agent, checkpoint, package, tmp_path):
    other = make_agent(tmp_path / "other", "MakeWaterfall")
    with pytest.raises(UserError, match="is there already"):
        build_package(AICROWD_2021, [checkpoint], package, Particulars())
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot write there"):
        build_package(AICROWD_2021, [checkpoint], tmp_path / "file" / "new", Particulars())
    with pytest.raises(UserError, match="takes one run"):
        build_package(AICROWD_2021, [checkpoint, other], tmp_path / "new", Particulars())
    with pytest.raises(UserError, match="a second agent for FindCave"):
        build_package(AICROWD_2022, [checkpoint, checkpoint], tmp_path / "new", Particulars())
    (checkpoint / "weights.safetensors").write_bytes(b"half")
    with pytest.raises(UserError, match=r"weights\.safetensors"):
        build_package(AICROWD_2021, [checkpoint], tmp_path / "new", Particulars())
    assert not (tmp_path / "new").exists()


def test_missing_and_damaged_files_are_named(package):
    shutil.move(package / "apt.txt", package / "apt.md")
    (package / "train/FindCave/weights.safetensors").unlink()
    (package / "train/old.pkl").write_bytes(b"\x80")
    (package / "aicrowd.json").write_text('{"challenge_id": "x", "tags": "FindDiamonds"}')
    found = failures(package)
    assert found["has every required file"] == "apt.txt"
    assert "weights.safetensors" in found["weights in train/FindCave"]
    assert found["no file that runs code when it is loaded"] == "train/old.pkl"
    assert "tags is 'FindDiamonds'" in found["aicrowd.json"]
    assert "mend" in found["plays"]
    (package / "aicrowd.json").write_text("[1]")
    assert failures(package)["aicrowd.json"].startswith("not a JSON object")


def test_an_agent_of_another_task_does_not_fit(package, make_agent, tmp_path):
    """Indices of equip differ between tasks, so a house builder's weights cannot find caves."""
    shutil.rmtree(package / "train/FindCave")
    make_agent(package / "train/FindCave", "BuildVillageHouse")
    assert "BuildVillageHouse of 2021 cannot play FindCave" in failures(package)["weights in train/FindCave"]


def test_weights_outside_of_the_package_are_refused(package, checkpoint):
    manifest = json.loads((package / "submission.json").read_text())
    for place in (str(checkpoint), "train/../../checkpoint"):
        manifest["tasks"] = {"FindCave": place}
        (package / "submission.json").write_text(json.dumps(manifest))
        assert failures(package)[f"weights in {place}"].endswith("not under train/")


def test_a_folder_that_is_no_package(tmp_path):
    with pytest.raises(UserError, match=r"no submission\.json"):
        check_package(tmp_path, SHORT)
    for said, reason in (
        ('{"target": "moon", "tasks": {}}', "unknown evaluator 'moon'"),
        ('{"target": "bedd", "tasks": []}', "build the package again"),
        ('{"target": "aicrowd-2022", "tasks": {"FindCave": ["train"]}}', "Expected `str`"),
        ("[" * 100_000, "build the package again"),
    ):
        (tmp_path / "submission.json").write_text(said)
        with pytest.raises(UserError, match=reason):
            check_package(tmp_path, SHORT)


@pytest.mark.slow
def test_agents_that_the_evaluator_would_throw_out(package):
    rewrite(package, "env.reset(); env.step(NOOP | {'equip': 'diamond_sword'})", NOOP)
    assert "equip=diamond_sword" in failures(package)["sends what the action space has"]

    rewrite(package, "env.reset()\n        while True:\n            try: env.step(NOOP)\n"
            "            except Exception: pass", NOOP)  # fmt: skip
    assert "never ends its episode" in failures(package)["ends by itself with exit code 0"]

    rewrite(package, "import time; env.reset(); time.sleep(90)")
    found = failures(package, Trial(1, 6, silence=8.0))
    assert found["ends by itself with exit code 0"] == "no step for 8 s"

    rewrite(
        package, "import time; env.reset()\n        for _ in range(3): time.sleep(0.08); env.step(NOOP)", NOOP
    )
    found = failures(package, replace(SHORT, tick=0.05))
    assert "ms a step of at most 50 ms" in found["thinks faster than the game ticks"]
    assert found["leaves no episode early and takes no step after its end"] == "2 left, 0 steps"
    assert found["plays every episode from its reset to its end"] == "FindCave 0 of 2"
    assert "runs on its own copy of basalt_iq, loaded before the environment" in found

    rewrite(package, "env.step(NOOP)", NOOP)
    assert "a step before the first reset" in failures(package)["sends what the action space has"]

    rewrite(package, "raise MemoryError('too large')")
    assert "MemoryError: too large" in failures(package)["ends by itself with exit code 0"]
