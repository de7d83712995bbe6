"""TensorBoard and wandb beside `metrics.jsonl`, for those who ask. They may fail, training may not."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from basalt_iq.files import write_text
from basalt_iq.train.config import TrainConfig
from basalt_iq.train.settings import settings_to_json

PROJECT = "basalt-iq"
#: A run's own name at wandb: two folders of one name are two runs, one folder moved is the same.
RUN_ID = "wandb-id"
#: Seconds that a tracker may keep a training waiting.
PATIENCE = 20.0
Say = Callable[[str], None]


class Tracker(Protocol):
    """Where metrics go besides the run folder."""

    def log(self, step: int, values: Mapping[str, float]) -> None: ...

    def close(self) -> None: ...


class Guarded:
    """A tracker that is asked no more after its first trouble, which is said in a line."""

    def __init__(self, name: str, start: Callable[[], Tracker], say: Say):
        self._name, self._say = name, say
        self._tracker: Tracker | None = None
        self._try(lambda: setattr(self, "_tracker", start()))

    def log(self, step: int, values: Mapping[str, float]) -> None:
        if self._tracker is not None:
            tracker = self._tracker
            self._try(lambda: tracker.log(step, values))

    def close(self) -> None:
        if self._tracker is not None:
            self._try(self._tracker.close)

    def _try(self, action: Callable[[], Any]) -> None:
        """Run it beside, for a network that hangs must not hang the training."""
        failed: list[BaseException] = []

        def run() -> None:
            try:
                action()
            except BaseException as error:  # noqa: BLE001 - whatever it is, the training goes on
                failed.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(PATIENCE)
        if thread.is_alive():
            failed.append(TimeoutError(f"no answer in {PATIENCE:.0f} s"))
        if failed:
            self._tracker = None
            reason = " ".join(str(failed[0]).split())[:200] or type(failed[0]).__name__
            self._say(f"--track {self._name}: {reason}; training goes on without it ({METRICS_STAY})")


METRICS_STAY = "metrics.jsonl holds everything"


class TensorBoard:
    def __init__(self, folder: Path, step: int):
        from torch.utils.tensorboard import SummaryWriter

        self._board = SummaryWriter(folder / "tensorboard", purge_step=step + 1 if step else None)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._board.add_scalar(name, value, step)

    def close(self) -> None:
        self._board.close()


class Wandb:
    """Online where a key is known and the network answers, else offline for a later `wandb sync`."""

    def __init__(self, folder: Path, config: TrainConfig):
        import wandb

        def start(mode: str) -> Any:
            settings = wandb.Settings(silent=True, console="off", init_timeout=PATIENCE / 2)
            return wandb.init(
                project=PROJECT, name=folder.resolve().name, id=run_id(folder), dir=folder, mode=mode,  # type: ignore[arg-type]
                resume="allow", config=settings_to_json(config), settings=settings,
            )  # fmt: skip

        mode = os.environ.get("WANDB_MODE") or ("online" if _key_known() else "offline")
        try:
            self._run = start(mode)
        except Exception:
            if mode == "offline":
                raise
            wandb.teardown()  # which holds the run's id for the attempt that failed
            self._run = start("offline")

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self._run.log(dict(values), step=step)

    def close(self) -> None:
        self._run.finish()


def open_tracker(folder: Path, config: TrainConfig, step: int, say: Say) -> Tracker | None:
    """What `--track` asks for, None for none."""
    starts: dict[str, Callable[[], Tracker]] = {
        "tensorboard": lambda: TensorBoard(folder, step), "wandb": lambda: Wandb(folder, config)
    }  # fmt: skip
    return Guarded(config.track, starts[config.track], say) if config.track in starts else None


def run_id(folder: Path) -> str:
    """The run's own random name, kept in its folder."""
    path = folder / RUN_ID
    if not path.exists():
        write_text(path, uuid.uuid4().hex[:12] + "\n")
    return path.read_text().strip()[:64]


def _key_known() -> bool:
    import wandb

    return bool(os.environ.get("WANDB_API_KEY") or wandb.setup().settings.api_key)
