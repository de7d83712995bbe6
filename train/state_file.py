"""Training state in one safetensors file: tensors as tensors, the nesting around them as JSON. No pickle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from basalt_iq.errors import UserError


def save_state(path: Path, state: Any) -> None:
    """Write nested dicts and lists of tensors, numbers, strings and None. Dict keys may be integers."""
    tensors: dict[str, torch.Tensor] = {}
    structure = _pack(state, tensors)
    save_file(tensors or {"empty": torch.zeros(0)}, path, {"structure": json.dumps(structure)})


def load_state(path: Path) -> Any:
    """Read what `save_state` wrote. Raises UserError naming the file if it is missing or damaged."""
    try:
        with safe_open(path, "pt") as file:
            structure = json.loads(file.metadata()["structure"])
            return _unpack(structure, file.get_tensor)
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: cannot continue from it ({error}); start a new run folder") from None


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


def _unpack(node: Any, tensor: Any) -> Any:
    ((kind, content),) = node.items()
    if kind == "tensor":
        return tensor(content)
    if kind == "dict":
        return {key: _unpack(item, tensor) for key, item in content}
    if kind == "list":
        return [_unpack(item, tensor) for item in content]
    return content
