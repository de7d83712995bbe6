"""Scripted players: each plays one task from the world's state, as a person would."""

from __future__ import annotations

from basalt_iq.contract import added_task, find_task
from basalt_iq.errors import UserError
from basalt_iq.world.players.base import ScriptedPlayer
from basalt_iq.world.players.build_house import BuildVillageHousePlayer
from basalt_iq.world.players.create_pen import CreateVillageAnimalPenPlayer
from basalt_iq.world.players.find_cave import FindCavePlayer
from basalt_iq.world.players.make_waterfall import MakeWaterfallPlayer

PLAYERS: dict[str, type[ScriptedPlayer]] = {
    player.task: player
    for player in (FindCavePlayer, MakeWaterfallPlayer, CreateVillageAnimalPenPlayer, BuildVillageHousePlayer)
}


def make_player(task: str, seed: int) -> ScriptedPlayer:
    """The scripted player of a task, with habits drawn from ``seed``. Raises UserError if there is none."""
    name = find_task(task).name
    if (added := added_task(name)) and added.player:
        return added.player(seed)
    if name not in PLAYERS:
        raise UserError(f"no scripted player for {name}: choose from {', '.join(PLAYERS)}")
    return PLAYERS[name](seed)
