"""Packages under files like the organisers' own: as built, copied over, and by --originals."""

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import originals

from basalt_iq.errors import UserError
from basalt_iq.submission.building import AICROWD_2021, AICROWD_2022, Particulars, build_package
from basalt_iq.submission.checking import Trial, check_package

WHICH = "which of the organisers' files ran"
needs_theirs = pytest.mark.skipif(
    not importlib.util.find_spec("crowdai_api"), reason="crowdai-api is not installed"
)


def trial(**options):
    return Trial(episodes=2, max_steps=6, silence=60.0, tick=5.0, **options)  # busy machines think slowly


def check(package, **options):
    rows = check_package(package, trial(**options))
    assert all(row.ok for row in rows), [row for row in rows if not row.ok]
    return {row.check: row.detail for row in rows}


@needs_theirs
@pytest.mark.slow
def test_2021_as_built_with_originals_and_with_originals_copied_over(checkpoint, tmp_path):
    package, theirs = tmp_path / "package", originals.write(tmp_path / "theirs", 2021)
    build_package(AICROWD_2021, [checkpoint], package, Particulars())
    before = sorted(path.relative_to(package) for path in package.rglob("*"))
    found = check(package)
    assert found[WHICH] == "run.py, test_framework.py, aicrowd_helper.py stand in for them; give --originals"
    found = check(package, originals=theirs)
    assert found[WHICH] == "theirs"
    assert found["plays every episode from its reset to its end"] == "FindCave 2 of 2"
    assert sorted(path.relative_to(package) for path in package.rglob("*")) == before
    for file in theirs.iterdir():
        shutil.copy(file, package)
    assert check(package)[WHICH] == "theirs"


@needs_theirs
@pytest.mark.slow
def test_originals_play_the_packages_own_task_though_theirs_by_default_is_another(make_agent, tmp_path):
    package, theirs = tmp_path / "package", originals.write(tmp_path / "theirs", 2021)
    agent = make_agent(tmp_path / "agent", "BuildVillageHouse")
    build_package(AICROWD_2021, [agent], package, Particulars())
    found = check(package, originals=theirs)
    assert found["plays every episode from its reset to its end"] == "BuildVillageHouse 2 of 2"


@pytest.mark.slow
def test_2022_with_its_variables_and_the_real_aicrowd_gym_where_it_is(checkpoint, tmp_path):
    package, theirs = tmp_path / "package", originals.write(tmp_path / "theirs", 2022)
    build_package(AICROWD_2022, [checkpoint], package, Particulars())
    found = check(package, originals=theirs)
    assert found["plays every episode from its reset to its end"].count("2 of 2") == 4


def test_originals_that_are_not_there_are_named(checkpoint, tmp_path):
    package = tmp_path / "package"
    build_package(AICROWD_2021, [checkpoint], package, Particulars())
    theirs = originals.write(tmp_path / "theirs", 2021)
    (theirs / "aicrowd_helper.py").unlink()
    with pytest.raises(UserError, match=r"has no aicrowd_helper\.py; name the competition's"):
        check_package(package, trial(originals=theirs))
