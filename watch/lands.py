"""The land under the paths of the report's map, where the stand-in's is known."""

from __future__ import annotations

import base64
import functools
from collections import Counter
from collections.abc import Sequence

import cv2

from basalt_iq.errors import UserError
from basalt_iq.play.worlds import STAND_IN
from basalt_iq.watch.contents import LandPicture
from basalt_iq.watch.runs import Evaluation

#: Seeds whose land is drawn, those that most players went on first: a picture takes time and room.
LANDS = 24
#: Blocks by which a recorded start may differ from the land's: else it is another version's land.
TOLERANCE = 1.0
QUALITY = 82


def lands(evaluations: Sequence[Evaluation]) -> list[LandPicture]:
    """The land of the seeds that most players went on."""
    starts: dict[tuple[str, int, str], list[tuple[float, float]]] = {}
    for evaluation in evaluations:
        plan = evaluation.summary
        if plan.world != STAND_IN or not plan.distance:
            continue
        for episode in evaluation.played:
            where = episode.arrays.get("position")
            if where is not None and len(where):
                starts.setdefault((plan.task, episode.facts.seed, plan.distance), []).append(
                    (float(where[0][0]), float(where[0][2]))
                )
    most = Counter({key: len(found) for key, found in starts.items()}).most_common(LANDS)
    drawn = (_land(*key, tuple(starts[key])) for key, _ in most)
    return [land for land in drawn if land is not None]


@functools.lru_cache(maxsize=4 * LANDS)
def _land(task: str, seed: int, distance: str, starts: tuple[tuple[float, float], ...]) -> LandPicture | None:
    """None where there is no such land, or somebody started elsewhere: the world has changed since."""
    try:
        from basalt_iq.world.overview import overview

        picture, start = overview(task, seed, "near" if distance == "near" else "real")
    except (ModuleNotFoundError, UserError):  # the stand-in is not installed, or the task's package
        return None
    if any(max(abs(x - start[0]), abs(z - start[2])) > TOLERANCE for x, z in starts):
        return None
    done, coded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    assert done
    deep, wide, _ = picture.shape
    return LandPicture(task, seed, wide, deep, base64.b64encode(coded.tobytes()).decode())
