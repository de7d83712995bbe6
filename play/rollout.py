"""Plays whole episodes: many at once, recorded as they go, a broken world survived."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from basalt_iq.errors import UserError
from basalt_iq.files import make_folder
from basalt_iq.jobs import run_jobs
from basalt_iq.play.episode import Episode, Facts
from basalt_iq.play.player import Actor, Decision
from basalt_iq.play.recorder import Recorder
from basalt_iq.play.ticks import Seen, Tick, ticks
from basalt_iq.play.vector import VectorWorld, WorkerError
from basalt_iq.play.worlds import Build, Maker

OnDone = Callable[[Episode], None]
#: Worlds that break this often in a row, without one step between, are beyond help.
MAX_FAULTS = 3
#: The stand-in world, which tells its ground truth.
TELLING = Maker(progress=True)


def play(
    task: str,
    player: Actor,
    seeds: Sequence[int],
    *,
    out: Path,
    era: int = 2021,
    max_steps: int | None = None,
    workers: int = 2,
    worlds: int = 8,
    name: str = "agent",
    checkpoint: str | None = None,
    on_done: OnDone | None = None,
    build: Build = TELLING,
) -> list[Episode]:
    """Play one episode per seed and record each in ``out``; returns them in the order of ``seeds``.

    The worlds form a group per worker process. While the player thinks for one group, the others'
    worlds move and their frames are encoded, so that every core has work. A world that breaks is
    recorded as a failed episode with its reason, and a new one takes its place; a seed whose world
    broke before the first step gets a second try.

    Args:
        max_steps: episode limit in steps of 50 ms; None is the task's own.
        workers: processes that step worlds.
        worlds: episodes under way at once, over all workers.
        name: who plays, as the records call it; ``checkpoint``: from which weights.
        on_done: called in this thread with each finished episode.
        build: makes one world; must be picklable.
    """
    make_folder(out)
    facts = Facts(
        task,
        era,
        0,
        name,
        max_steps=max_steps,
        checkpoint=checkpoint,
        **_reward_facts(player),
        repeat=player.repeat,
        action_names=list(player.action_names),
    )
    queue, done = deque(seeds), []
    workers = max(1, min(workers, worlds, len(seeds)))
    share = -(-min(worlds, max(len(seeds), 1)) // workers)
    with ExitStack() as stack:
        parts = [range(i * share, (i + 1) * share) for i in range(workers)]
        groups = [stack.enter_context(_Group(out, facts, part, build)) for part in parts]
        threads = stack.enter_context(ThreadPoolExecutor(workers))  # left first: no group goes while it moves
        moving: deque[tuple[_Group, Future]] = deque(
            (group, threads.submit(lambda: None)) for group in groups
        )
        while moving:
            group, future = moving.popleft()
            future.result()
            for episode in group.finished():
                done.append(episode)
                if on_done:
                    on_done(episode)
            queue.extend(group.unplayed())
            job = _next(group, queue, player)
            if job is not None:
                moving.append((group, threads.submit(job)))
    order = {seed: i for i, seed in enumerate(seeds)}
    return sorted(done, key=lambda episode: order[episode.facts.seed])


def _reward_facts(player: Actor) -> dict[str, Any]:
    """What the records say of a player's recovered reward; nothing of one without Q."""
    reward = player.reward
    if reward is None:
        return {}
    return {
        "discount": reward.discount, "absorbing_reward": reward.absorbing, "value_bound": reward.value_bound
    }  # fmt: skip


def _next(group: _Group, queue: deque[int], player: Actor) -> Callable[[], None] | None:
    """What a group does next: start episodes in free slots, or act in all live ones; None: it is through.

    Episodes start together with the others' next decision, so that a player that holds its decisions thinks
    for all of them at once.
    """
    fresh = {slot: queue.popleft() for slot in group.free() if queue and group.decides}
    if fresh:
        player.start(list(fresh), list(fresh.values()))
        return lambda: group.start(fresh)
    if not group.live:
        return None
    slots = sorted(group.live)
    began = time.perf_counter()
    decisions = player.act([group.live[slot].observation for slot in slots], slots)
    act_ms = 1000 * (time.perf_counter() - began) / len(slots)
    return lambda: group.advance(dict(zip(slots, decisions, strict=True)), act_ms)


@dataclass
class _Live:
    """An episode under way in a slot."""

    recorder: Recorder
    observation: Mapping[str, Any]


class _Group:
    """The worlds of one worker process, and the recorders of their episodes."""

    def __init__(self, out: Path, facts: Facts, slots: range, build: Callable):
        self.out, self.facts, self.slots, self.build = out, facts, slots, build
        self.live: dict[int, _Live] = {}
        self._ticks = 0  # in which a live slot moved
        self._worlds: VectorWorld | None = None
        self._finished: list[Episode] = []
        self._unplayed: list[int] = []
        self._tried_twice: set[int] = set()
        self._faults = 0

    @property
    def decides(self) -> bool:
        """Is this a tick in which the player decides, rather than holds a decision?"""
        return not self.live or self._ticks % self.facts.repeat == 0

    def free(self) -> list[int]:
        return [slot for slot in self.slots if slot not in self.live]

    def finished(self) -> list[Episode]:
        """The episodes that ended since the last call."""
        done, self._finished = self._finished, []
        return done

    def unplayed(self) -> list[int]:
        """Seeds whose world broke before the first step, since the last call: nobody has failed there."""
        seeds, self._unplayed = self._unplayed, []
        return seeds

    def start(self, seeds: Mapping[int, int]) -> None:
        """Begin the episode of each seed in its slot."""
        self._ticks = self._ticks if self.live else 0
        recorders = {s: Recorder(self.out, replace(self.facts, seed=seed)) for s, seed in seeds.items()}
        try:
            answers = self._open().reset({self._local(slot): seed for slot, seed in seeds.items()})
        except WorkerError as error:
            self._broke(error, recorders)
            return
        for slot, recorder in recorders.items():
            seen = Seen(*answers[self._local(slot)][:1], info=answers[self._local(slot)][1])
            if seen.error is not None:
                self._unstarted(recorder, seen.error)
                continue
            recorder.tick(Tick(None, seen))
            self.live[slot] = _Live(recorder, seen.observation)

    def advance(self, decisions: Mapping[int, Decision], act_ms: float) -> None:
        """One step in every live slot."""
        try:
            answers = self._open().step({self._local(slot): d.action for slot, d in decisions.items()})
        except WorkerError as error:
            self._broke(error, {})
            return
        self._faults, self._ticks = 0, self._ticks + 1
        for slot, decision in decisions.items():
            self._record(slot, decision, act_ms, Seen(*answers[self._local(slot)]))

    def _record(self, slot: int, choice: Decision, act_ms: float, seen: Seen) -> None:
        live = self.live[slot]
        live.recorder.tick(Tick(choice.action, seen), choice, act_ms)
        live.observation = seen.observation
        if seen.over:
            self._finished.append(live.recorder.end(seen))
            del self.live[slot]

    def _broke(self, error: WorkerError, starting: Mapping[int, Recorder]) -> None:
        """The worker is gone and with it every episode it held: record them, and let a new one start."""
        if self._worlds:
            self._worlds.close()
        self._worlds = None
        live, self.live = self.live, {}
        reason = _last_line(error)
        self._finished += [one.recorder.fail(reason) for one in live.values()]
        for recorder in starting.values():
            self._again_or_failed(recorder, reason)
        self._count(reason)

    def _unstarted(self, recorder: Recorder, reason: str) -> None:
        """One world did not begin an episode; the others of the worker play on."""
        self._again_or_failed(recorder, reason)
        self._count(reason)

    def _again_or_failed(self, recorder: Recorder, reason: str) -> None:
        """An episode that never began: nobody has failed there, so its seed gets a second try."""
        seed = recorder.facts.seed
        if seed in self._tried_twice:
            self._finished.append(recorder.fail(reason))
        else:
            self._tried_twice.add(seed)
            self._unplayed.append(seed)

    def _count(self, reason: str) -> None:
        """Raises UserError where worlds break without a step between: more tries will not help."""
        self._faults += 1
        if self._faults >= MAX_FAULTS:
            raise UserError(f"{self.facts.task}: the world broke {MAX_FAULTS} times in a row: {reason}")

    def _local(self, slot: int) -> int:
        return slot - self.slots.start

    def _open(self) -> VectorWorld:
        if self._worlds is None:
            f = self.facts
            self._worlds = VectorWorld(f.task, len(self.slots), 1, f.era, f.max_steps, build=self.build)
        return self._worlds

    def __enter__(self) -> _Group:
        return self

    def __exit__(self, *_: object) -> None:
        for live in self.live.values():  # only when something was raised: half an episode is none
            live.recorder.discard()
        if self._worlds:
            self._worlds.close()


def _last_line(error: BaseException) -> str:
    """A worker's traceback in one line: what happened, without where."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if len(lines) < 2 else f"{lines[0]} {lines[-1]}"


def play_scripted(
    task: str,
    seeds: Sequence[int],
    *,
    out: Path,
    era: int = 2021,
    max_steps: int | None = None,
    workers: int = 2,
    name: str = "scripted",
    on_done: OnDone | None = None,
    build: Build = TELLING,
    ray: bool = False,
) -> list[Episode]:
    """As :func:`play`, by the world's own demonstrator, each episode whole in a worker process (or, with
    ``ray``, a cluster's)."""
    make_folder(out)
    facts = Facts(task, era, 0, name, max_steps=max_steps)
    done: dict[int, Episode] = {}
    for seed, episode in run_jobs(
        partial(_scripted_episode, out.resolve(), facts, build), list(seeds), workers=workers, ray=ray
    ):
        done[seed] = episode
        if on_done:
            on_done(episode)
    return [done[seed] for seed in seeds]


def _scripted_episode(out: Path, facts: Facts, build: Build, seed: int) -> Episode:
    """One episode of the demonstrator, in this process."""
    from basalt_iq.world.players import make_player

    recorder, player = Recorder(out, replace(facts, seed=seed)), make_player(facts.task, seed)
    env, seen = build(facts.task, facts.era, facts.max_steps), Seen({})
    try:
        for tick in ticks(env, seed, lambda _: player.act(), lambda: player.reset(env.unwrapped)):
            recorder.tick(tick)
            seen = tick.seen
        return recorder.end(seen)
    except BaseException:
        recorder.discard()
        raise
    finally:
        env.close()
