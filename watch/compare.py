"""The comparison page: two agents' episodes of one seed, unnamed, side by side; people judge."""

from __future__ import annotations

import random
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from http import HTTPStatus
from typing import Any

from basalt_iq.errors import UserError
from basalt_iq.play.episode import Episode
from basalt_iq.server import NOT_FOUND, Answer, as_json, as_page
from basalt_iq.watch.judgements import Judgements
from basalt_iq.watch.ratings import MOST_NEEDED, Judgement, judgements_needed, next_match, order, rate, score
from basalt_iq.watch.report import render
from basalt_iq.watch.runs import Evaluation

#: What a person is asked, in the words of the tasks (contract, section 1).
QUESTIONS = {
    "FindCave": (
        "Which player was better at finding a cave?",
        "The task: explore, find a cave, and throw a snowball once inside it.",
    ),
    "MakeWaterfall": (
        "Which player made the more beautiful waterfall, and the better picture of it?",
        "The task: make a waterfall with the water bucket, then move so that the view on it is beautiful "
        "and throw a snowball.",
    ),
    "CreateVillageAnimalPen": (
        "Which player built the better animal pen?",
        "The task: beside a house of the village, fence in two or more animals of one kind, harming neither "
        "villagers nor buildings, then throw a snowball.",
    ),
    "BuildVillageHouse": (
        "Which player built the better house?",
        "The task: build a house in the style of the village without damaging the village, show it from "
        "inside and outside, then throw a snowball.",
    ),
}


@dataclass(frozen=True)
class Match:
    """Two episodes that are being shown."""

    id: str
    seed: int
    left: str
    right: str


class Comparison:
    """The agents of one task, their episodes with a video by seed, and the judgements on them."""

    def __init__(self, task: str, evaluations: Sequence[Evaluation], judgements: Judgements, judge: str = ""):
        """Raises UserError unless two of the evaluations share a seed of the task."""
        self.task, self.judgements, self.judge = task, judgements, judge
        self.episodes: dict[str, dict[int, Episode]] = {}
        for evaluation in evaluations:
            if evaluation.summary.get("task") == task:
                shown = {e.facts.seed: e for e in evaluation.played if e.video.exists()}
                if shown:
                    self.episodes[evaluation.name] = shown
        self._rng = random.Random()
        self._open: dict[str, Match] = {}
        self._lock = threading.Lock()
        if next_match(self._seeds(), [], self._rng) is None:
            raise UserError(
                f"no two agents have a video of {task} on the same seed; evaluate them on the same seeds"
            )

    def next(self) -> dict[str, Any]:
        """The next match, without names."""
        with self._lock:
            found = next_match(self._seeds(), self._judged_here(), self._rng)
        assert found is not None  # checked when built
        left, right, seed = found
        match = Match(secrets.token_hex(16), seed, left, right)
        with self._lock:
            self._open[match.id] = match
        question, about = QUESTIONS.get(self.task, (f"Which player was better at {self.task}?", ""))
        sides = {side: f"/video/{match.id}/{side}.mp4" for side in ("left", "right")}
        return {
            "id": match.id,
            "question": question,
            "about": about,
            "judged": len(self._judged_here()),
            **sides,
        }

    def judge_match(self, match_id: str, winner: Any) -> bool:
        """Put a judgement on record; False for a match that is not open or a word that is no answer."""
        with self._lock:
            match = self._open.get(match_id)
            if match is None or winner not in ("left", "right", "draw"):
                return False
            now = datetime.now(timezone.utc).isoformat(timespec="seconds")
            word = Judgement(
                match.id, self.task, match.seed, match.left, match.right, winner, self.judge, now
            )
            self.judgements.add([word])
            del self._open[match_id]
            return True

    def standing(self) -> dict[str, Any]:
        """Ratings, the best first, and how many more judgements would settle the order."""
        judged = self.judgements.of(self.task)
        ratings = rate(judged, self.episodes)
        rows = [
            {"agent": a, "mu": ratings[a].mu, "sigma": ratings[a].sigma, "score": score(ratings[a]),
             "judged": sum(a in j.pair for j in judged)}
            for a in order(ratings)
        ]  # fmt: skip
        needed = judgements_needed(ratings)
        return {
            "task": self.task,
            "agents": rows,
            "judged": len(judged),
            "needed": needed,
            "most": MOST_NEEDED,
        }

    def get(self, path: str) -> Answer | None:
        """The pages and data of the site."""
        if path == "/":
            return as_page(render("compare.html", title=f"Compare · {self.task}"))
        if path == "/next":
            return as_json(self.next())
        if path == "/standing":
            return as_json(self.standing())
        if path.startswith("/video/"):
            return self._video(path.removeprefix("/video/"))
        return None

    def post(self, path: str, body: dict[str, Any]) -> Answer | None:
        """``/judge`` {"id", "winner"} and ``/undo`` {}."""
        if path == "/judge":
            if not self.judge_match(str(body.get("id")), body.get("winner")):
                return as_json({"error": "no such match, or no such answer"}, HTTPStatus.BAD_REQUEST)
            return as_json(self.next())
        if path == "/undo":
            return as_json({"undone": self.judgements.take_back() is not None})
        return None

    def _video(self, rest: str) -> Answer:
        """By match and side: an address that told the agent would not be blind."""
        match_id, _, side = rest.removesuffix(".mp4").partition("/")
        match = self._open.get(match_id)
        if match is None or side not in ("left", "right"):
            return NOT_FOUND
        return Answer(self.episodes[getattr(match, side)][match.seed].video, "video/mp4")

    def _seeds(self) -> dict[str, set[int]]:
        return {agent: set(episodes) for agent, episodes in self.episodes.items()}

    def _judged_here(self) -> list[Judgement]:
        return self.judgements.of(self.task)
