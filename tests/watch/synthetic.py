"""Run folders without a world or a network, for tests and benchmarks of what people look at."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from basalt_iq.agent.actions import entry_2021
from basalt_iq.agent.player import Decision
from basalt_iq.watch.episode import Episode, Facts
from basalt_iq.watch.evaluation import Plan, summarise
from basalt_iq.watch.recorder import Recorder

TASK = "FindCave"
ACTIONS = entry_2021(TASK)


def picture(seed: int, step: int, size: int = 64) -> np.ndarray:
    """A cheap landscape that scrolls: its left column tells the step to within a few."""
    rows, columns = np.mgrid[0:size, 0:size]
    horizon = size * 0.45 + 5 * np.sin((columns + step) / 9 + seed) + 2 * np.sin((columns + step) / 3)
    sky = np.stack([120 + rows, 170 + rows // 2, np.full_like(rows, 235)], -1)
    speckle = ((rows * 7 + (columns + step) * 13 + seed) % 5) * 9
    ground = np.stack([70 + speckle, 110 + speckle, 50 + speckle], -1)
    frame = np.where((rows < horizon)[..., None], sky, ground).clip(0, 255).astype(np.uint8)
    frame[:, :4] = step % 256
    return frame


def observation(seed: int, step: int) -> dict:
    return {
        "pov": picture(seed, step),
        "inventory": dict.fromkeys(ACTIONS._task.items, 0),
        "equipped_items": {"mainhand": {"type": "none", "damage": 0, "maxDamage": 0}},
    }


def decide(rng: np.random.Generator, q: np.ndarray) -> Decision:
    pi = np.exp(q - q.max())
    pi /= pi.sum()
    index = int(rng.choice(len(q), p=pi))
    v = float(np.log(np.exp(q - q.max()).sum()) + q.max())
    surprise = float(-(pi * np.log(pi + 1e-12)).sum())
    return Decision(
        ACTIONS.decode(index), index, q.astype(np.float32), pi.astype(np.float32), v, surprise, 3.0
    )


def episode(
    folder: Path,
    seed: int,
    steps: int = 40,
    success: bool | None = True,
    player: str = "agent",
    thinks: bool = True,
) -> Episode:
    """One recorded episode whose Q wanders and whose ground truth rises with the recovered reward."""
    rng = np.random.default_rng(seed)
    names = ACTIONS.action_names if thinks else []
    facts = Facts(TASK, 2021, seed, player, max_steps=3600, checkpoint="checkpoints/400", action_names=names,
                  discount=0.99 if thinks else None)  # fmt: skip
    recorder = Recorder(folder, facts)
    recorder.begin(observation(seed, 0), 0.0)
    q, gain = rng.normal(size=len(ACTIONS)), 0.0
    for step in range(steps):
        q = 0.95 * q + 0.4 * rng.normal(size=len(ACTIONS))
        decision = decide(rng, q)
        gain += max(0.0, float(q[decision.index])) / (2 * steps)
        recorder.step(
            decision.action, observation(seed, step + 1), min(1.0, gain), decision if thinks else None, 1.5
        )
    reasons = ["threw the snowball inside a cave"] if success else ["no snowball was thrown"]
    info = {} if success is None else {"success": success, "score": float(success), "reasons": reasons}
    return recorder.finish(info)


def evaluation(folder: Path, count: int = 3, steps: int = 40, player: str = "agent", every: int = 2) -> Path:
    """``count`` episodes on seeds 100, 101, ...; every ``every``-th succeeds."""
    thinks = player == "agent"
    episodes = [episode(folder, 100 + i, steps + i, i % every == 0, player, thinks) for i in range(count)]
    plan = Plan(TASK, player, checkpoint="checkpoints/400", weights="0123456789abcdef")
    summary = summarise(plan, episodes, 12.5) | {"complete": True}
    (folder / "summary.json").write_text(json.dumps(summary))
    return folder


def run(
    folder: Path, count: int = 3, steps: int = 40, players: tuple[str, ...] = ("agent", "random")
) -> Path:
    """A run folder with curves and an evaluation per player."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "command": ["basalt-iq", "train", "--store", "store", "--task", TASK, "--run", str(folder)],
        "versions": {"basalt-iq": "0.1.0", "torch": "2.13.0"},
        "config": {"task": TASK, "goal": {"objective": "iq", "temperature": 0.01}, "batch": 16},
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "README.txt").write_text("A run.\n")
    rng = np.random.default_rng(0)
    with (folder / "metrics.jsonl").open("w") as file:
        for step in range(0, 2001, 20):
            fall = float(np.exp(-step / 700))
            line = {"step": step, "seconds": step * 0.11, "train/loss": 3 * fall + 0.05 * rng.normal(),
                    "train/entropy": 0.8 + fall + 0.03 * rng.normal()}  # fmt: skip
            if step % 200 == 0:
                line |= {"heldout/nll": 2.2 * fall + 1.1, "heldout/agreement": 0.55 - 0.3 * fall}
            file.write(json.dumps(line) + "\n")
    for i, player in enumerate(players):
        evaluation(folder / "evaluations" / player, count, steps, player, every=2 + 2 * i)
    return folder
