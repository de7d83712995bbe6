"""TensorBoard and wandb beside `metrics.jsonl`, for those who ask. They may fail, training may not."""

from __future__ import annotations

import io
import os
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from basalt_iq.files import write_text
from basalt_iq.train.config import TrainConfig
from basalt_iq.train.settings import flat, settings_to_json
from basalt_iq.video import read_video

PROJECT = "basalt-iq"
#: A run's own name at wandb: two folders of one name are two runs, one folder moved is the same.
RUN_ID = "wandb-id"
#: Seconds that a tracker may keep a training waiting.
PATIENCE = 20.0
#: Of a video in TensorBoard, which shows only GIFs: frames at most, and those shown in a second.
GIF_FRAMES, GIF_RATE = 200, 20
#: What its table of hyper-parameters puts beside them, where it was measured.
MEASURES = ("held_out/decisions", "held_out/nll", "evaluation/agent/success")
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


#: What TensorBoard's table of hyper-parameters can hold.
_PLAIN = (bool, int, float, str)


class Board(Tracker, Protocol):
    """A tracker that also takes what was found out about the agent."""

    def results(self, values: Mapping[str, float], step: int) -> None: ...

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], step: int) -> None: ...

    def video(self, name: str, path: Path, step: int) -> None: ...


class TensorBoard:
    def __init__(self, folder: Path, step: int, settings: Mapping[str, Any], *, purge: bool = True):
        from torch.utils.tensorboard import SummaryWriter
        from torch.utils.tensorboard.summary import hparams

        after = step + 1 if step and purge else None
        self._board = SummaryWriter(folder / "tensorboard", purge_step=after)
        plain = {k: v if isinstance(v, _PLAIN) else str(v) for k, v in flat(settings).items()}
        for summary in hparams(plain, dict.fromkeys(MEASURES, 0.0)):
            self._board._get_file_writer().add_summary(summary)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._board.add_scalar(name, value, step)

    def results(self, values: Mapping[str, float], step: int) -> None:
        self.log(step, values)

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], step: int) -> None:
        lines = [[str(cell).replace("|", "/") for cell in line] for line in (columns, *rows)]
        lines.insert(1, ["---"] * len(columns))
        self._board.add_text(name, "\n".join(f"| {' | '.join(line)} |" for line in lines), step)

    def video(self, name: str, path: Path, step: int) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary  # pyright: ignore[reportAttributeAccessIssue]

        value = Summary.Value(tag=name, image=Summary.Image(encoded_image_string=as_gif(path)))
        self._board._get_file_writer().add_summary(Summary(value=[value]), step)

    def close(self) -> None:
        self._board.close()


class Wandb:
    """Online where a key is known and the network answers, else offline for a later `wandb sync`."""

    def __init__(self, folder: Path, settings: Mapping[str, Any]):
        import wandb

        def start(mode: str) -> Any:
            quiet = wandb.Settings(silent=True, console="off", init_timeout=PATIENCE / 2)
            return wandb.init(
                project=PROJECT, name=folder.resolve().name, id=run_id(folder), dir=folder, mode=mode,  # type: ignore[arg-type]
                resume="allow", config=dict(settings), settings=quiet,
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

    def results(self, values: Mapping[str, float], step: int) -> None:
        self._run.summary.update(dict(values))  # a step that is past would be dropped

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], step: int) -> None:
        import wandb

        self._run.log({name: wandb.Table(columns=list(columns), data=[list(row) for row in rows])})

    def video(self, name: str, path: Path, step: int) -> None:
        import wandb

        self._run.log({name: wandb.Video(str(path), format="mp4")})

    def close(self) -> None:
        self._run.finish()


def open_tracker(folder: Path, config: TrainConfig, step: int, say: Say) -> Tracker | None:
    """What `--track` asks for, None for none."""
    settings = settings_to_json(config)
    starts: dict[str, Callable[[], Tracker]] = {
        "tensorboard": lambda: TensorBoard(folder, step, settings), "wandb": lambda: Wandb(folder, settings)
    }  # fmt: skip
    return Guarded(config.track, starts[config.track], say) if config.track in starts else None


def as_gif(path: Path) -> bytes:
    """A video of at most GIF_FRAMES of the file's frames, evenly spaced, for ever repeated."""
    from PIL import Image

    frames = list(read_video(path))
    kept = [Image.fromarray(frame) for frame in frames[:: -(-len(frames) // GIF_FRAMES) or 1]]
    out = io.BytesIO()
    kept[0].save(out, "GIF", save_all=True, append_images=kept[1:], duration=1000 // GIF_RATE, loop=0)
    return out.getvalue()


def run_id(folder: Path) -> str:
    """The run's own random name, kept in its folder."""
    path = folder / RUN_ID
    if not path.exists():
        write_text(path, uuid.uuid4().hex[:12] + "\n")
    return path.read_text().strip()[:64]


def _key_known() -> bool:
    import wandb

    return bool(os.environ.get("WANDB_API_KEY") or wandb.setup().settings.api_key)
