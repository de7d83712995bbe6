"""Lets the real recorder of minestudio write episodes, without its simulator. Runs in its interpreter.

usage: record_with_minestudio.py FOLDER STEPS; each of two episodes has so many. Frame k is of grey 20 k, and
action k (from 0) turns by k degrees and presses forward where k is odd.
"""

import sys
from types import SimpleNamespace

import numpy as np
from minestudio.simulator.callbacks.record import RecordCallback

folder, steps = sys.argv[1], int(sys.argv[2])
recorder = RecordCallback(folder, record_actions=True)
sim = SimpleNamespace(callback_messages=set())


def info(step):
    return {"pov": np.full((360, 640, 3), 20 * step, np.uint8)}


for _ in range(2):
    recorder.before_reset(sim, True)
    recorder.after_reset(sim, {}, info(0))
    for step in range(steps):
        camera = np.array([0.0, step], np.float32)
        recorder.before_step(sim, {"forward": step % 2, "attack": np.array(1), "camera": camera, "chat": ""})
        recorder.after_step(sim, {}, 0.0, False, False, info(step + 1))
recorder.before_close(sim)
