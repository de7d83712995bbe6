"""Tells AIcrowd how it goes. This one writes to the log; the organisers' own goes in its place."""

import logging

log = logging.getLogger(__name__)


def _teller(event):
    def tell(*details):
        log.info("%s %s", event, " ".join(map(str, details)))

    return tell


training_start = _teller("training started")
training_end = _teller("training ended")
training_error = _teller("training failed")
inference_start = _teller("inference started")
inference_end = _teller("inference ended")
inference_error = _teller("inference failed")
