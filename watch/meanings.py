"""What each learning curve means, for people who did not write the loss."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Meaning:
    """Title and one sentence; ``better`` is "lower", "higher" or "" where neither is."""

    title: str
    text: str
    better: str = ""
    rank: int = 50
    """Place on the page: what tells most comes first."""


_HELD_OUT = "on demos kept out of training"
#: By the full name of a metric, else by the last part of it.
MEANINGS = {
    "held_out/nll": Meaning(
        "Surprise, held-out demos",
        f"How unlikely the agent finds the demonstrator's actions {_HELD_OUT}: -log pi(a|s), in nats. The "
        "checkpoint at its lowest is the agent that plays; of a run that learns while playing, the newest.",
        "lower",
        0,
    ),
    "held_out/agreement": Meaning(
        "Agreement, held-out demos",
        f"Share of steps {_HELD_OUT} whose most likely action is the demonstrator's.",
        "higher",
        1,
    ),
    "train/loss": Meaning(
        "Loss", "What training minimises. For IQ-Learn a lower one says nothing about playing better.", "", 2
    ),
    "train/nll": Meaning(
        "Surprise, training demos",
        "The same on what it learns from. Falling here while the held-out one rises is overfitting.",
        "lower",
        3,
    ),
    "held_out/entropy": Meaning(
        "Indecision, held-out demos",
        "Entropy of the policy in nats: 0 is certain; log(number of actions) is a blind guess.",
        "",
        4,
    ),
    "held_out/reward": Meaning(
        "Recovered reward, held-out demos",
        "Mean of Q(s,a) - gamma V(s'): what the agent takes the demonstrator to be after. Steady is healthy.",
        "",
        5,
    ),
    "reward_expert": Meaning(
        "Recovered reward, demos", "Mean of Q(s,a) - gamma V(s') on demonstrated steps.", "", 6
    ),
    "reward_policy": Meaning("Recovered reward, own play", "The same on the agent's own steps.", "", 7),
    "v": Meaning(
        "Value, held-out demos", "Mean soft value V(s). It should settle; endless growth is trouble.", "", 8
    ),
    "v_expert": Meaning(
        "Value, demos", "Mean soft value V(s) of demonstrated states. It should settle.", "", 9
    ),
    "v_policy": Meaning("Value, own play", "Mean soft value V(s) of states the agent reached.", "", 10),
    "entropy": Meaning("Indecision, training demos", "Entropy of the policy in nats; 0 is certain.", "", 11),
    "expert_term": Meaning(
        "Expert term", "Part of the IQ-Learn loss that raises the reward of demonstrated steps.", "lower", 20
    ),
    "value_term": Meaning(
        "Value term", "Part of the IQ-Learn loss that lowers V, so that reward is not free.", "lower", 21
    ),
    "regulariser": Meaning(
        "χ² regulariser",
        "Mean squared recovered reward over 4 alpha: keeps the reward's scale bounded.",
        "lower",
        22,
    ),
    "reward_min": Meaning("Lowest recovered reward", f"The smallest one {_HELD_OUT}.", "", 23),
    "reward_max": Meaning("Highest recovered reward", f"The largest one {_HELD_OUT}.", "", 24),
    "bellman_expert": Meaning(
        "Bellman error, demos", "Squared soft Bellman error with reward 1.", "lower", 25
    ),
    "bellman_policy": Meaning("Bellman error, own play", "The same with reward 0.", "lower", 26),
    "gradient_norm": Meaning("Gradient length", "Before clipping. Spikes are unstable steps.", "", 30),
    "online/success": Meaning(
        "Success while training", "Share of its own episodes that the world's judge accepts.", "higher", 0
    ),
    "online/episodes": Meaning("Own episodes", "Finished while training.", "", 31),
    "online/faults": Meaning("World faults", "Own episodes lost to a broken world.", "lower", 32),
    "online/replay_episodes": Meaning("Replay, episodes", "Own episodes that it learns from.", "", 33),
    "online/replay_steps": Meaning("Replay, steps", "Their steps.", "", 34),
}


def meaning_of(name: str) -> Meaning:
    """The meaning of a metric; for an unknown one its own name, in words."""
    last = name.rsplit("/", 1)[-1]
    known = MEANINGS.get(name) or MEANINGS.get(last)
    return known or Meaning(name.replace("/", ": ").replace("_", " ").capitalize(), "")
