"""Reading and writing h264 video with PyAV, one thread a file: files are what is done in parallel."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from basalt_iq.data.frames import average, round_to_bytes

FPS = 20
#: Concealed damage would be wrong pixels nobody hears of.
_STRICT = {"err_detect": "explode"}
#: Takes the planes Y (H, W), Cb and Cr (H/2, W/2) of a frame, uint8, and returns their like.
Draw = Callable[[list[np.ndarray]], list[np.ndarray]]


class VideoError(Exception):
    """The file is no video, or breaks off; the message says where."""


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    """The container and its first video stream. Raises VideoError for what is no video."""
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise VideoError("holds no video stream")
            stream = container.streams.video[0]
            if stream.codec_context is None:
                raise VideoError("holds video of an unknown codec")
            stream.thread_type = "NONE"
            stream.codec_context.options = _STRICT
            yield container, stream
    except (av.error.FFmpegError, OSError, ValueError, EOFError) as error:
        raise VideoError(f"cannot be decoded ({_reason(error)})") from error


def decode(path: Path) -> Iterator[av.VideoFrame]:
    """Every decodable frame in order. Raises VideoError where the file breaks off."""
    count = 0
    with opened(path) as (container, stream):
        try:
            for frame in container.decode(stream):
                yield frame
                count += 1
        except (av.error.FFmpegError, ValueError) as error:
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


def _pixels(plane: av.video.plane.VideoPlane) -> np.ndarray:
    buffer: np.ndarray = np.frombuffer(plane, np.uint8)  # type: ignore[call-overload]
    lines = buffer.reshape(plane.height, plane.line_size)
    return lines[:, : plane.width]


def container_frames(path: Path) -> int:
    """How many frames the container claims (0: it does not say). Real recordings claim too many."""
    with opened(path) as (_, stream):
        return stream.frames


class VideoWriter:
    """Encodes frames (H, W, 3) uint8 RGB as h264 yuv420p mp4, one by one.

    `crf` is x264's constant quality: 0 loses nothing but colour resolution, 23 is the encoder's default.
    """

    def __init__(self, path: Path, crf: int = 15, fps: int = FPS):
        self.frames = 0
        self._crf, self._fps = crf, fps
        self._container = av.open(str(path), "w", format="mp4")
        self._stream: av.VideoStream | None = None

    def append(self, frame: np.ndarray) -> None:
        if self._stream is None:
            self._stream = self._open_stream(*frame.shape[:2])
        for packet in self._stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")):
            self._container.mux(packet)
        self.frames += 1

    def close(self) -> None:
        """Finish the file."""
        if self._stream is not None:
            for packet in self._stream.encode():
                self._container.mux(packet)
        self._container.close()

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open_stream(self, height: int, width: int) -> av.VideoStream:
        options = {"crf": str(self._crf), "threads": "1"}
        stream = self._container.add_stream("h264", rate=Fraction(self._fps), options=options)
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        return stream


def write_video(path: Path, frames: Iterable[np.ndarray], *, crf: int = 15, fps: int = FPS) -> int:
    """Encode all frames and return their number; see VideoWriter."""
    with VideoWriter(path, crf, fps) as writer:
        for frame in frames:
            writer.append(frame)
    return writer.frames


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
