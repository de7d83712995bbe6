"""Numbers that no training can have: one line that names the option, exit code 2, nothing written."""

from dataclasses import fields, is_dataclass

import pytest

from basalt_iq.cli import main
from basalt_iq.data.store import Store
from basalt_iq.train.config import TrainConfig
from basalt_iq.train.ranges import RANGES

WRONG = [
    *("--learning-rate nan", "--learning-rate inf", "--learning-rate 0", "--seed -1", "--first-seed -1"),
    *("--batch 0", "--steps -5", "--held-out 2", "--held-out nan", "--minutes 0", "--minutes nan"),
    *("--average 1", "--target-rate 0", "--forget-history 1.5", "--weight-decay -1", "--temperature 0"),
    *("--discount 1", "--alpha nan", "--absorbing-reward inf", "--replay-gb nan", "--worlds 0", "--shift -1"),
    *(
        "--features 0",
        "--stack 0",
        "--hindsight-batch 0",
        "--hindsight-weight nan",
        "--clip-gradient 0",
        "--clip-gradient inf",
    ),
]


@pytest.mark.parametrize("option", WRONG)
def test_a_number_out_of_range_is_named_in_a_line(tmp_path, capsys, option):
    Store.create(tmp_path / "store")
    name, value = option.split()
    with pytest.raises(SystemExit) as left:
        main(["train", "--store", str(tmp_path / "store"), "--run", str(tmp_path / "run"), name, value])
    (line,) = capsys.readouterr().err.splitlines()
    assert left.value.code == 2
    assert line.startswith(f"basalt-iq: {name} {value}: must be ")
    assert not (tmp_path / "run").exists()


def numbers(kind):
    """Names of the fields that hold numbers, in a configuration and its parts."""
    for one in fields(kind):
        if is_dataclass(one.default):
            yield from numbers(one.default)
        elif is_dataclass(one.default_factory):
            yield from numbers(one.default_factory)
        elif str(one.type) in ("int", "float", "Optional[int]", "Optional[float]"):
            yield one.name


def test_every_number_has_a_range():
    assert set(numbers(TrainConfig)) == set(RANGES)
