"""An episode's arrays in the compact form that the page's script unpacks when the episode is opened."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping

import numpy as np

from basalt_iq.play.episode import Episode
from basalt_iq.watch.contents import Digest

#: What the page shows, and the type in which it gets it (little endian, as every browser's arrays).
_SHOWN: dict[str, str] = {
    "reward": "<f4",
    "v": "<f4",
    "entropy": "<f4",
    "progress": "<f4",
    "position": "<f4",
    "memory_norm": "<f4",
    "top_q": "<f4",
    "top_policy": "<f4",
    "camera": "<f4",
    "action": "<i2",
    "top_action": "<i2",
    "equip": "<i2",
    "buttons": "<u1",
    "looked": "<u1",
}


def pack(episode: Episode) -> str:
    """The arrays of an episode, see :func:`pack_arrays`."""
    arrays = episode.arrays
    if "looked" in arrays:
        arrays = arrays | {"looked": shares(arrays["looked"])}
    return pack_arrays(episode.facts.steps, arrays)


def shares(changes: np.ndarray) -> np.ndarray:
    """Changes of the choice in nats as square roots in 255ths of the episode's largest, for the eye."""
    top = max(float(changes.max(initial=0)), 1e-9)
    return np.round(255 * np.sqrt(changes.astype(np.float32) / top))


def pack_arrays(steps: int, given: Mapping[str, np.ndarray]) -> str:
    """Base64 of zlib of: length of the header (4 bytes), JSON header, arrays one after another.

    The header lists ``[name, type, columns]`` in order; 4-byte types come first, so that each array
    starts at a multiple of its own size once the header is padded to 4 bytes.
    """
    arrays = {name: given[name].astype(kind) for name, kind in _SHOWN.items() if name in given}
    fields = [[name, array.dtype.str[1:], _columns(array)] for name, array in arrays.items()]
    head = json.dumps({"steps": steps, "fields": fields}).encode()
    head += b" " * (-len(head) % 4)
    body = b"".join(array.tobytes() for array in arrays.values())
    return base64.b64encode(zlib.compress(len(head).to_bytes(4, "little") + head + body, 6)).decode()


def _columns(array: np.ndarray) -> int:
    return array.shape[1] if array.ndim > 1 else 1


def digest(episode: Episode) -> Digest:
    """What the list of episodes shows without unpacking: how sure, how fast, how much reward."""
    arrays = episode.arrays
    reward, entropy, act_ms = (_mean(arrays.get(name)) for name in ("reward", "entropy", "act_ms"))
    furthest = float(np.max(arrays["progress"])) if len(arrays.get("progress", ())) else None
    return Digest(reward, entropy, act_ms, furthest)


def _mean(array: np.ndarray | None) -> float | None:
    if array is None or not np.isfinite(array).any():
        return None
    return float(np.nanmean(array))
