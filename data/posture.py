"""How a container would have its pictures turned and mirrored before they are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import av

#: Part of a matrix's largest value that counts as none.
_NOTHING = 0.01


@dataclass(frozen=True)
class Posture:
    """Rows and columns exchanged, then each reversed or not."""

    transposed: bool = False
    columns_reversed: bool = False
    rows_reversed: bool = False

    @classmethod
    def of(cls, frame: av.VideoFrame, remarks: list[str]) -> Posture:
        """What a frame's display matrix asks for; a word on it goes to `remarks`."""
        (a, b), (c, d) = matrix = _matrix(frame)
        if (np.minimum(np.abs(matrix[0]), np.abs(matrix[1])) > _NOTHING * np.abs(matrix).max()).any():
            remarks.append("is to be turned by no right angle, as its container says; read as it is stored")
            return cls()
        # A stored (x, y) is shown at (a x + c y, b x + d y).
        turned = abs(b) > abs(a)
        posture = cls(turned, bool((c if turned else a) < 0), bool((b if turned else d) < 0))
        remarks += posture._told(a * d - b * c < 0)
        return posture

    def applied(self, picture: np.ndarray) -> np.ndarray:
        """A picture (C, H, W) as it is to be shown, C-contiguous."""
        turned = picture.swapaxes(1, 2) if self.transposed else picture
        rows, columns = (-1 if r else 1 for r in (self.rows_reversed, self.columns_reversed))
        return np.ascontiguousarray(turned[:, ::rows, ::columns])

    def shown(self, width: int, height: int) -> tuple[int, int]:
        return (height, width) if self.transposed else (width, height)

    def _told(self, mirrored: bool) -> list[str]:
        if self == Posture():
            return []
        if mirrored:
            return ["is to be mirrored, as its container says; mirrored"]
        angle = 180 if not self.transposed else 90 if self.columns_reversed else 270
        return [f"is to be turned by {angle} degrees clockwise, as its container says; turned"]


def _matrix(frame: av.VideoFrame) -> np.ndarray:
    """(2, 2) of the display matrix (ISO/IEC 14496-12, 8.3.2); the identity where there is none."""
    data: Any = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return np.eye(2)
    matrix = np.frombuffer(memoryview(data), np.int32).reshape(3, 3)[:2, :2].astype(float)
    return matrix if np.linalg.det(matrix) else np.eye(2)
