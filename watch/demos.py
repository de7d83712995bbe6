"""Demonstrations as episodes, with what a trained agent makes of them: they stand beside its own play."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from basalt_iq.agent.checkpoint import AgentSpec, load_agent
from basalt_iq.agent.network import SoftQNetwork
from basalt_iq.agent.policy import entropy, policy, soft_value
from basalt_iq.data.store import Trajectory
from basalt_iq.files import make_folder
from basalt_iq.play.episode import TOP, Episode, Facts, save
from basalt_iq.play.evaluation import SUMMARY, Plan, fingerprint, read_summary, summarise
from basalt_iq.play.recorder import recovered_reward
from basalt_iq.records import write_json
from basalt_iq.train.demos import decisions, load_demos
from basalt_iq.train.held_out import q_values
from basalt_iq.video import VideoWriter

#: A run's folder for them, laid out as an evaluation.
FOLDER = "demos"


def show_demos(run: Path, store: Path, *, count: int = 4, held_out: float = 0.1) -> Path | None:
    """Put ``count`` demos of a run's task on record in RUN/demos, those held out of training first.

    The agent's Q along each demo tells what it recovers from it. Returns the folder, or None when
    the run has no agent yet. What is already there for the same weights is kept.
    """
    if not (run / "agent" / "agent.json").exists():
        return None
    folder, weights = run / FOLDER, fingerprint(run / "agent")
    spec, network = load_agent(run / "agent")
    demos = load_demos(store, spec.task, held_out)
    chosen = [*demos.held_out, *demos.train][:count]
    if (folder / SUMMARY).exists():
        known = read_summary(folder)
        if (known.get("weights"), known.get("demos")) == (weights, [demo.name for demo in chosen]):
            return folder
    make_folder(folder)
    for old in folder.glob("*seed_*"):
        old.unlink()
    recorded = [_record(folder, i, demo, spec, network) for i, demo in enumerate(chosen)]
    plan = Plan(spec.task, "demonstrator", spec.era, None, "agent", weights, "demonstrated")
    write_json(
        folder / SUMMARY,
        summarise(plan, recorded) | {"demos": [demo.name for demo in chosen], "complete": True},
    )
    return folder


def _record(folder: Path, index: int, demo: Trajectory, spec: AgentSpec, network: SoftQNetwork) -> Episode:
    sequence = decisions(demo, spec)
    with torch.inference_mode():
        q = q_values(network, sequence)[:-1]
    tick = np.minimum(np.arange(demo.length) // spec.repeat, sequence.length - 1)  # a rest joins the last
    thought = thoughts(q, np.asarray(sequence.steps["action"]), spec.temperature, spec.discount)
    with VideoWriter(folder / f"seed_{index}.mp4") as video:
        for frame in demo.frames:
            video.append(np.moveaxis(frame, 0, -1))
    facts = Facts(
        spec.task, demo.era, index, "demonstrator", demo.length, None, demo.meta.get("success"),
        demo.meta.get("score"), [], "agent", spec.discount, spec.repeat, spec.actions.action_names,
        list(demo.button_names), list(demo.equip_values), source=demo.name,
    )  # fmt: skip
    arrays = {"buttons": demo.buttons, "camera": demo.camera, "equip": demo.equip}
    return save(folder, facts, arrays | {name: value[tick] for name, value in thought.items()})


def thoughts(
    q: torch.Tensor, action: np.ndarray, temperature: float, discount: float
) -> dict[str, np.ndarray]:
    """The arrays of an episode that follow from Q (T, A) and the actions taken (T,)."""
    pi, v = policy(q, temperature).numpy(), soft_value(q, temperature).numpy()
    best = np.argsort(-pi, axis=1, kind="stable")[:, :TOP]
    q_a = np.take_along_axis(q.numpy(), action[:, None], 1)[:, 0]
    return {
        "action": action,
        "top_action": best,
        "top_q": np.take_along_axis(q.numpy(), best, 1),
        "top_policy": np.take_along_axis(pi, best, 1),
        "v": v,
        "entropy": entropy(q, temperature).numpy(),
        "reward": recovered_reward(q_a, v, discount),
    }
