"""How fast demonstrations are prepared and fed, as ratios within one run.

    python benchmarks/data.py [--seconds S]

Preparation: frames a CPU-second from 640x360 h264 into a store, against an `ffmpeg -vf scale=64:64`
pipe over the same file (the binary on PATH, or that of imageio-ffmpeg). Feeding: 32 random sequences
of 64 with a stack of 4 from a hot store, against copying as many bytes; then a sparse store of 20 GB.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from data_memory import BATCH, LENGTH, sampler_of

from basalt_iq.data.steps import Steps
from basalt_iq.data.store import Store
from basalt_iq.frames import shrink
from basalt_iq.video import decode, to_rgb, write_video

ROUNDS = 5


def ffmpeg() -> str | None:
    """An ffmpeg binary, if there is one."""
    found = shutil.which("ffmpeg")
    if found is None:
        try:
            import imageio_ffmpeg

            found = imageio_ffmpeg.get_ffmpeg_exe()
        except ImportError:
            pass
    return found


def scenery(frames: int):
    """A camera wandering over a textured plane: as many bytes a frame as the public recordings."""
    random = np.random.default_rng(0)
    plane = np.full((1440, 2560, 3), 128, np.float32)
    for grain, strength in ((200, 35), (40, 20), (8, 12), (2, 5)):
        noise = random.normal(size=(1440 // grain + 1, 2560 // grain + 1, 3)).astype(np.float32)
        plane += strength * cv2.resize(noise, (2560, 1440))
    plane = plane.clip(0, 255).astype(np.uint8)
    place, speed = np.array([300.0, 300.0]), np.zeros(2)
    for _ in range(frames):
        speed = 0.9 * speed + random.normal(size=2) * (4, 2)
        place = (place + speed).clip(0, (1660, 920))
        shift = np.array([[1, 0, place[0]], [0, 1, place[1]]], np.float32)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        yield cv2.warpAffine(plane, shift, (640, 360), flags=flags)


def children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def ffmpeg_seconds(binary: str, video: Path, *filters: str) -> float:
    """CPU seconds of ffmpeg decoding (and filtering) the video on one thread."""
    command = [binary, "-v", "error", "-threads", "1", "-filter_threads", "1", "-i", str(video), *filters]
    before = children_cpu()
    subprocess.run(
        [*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], stdout=subprocess.DEVNULL, check=True
    )
    return children_cpu() - before


def own_seconds(video: Path, folder: Path) -> float:
    """CPU seconds of decoding the video into a store."""
    store = Store.create(folder)
    before = time.process_time()
    with store.writer("benchmark") as writer:
        for frame in decode(video):
            writer.append(to_rgb(frame, 64))
    return time.process_time() - before


def preparation(folder: Path) -> dict:
    video = folder / "video.mp4"
    frames = write_video(video, scenery(900), crf=12)
    own, pipe = [], []
    binary = ffmpeg()
    next(decode(video))
    to_rgb(next(decode(video)), 64)
    for _ in range(ROUNDS):
        own.append(own_seconds(video, folder / "store"))
        if binary:
            pipe.append(ffmpeg_seconds(binary, video, "-vf", "scale=64:64"))
    result = {"bytes_a_frame": video.stat().st_size // frames, "own": frames / statistics.median(own)}
    if pipe:
        result["ffmpeg_scale"] = frames / statistics.median(pipe)
        result["own_over_ffmpeg"] = statistics.median(b / a for a, b in zip(own, pipe, strict=True))
    return result


def resizing() -> dict:
    """Milliseconds to area-average one 640x360 frame."""
    frame = next(scenery(1))
    ways = {
        "own": lambda: shrink(frame, 64),
        "opencv_area": lambda: cv2.resize(frame, (64, 64), interpolation=cv2.INTER_AREA),
    }
    cv2.setNumThreads(1)
    return {name: 1000 * seconds_each(way, 200) for name, way in ways.items()}


def seconds_each(action, count: int) -> float:
    action()
    start = time.process_time()
    for _ in range(count):
        action()
    return (time.process_time() - start) / count


def fill(store: Store, name: str, length: int, sparse: bool = False) -> None:
    """A trajectory of `length` steps; a sparse one takes no room on the disk."""
    states = length + 1
    steps = Steps(
        task="FindCave", era=2021, button_names=("attack",) * 9,
        buttons=np.zeros((length, 9), np.uint8), camera=np.zeros((length, 2), np.float32),
        equip_values=("none",), equip=np.zeros(length, np.int16), equipped=np.zeros(states, np.int16),
        items=("item",) * 11, inventory=np.zeros((states, 11), np.int32),
    )  # fmt: skip
    with store.writer(name) as writer:
        if sparse:
            writer.append(np.zeros((3, 64, 64), np.uint8))
            writer._file.truncate(128 + states * 12288)
            writer._sums *= states
        else:
            random = np.random.default_rng(0)
            for _ in range(states):
                writer.append(random.integers(0, 256, (3, 64, 64), dtype=np.uint8))
        writer.commit(steps)


def feeding(folder: Path, seconds: float) -> dict:
    """Frames a CPU-second (32 x 64 a batch) from a store that fits in memory, against memcpy."""
    store = Store.create(folder)
    for number in range(10):
        fill(store, f"v4_{number}", 2000)
    sampler = sampler_of(store)
    for _ in range(200):
        batch = sampler.sample()
    source = np.concatenate([one.frames for one in store.select()])
    window, target = batch.frames.shape[1], batch.frames
    offsets = np.random.default_rng(0).integers(0, len(source) - window, (4096, BATCH))

    turns = itertools.cycle(offsets)

    def copy():
        for row, at in enumerate(next(turns)):
            target[row] = source[at : at + window]

    count = max(20, int(seconds / seconds_each(sampler.sample, 20)))
    ours, bound = [], []
    for _ in range(ROUNDS):
        ours.append(BATCH * LENGTH / seconds_each(sampler.sample, count // ROUNDS))
        bound.append(BATCH * LENGTH / seconds_each(copy, count // ROUNDS))
    return {
        "frames_a_cpu_second": statistics.median(ours),
        "copy_alone": statistics.median(bound),
        "over_copy": statistics.median(a / b for a, b in zip(ours, bound, strict=True)),
    }


def large(folder: Path) -> dict:
    """A sparse store of 20 GB in 400 trajectories, opened and sampled by a fresh process."""
    store = Store.create(folder)
    for number in range(400):
        fill(store, f"v4_{number}", 4100, sparse=True)
    os.sync()  # pages of files just written would count as the reader's own
    size = sum(file.stat().st_size for file in folder.rglob("frames.npy"))
    command = [sys.executable, str(Path(__file__).with_name("data_memory.py")), str(folder)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {"gigabytes": size / 1e9, **json.loads(output)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5, help="CPU seconds to feed for")
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        result = {
            "preparation": preparation(folder),
            "resizing_ms": resizing(),
            "feeding": feeding(folder / "hot", arguments.seconds),
            "large_store": large(folder / "large"),
        }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
