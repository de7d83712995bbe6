"""Which device a training or an evaluation runs on, checked before anything is written."""

from __future__ import annotations

import torch

from basalt_iq.errors import UserError


def find_device(asked: str) -> str:
    """`asked`, or for "auto" a GPU if there is one. Raises UserError if it cannot be computed on."""
    if asked == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=torch.device(asked)).item()  # "meta" has shapes and no numbers
    except (RuntimeError, AssertionError, NotImplementedError, ValueError) as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise UserError(f"--device {asked}: cannot be used here ({reason}); choose auto or cpu") from None
    return asked
