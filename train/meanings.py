"""What each metric means, for people who did not write the loss: the one list, for pages, terminal and docs.

`python -m basalt_iq.train.meanings > docs/metrics.md` writes the page; a test holds it to this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Better = Literal["lower", "higher", ""]


@dataclass(frozen=True)
class Meaning:
    """Title and a sentence or two; the field's order on a page is `rank`'s."""

    title: str
    text: str
    better: Better = ""
    """Which way is better, "" where neither is."""
    rank: int = 50
    """Place on the page: what tells most comes first."""
    bad: str = ""
    """What a bad curve looks like, and what to do."""


#: By the full name of a metric.
MEANINGS: dict[str, Meaning] = {
    "held_out/decisions": Meaning(
        "Decisions predicted, held-out demos",
        "How unlikely the agent finds what the demonstrator decided on demos kept out of training: "
        "held_out/nll_changes plus held_out/end_loss, in nats. Going on as before, which is most of a demo "
        "and all of its NLL, does not count, and an ending counts as much as it is one. The checkpoint at "
        "its lowest is the agent that plays (--choose-by); of a run that learns while playing, the newest: "
        "what it learns about states that no demo shows cannot be seen here.",
        "lower",
        0,
        "Falls, then rises while train/nll keeps falling: overfitting. The chosen checkpoint already is the "
        "best one; more demos, larger --shift or --weight-decay move the turn later.",
    ),
    "held_out/nll_changes": Meaning(
        "NLL of changes, held-out demos",
        "held_out/nll of the decisions alone whose keys, item or direction of turning differ from those of "
        "the one before.",
        "lower",
        13,
    ),
    "held_out/end_loss": Meaning(
        "Loss of endings, held-out demos",
        "Cross-entropy of whether a decision ends the episode, summed over all decisions, in nats per "
        "ending. Endings are learned later than anything else.",
        "lower",
        13,
        "At log(decisions of a demo) + 1: it only knows how frequent endings are.",
    ),
    "held_out/turn_onsets": Meaning(
        "Right side at the start of turns, held-out demos",
        "Where the demonstrator begins to turn left or right, or changes sides: share in which the agent "
        "finds that side likelier than the other. As before is never right here, chance 0.5.",
        "higher",
        14,
        "Below 0.5: it continues what the last frames show (copycat); use --stack 1, --forget-history, "
        "--change-weight or hindsight.",
    ),
    "held_out/key_onsets": Meaning(
        "Keys at their changes, held-out demos",
        "Where the keys held, or the item taken, differ from the decision before: share in which the "
        "agent's likeliest keys are the demonstrator's. As before is never right here.",
        "higher",
        15,
    ),
    "held_out/same_manner": Meaning(
        "Manner, held-out demos",
        "Share of decisions whose likeliest keys, item and direction of turning are the demonstrator's.",
        "higher",
        16,
        "Not above held_out/as_before: it has learned to go on as before.",
    ),
    "held_out/as_before": Meaning(
        "As before, held-out demos",
        "The share that an agent gets which repeats the demonstrator's last decision: what "
        "held_out/same_manner is to be held against. The same in all checkpoints.",
        "",
        17,
    ),
    "held_out/decisive_brier": Meaning(
        "Brier score of decisive actions, held-out demos",
        "Mean squared gap between the probability of a decisive action (use, taking an item, ending) and "
        "whether the demonstrator took one.",
        "lower",
        18,
    ),
    "held_out/decisive_ece": Meaning(
        "Calibration error of decisive actions, held-out demos",
        "How far, on the mean, the probability of a decisive action lies from how often there was one "
        "(expected calibration error, ten bins).",
        "lower",
        18,
    ),
    "held_out/nll": Meaning(
        "NLL, held-out demos",
        "How unlikely the agent finds the demonstrator's actions on demos kept out of training: -log "
        "pi(a|s), in nats per decision. Most of it is how things go on, not what is decided: see "
        "held_out/decisions. With --choose-by nll the checkpoint at its lowest is the agent that plays.",
        "lower",
        1,
        "Falls, then rises while train/nll keeps falling: overfitting. The chosen checkpoint already is "
        "the best "
        "one; more demos, larger --shift or --weight-decay move the turn later.",
    ),
    "online/success": Meaning(
        "Success while training",
        "Share of its own finished episodes that the world's judge accepts. Shown, never learned from, "
        "and not "
        "used to choose a checkpoint.",
        "higher",
        0,
    ),
    "held_out/agreement": Meaning(
        "Agreement, held-out demos",
        "Share of decisions whose most likely action is the demonstrator's. 0.5 to 0.8 is usual.",
        "higher",
        1,
        "Stuck at the share of the most frequent action: only the action histogram was learned.",
    ),
    "train/loss": Meaning(
        "Loss",
        "What training minimises, on one batch. For IQ-Learn it may be negative, and a lower one says "
        "nothing "
        "about playing better: compare held_out/nll.",
        "",
        2,
    ),
    "train/nll": Meaning(
        "NLL, training demos",
        "The same as held_out/nll on the batch that was learned from.",
        "lower",
        3,
        "Falls while the held-out one rises: overfitting.",
    ),
    "held_out/entropy": Meaning(
        "Indecision, held-out demos",
        "Entropy of the policy in nats: 0 is certain; log(number of actions) is a blind guess. It should "
        "stay "
        "near held_out/nll.",
        "",
        4,
        "Far below held_out/nll: sure of itself and wrong; raise --temperature or stop earlier.",
    ),
    "held_out/reward": Meaning(
        "Recovered reward, held-out demos",
        "Mean of r = Q(s,a) - gamma V(s') (after an ending: of what the objective says an ending is "
        "worth): what "
        "the agent takes the demonstrator to be after. Steady and above 0 is healthy.",
        "",
        5,
    ),
    "train/reward_expert": Meaning(
        "Recovered reward, demos", "The same on demonstrated decisions of the batch.", "", 6
    ),
    "train/reward_policy": Meaning(
        "Recovered reward, own play",
        "The same on the agent's own decisions.",
        "",
        7,
        "At or above the experts': nothing tells them apart any more, or the policy plays as the experts do.",
    ),
    "held_out/v": Meaning(
        "Value, held-out demos", "Mean soft value V(s).", "", 8, "Grows without end: Q explodes."
    ),
    "train/v_expert": Meaning("Value, demos", "Mean soft value of demonstrated states.", "", 9),
    "train/v_policy": Meaning(
        "Value, own play",
        "Mean soft value of states the agent reached.",
        "",
        10,
        "Far above the experts': values of states nobody demonstrated are made up; use --regularise mixture.",
    ),
    "train/entropy": Meaning(
        "Indecision, training demos",
        "Entropy of the policy in nats.",
        "",
        11,
        "Near 0 early: the policy has collapsed to one action.",
    ),
    "held_out/end_confidence": Meaning(
        "Confidence at endings, held-out demos",
        "Median probability of ending the episode (snowball, ESC) at the decision where people did. Half "
        "of it "
        "becomes the agent's end_guard: below that it plays on. 0.05 is much: the exact tick is a matter "
        "of taste.",
        "higher",
        12,
        "Stays near the share of endings among all decisions: the agent does not know when it is done.",
    ),
    "train/expert_term": Meaning(
        "Expert term",
        "-E[phi'(r) r], the part of the IQ-Learn loss that raises the reward of demonstrated decisions.",
        "lower",
        20,
        "Falls without end: Q explodes.",
    ),
    "train/value_term": Meaning(
        "Value term",
        "E[V(s) - gamma V(s')], the part of the IQ-Learn loss that lowers V, so that reward is not free.",
        "lower",
        21,
    ),
    "train/regulariser": Meaning(
        "χ² regulariser",
        "E[r²] / (4 alpha): keeps the reward's scale bounded.",
        "lower",
        22,
        "Exceeds the other two terms: rewards are out of bounds.",
    ),
    "held_out/reward_min": Meaning("Lowest recovered reward", "On held-out demos.", "", 23),
    "held_out/reward_max": Meaning(
        "Highest recovered reward",
        "On held-out demos. The range should stay within a few times 2 alpha.",
        "",
        24,
        "The range grows without end: the regulariser is too weak; lower --alpha.",
    ),
    "train/bellman_expert": Meaning(
        "Bellman error, demos", "SQIL: squared soft Bellman error with reward 1.", "lower", 25
    ),
    "train/bellman_policy": Meaning(
        "Bellman error, own play",
        "SQIL: the same with reward 0.",
        "lower",
        26,
        "Grows without end: targets run away; use --target-rate 0.01.",
    ),
    "train/gradient_penalty": Meaning(
        "Gradient penalty",
        "With --gradient-penalty: mean of (slope of V - 1)² between experts' and policy's states, before "
        "the weight.",
        "lower",
        27,
        "Rises while V grows: the weight is too small.",
    ),
    "train/gradient_norm": Meaning(
        "Gradient length",
        "Before clipping at --clip-gradient. Spikes are unstable steps.",
        "",
        30,
        "At the limit for long: lower --learning-rate.",
    ),
    "online/begun": Meaning("Own episodes begun", "Finished, lost and under way together.", "", 31),
    "online/under_way": Meaning("Own episodes under way", "At this moment.", "", 31),
    "online/episodes": Meaning("Own episodes", "Finished while training.", "", 31),
    "online/faults": Meaning("World faults", "Own episodes lost to a broken world.", "lower", 32),
    "online/replay_episodes": Meaning("Replay, episodes", "Own episodes that it learns from.", "", 33),
    "online/replay_steps": Meaning("Replay, decisions", "Their decisions.", "", 34),
}
_PREDICTED: tuple[tuple[str, str, str, Better], ...] = (
    (
        "hindsight",
        "Hindsight loss",
        "How badly single frames predict where the demonstrator will be, how soon, and what comes next: "
        "the mean of bearing, range and kind. Before the objective sets in (--hindsight-updates) the "
        "weights with the least held-out loss are kept; with --hindsight-weight it stays on.",
        "lower",
    ),
    ("bearing", "Bearing", "Hindsight: cross-entropy of the bins of direction, in nats.", "lower"),
    ("range", "Range", "Hindsight: squared error of log distance and log time.", "lower"),
    ("kind", "Kind", "Hindsight: cross-entropy of which decisive action comes next, in nats.", "lower"),
    (
        "side",
        "Right side",
        "Hindsight: of all places in view and clearly to one side, the share told to lie there. "
        "Chance is 0.5.",
        "higher",
    ),
    ("side_end", "Right side of the end", "The same of the place where the demo ends alone.", "higher"),
)
for _group, _where in (("held_out", "held-out frames"), ("train", "training frames")):
    for _name, _title, _text, _better in _PREDICTED:
        MEANINGS[f"{_group}/{_name}"] = Meaning(f"{_title}, {_where}", _text, _better, 35)
_MOMENTS = (
    *("decisions", "nll_changes", "end_loss", "turn_onsets", "key_onsets", "same_manner", "as_before"),
    *("decisive_brier", "decisive_ece"),
)
_MEASURES = ("nll", "agreement", "entropy", "v", "reward", "reward_min", "reward_max", "end_confidence")
for _name in (*_MEASURES, *_MOMENTS):
    _known = MEANINGS[f"held_out/{_name}"]
    MEANINGS[f"held_out_all/{_name}"] = Meaning(
        f"{_known.title}, all of them",
        f"held_out/{_name} of the agent at the end, on all held-out demos instead of a sample.",
        _known.better,
        40,
    )


def meaning_of(name: str) -> Meaning:
    """The meaning of a metric; for an unknown one its own name, in words."""
    last = name.rsplit("/", 1)[-1]
    known = MEANINGS.get(name) or next((m for k, m in MEANINGS.items() if k.endswith(f"/{last}")), None)
    return known or Meaning(name.replace("/", ": ").replace("_", " ").capitalize(), "")


GROUPS = {
    "held_out": "On held-out demos",
    "held_out_all": "On all held-out demos, at the end",
    "train": "On training batches",
    "online": "While playing",
}
HEAD = (
    "# What the training metrics mean\n"
    "\n"
    "(Written by `python -m basalt_iq.train.meanings`; the list is train/meanings.py.)\n"
    "\n"
    "Every record in `metrics.jsonl` has `step` (updates), `seconds` (of training, over all sittings) "
    "and values. `train/` values come from one batch, so they jump; `held_out/` values come from demos "
    "the network never trained on, played through in order with the memory carried, so they are smooth "
    "and comparable between runs of one action set. Up to 20,000 decisions of held-out demos are "
    "measured whole; of more, two windows of 128 decisions each (the end, and one anywhere) of as many "
    "demos, always the same ones. At the end of such a training the agent is measured on all of them "
    "(`held_out_all/`).\n"
    "\n"
    "There is no reward to watch in BASALT. What can be watched instead:\n"
)


def page() -> str:
    """docs/metrics.md."""
    text = HEAD
    for group, title in GROUPS.items():
        text += f"\n## {title}\n\n| metric | meaning | better | a bad curve |\n| --- | --- | --- | --- |\n"
        rows = sorted((m.rank, n, m) for n, m in MEANINGS.items() if n.startswith(f"{group}/"))
        for _, name, m in rows:
            said = m.text.replace("|", "\\|")
            text += f"| `{name}` | **{m.title}.** {said} | {m.better} | {m.bad} |\n"
    return text


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
