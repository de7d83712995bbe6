"""Ratings from judgements of two same-seed episodes: TrueSkill with the parameters of BEDD."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from statistics import NormalDist, median_low
from typing import Literal

import trueskill
from openskill.models import PlackettLuce

#: mu 25, sigma 25/3, beta 25/6, tau 25/300, draws 10 %: BEDD's (contract, section 3) and the library's own.
TRUESKILL = trueskill.TrueSkill(mu=25.0, sigma=25 / 3, draw_probability=0.1)
#: Two neighbours in the order are settled when the better one is better with this probability.
SETTLED = 0.95
#: Estimates of what is still needed stop counting here.
MOST_NEEDED = 200

Winner = Literal["left", "right", "draw"]


@dataclass(frozen=True)
class Judgement:
    """Somebody's word on two agents' episodes of one seed."""

    id: str
    task: str
    seed: int
    left: str
    right: str
    winner: Winner
    judge: str = ""
    time: str = ""
    """ISO 8601, UTC."""
    note: str = ""
    """Why, in the judge's words."""

    def __post_init__(self) -> None:
        if self.winner not in ("left", "right", "draw"):
            raise ValueError(f"winner {self.winner!r}: choose left, right or draw")
        if self.left == self.right:
            raise ValueError(f"{self.left!r} is judged against itself")

    @property
    def pair(self) -> frozenset[str]:
        return frozenset((self.left, self.right))


Ratings = dict[str, trueskill.Rating]


def rate(judgements: Iterable[Judgement], agents: Iterable[str] = ()) -> Ratings:
    """Ratings after the judgements (of one task), in their order; ``agents`` without any keep the prior."""
    ratings: Ratings = {agent: TRUESKILL.create_rating() for agent in agents}
    for judgement in judgements:
        update(ratings, judgement.left, judgement.right, judgement.winner)
    return ratings


def open_ratings(
    judgements: Iterable[Judgement], agents: Iterable[str] = ()
) -> dict[str, tuple[float, float]]:
    """(mu, sigma) by openskill's Plackett-Luce model (Weng and Lin 2011), a second opinion on the same scale.

    It needs no draw probability and is maintained; BEDD's published ratings are TrueSkill's.
    """
    model = PlackettLuce(mu=TRUESKILL.mu, sigma=TRUESKILL.sigma)
    ratings = {agent: model.rating() for agent in agents}
    for judgement in judgements:
        left, right = (ratings.get(agent) or model.rating() for agent in (judgement.left, judgement.right))
        ranks = {"left": [1.0, 2.0], "right": [2.0, 1.0], "draw": [1.0, 1.0]}[judgement.winner]
        [[left], [right]] = model.rate([[left], [right]], ranks=ranks)
        ratings[judgement.left], ratings[judgement.right] = left, right
    return {agent: (float(rating.mu), float(rating.sigma)) for agent, rating in ratings.items()}


def update(ratings: Ratings, left: str, right: str, winner: Winner) -> None:
    """One judgement's effect, in place."""
    new = TRUESKILL.create_rating
    first, second = (right, left) if winner == "right" else (left, right)
    before = ratings.get(first, new()), ratings.get(second, new())
    ratings[first], ratings[second] = trueskill.rate_1vs1(*before, drawn=winner == "draw", env=TRUESKILL)


def score(rating: trueskill.Rating) -> float:
    """BEDD's: mu - 3 sigma, what the agent is worth almost surely."""
    return rating.mu - 3 * rating.sigma


def order(ratings: Mapping[str, trueskill.Rating]) -> list[str]:
    """Agents by mu, the best first."""
    return sorted(ratings, key=lambda agent: (-ratings[agent].mu, agent))


def better(a: trueskill.Rating, b: trueskill.Rating) -> float:
    """Probability that a's skill is above b's."""
    return NormalDist().cdf((a.mu - b.mu) / math.hypot(a.sigma, b.sigma))


def unsettled(ratings: Mapping[str, trueskill.Rating]) -> list[tuple[str, str]]:
    """Neighbours in the order of which it is not yet clear who is better, the least clear first."""
    pairs = [(a, b) for a, b in pairwise(order(ratings)) if better(ratings[a], ratings[b]) < SETTLED]
    return sorted(pairs, key=lambda pair: better(ratings[pair[0]], ratings[pair[1]]))


def judgements_needed(ratings: Mapping[str, trueskill.Rating], tries: int = 9) -> int:
    """How many more judgements until every pair of neighbours is settled, at most :data:`MOST_NEEDED`.

    The median over simulations in which the present means are the truth; agents of equal skill
    are never settled.
    """
    return median_low(_needed(ratings, random.Random(seed)) for seed in range(tries))


def _needed(truth: Mapping[str, trueskill.Rating], rng: random.Random) -> int:
    ratings = dict(truth)
    for count in range(MOST_NEEDED):
        open_pairs = unsettled(ratings)
        if not open_pairs:
            return count
        a, b = open_pairs[0]
        gap = (truth[a].mu - truth[b].mu) / (math.sqrt(2) * TRUESKILL.beta)
        update(ratings, a, b, "left" if rng.random() < NormalDist().cdf(gap) else "right")
    return MOST_NEEDED


def gain(a: trueskill.Rating, b: trueskill.Rating) -> float:
    """Variance that a judgement of a and b is expected to remove."""
    before = a.sigma**2 + b.sigma**2
    wins = NormalDist().cdf((a.mu - b.mu) / math.sqrt(2 * TRUESKILL.beta**2 + before))
    after = [sum(r.sigma**2 for r in trueskill.rate_1vs1(*pair, env=TRUESKILL)) for pair in ((a, b), (b, a))]
    return before - wins * after[0] - (1 - wins) * after[1]


def next_match(
    seeds: Mapping[str, set[int]], judged: Sequence[Judgement], rng: random.Random
) -> tuple[str, str, int] | None:
    """The two agents and the seed that teach most: (a, b, seed), or None where no two share a seed.

    The pair by :func:`gain` (the most uncertain), then the seed that this pair was judged on least;
    which of the two comes first is chance.
    """
    ratings = rate(judged, seeds)
    seen: dict[frozenset[str], Counter[int]] = defaultdict(Counter)
    for judgement in judged:
        seen[judgement.pair][judgement.seed] += 1
    pairs = [pair for pair in combinations(sorted(seeds), 2) if seeds[pair[0]] & seeds[pair[1]]]
    if not pairs:
        return None
    rng.shuffle(pairs)
    a, b = max(pairs, key=lambda pair: gain(ratings[pair[0]], ratings[pair[1]]))
    shared = sorted(seeds[a] & seeds[b])
    rng.shuffle(shared)
    seed = min(shared, key=lambda s: seen[frozenset((a, b))][s])
    return (a, b, seed) if rng.random() < 0.5 else (b, a, seed)
