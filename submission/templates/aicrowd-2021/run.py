"""Training, evaluation, or both, by EVALUATION_STAGE. The organisers' own run.py goes in its place."""

import os

STAGE = os.getenv("EVALUATION_STAGE", "testing")

if STAGE in ("all", "training"):
    import train_submission_code

    train_submission_code.main()

if STAGE in ("all", "testing"):
    import test_framework

    test_framework.main()
