"""Demonstrations as episodes, with what a trained agent makes of them: they stand beside its own play."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from basalt_iq.agent.checkpoint import AgentSpec, load_agent
from basalt_iq.agent.network import SoftQNetwork
from basalt_iq.agent.reward import episode_rewards
from basalt_iq.agent.thoughts import of_actions, opinion, thoughts
from basalt_iq.data.store import Trajectory
from basalt_iq.files import make_folder
from basalt_iq.play.episode import Episode, Facts, save
from basalt_iq.play.evaluation import fingerprint
from basalt_iq.play.places import SUMMARY
from basalt_iq.play.plan import Plan, read_summary, summarise
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
        if (known.weights, known.demos) == (weights, [demo.name for demo in chosen]):
            return folder
    make_folder(folder)
    for old in folder.glob("*seed_*"):
        old.unlink()
    recorded = [_record(folder, i, demo, spec, network) for i, demo in enumerate(chosen)]
    plan = Plan(spec.task, "demonstrator", spec.era, None, "agent", weights, "demonstrated")
    summary = summarise(plan, recorded, demos=[demo.name for demo in chosen], complete=True)
    write_json(folder / SUMMARY, summary)
    return folder


def _record(folder: Path, index: int, demo: Trajectory, spec: AgentSpec, network: SoftQNetwork) -> Episode:
    sequence = decisions(demo, spec)
    with torch.inference_mode():
        q = q_values(network, sequence)
    tick = np.minimum(np.arange(demo.length) // spec.repeat, sequence.length - 1)  # a rest joins the last
    action, seen = np.asarray(sequence.steps["action"]), opinion(q, spec.temperature)
    last, thought = float(seen["v"][-1]), {name: value[:-1] for name, value in seen.items()}
    rewards = episode_rewards(
        spec.reward, of_actions(thought["q"], action), thought["v"],
        ended=sequence.terminal, expert=True, last=last,
    )  # fmt: skip
    with VideoWriter(folder / f"seed_{index}.mp4") as video:
        for frame in demo.frames:
            video.append(np.moveaxis(frame, 0, -1))
    facts = Facts(
        spec.task, demo.era, index, "demonstrator", demo.length, None, demo.meta.get("success"),
        demo.meta.get("score"), [], "agent", spec.discount, spec.repeat, spec.actions.action_names,
        list(demo.button_names), list(demo.equip_values), source=demo.name,
        absorbing_reward=spec.absorbing_reward, value_bound=spec.value_bound,
    )  # fmt: skip
    arrays = {"buttons": demo.buttons, "camera": demo.camera, "equip": demo.equip}
    told = thoughts(thought, action) | {"reward": rewards}
    return save(folder, facts, arrays | {name: value[tick] for name, value in told.items()})
