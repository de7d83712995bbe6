"""`basalt-iq evaluate` over fake worlds, and the demos beside an agent's play."""

import json

import numpy as np
import pytest

from basalt_iq.agent.checkpoint import AgentSpec, load_agent, save_agent
from basalt_iq.agent.config import NetworkConfig
from basalt_iq.agent.observation import ObservationSpec
from basalt_iq.agent.policy import soft_value
from basalt_iq.contract import BUTTONS, find_task
from basalt_iq.data.steps import Steps
from basalt_iq.data.store import Store
from basalt_iq.errors import UserError
from basalt_iq.play import rollout
from basalt_iq.play.commands import Evaluate
from basalt_iq.play.episode import load_all
from basalt_iq.train.demos import episodes as as_sequences
from basalt_iq.train.held_out import q_values
from basalt_iq.video import read_video
from basalt_iq.watch.commands import Watch
from basalt_iq.watch.runs import find
from basalt_iq.watch.shown_demos import show_demos

TASK = find_task("FindCave")


@pytest.fixture
def run(tmp_path, synthetic):
    """A run folder with an untrained agent."""
    folder = tmp_path / "iq"
    save(folder, synthetic, seed=0)
    return folder


def save(folder, synthetic, seed):
    import torch

    torch.manual_seed(seed)
    look = ObservationSpec.of("FindCave", 2021, 64)
    network = NetworkConfig(width=1, hidden=8, stack=2)
    spec = AgentSpec("FindCave", 2021, synthetic.ACTIONS, look, network, 0.1, 0.9)
    (folder / "agent").mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"config": {"held_out": 0.5}, "command": ["x", "train"]}))
    save_agent(folder / "agent", spec, spec.build())


@pytest.fixture
def fake(monkeypatch, fake_worlds):
    monkeypatch.setattr(rollout, "VectorWorld", fake_worlds)
    return fake_worlds


def test_evaluate_writes_beside_the_run_and_says_what_it_did(run, fake, capsys):
    found = Evaluate(run_dir=run, episodes=4, first_seed=10, max_steps=50).run().to_json()
    folder = run / "evaluations" / "agent"
    assert found["folder"] == str(folder)
    assert json.loads((folder / "summary.json").read_text()).items() <= found.items()
    assert (found["episodes"], found["successes"], found["seeds"]) == (4, 2, [10, 11, 12, 13])
    assert found["checkpoint"] == "agent"
    assert "4 episodes, 50% succeed" in capsys.readouterr().err.replace("\n", " ")
    again = Evaluate(run_dir=run, episodes=4, first_seed=10, max_steps=50).run().to_json()
    assert again == found | {"command": again["command"]}
    assert sorted(fake.played) == [10, 11, 12, 13]


def test_other_weights_need_another_name(run, fake, synthetic):
    Evaluate(run_dir=run, episodes=1).run()
    save(run, synthetic, seed=1)
    with pytest.raises(UserError, match=r"weights .* give another --name"):
        Evaluate(run_dir=run, episodes=1).run()
    assert Evaluate(run_dir=run, episodes=1, name="newer").run().folder.endswith("evaluations/newer")


def test_random_plays_the_agents_actions(run, fake):
    found = Evaluate(run_dir=run, episodes=2, player="random").run().to_json()
    (first, _) = load_all(run / "evaluations" / "random")
    assert (found["player"], found["weights"]) == ("random", None)
    assert "action" in first.arrays
    assert "top_q" not in first.arrays


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({}, "--run"),
        ({"player": "scripted"}, "needs --task"),
        ({"player": "scripted", "task": "Cave"}, "unknown task 'Cave'"),
        ({"player": "scripted", "task": "FindCave"}, "--out"),
        ({"episodes": 0}, "--episodes"),
        ({"max_steps": 0}, "--max-steps"),
    ],
)
def test_bad_options_are_named(options, fault):
    with pytest.raises(UserError, match=fault):
        Evaluate(**options).run()


def test_a_folder_without_agent_and_another_task_are_named(tmp_path, run):
    with pytest.raises(UserError, match=str(tmp_path)):
        Evaluate(run_dir=tmp_path).run()
    with pytest.raises(UserError, match="trained for FindCave"):
        Evaluate(run_dir=run, task="MakeWaterfall").run()


@pytest.fixture
def store(tmp_path):
    made, rng = Store.create(tmp_path / "store", size=64), np.random.default_rng(0)
    for name in ("v3_a", "v3_b", "v3_c"):
        steps = demo_steps(12, rng)
        with made.writer(name) as writer:
            for k in range(13):
                writer.append(np.full((3, 64, 64), 15 * k, np.uint8))
            writer.commit(steps)
    return tmp_path / "store"


def demo_steps(length, rng):
    names = BUTTONS[2021]
    return Steps(
        task="FindCave", era=2021, button_names=names,
        buttons=rng.integers(0, 2, (length, len(names))).astype(np.uint8),
        camera=rng.normal(size=(length, 2)).astype(np.float32), equip_values=TASK.equip,
        equip=np.full(length, TASK.equip.index("none"), np.int16),
        equipped=np.full(length + 1, TASK.equip.index("snowball"), np.int16), items=TASK.items,
        inventory=np.ones((length + 1, len(TASK.items)), np.int32), meta={"success": True},
    )  # fmt: skip


def test_demos_stand_beside_with_what_the_agent_recovers_from_them(run, store):
    folder = show_demos(run, store, count=2, held_out=0.5)
    assert [e.name for _, e in find([run])[1]] == ["demos"]
    episodes = load_all(folder)
    assert len(episodes) == 2
    spec, network = load_agent(run / "agent")
    for episode in episodes:
        assert (episode.facts.steps, episode.facts.success) == (12, True)
        demo = next(d for d in Store.open(store).select("FindCave") if d.name == episode.facts.source)
        (sequence,) = as_sequences([demo], spec)
        q = q_values(network, sequence).detach()
        v = soft_value(q, spec.temperature).numpy()
        q_a = q.numpy()[np.arange(12), sequence.steps["action"]]
        following = np.append(v[1:12], 0.0)  # nothing follows the last step
        assert episode.arrays["reward"] == pytest.approx(q_a - spec.discount * following, abs=1e-5)
        assert episode.arrays["action"].tolist() == list(sequence.steps["action"])
        assert [f.mean() for f in read_video(episode.video)] == pytest.approx(15 * np.arange(13), abs=4)


def test_demos_are_drawn_anew_only_for_other_weights(run, store, synthetic):
    folder = show_demos(run, store, count=1)
    before = (folder / "seed_0.json").stat().st_mtime_ns
    show_demos(run, store, count=1)
    assert (folder / "seed_0.json").stat().st_mtime_ns == before
    save(run, synthetic, seed=5)
    show_demos(run, store, count=1)
    assert (folder / "seed_0.json").stat().st_mtime_ns > before


def test_watch_writes_the_report_with_demos(run, store, fake, tmp_path):
    Evaluate(run_dir=run, episodes=2).run()
    found = Watch(runs=(run,), out=tmp_path / "report.html", store=store, demos=1).run().to_json()
    assert found["ok"]
    assert found["episodes"] == 3
    assert "demonstrator" in (tmp_path / "report.html").read_text()
    with pytest.raises(UserError, match="name at least one run"):
        Watch(runs=()).run()
