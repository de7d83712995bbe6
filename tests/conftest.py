"""For every room: one thread per process (pytest-xdist gives each core one), and no tracking account."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("WANDB_MODE", "disabled")
