"""BEDD's match format: the file of human answers that its evaluation server reads and its data set holds.

A JSON list, newest first, of ``{"task", "worker_id", "episodes": [{"agent_name", "seed", ...}, ...],
"result": {"is_draw", "ranks", "eval_metadata": {"win_player": "p1" or "p2", ...}}}``, where p1 is the
first of the two episodes (minerllabs/basalt-benchmark, evaluation_server).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from basalt_iq.contract import find_task
from basalt_iq.errors import UserError
from basalt_iq.records import parse_json, read_json, write_json
from basalt_iq.watch.ratings import Judgement, Winner

#: A million matches; what is larger is no such file.
_LIMIT = 1 << 30


def write_matches(path: Path, judgements: Sequence[Judgement]) -> None:
    """Write judgements, oldest given first, as BEDD keeps them."""
    write_json(path, [_to_match(judgement) for judgement in reversed(judgements)])


def read_matches(path: Path) -> list[Judgement]:
    """Read a file of matches, oldest first. Raises UserError naming the entry that does not fit."""
    remedy = "give BEDD's file of human answers"
    try:
        entries = read_json(path, list[Any], remedy=remedy, limit=_LIMIT)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; {remedy}") from None
    return [_from_match(path, number, entry) for number, entry in reversed([*enumerate(entries)])]


def _to_match(judgement: Judgement) -> dict[str, Any]:
    names = (judgement.left, judgement.right)
    episodes = [
        {
            "agent_name": name,
            "seed": str(judgement.seed),
            "hash": f"{judgement.id}-{player}",
            "task": judgement.task,
            "video_filename": f"{name}/{find_task(judgement.task).env_id}/seed_{judgement.seed}.mp4",
        }
        for player, name in zip(("p1", "p2"), names, strict=True)
    ]
    hashes = [episode["hash"] for episode in episodes]
    winner = {"left": "p1", "right": "p2", "draw": "none"}[judgement.winner]
    result = {
        "hash": judgement.id,
        "is_draw": judgement.winner == "draw",
        "ranks": hashes[::-1] if winner == "p2" else hashes,
        "eval_metadata": {"win_player": winner},
    }
    return {
        "hash": judgement.id, "task": judgement.task, "worker_id": judgement.judge,
        "created_at": judgement.time, "updated_at": judgement.time, "episodes": episodes, "result": result,
    }  # fmt: skip


def _from_match(path: Path, number: int, entry: Any) -> Judgement:
    try:
        first, second = entry["episodes"]
        if str(first["seed"]) != str(second["seed"]):
            raise ValueError(f"its episodes have seeds {first['seed']} and {second['seed']}")
        return Judgement(
            id=str(entry.get("hash") or entry["result"].get("hash") or _digest(entry)),
            task=find_task(entry["task"]).name,
            seed=int(first["seed"]),
            left=str(first["agent_name"]),
            right=str(second["agent_name"]),
            winner=_winner(entry["result"], first),
            judge=str(entry.get("worker_id", "")),
            time=str(entry.get("updated_at") or entry.get("created_at") or ""),
        )
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, UserError) as error:
        raise UserError(f"{path}: entry {number} is no match between two episodes ({error!r})") from error


def _digest(entry: Any) -> str:
    """Who knows no hash is known by content: BEDD's file grows at the front, so places change."""
    return hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()[:16]


def _winner(result: dict[str, Any], first: dict[str, Any]) -> Winner:
    """By ``win_player``, else by the order of ``ranks``."""
    if result.get("is_draw"):
        return "draw"
    said = result.get("eval_metadata") or {}
    said = parse_json(said, dict, "eval_metadata", remedy="") if isinstance(said, str) else said
    if said.get("win_player") in ("p1", "p2"):
        return "left" if said["win_player"] == "p1" else "right"
    return "left" if result["ranks"][0] == first["hash"] else "right"
