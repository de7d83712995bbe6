"""Reading and writing h264 video with PyAV, one thread a file: files are what is done in parallel."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Colorspace

from basalt_iq.contract import TICKS_A_SECOND
from basalt_iq.errors import UserError
from basalt_iq.files import temporary
from basalt_iq.frames import average, round_to_bytes

#: Frames per second of every video: one frame per tick.
FPS = TICKS_A_SECOND
#: No B-frames: frame k is shown at k / 20 s. Without mbtree=0 the encoder's choices differ from run to run.
_ENCODING = {"preset": "veryfast", "bf": "0", "x264-params": "mbtree=0"}
#: Concealed damage would be wrong pixels nobody hears of.
_STRICT = {"err_detect": "explode"}
#: What is opened: never a play list or a script, which would have other files and servers read.
_CONTAINERS = {
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,gif,h264,hevc",
    "protocol_whitelist": "file",
}
#: Takes the planes Y (H, W), Cb and Cr (H/2, W/2) of a frame, uint8, and returns their like.
Draw = Callable[[list[np.ndarray]], list[np.ndarray]]


class VideoError(Exception):
    """The file is no video, or breaks off; the message says where."""


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tuple[InputContainer, av.VideoStream]]:
    """The container and its first video stream. Raises VideoError for what is no video."""
    try:
        if not path.is_file():  # a pipe would be waited for
            raise VideoError("is not a regular file" if path.exists() else "is not there")
        with av.open(str(path), container_options=_CONTAINERS) as container:
            if not container.streams.video:
                raise VideoError("holds no video stream")
            stream = container.streams.video[0]
            if stream.codec_context is None:
                raise VideoError("holds video of an unknown codec")
            stream.thread_type = "NONE"
            stream.codec_context.options = _STRICT
            yield container, stream
    except (FFmpegError, OSError, ValueError, EOFError) as error:
        raise VideoError(f"cannot be decoded ({_reason(error)})") from error


def decode(path: Path) -> Iterator[av.VideoFrame]:
    """Every decodable frame in order. Raises VideoError where the file breaks off."""
    count = 0
    with opened(path) as (container, stream):
        try:
            for frame in container.decode(stream):
                yield frame
                count += 1
        except (FFmpegError, ValueError) as error:
            raise VideoError(f"cannot be decoded after frame {count} ({_reason(error)})") from error


def to_rgb(frame: av.VideoFrame, size: int, draw: Draw | None = None) -> np.ndarray:
    """A decoded frame as (3, size, size) uint8 RGB, with `draw` applied to its planes first.

    The same as `shrink` of the full RGB picture, but made from its planes: averaging and colour
    conversion are both linear, and few pixels are left to convert.
    """
    if frame.format.name not in ("yuv420p", "yuvj420p"):
        frame = frame.reformat(format="yuv420p")
    planes = [_pixels(plane) for plane in frame.planes]
    if draw is not None:
        planes = draw(planes)
    means = np.concatenate([average(plane[..., None], size) for plane in planes])
    matrix, offset = _conversion(int(frame.colorspace), int(frame.color_range))
    rgb = matrix @ means.reshape(3, -1) + offset
    return round_to_bytes(rgb).reshape(3, size, size)


@cache
def _conversion(colorspace: int, color_range: int) -> tuple[np.ndarray, np.ndarray]:
    """The matrix times (Y, Cb, Cr), plus the offset, is RGB (ITU-R BT.601 and BT.709, section 3)."""
    red, blue = (0.2126, 0.0722) if colorspace == Colorspace.ITU709 else (0.299, 0.114)
    green = 1 - red - blue
    luma, chroma, black = (1, 1, 0) if color_range == ColorRange.JPEG else (255 / 219, 255 / 224, 16)
    cb, cr = 2 * (1 - blue), 2 * (1 - red)
    rows = [[1, 0, cr], [1, -cb * blue / green, -cr * red / green], [1, cb, 0]]
    matrix = np.array(rows) * [luma, chroma, chroma]
    offset = -matrix @ [black, 128, 128]
    return matrix.astype(np.float32), offset[:, None].astype(np.float32)


def _pixels(plane: VideoPlane) -> np.ndarray:
    buffer: np.ndarray = np.frombuffer(plane, np.uint8)  # type: ignore[call-overload]
    lines = buffer.reshape(plane.height, plane.line_size)
    return lines[:, : plane.width]


def container_frames(path: Path) -> int:
    """How many frames the container claims (0: it does not say). Real recordings claim too many."""
    with opened(path) as (_, stream):
        return stream.frames


class VideoWriter:
    """Encodes frames as they come, in memory bounded by the encoder's look-ahead, for browsers and readers.

    The same frames give the same bytes. The file appears under `path` only when :meth:`close` succeeds; until
    then it has a temporary name. As a context manager it is closed on success and discarded on an exception.
    """

    def __init__(self, path: str | Path, crf: int = 20) -> None:
        """`crf` is x264's constant quality: 0 loses nothing but colour resolution, 23 is its default."""
        self.path = Path(path)
        self.frames = 0
        self._crf = crf
        self._partial = temporary(self.path)
        self._open: tuple[OutputContainer, av.VideoStream] | None = None

    def append(self, frame: np.ndarray) -> None:
        """Encode a frame (H, W, 3) uint8 RGB; all frames share the first one's size."""
        # yuv420p halves the colour planes: an odd side is padded with its last row or column.
        odd = [(0, side % 2) for side in frame.shape[:2]]
        if any(extra for _, extra in odd):
            frame = np.pad(frame, [*odd, (0, 0)], mode="edge")
        if self._open is None:
            self._open = self._start(*frame.shape[:2])
        container, stream = self._open
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        picture.pts = self.frames
        container.mux(stream.encode(picture))
        self.frames += 1

    def close(self) -> None:
        """Finish the file and give it its name. Nothing is written when no frame came."""
        if self._open is None:
            return
        container, stream = self._open
        container.mux(stream.encode(None))
        container.close()
        self._open = None
        os.replace(self._partial, self.path)

    def discard(self) -> None:
        """Give up: nothing of the video remains on disk."""
        if self._open is not None:
            self._open[0].close()
            self._open = None
        self._partial.unlink(missing_ok=True)

    def _start(self, height: int, width: int) -> tuple[OutputContainer, av.VideoStream]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            container = av.open(str(self._partial), "w", format="mp4", options={"movflags": "+faststart"})
        except OSError as error:
            raise UserError(
                f"{self.path}: cannot write the video ({error.strerror}): check the folder"
            ) from error
        options = {"crf": str(self._crf), **_ENCODING}
        stream = container.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.gop_size = FPS  # a key frame each second: a browser jumps to any frame at once
        stream.codec_context.thread_count = 1  # the other cores are busy with worlds
        return container, stream

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


def write_video(path: Path, frames: Iterable[np.ndarray], *, crf: int = 15) -> int:
    """Encode all frames and return their number; see VideoWriter."""
    with VideoWriter(path, crf) as writer:
        for frame in frames:
            writer.append(frame)
    return writer.frames


def read_video(path: str | Path) -> Iterator[np.ndarray]:
    """Every frame of an episode's video, each (H, W, 3) uint8 RGB. Raises UserError if it breaks off."""
    try:
        for frame in decode(Path(path)):
            yield frame.to_ndarray(format="rgb24")
    except VideoError as error:
        raise UserError(f"{path}: {error}: play this episode again") from error


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
