"""A run on disk: what it was started with, its checkpoints, its agent. No links: it may travel."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from basalt_iq.agent.checkpoint import AgentSpec, load_spec
from basalt_iq.agent.network import SoftQNetwork
from basalt_iq.errors import UserError
from basalt_iq.files import write_folder, write_sums, write_text
from basalt_iq.records import write_json
from basalt_iq.train import checkpoints
from basalt_iq.train.checkpoints import Checkpoint, Resumed
from basalt_iq.train.config import TrainConfig
from basalt_iq.train.metrics import METRICS, holds_evaluations
from basalt_iq.train.settings import (
    CONFIG,
    FORMAT,
    OLD_FORMAT,
    ConfigFile,
    differences,
    read_config,
    settings_from_json,
    settings_to_json,
    versions,
)

README = """A training run of basalt-iq. It can be copied, zipped and moved as a whole.

config.json    everything it was started with: the same command continues it, wherever it and the store lie
metrics.jsonl  a JSON line per record: step, seconds of training, values (docs/metrics.md explains them)
agent/         to evaluate and submit: the checkpoint that predicts held-out demos best, online the newest
checkpoints/   the newest, with everything needed to continue, and the one before it
evaluations/   episodes played by `basalt-iq evaluate`, with videos

Look at it: basalt-iq watch {name}
"""
#: What the agent's folder holds.
AGENT_FILES = ("weights.safetensors", "agent.json")


class RunFolder:
    """A run folder, new or to be continued. Of several processes only the first is its `writer`."""

    def __init__(self, folder: Path, store: Path, *, writer: bool = True):
        self.folder, self.store, self.writer = folder, store, writer

    def resume(self, config: TrainConfig, say: Callable[[str], None]) -> Resumed | None:
        """Where to go on, None for a new run. Raises UserError if the settings are another training's, or
        if there was a training whose state cannot be found."""
        found = checkpoints.newest(self.folder, say)
        known = read_config(self.folder)
        if found is None:
            self._refuse_if_trained(known)
            return None
        settings = found.record.config if found.record else known.config if known else None
        if settings is None:
            raise UserError(f"{self.folder / CONFIG}: is missing; restore it from where the run was copied")
        for difference in differences(settings_from_json(settings, str(self.folder / CONFIG)), config):
            raise UserError(
                f"{self.folder}: this run has {difference}; "
                "give the old value to continue it, or choose another --run folder"
            )
        if self.writer:
            self._mend(found, config)
        return found

    def save(self, record: Checkpoint, spec: AgentSpec, network: SoftQNetwork, state: dict[str, Any]) -> None:
        """Write a checkpoint; if it is the chosen one, put it into `agent/` too."""
        folder = checkpoints.save(self.folder, record, spec, network, state)
        if record.chosen is not None and record.chosen.step == record.step:
            self._put_agent(folder)
        if not (self.folder / CONFIG).exists():
            self._write_config(record.config)
        self._drop_last(record.step)

    def _refuse_if_trained(self, known: ConfigFile | None) -> None:
        """Version 0.1 wrote its configuration before there was anything to lose."""
        agent = self.folder / "agent"
        trained = (known is not None and known.format != OLD_FORMAT) or agent.is_symlink() or agent.exists()
        if trained or holds_evaluations(self.folder / METRICS) or (self.folder / "last").is_symlink():
            raise UserError(
                f"{self.folder}: was trained, but there is no checkpoint to continue from; restore "
                f"{checkpoints.FOLDER}/ from where the run was copied, or choose another --run folder"
            )

    def _mend(self, found: Resumed, config: TrainConfig) -> None:
        """What a kill, a copy without links or an older version left undone."""
        agent = self.folder / "agent"
        best = found.chosen.step if found.chosen else None
        if agent.is_symlink() and (agent / "agent.json").exists():
            self._put_agent(agent.resolve())
        elif best is not None and (not (agent / "agent.json").exists() or best > _step(agent)):
            kept = self.folder / checkpoints.FOLDER / f"{best:09d}"
            self._put_agent(kept if (kept / "agent.json").exists() else found.folder)
        self._write_config(settings_to_json(config))

    def _put_agent(self, source: Path) -> None:
        agent = self.folder / "agent"

        def write(temporary: Path) -> None:
            for name in AGENT_FILES:
                shutil.copyfile(source / name, temporary / name)
            write_sums(temporary)

        if agent.is_symlink():
            agent.unlink()
        write_folder(agent, write)

    def _write_config(self, config: dict[str, Any]) -> None:
        write_text(self.folder / "README.txt", README.format(name=self.folder))
        file = ConfigFile(config, sys.argv, versions(), FORMAT, str(self.store.resolve()))
        write_json(self.folder / CONFIG, file)

    def _drop_last(self, step: int) -> None:
        """Version 0.1 pointed at its newest checkpoint by this name; copies have a folder there."""
        last = self.folder / "last"
        if last.is_symlink():
            last.unlink()
        elif last.is_dir() and _step(last) <= step:
            shutil.rmtree(last, ignore_errors=True)


def _step(folder: Path) -> float:
    """The update that an agent's weights are of; one that does not say is newer than any."""
    try:
        step = load_spec(folder).trained.get("step")
    except UserError:
        return float("inf")
    return step if isinstance(step, int) else float("inf")
