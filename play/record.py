"""Scripted players record demonstrations in the real layouts, whole or not at all."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import gymnasium
import msgspec
import numpy as np

from basalt_iq.contract import BUTTONS, Task, find_task
from basalt_iq.data import era2021, era2022
from basalt_iq.data.names import demo_name, stream_prefix
from basalt_iq.data.steps import Steps
from basalt_iq.errors import UserError
from basalt_iq.files import make_folder, put
from basalt_iq.jobs import Progress, run_jobs
from basalt_iq.play.results import Outcome
from basalt_iq.play.ticks import Seen, Tick, ticks
from basalt_iq.play.worlds import STAND_IN, Maker
from basalt_iq.records import read_json, write_json
from basalt_iq.scratch import scratch, sweep
from basalt_iq.video import VideoWriter

_START_2022 = datetime(2022, 7, 1)
#: With --only-successful, give up on a player that fails more often than this.
_MOST_ATTEMPTS = 20
_PERSON = ".person.json"
#: Ticks to wait for the end of the episode once the player has nothing left to do.
_MOST_IDLE = 40
#: Play the episode of a seed; how it went if that is known already.
Play = Callable[[int], "Outcome"]
Known = Callable[[int], "Outcome | None"]


@dataclass(frozen=True)
class Recipe:
    """What to record, apart from the seed."""

    root: Path
    task: str
    era: int = 2021
    max_steps: int | None = None
    only_successful: bool = False
    maker: Maker = Maker()  # noqa: RUF009  frozen
    """Makes the world; scripted players play in the stand-in only."""
    who: str = ""
    """Who plays (see `person_of`); "" for the task's scripted player, to whom a seed is always the same."""
    size: int | None = None
    """Height and width of the frames where `root` is a store; None: it is a data set with videos."""

    def __post_init__(self) -> None:
        self.spec.check_era(self.era)

    @property
    def distance(self) -> Literal["real", "near"]:
        return "near" if self.maker.near else "real"

    @property
    def spec(self) -> Task:
        return find_task(self.task)

    @property
    def folder(self) -> Path:
        return self.root / (self.spec.name if self.size else self.spec.env_id)

    @property
    def what(self) -> str:
        """What names tell apart beside the seed."""
        limit = "" if self.max_steps in (None, self.spec.max_steps) else str(self.max_steps)
        world = "" if self.maker.world == STAND_IN else self.maker.world
        return "/".join(filter(None, (self.who, limit, "near" if self.maker.near else "", world)))

    def make(self) -> gymnasium.Env:
        """A world to record in."""
        return self.maker(self.task, self.era, self.max_steps)


@dataclass(frozen=True)
class Told:
    """What a recording says of itself; more stands beside it in its file."""

    steps: int
    success: bool = False
    """Worlds that do not judge leave it out."""
    score: float = 0.0


@dataclass(frozen=True)
class Person:
    """Who records into a folder, by a name that nobody else has."""

    name: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{12}$")]


def record(
    recipe: Recipe,
    n: int,
    first_seed: int,
    *,
    workers: int | None = None,
    progress: Progress = lambda done, total: None,
) -> list[Outcome]:
    """Record the seeds from `first_seed` that are not there yet, and return how all of them went.

    With `only_successful` further seeds follow until `n` demonstrations succeeded, or 20 n were tried.
    """
    prepare(recipe)
    return until_kept(
        n, first_seed, partial(record_one, recipe), partial(recorded, recipe), workers, progress
    )


def until_kept(
    n: int, first_seed: int, play: Play, known: Known, workers: int | None, progress: Progress
) -> list[Outcome]:
    """Play the seeds whose outcome is not `known`, further ones too until `n` are kept or 20 n were tried."""
    done: list[Outcome] = []
    while len(done) < _MOST_ATTEMPTS * n and (missing := n - sum(outcome.kept for outcome in done)):
        start = first_seed + len(done)
        done += _play_seeds(range(start, start + missing), play, known, workers, progress)
    return done


def prepare(recipe: Recipe) -> None:
    """Make the data set's folder, without what killed recorders left."""
    make_folder(recipe.folder)
    sweep(recipe.root)
    (recipe.root / "VERSION").write_text("4")


def _play_seeds(
    seeds: Sequence[int], play: Play, known: Known, workers: int | None, progress: Progress
) -> list[Outcome]:
    found = {seed: outcome for seed in seeds if (outcome := known(seed))}
    todo = [seed for seed in seeds if seed not in found]
    for count, (seed, outcome) in enumerate(run_jobs(play, todo, workers=workers), 1):
        found[seed] = outcome
        progress(count, len(todo))
    return [found[seed] for seed in seeds]


def recorded(recipe: Recipe, seed: int) -> Outcome | None:
    """How the episode of a seed went, if it was recorded before."""
    if recipe.era == 2021:
        files = list(recipe.folder.glob(f"{stream_prefix(seed, recipe.what)}*/{era2021.META}"))
    else:
        files = [_pairs(recipe, seed, 1)[0].about]
    for file in files:
        if file.exists():
            return outcome_of(file, seed, kept=True)
    return failed(recipe, seed)


def outcome_of(file: Path, seed: int, *, kept: bool) -> Outcome:
    """What a file tells of the episode of a seed. Raises UserError."""
    told = read_json(file, Told, remedy="restore it, or record into another folder")
    return Outcome(seed, told.steps, told.success, told.score, kept)


def failed(recipe: Recipe, seed: int) -> Outcome | None:
    """How the episode of a seed went that was played and not kept."""
    file = _failure(recipe, seed)
    return outcome_of(file, seed, kept=False) if file.exists() else None


def record_one(recipe: Recipe, seed: int) -> Outcome:
    """Play and record one episode by the task's scripted player."""
    try:
        with scratch(recipe.root, str(seed)) as folder:
            recording = Recording(recipe.spec, recipe.era, folder)
            about, _ = play(recipe, seed, recording)
            kept = about["success"] or not recipe.only_successful
            if kept:
                publish(recipe, seed, folder, recording, about)
            else:
                fail(recipe, seed, about)
    except OSError as error:
        raise UserError(
            f"{recipe.root}: cannot write ({error.strerror or error}); make room and run again"
        ) from error
    return Outcome(seed, about["steps"], about["success"], about["score"], kept)


def fail(recipe: Recipe, seed: int, about: dict[str, Any]) -> None:
    """Note that the episode of a seed was played and not kept."""
    write_json(_failure(recipe, seed), about)


def play(recipe: Recipe, seed: int, recording: Recording) -> tuple[dict[str, Any], bool]:
    """Play one episode by the task's scripted player: what is said of it, and whether it was ended."""
    from basalt_iq.world.players import make_player

    env = recipe.make()
    player = make_player(recipe.task, seed)
    with contextlib.closing(env), recording:
        seen = _play_through(env, player, seed, recording)
    about = {"success": False, "score": 0.0, "reasons": []}
    about |= {key: seen.info[key] for key in about if key in seen.info}
    about |= {"seed": seed, "steps": recording.length, "player": type(player).__name__}
    about |= {"distance": recipe.distance}
    return about, seen.terminated


def _play_through(env: Any, player: Any, seed: int, recording: Recording) -> Seen:
    """Play one episode and return what was seen at its end."""
    seen, idle = Seen({}), 0
    for tick in ticks(env, seed, lambda _: player.act(), lambda: player.reset(env)):
        seen = tick.seen
        if seen.error:
            raise UserError(f"the world broke at seed {seed} ({seen.error}); run again")
        recording.tick(tick)
        idle += player.done
        if idle >= _MOST_IDLE:
            break
    return seen


def publish(recipe: Recipe, seed: int, folder: Path, recording: Recording, about: dict[str, Any]) -> None:
    """Put what was recorded in `folder` in its place in the data set."""
    steps = recording.steps()
    if recipe.era == 2021:
        stream = folder / f"{stream_prefix(seed, recipe.what)}0-{steps.length}"
        stream.mkdir()
        (folder / _chunk(0)).rename(stream / era2021.VIDEO)
        era2021.write_stream(stream, steps, recording.wear(), steps.length + 1, about)
        shutil.rmtree(recipe.folder / stream.name, ignore_errors=True)
        put(stream, recipe.folder / stream.name)
        return
    pairs = _pairs(recipe, seed, steps.length)
    written = [era2022.Pair(folder / pair.stem.name) for pair in pairs]
    for i, pair in enumerate(written):
        (folder / _chunk(i)).rename(pair.video)
    era2022.write_actions_of(written, steps, about)
    # The first chunk's description comes last: with it the demonstration counts as recorded.
    for pair, target in reversed(list(zip(written, pairs, strict=True))):
        for kind in ("video", "actions", "sums", "about"):
            if (file := getattr(pair, kind)).exists():
                put(file, getattr(target, kind))


def _pairs(recipe: Recipe, seed: int, length: int) -> list[era2022.Pair]:
    return era2022.chunk_stems(recipe.folder, demo_name(seed, recipe.what), _START_2022, length)


def _failure(recipe: Recipe, seed: int) -> Path:
    what = f"-{recipe.what.replace('/', '-')}" if recipe.what else ""
    return recipe.folder / f".failed-{recipe.era}-{seed}{what}.json"


def person_of(root: Path) -> str:
    """Who plays into a folder: a name drawn by lot when somebody first does, so that no two share it."""
    file = root / _PERSON
    if not file.exists():
        write_json(make_folder(root) / _PERSON, Person(secrets.token_hex(6)))
    return read_json(file, Person, remedy="restore it, or record into another folder").name


def _chunk(index: int) -> str:
    return f"{index}.mp4"


class Recording:
    """One episode as it is played: frames go into video files of `folder`, the rest is kept."""

    def __init__(self, task: Task, era: int, folder: Path, crf: int = 15):
        self._task, self._era, self._folder, self._crf = task, era, folder, crf
        self._seen: list[dict[str, Any]] = []
        self._actions: list[dict[str, Any]] = []
        self._frame = np.zeros((0, 0, 3), np.uint8)
        self._video: VideoWriter | None = None

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._video is None:
            return
        if kind is not None:  # the encoder crashes when it is to finish a file that it could not begin
            self._video.discard()
            return
        self._video.append(self._frame)
        self._video.close()

    @property
    def length(self) -> int:
        return len(self._actions)

    def tick(self, tick: Tick) -> None:
        """An action, none at the reset, and the observation that followed."""
        if tick.action is not None:
            self.act(tick.action)
        self.see(tick.seen.observation)

    def see(self, observation: Mapping[str, Any]) -> None:
        """The observation of the current state."""
        self._frame = np.ascontiguousarray(observation["pov"])
        self._keep_state(observation)

    def _keep_state(self, observation: Mapping[str, Any]) -> None:
        self._seen.append({key: value for key, value in observation.items() if key != "pov"})

    def act(self, action: Mapping[str, Any]) -> None:
        """The action taken in it; missing keys do nothing."""
        tick = self.length
        if tick == 0 or (self._era == 2022 and tick % era2022.CHUNK_TICKS == 0):
            if self._video is not None:
                self._video.close()
            chunk = tick // era2022.CHUNK_TICKS
            self._video = VideoWriter(self._folder / _chunk(chunk), self._crf)
        assert self._video is not None, "opened on the first tick"
        self._video.append(self._frame)
        self._actions.append(dict(action))

    def steps(self) -> Steps:
        """Everything but the pixels."""
        task, era, actions = self._task, self._era, self._actions
        names = BUTTONS[era]
        values = task.equip if era == 2021 else ("none",)
        index = {value: i for i, value in enumerate(values)}
        items = task.items if era == 2021 else ()
        rows = [[int(action.get(name, 0)) for name in names] for action in actions]
        held = [str(state["type"]) for state in self._hands()] or ["none"] * len(self._seen)
        return Steps(
            task=task.name,
            era=era,
            button_names=names,
            buttons=np.array(rows, np.uint8),
            camera=np.array([action.get("camera", (0, 0)) for action in actions], np.float32),
            equip_values=values,
            equip=np.array([index[str(action.get("equip", "none"))] for action in actions], np.int16),
            equipped=np.array([index[value] for value in held], np.int16),
            items=items,
            inventory=self._inventory(items),
        )

    def wear(self) -> np.ndarray:
        """(T+1, 2) int64: damage and maxDamage of the item in hand (2021)."""
        return np.array([(hand["damage"], hand["maxDamage"]) for hand in self._hands()], np.int64)

    def _inventory(self, items: tuple[str, ...]) -> np.ndarray:
        counts = [[int(state["inventory"][item]) for item in items] for state in self._seen]
        return np.array(counts, np.int32).reshape(len(self._seen), len(items))

    def _hands(self) -> list[dict[str, Any]]:
        return [state["equipped_items"]["mainhand"] for state in self._seen if "equipped_items" in state]
