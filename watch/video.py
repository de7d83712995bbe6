"""Videos that browsers play: H.264, yuv420p, 20 frames per second, written frame by frame."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import av
import numpy as np

from basalt_iq.errors import UserError

#: Frames per second of every video: one frame per tick of the world.
FPS = 20
#: A key frame each second, so that a browser jumps to any frame at once.
KEYFRAME_EVERY = FPS


class VideoWriter:
    """Encodes frames as they come, in memory bounded by the encoder's look-ahead.

    The file appears under ``path`` only when :meth:`close` succeeds; until then it carries a
    temporary name. As a context manager it is closed on success and discarded on an exception.
    """

    def __init__(self, path: str | Path, quality: int = 20) -> None:
        """``quality`` is x264's constant rate factor: 0 is lossless, 51 the worst."""
        self.path = Path(path)
        self.frames = 0
        self._quality = quality
        self._partial = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        self._container: av.container.OutputContainer | None = None
        self._stream: av.VideoStream | None = None

    def add(self, frame: np.ndarray) -> None:
        """Append a frame (H, W, 3) uint8 RGB; all frames share the first one's size."""
        if self._container is None:
            self._open(*frame.shape[:2])
        assert self._stream is not None
        assert self._container is not None
        # yuv420p halves the colour planes: an odd side is padded with its last row or column.
        odd = [(0, side % 2) for side in frame.shape[:2]]
        if any(extra for _, extra in odd):
            frame = np.pad(frame, [*odd, (0, 0)], mode="edge")
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        picture.pts = self.frames
        self._container.mux(self._stream.encode(picture))
        self.frames += 1

    def close(self) -> None:
        """Finish the file and give it its name. Nothing is written when no frame was added."""
        if self._container is None or self._stream is None:
            return
        self._container.mux(self._stream.encode(None))
        self._container.close()
        self._container = None
        os.replace(self._partial, self.path)

    def discard(self) -> None:
        """Give up: nothing of the video remains on disk."""
        if self._container is not None:
            self._container.close()
            self._container = None
        self._partial.unlink(missing_ok=True)

    def _open(self, height: int, width: int) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._container = av.open(
                str(self._partial), "w", format="mp4", options={"movflags": "+faststart"}
            )
        except OSError as error:
            raise UserError(
                f"{self.path}: cannot write the video ({error.strerror}): check the folder"
            ) from error
        self._stream = self._container.add_stream("libx264", rate=FPS)
        self._stream.width, self._stream.height = width + width % 2, height + height % 2
        self._stream.pix_fmt = "yuv420p"
        self._stream.gop_size = KEYFRAME_EVERY
        # One thread: the machine's cores are busy with worlds. No B-frames: frame k is shown at k/20 s.
        self._stream.codec_context.thread_count = 1
        self._stream.options = {"crf": str(self._quality), "preset": "veryfast", "bf": "0"}

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


def read_video(path: str | Path) -> Iterator[np.ndarray]:
    """Decode a video frame by frame, each (H, W, 3) uint8 RGB."""
    try:
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                yield frame.to_ndarray(format="rgb24")
    except (av.error.FFmpegError, IndexError) as error:
        raise UserError(f"{path}: not a readable video ({error}): play this episode again") from error
