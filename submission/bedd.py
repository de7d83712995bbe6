"""BEDD: videos of the four tasks on fixed seeds, as people judge them (contract, section 3)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError

from basalt_iq.contract import TASKS
from basalt_iq.errors import UserError
from basalt_iq.files import make_folder, write_folder
from basalt_iq.play import rollout
from basalt_iq.play.episode import Episode, load
from basalt_iq.play.seeds import BEDD_SEEDS
from basalt_iq.play.worlds import make
from basalt_iq.records import write_json
from basalt_iq.submission.building import PackagedAgent, every_task, notes
from basalt_iq.submission.entries import load_actor
from basalt_iq.submission.manifest import BEDD, MANIFEST, Manifest, refuse_existing
from basalt_iq.submission.results import CheckRow
from basalt_iq.video import FPS, read_video

#: The importer takes exactly these.
SEEDS = BEDD_SEEDS
WIDTH, HEIGHT = 640, 360
ERA = 2022
#: Grey levels, on average, that video compression may take from a frame.
MAX_DIFFERENCE = 6.0


@dataclass(frozen=True)
class Stage:
    """Where the episodes are played."""

    world: str = "stand-in"
    build: rollout.Build = rollout.TELLING
    """Makes its worlds."""
    max_steps: int | None = None
    workers: int = 2

    def __post_init__(self) -> None:
        if self.workers < 1 or (self.max_steps is not None and self.max_steps < 1):
            raise UserError("--workers and --max-steps must be at least 1")


def build_rollouts(
    runs: Sequence[Path], out: Path, stage: Stage, on_done: rollout.OnDone = lambda _: None
) -> Manifest:
    """Play every seed of every task and write ``<EnvId>/seed_<N>.mp4`` and ``.jsonl`` to `out`.

    Killed and called again it plays only what is missing. Raises UserError if a world broke.
    """
    refuse_existing(out)
    agents = every_task([PackagedAgent.find(run) for run in runs])
    work = make_folder(out.with_name(f".{out.name}.work"))
    episodes = {task: _play(task, agent, work / task, stage, on_done) for task, agent in agents.items()}
    manifest = Manifest(
        target=BEDD,
        world=stage.world,
        max_steps=stage.max_steps,
        tasks={task: agent.spec.task for task, agent in agents.items()},
        notes=notes(agents, ERA),
    )

    def write(folder: Path) -> None:
        for task, played in episodes.items():
            _write_task(folder / TASKS[task].env_id, played)
        write_json(folder / MANIFEST, manifest)

    write_folder(out, write)
    shutil.rmtree(work)
    return manifest


def _play(
    task: str, agent: PackagedAgent, folder: Path, stage: Stage, on_done: rollout.OnDone
) -> list[Episode]:
    make_folder(folder)
    there = (load(folder, seed) for seed in SEEDS[task])
    known = [episode for episode in there if episode is not None and episode.facts.error is None]
    for episode in known:
        on_done(episode)
    missing = sorted(set(SEEDS[task]) - {episode.facts.seed for episode in known})
    if missing:
        actor = load_actor(agent.folder, task, ERA)
        rollout.play(
            task, actor, missing, out=folder, era=ERA, max_steps=stage.max_steps, workers=stage.workers,
            worlds=stage.workers, on_done=on_done, build=stage.build,
        )  # fmt: skip
    episodes = [played for seed in SEEDS[task] if (played := load(folder, seed))]
    _refuse_broken(episodes)
    return episodes


def _refuse_broken(episodes: Sequence[Episode]) -> None:
    """People cannot judge an episode that the world ended: the same command plays it again."""
    broken = [episode for episode in episodes if episode.facts.error]
    if broken:
        said = ", ".join(f"seed {e.facts.seed} ({e.facts.error})" for e in broken)
        raise UserError(
            f"{broken[0].facts.task}: the world broke in {said}; the same command plays them again"
        )


def _write_task(folder: Path, episodes: Sequence[Episode]) -> None:
    folder.mkdir()
    for episode in episodes:
        shutil.copyfile(episode.video, folder / f"{episode.stem}.mp4")
        lines = [json.dumps(asdict(line)) for line in action_lines(episode)]
        (folder / f"{episode.stem}.jsonl").write_text("".join(f"{line}\n" for line in lines))


@dataclass(frozen=True)
class ActionLine:
    """A line of BEDD's action files."""

    action: dict[str, int | list[float]]
    """The buttons that are down, as 1, and the camera, which is always there."""


def action_lines(episode: Episode) -> Iterator[ActionLine]:
    """A line per step."""
    names, arrays = episode.facts.button_names, episode.arrays
    for keys, camera in zip(arrays["buttons"], arrays["camera"], strict=True):
        down: dict[str, int | list[float]] = {name: 1 for name, held in zip(names, keys, strict=True) if held}
        yield ActionLine(down | {"camera": [round(float(angle), 4) for angle in camera]})


def check_rollouts(folder: Path, manifest: Manifest) -> Iterator[CheckRow]:
    """What the importer refuses, and whether the videos are what they claim."""
    limit = manifest.max_steps
    where = f"{manifest.world}, " + (f"at most {limit} steps" if limit else "the task's own limit")
    for task, seeds in SEEDS.items():
        place = folder / TASKS[task].env_id
        names = {path.name for path in place.glob("*")} if place.is_dir() else set()
        wanted = {f"seed_{seed}.{kind}" for seed in seeds for kind in ("mp4", "jsonl")}
        odd = [f"{n} missing" for n in sorted(wanted - names)] + [
            f"{n} unknown" for n in sorted(names - wanted)
        ]
        yield CheckRow(f"{task}: a video and its actions for each seed", not odd, ", ".join(odd[:4]) or where)
        wrong = [said for seed in seeds if (said := _video_fault(place / f"seed_{seed}.mp4"))]
        yield CheckRow(
            f"{task}: {WIDTH}x{HEIGHT}, {FPS} a second, a frame more than steps",
            not wrong,
            "; ".join(wrong[:3]),
        )
        if manifest.world == "stand-in" and not odd and not wrong:
            yield _first_frames(task, place)


def _video_fault(path: Path) -> str | None:
    """What is wrong with a video and the actions beside it, or None."""
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            shape, rate = (stream.width, stream.height), stream.average_rate
            frames = sum(1 for _ in container.decode(video=0))
        steps = [json.loads(line) for line in path.with_suffix(".jsonl").read_text().splitlines()]
    except (FFmpegError, OSError, ValueError, IndexError) as error:
        return f"{path.name}: {error}"
    if shape != (WIDTH, HEIGHT) or rate != FPS:
        return f"{path.name}: {shape[0]}x{shape[1]} at {rate}"
    return None if frames == len(steps) + 1 else f"{path.name}: {frames} frames for {len(steps)} steps"


def _first_frames(task: str, place: Path) -> CheckRow:
    """The first frame is what the reset of that seed shows."""
    world, far = make(task, era=ERA), []
    for seed in SEEDS[task]:
        shown = next(read_video(place / f"seed_{seed}.mp4")).astype(float)
        if np.abs(shown - world.reset(seed=seed)[0]["pov"]).mean() > MAX_DIFFERENCE:
            far.append(f"seed {seed}")
    world.close()
    return CheckRow(f"{task}: each video begins with its seed's first observation", not far, ", ".join(far))
