"""The model card of an agent on the Hub: what it is, how it was trained, how it did, and how to use it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from basalt_iq.agent.checkpoint import AgentSpec
from basalt_iq.play.plan import BASELINES, Summary

VIDEO = "episode.mp4"


def card(
    repo: str, spec: AgentSpec, settings: dict[str, Any], results: Sequence[Summary], video: bool
) -> str:
    """README.md with the metadata that the Hub reads in front."""
    from huggingface_hub import EvalResult, ModelCardData

    ours = [one for one in results if one.rate is not None and one.choice not in BASELINES]
    data = ModelCardData(
        library_name="basalt-iq",
        tags=["minecraft", "minerl", "basalt", "imitation-learning", "iq-learn", spec.task],
        pipeline_tag="reinforcement-learning",
        model_name=repo.rpartition("/")[2],
        eval_results=[_result(EvalResult, one) for one in ours] or None,
    )
    parts = [f"---\n{data.to_yaml()}\n---", f"# {repo.rpartition('/')[2]}", _intro(spec)]
    parts += [f"![An episode]({VIDEO})"] if video else []
    parts += [_use(repo, spec), _results(results), _training(spec, settings)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _result(kind: Any, one: Summary) -> Any:
    name = f"{one.task} ({where(one)})"
    return kind(
        task_type="reinforcement-learning", dataset_type="basalt", dataset_name=name,
        metric_type="success_rate", metric_name=f"success, 95 % interval {one.low:.2f} to {one.high:.2f}",
        metric_value=round(float(one.rate or 0.0), 4),
    )  # fmt: skip


def where(one: Summary) -> str:
    """In which world an evaluation was, in words."""
    return ", ".join(
        filter(None, (one.world, one.distance and f"{one.distance} distances", f"era {one.era}"))
    )


def _intro(spec: AgentSpec) -> str:
    return (
        f"Plays `{spec.task}` of MineRL BASALT {spec.era} from {spec.observation.size}-pixel pictures "
        f"pictures: {spec.network.encoder} encoder, {'LSTM' if spec.network.memory else 'no'} memory, "
        f"{len(spec.actions)} actions, a decision every {spec.repeat} ticks of 1/20 s."
    )


def _use(repo: str, spec: AgentSpec) -> str:
    return (
        "## Use\n\n```\npip install 'basalt-iq[all,hub]'\n"
        f"basalt-iq pull {repo} --out agent\nbasalt-iq evaluate --run agent --episodes 20\n```\n\n"
        "```python\nimport basalt_iq\n\nagent = basalt_iq.load_agent(\"agent\")\n"
        f"env = basalt_iq.make(\"{spec.task}\", era={spec.era})\n"
        "print(basalt_iq.rollout(env, agent, seed=1).success)\n```"
    )  # fmt: skip


def _results(results: Sequence[Summary]) -> str:
    if not results:
        return "## Results\n\nIt has not been evaluated."
    rows = [
        "| who | world | episodes | succeed | 95 % interval | seeds |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for one in results:
        rate = "not judged" if one.rate is None else f"{one.rate:.0%}"
        interval = "" if one.rate is None else f"{one.low:.0%} to {one.high:.0%}"
        seeds = f"{min(one.seeds)} to {max(one.seeds)}" if one.seeds else ""
        rows.append(f"| {one.player} | {where(one)} | {one.episodes} | {rate} | {interval} | {seeds} |")
    return (
        "## Results\n\n"
        + "\n".join(rows)
        + "\n\nThe stand-in is a fast imitation of Minecraft, not Minecraft."
    )


def _training(spec: AgentSpec, settings: dict[str, Any]) -> str:
    lines = [f"| {name} | {shlex.quote(str(value))} |" for name, value in sorted(_flat(settings).items())]
    trained = "\n".join(f"| {name} | {value} |" for name, value in sorted(_flat(spec.trained).items()))
    table = "| setting | value |\n| --- | --- |\n" + "\n".join([*lines, trained] if trained else lines)
    return f"## Training\n\n{table}" if lines or trained else ""


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by dotted names, without the paths of the machine they were trained on."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        elif not (isinstance(value, str) and Path(value).is_absolute()) and name not in ("store", "run"):
            flat[f"{prefix}{name}"] = value
    return flat
