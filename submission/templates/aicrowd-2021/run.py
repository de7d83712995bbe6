"""Training, evaluation, or both, by EVALUATION_STAGE. The organisers' own run.py goes in its place."""

import os
from pathlib import Path

import aicrowd_helper
import test_framework
import train_submission_code

STAGE = os.getenv("EVALUATION_STAGE", "all")
EXITED = Path(os.getenv("EXITED_SIGNAL_PATH", "shared/exited"))


def report(job, start, end, error):
    """Do a job, and tell AIcrowd how it went."""
    start()
    try:
        job()
    except BaseException:
        error()
        raise
    end()


if STAGE == "manager":
    import minerl

    minerl.env.malmo.launch_instance_manager()
if STAGE in ("all", "training"):
    helper = aicrowd_helper
    report(train_submission_code.main, helper.training_start, helper.training_end, helper.training_error)
if STAGE in ("all", "testing"):
    helper = aicrowd_helper
    report(test_framework.main, helper.inference_start, helper.inference_end, helper.inference_error)
    if EXITED.parent.is_dir():
        EXITED.touch()
