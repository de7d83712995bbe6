"""One list of what metrics mean: the page is made from it, and every metric that training logs is in it."""

import json
from pathlib import Path

from basalt_iq.train.meanings import MEANINGS, meaning_of, page

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_page_is_the_list():
    assert (DOCS / "metrics.md").read_text() == page()


def test_a_metric_is_known_by_its_full_name_or_its_last_part():
    assert meaning_of("held_out/nll").title == "NLL, held-out demos"
    assert meaning_of("other/nll") in MEANINGS.values()
    assert meaning_of("my/own_thing").title == "My: own thing"


def test_all_that_a_training_logs_is_explained(trained):
    logged = set()
    for line in (trained.run / "metrics.jsonl").read_text().splitlines():
        logged |= json.loads(line).keys() - {"step", "seconds"}
    assert logged
    assert logged <= MEANINGS.keys()
