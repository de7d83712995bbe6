"""The comparison page: two agents' episodes of one seed, unnamed, side by side; people judge."""

from __future__ import annotations

import random
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

from msgspec import Meta
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from basalt_iq.errors import UserError
from basalt_iq.pages import render
from basalt_iq.play.briefing import about
from basalt_iq.play.episode import Episode
from basalt_iq.server import as_json, as_page, read_body, refusal
from basalt_iq.watch.judgements import Judgements
from basalt_iq.watch.ratings import (
    MOST_NEEDED,
    Judgement,
    Winner,
    judgements_needed,
    next_match,
    open_ratings,
    order,
    rate,
    score,
)
from basalt_iq.watch.runs import Evaluation, Run

TEMPLATES = Path(__file__).with_name("templates")
#: What a person is asked; what the tasks are is in `briefing`.
QUESTIONS = {
    "FindCave": "Which player was better at finding a cave?",
    "MakeWaterfall": "Which player made the more beautiful waterfall, and the better picture of it?",
    "CreateVillageAnimalPen": "Which player built the better animal pen?",
    "BuildVillageHouse": "Which player built the better house?",
}


@dataclass(frozen=True)
class Match:
    """Two episodes that are being shown."""

    id: str
    seed: int
    left: str
    right: str


@dataclass(frozen=True)
class Question:
    """A match as the page gets it: without names."""

    id: str
    question: str
    about: str
    judged: int
    left: str
    """Address of a video."""
    right: str


@dataclass(frozen=True)
class JudgementMessage:
    """What the page says of a match."""

    id: str
    winner: Winner
    note: Annotated[str, Meta(max_length=2000)] = ""


@dataclass(frozen=True)
class Rated:
    """An agent's ratings: TrueSkill's mu, sigma and score (mu - 3 sigma), and openskill's mu and sigma."""

    agent: str
    mu: float
    sigma: float
    score: float
    open_mu: float
    open_sigma: float
    judged: int


@dataclass(frozen=True)
class Standing:
    """Ratings, the best first, and how many more judgements would settle the order."""

    task: str
    agents: list[Rated]
    judged: int
    needed: int
    most: int
    """Where counting what is needed stops."""
    notes: list[str]
    lost: int
    """Lines of the judgements' file that say nothing."""


def judged_ones(found: Sequence[tuple[Run | None, Evaluation]], names: Sequence[str]) -> list[Evaluation]:
    """Who is judged: those of the names, or else every run's own agent and each evaluation given itself.

    Baselines that lie among a run's evaluations are judged only if named, or if nobody else is there.
    Raises UserError for a name that nobody has.
    """
    by_name = {evaluation.name: evaluation for _, evaluation in found}
    if unknown := [name for name in names if name not in by_name]:
        raise UserError(f"--agents {' '.join(unknown)}: there is {', '.join(by_name) or 'nobody'}")
    if names:
        return [by_name[name] for name in dict.fromkeys(names)]
    own = [evaluation for run, evaluation in found if run is None or not evaluation.is_baseline]
    return own if len(own) > 1 else list(by_name.values())


class Comparison:
    """The agents of one task, their episodes with a video by seed, and the judgements on them."""

    def __init__(self, task: str, evaluations: Sequence[Evaluation], judgements: Judgements, judge: str = ""):
        """Raises UserError unless two of the evaluations share a seed of the task."""
        self.task, self.judgements, self.judge = task, judgements, judge
        self.episodes: dict[str, dict[int, Episode]] = {}
        for evaluation in evaluations:
            if evaluation.summary.task == task:
                shown = {e.facts.seed: e for e in evaluation.played if e.shown.exists()}
                if shown:
                    self.episodes[evaluation.name] = shown
        self._rng = random.Random()
        self._open: dict[str, Match] = {}
        self._lock = threading.Lock()
        if next_match(self._seeds(), [], self._rng) is None:
            raise UserError(
                f"no two agents have a video of {task} on the same seed; evaluate them on the same seeds"
            )

    @property
    def routes(self) -> list[BaseRoute]:
        """The page and its data."""
        return [
            Route("/", lambda _: as_page(render(TEMPLATES, "compare.html", title=f"Compare · {self.task}"))),
            Route("/next", lambda _: as_json(self.next())),
            Route("/standing", lambda _: as_json(self.standing())),
            Route("/video/{match}/{side}.mp4", self._video),
            Route("/judge", self._judge, methods=["POST"]),
            Route("/undo", self._undo, methods=["POST"]),
        ]

    def next(self) -> Question:
        """The next match."""
        with self._lock:
            found = next_match(self._seeds(), self._judged_here(), self._rng)
            assert found is not None  # checked when built
            left, right, seed = found
            match = Match(secrets.token_hex(16), seed, left, right)
            self._open[match.id] = match
        question = QUESTIONS.get(self.task, f"Which player was better at {self.task}?")
        sides = [f"/video/{match.id}/{side}.mp4" for side in ("left", "right")]
        return Question(match.id, question, f"The task: {about(self.task)}", len(self._judged_here()), *sides)

    def judge_match(self, word: JudgementMessage) -> bool:
        """Put a judgement on record; False for a match that is not open."""
        with self._lock:
            match = self._open.get(word.id)
            if match is None:
                return False
            now = datetime.now(timezone.utc).isoformat(timespec="seconds")
            pair = match.left, match.right
            judgement = Judgement(
                match.id, self.task, match.seed, *pair, word.winner, self.judge, now, word.note.strip()
            )
            self.judgements.add([judgement])
            del self._open[word.id]
            return True

    def standing(self) -> Standing:
        judged = self.judgements.of(self.task)
        ratings, second = rate(judged, self.episodes), open_ratings(judged, self.episodes)
        rows = [
            Rated(
                a,
                ratings[a].mu,
                ratings[a].sigma,
                score(ratings[a]),
                *second[a],
                sum(a in j.pair for j in judged),
            )
            for a in order(ratings)
        ]
        notes = [f"{j.left} | {j.right}, seed {j.seed}: {j.note}" for j in judged if j.note]
        needed = judgements_needed(ratings)
        return Standing(self.task, rows, len(judged), needed, MOST_NEEDED, notes, len(self.judgements.lost))

    async def _judge(self, request: Request) -> Response:
        if not self.judge_match(await read_body(request, JudgementMessage)):
            return refusal("no such match")
        return as_json(self.next())

    async def _undo(self, request: Request) -> Response:
        await read_body(request, dict)
        return as_json({"undone": self.judgements.take_back() is not None})

    def _video(self, request: Request) -> Response:
        """By match and side: an address that told the agent would not be blind."""
        match, side = self._open.get(request.path_params["match"]), request.path_params["side"]
        if match is None or side not in ("left", "right"):
            return refusal("not found", HTTPStatus.NOT_FOUND)
        return FileResponse(self.episodes[getattr(match, side)][match.seed].shown, media_type="video/mp4")

    def _seeds(self) -> dict[str, set[int]]:
        return {agent: set(episodes) for agent, episodes in self.episodes.items()}

    def _judged_here(self) -> list[Judgement]:
        """On agents that are shown; the file may hold others' too."""
        return [j for j in self.judgements.of(self.task) if j.pair <= self.episodes.keys()]
