"""A run on disk: its configuration, checkpoints that resume, and a README that explains the rest."""

from __future__ import annotations

import json
import math
import platform
import shutil
import sys
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from basalt_iq.agent.checkpoint import AgentSpec, save_agent
from basalt_iq.agent.network import SoftQNetwork
from basalt_iq.errors import UserError
from basalt_iq.files import make_folder, point, write_folder, write_text
from basalt_iq.records import write_json
from basalt_iq.train.config import TrainConfig
from basalt_iq.train.state_file import load_state, save_state

README = """A training run of basalt-iq.

config.json    everything it was started with: the same command continues it
metrics.jsonl  a JSON line per record: step, seconds of training, values (docs/metrics.md explains them)
tensorboard/   the same for `tensorboard --logdir .`; wandb/ holds them for `wandb sync`
agent          to evaluate and submit: the checkpoint that foretells held-out demos best, online the newest
last           the newest checkpoint, with everything needed to continue
checkpoints/   what the two point at
evaluations/   episodes played by `basalt-iq evaluate`, with videos

Look at it: basalt-iq watch {name}
"""

#: Settings that may differ when a run continues: how long to train, and how to speak about it.
FREE_TO_CHANGE = {"steps", "minutes", "wandb", "log_every"}


class RunFolder:
    """Opens a run folder, new or to be continued. Of several processes only the first is its `writer`."""

    def __init__(self, folder: Path, config: dict[str, Any], *, writer: bool = True):
        self.folder, config = folder, _writable(config)
        if not writer:
            return
        make_folder(folder)
        if (folder / "config.json").exists():
            self._refuse_other(config)
        else:
            make_folder(folder / "checkpoints")
            write_text(folder / "README.txt", README.format(name=folder))
        write_json(folder / "config.json", {"config": config, "command": sys.argv, "versions": versions()})

    def resume(self) -> dict[str, Any] | None:
        """The newest training state, or None for a new run."""
        if not (self.folder / "last").exists():
            return None
        return load_state(self.folder / "last" / "state.safetensors")

    def save(
        self, step: int, spec: AgentSpec, network: SoftQNetwork, state: dict[str, Any], best: bool
    ) -> None:
        """Write the checkpoint of `step`, point `last` at it, and `agent` too if it is the best so far."""
        folder = self.folder / "checkpoints" / f"{step:09d}"

        def write(temporary: Path) -> None:
            save_agent(temporary, spec, network)
            save_state(temporary / "state.safetensors", state)

        write_folder(folder, write)
        if best:
            point(self.folder / "agent", folder)
        point(self.folder / "last", folder)
        self._prune()

    def _prune(self) -> None:
        """Keep what is pointed at; of a checkpoint that is only acted from, not the training state."""
        agent, last = ((self.folder / name).resolve() for name in ("agent", "last"))
        for folder in (self.folder / "checkpoints").iterdir():
            if folder.resolve() not in (agent, last):
                shutil.rmtree(folder, ignore_errors=True)
            elif folder.resolve() != last:
                (folder / "state.safetensors").unlink(missing_ok=True)

    def _refuse_other(self, config: dict[str, Any]) -> None:
        path = self.folder / "config.json"
        try:
            saved = json.loads(path.read_text())["config"]
            old = _writable(_over(asdict(TrainConfig()), saved))
        except (OSError, ValueError, KeyError, TypeError):
            raise UserError(f"{path}: unreadable; restore it or choose another --run folder") from None
        for name in sorted(old.keys() | config.keys()):
            if name not in FREE_TO_CHANGE and old.get(name) != config.get(name):
                raise UserError(
                    f"{path}: this run has {name} = {old.get(name)}, not {config.get(name)}; "
                    "give the old value to continue it, or choose another --run folder"
                )


def _over(defaults: Any, saved: Any) -> Any:
    """What was saved; settings that its version did not know yet are at their defaults."""
    if not (isinstance(defaults, dict) and isinstance(saved, dict)):
        return saved
    return defaults | {name: _over(defaults.get(name), value) for name, value in saved.items()}


def _writable(setting: Any) -> Any:
    """Settings as JSON can hold them: it has no number for an alpha of infinity."""
    if isinstance(setting, dict):
        return {name: _writable(value) for name, value in setting.items()}
    return str(setting) if isinstance(setting, float) and not math.isfinite(setting) else setting


def versions() -> dict[str, str]:
    """What the run was made with."""
    packages = {name: metadata.version(name) for name in ("basalt-iq", "torch", "numpy")}
    return {"python": platform.python_version(), **packages}
