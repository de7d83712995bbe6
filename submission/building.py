"""Builds the folder that an evaluator takes: entry files, our source, and the agents' weights."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from string import Template
from typing import Any

import basalt_iq
from basalt_iq.agent.checkpoint import AgentSpec, load_agent
from basalt_iq.agent.places import find_agent
from basalt_iq.contract import TASKS
from basalt_iq.errors import UserError
from basalt_iq.files import make_folder, write_folder
from basalt_iq.records import write_json
from basalt_iq.submission.manifest import (
    AICROWD_2021,
    AICROWD_2022,
    MANIFEST,
    Manifest,
    refuse_existing,
)
from basalt_iq.submission.package_files import copy_files, package_files
from basalt_iq.submission.retraining import SETTINGS

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Particulars:
    """What the organisers want to know."""

    authors: tuple[str, ...] = ()
    """AIcrowd user names."""
    description: str = "An agent trained by IQ-Learn from demonstrations with basalt-iq"
    license: str = "MIT"
    gpu: bool = False
    debug: bool = False
    """2022 only: two episodes of 100 steps."""


@dataclass(frozen=True)
class PackagedAgent:
    """A trained agent and where it lies."""

    folder: Path
    spec: AgentSpec
    settings: Mapping[str, Any] | None
    """How it was trained; None for a checkpoint outside of a run."""

    @classmethod
    def find(cls, path: Path) -> PackagedAgent:
        """Of a run or checkpoint folder; its weights are read once to know that they are whole."""
        folder = find_agent(path)
        spec, _ = load_agent(folder)
        return cls(folder, spec, _settings(path))


def build_package(target: str, runs: Sequence[Path], out: Path, about: Particulars) -> Manifest:
    """Write the package of an AIcrowd `target` to `out`, which must not exist. Returns its manifest."""
    refuse_existing(out)
    agents = [PackagedAgent.find(run) for run in runs]
    played = {AICROWD_2021: one_task, AICROWD_2022: every_task}[target](agents)
    manifest = Manifest(
        target=target,
        version=metadata.version("basalt-iq"),
        tasks={task: f"train/{agent.spec.task}" for task, agent in played.items()},
        notes=notes(played, int(target[-4:])),
    )
    make_folder(out.parent)
    write_folder(out, lambda folder: _fill(folder, target, played, about, manifest))
    return manifest


def one_task(agents: Sequence[PackagedAgent]) -> dict[str, PackagedAgent]:
    """2021: one agent, in its own task."""
    if len(agents) != 1:
        given = ", ".join(f"{a.spec.task} of {a.spec.era}" for a in agents)
        raise UserError(
            f"{AICROWD_2021} takes one run, not: {given}; name one, or choose --target {AICROWD_2022}"
        )
    return {agents[0].spec.task: agents[0]}


def every_task(agents: Sequence[PackagedAgent]) -> dict[str, PackagedAgent]:
    """2022 and BEDD: each task's own agent, and the first run's for tasks that have none."""
    own: dict[str, PackagedAgent] = {}
    for agent in agents:
        if agent.spec.task in own:
            raise UserError(f"{agent.folder}: a second agent for {agent.spec.task}; give one run per task")
        own[agent.spec.task] = agent
    return {task: own.get(task, agents[0]) for task in TASKS}


def notes(played: Mapping[str, PackagedAgent], era: int) -> list[str]:
    """What is not plain about who plays what, in the interface of `era`, for people to read."""
    said = []
    stood_in = [task for task, agent in played.items() if agent.spec.task != task]
    if stood_in:
        first = played[stood_in[0]].spec.task
        said.append(f"no run of their own: {', '.join(stood_in)}; played by the agent of {first}")
    others = [agent.spec for agent in played.values() if agent.spec.era != era]
    if others:
        trained = ", ".join(sorted({spec.task for spec in others}))
        said.append(
            f"trained on {others[0].era} demos: {trained}; plays the {era} interface by translation,"
            f" so expect less than from an agent trained on {era} demos"
        )
    return said


def _fill(
    folder: Path, target: str, played: Mapping[str, PackagedAgent], about: Particulars, manifest: Manifest
) -> None:
    names = package_files()
    place = f"submission/templates/{target}/"
    entry = [name.removeprefix(place) for name in names if name.startswith(place)]
    copy_files(entry, TEMPLATES / target, folder)
    copy_source(folder)
    for agent in played.values():
        _copy_agent(agent, folder / "train" / agent.spec.task)
    write_json(folder / "aicrowd.json", _entry(target, played, about))
    write_json(folder / MANIFEST, manifest)
    tasks = "\n".join(
        [f"- {task}: `{place}`" for task, place in manifest.tasks.items()] + ["", *manifest.notes]
    ).rstrip()
    readme = Template((TEMPLATES / f"{target}.md.template").read_text())
    (folder / "README.md").write_text(readme.substitute(tasks=tasks))


def copy_source(folder: Path) -> None:
    """Our package as it is installed, with the rooms as subpackages, and its name and version."""
    assert basalt_iq.__file__
    copy_files(package_files(), Path(basalt_iq.__file__).parent, folder / "basalt_iq")
    version = metadata.version("basalt-iq")
    info = folder / f"basalt_iq-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: basalt-iq\nVersion: {version}\n")


def _copy_agent(agent: PackagedAgent, folder: Path) -> None:
    if folder.exists():
        return
    folder.mkdir(parents=True)
    for name in ("weights.safetensors", "agent.json"):
        shutil.copyfile(agent.folder / name, folder / name)
    if agent.settings is not None:
        write_json(folder / SETTINGS, agent.settings)


def _settings(path: Path) -> Mapping[str, Any] | None:
    """How the agent of a run folder was trained, without the places that it was trained from and in."""
    from basalt_iq.train.settings import CONFIG, read_config, settings_from_json, settings_to_json

    saved = read_config(path)
    if saved is None:
        return None
    return settings_to_json(settings_from_json(saved.config, str(path / CONFIG)))


@dataclass(frozen=True)
class AicrowdEntry:
    """`aicrowd.json`: the fields that both years ask for."""

    challenge_id: str
    authors: tuple[str, ...]
    description: str
    license: str
    gpu: bool


@dataclass(frozen=True)
class Entry2021(AicrowdEntry):
    tags: str
    """The one task."""


@dataclass(frozen=True)
class Entry2022(AicrowdEntry):
    debug: bool
    track: str = "basalt"


def _entry(target: str, played: Mapping[str, PackagedAgent], about: Particulars) -> AicrowdEntry:
    challenge = f"neurips-{target[-4:]}-minerl-basalt-competition"
    common = challenge, about.authors, about.description, about.license, about.gpu
    return (
        Entry2021(*common, next(iter(played))) if target == AICROWD_2021 else Entry2022(*common, about.debug)
    )
