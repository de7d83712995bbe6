"""Who has done the task, from the state of the world. Never shown to the player."""

from dataclasses import dataclass

from basalt_iq.world import cavities
from basalt_iq.world.state import World


@dataclass(frozen=True)
class Verdict:
    """success, a score in 0..1, and the reasons in words."""

    success: bool
    score: float
    reasons: tuple[str, ...]

    def info(self) -> dict:
        return {"success": self.success, "score": self.score, "reasons": list(self.reasons)}


def verdict(parts: list[tuple[bool, str]]) -> Verdict:
    """Success if every part holds; the score is the share that does; reasons name each part."""
    met = [ok for ok, _ in parts]
    reasons = tuple(f"{'yes' if ok else 'no'}: {reason}" for ok, reason in parts)
    return Verdict(all(met), sum(met) / len(met), reasons)


def judge_cave(world: World, eye: tuple[float, float, float], thrown: bool) -> Verdict:
    """FindCave: at the throw the head is in a natural cave, under its roof, out of the sky's light.

    A natural cave is what the land was made with: at least SMALLEST_CAVE connected cells of air below
    the ground with sky light of at most DARK. What the player digs or roofs over never counts.
    """
    x, y, z = (int(c // 1) for c in eye)
    inside = world.inside(x, y, z)
    natural = inside and bool(world.caves[x, y, z])
    dark = inside and int(world.light[x, y, z] >> 4) <= cavities.DARK
    roofed = inside and bool(world.blocks[x, y + 1 :, z].any())
    return verdict(
        [
            (thrown, "the episode ended by the player's choice"),
            (natural, f"in a natural cave of at least {cavities.SMALLEST_CAVE} blocks"),
            (roofed, "under a roof"),
            (dark, "out of the sky's light"),
        ]
    )
