#!/bin/sh
# Evaluates the agent: xvfb-run -a ./utility/evaluation_locally.sh
set -e
cd "$(dirname "$0")/.."
EVALUATION_STAGE=testing exec python run.py
