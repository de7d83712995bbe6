#!/bin/sh
# Retrains the agent: MINERL_DATA_ROOT=/path/to/demonstrations ./utility/train_locally.sh
set -e
cd "$(dirname "$0")/.."
EVALUATION_STAGE=training exec python run.py
