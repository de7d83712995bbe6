"""Nested state in one safetensors file: tensors as tensors, the nesting around them as JSON. No pickle."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from basalt_iq.errors import UserError


def save_nested(path: Path, state: Any) -> None:
    """Write nested dicts and lists of tensors, numbers, strings and None. Dict keys may be integers.

    Raises OSError where the disk is full (safetensors' own writer has an error of its own for it).
    """
    tensors: dict[str, torch.Tensor] = {}
    structure = _pack(state, tensors)
    path.write_bytes(save(tensors or {"empty": torch.zeros(0)}, {"structure": json.dumps(structure)}))


def load_nested(path: Path) -> Any:
    """Read what `save_nested` wrote. Raises UserError naming the file if it is missing or damaged."""
    try:
        if path.exists() and not path.is_file():
            raise OSError("not a regular file")
        with safe_open(path, "pt") as file:
            structure = json.loads(file.metadata()["structure"])
            return _unpack(structure, file.get_tensor)
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: cannot continue from it ({error})") from None


def _pack(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, torch.Tensor):
        name = f"t{len(tensors)}"
        tensors[name] = value.detach().cpu().contiguous().clone()
        return {"tensor": name}
    if isinstance(value, dict):
        return {"dict": [[key, _pack(item, tensors)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return {"list": [_pack(item, tensors) for item in value]}
    return {"value": value}


def _unpack(node: Any, tensor: Callable[[str], torch.Tensor]) -> Any:
    ((kind, content),) = node.items()
    if kind == "tensor":
        return tensor(content)
    if kind == "dict":
        return {key: _unpack(item, tensor) for key, item in content}
    if kind == "list":
        return [_unpack(item, tensor) for item in content]
    return content
