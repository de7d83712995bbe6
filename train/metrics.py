"""Where numbers go: JSON lines, TensorBoard, and wandb, which stays offline until you log in."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

WandbMode = Literal["auto", "offline", "online", "off"]


class Metrics:
    """Writes `metrics.jsonl`, `tensorboard/` and `wandb/` in a run folder."""

    def __init__(self, folder: Path, *, step: int, wandb: WandbMode, config: Mapping[str, Any]):
        from torch.utils.tensorboard import SummaryWriter

        self.path = folder / "metrics.jsonl"
        keep_until(self.path, step)
        self._file = self.path.open("a")
        self._board = SummaryWriter(folder / "tensorboard", purge_step=step + 1 if step else None)
        self._wandb = _start_wandb(folder, wandb, config)

    def log(self, step: int, seconds: float, values: Mapping[str, float]) -> None:
        """One record. Names are `group/name`; seconds are of training, over all of its sittings."""
        self._file.write(json.dumps({"step": step, "seconds": round(seconds, 3), **values}) + "\n")
        self._file.flush()
        for name, value in values.items():
            self._board.add_scalar(name, value, step)
        if self._wandb is not None:
            self._wandb.log(dict(values), step=step)

    def close(self) -> None:
        self._file.close()
        self._board.close()
        if self._wandb is not None:
            self._wandb.finish()


def keep_until(path: Path, step: int) -> None:
    """Drop the lines after `step`, and a half-written last one: a resumed run writes them anew."""
    if not path.exists():
        return
    kept = [line for line in path.read_text().splitlines() if (s := _step(line)) is not None and s <= step]
    path.write_text("".join(f"{line}\n" for line in kept))


def _step(line: str) -> int | None:
    try:
        return int(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return None


def _start_wandb(folder: Path, mode: WandbMode, config: Mapping[str, Any]) -> Any:
    if mode == "off" or os.environ.get("WANDB_MODE") == "disabled":
        return None
    import wandb

    if mode == "auto":
        mode = "online" if wandb.login(prompt=False) else "offline"
    settings = wandb.Settings(silent=True, console="off")
    return wandb.init(
        project="basalt-iq", name=folder.name, id=folder.name, dir=folder, mode=mode, resume="allow",
        config=dict(config), settings=settings,
    )  # fmt: skip
