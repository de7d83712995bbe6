"""`submit check`: what the evaluator would find wrong with a package, found out by doing what it does."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import IO

import numpy as np

from basalt_iq.agent.checkpoint import load_agent
from basalt_iq.contract import TASKS, TICK_SECONDS, find_task
from basalt_iq.errors import UserError
from basalt_iq.play.instances import instance
from basalt_iq.submission.building import TEMPLATES
from basalt_iq.submission.judge import SILENCE_SECONDS, Judge, Log, Stop
from basalt_iq.submission.manifest import AICROWD_2021, AICROWD_2022, BEDD, TARGETS, Manifest, read_manifest
from basalt_iq.submission.package_files import private
from basalt_iq.submission.results import CheckRow

FILES = {
    AICROWD_2021: (
        *("aicrowd.json", "apt.txt", "environment.yml", "run.py", "test_framework.py", "aicrowd_helper.py"),
        *("test_submission_code.py", "train_submission_code.py", "utility/evaluation_locally.sh"),
    ),
    AICROWD_2022: (
        *("aicrowd.json", "Dockerfile", "config.py", "run.py", "train.py"),
        *(f"test_{task}.py" for task in TASKS),
    ),
}
#: Entries of aicrowd.json and their types.
FIELDS = {
    AICROWD_2021: {"authors": list, "description": str, "tags": str, "license": str, "gpu": bool},
    AICROWD_2022: {
        **{"authors": list, "description": str, "license": str, "gpu": bool, "debug": bool, "track": str}
    },
}
#: Episodes that the evaluator plays of each task, and the variable that tells its files to play others.
EPISODES = {
    AICROWD_2021: (5, "MINERL_MAX_EVALUATION_EPISODES"),
    AICROWD_2022: (11, "AICROWD_NUM_EVAL_EPISODES"),
}
#: Episodes of each task, and their steps, that config.py gives a package of 2022 in debug mode.
DEBUG = (2, 100)
#: The organisers' own files, which a package imitates until they are copied over.
THEIRS = {
    AICROWD_2021: ("run.py", "test_framework.py", "aicrowd_helper.py"),
    AICROWD_2022: ("run.py", "config.py"),
}
#: What their files import and a package does not: their name on the package index.
NEEDED = {"crowdai_api": "crowdai-api", "coloredlogs": "coloredlogs"}
#: Files whose loading can run code.
PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".npy", ".joblib", ".bin")


@dataclass(frozen=True)
class Trial:
    """How a package is tried out."""

    episodes: int | None = None
    """Of each task; None: as many as the evaluator plays."""
    max_steps: int | None = 100
    """Steps of an episode; None: the task's own limit."""
    silence: float = SILENCE_SECONDS
    """Seconds without a step after which the evaluator gives up."""
    tick: float = TICK_SECONDS
    """Seconds that the agent may take for a step, on average."""
    originals: Path | None = None
    """A folder with the organisers' own files, to copy over the package's; None: it runs as it is."""


def check_package(folder: Path, trial: Trial) -> list[CheckRow]:
    """Every check of an AIcrowd or BEDD package. Raises UserError if `folder` is not a package."""
    manifest = read_manifest(folder)
    if manifest.target not in TARGETS:
        from basalt_iq.submission.evaluators import find_evaluator

        return list(find_evaluator(manifest.target).check(folder, manifest, trial))
    if manifest.target == BEDD:
        from basalt_iq.submission.bedd import check_rollouts

        return list(check_rollouts(folder, manifest))
    if trial.originals:
        refuse_originals(trial.originals, manifest.target)
    rows = [*_files(folder, manifest.target), *_weights(folder, manifest), *_contents(folder)]
    if all(row.ok for row in rows):
        return [*rows, *_trial(folder, manifest, _as_asked(folder, trial))]
    return [*rows, CheckRow("plays", False, "not tried: mend the above first")]


def _as_asked(folder: Path, trial: Trial) -> Trial:
    """The trial of a package in debug mode is as short as its evaluation."""
    if not json.loads((folder / "aicrowd.json").read_text()).get("debug"):
        return trial
    episodes, steps = DEBUG
    return replace(trial, episodes=episodes, max_steps=min(trial.max_steps or steps, steps))


def _files(folder: Path, target: str) -> Iterator[CheckRow]:
    missing = [name for name in FILES[target] if not (folder / name).is_file()]
    yield CheckRow("has every required file", not missing, ", ".join(missing))
    if "aicrowd.json" not in missing:
        wrong = list(_aicrowd_json(folder / "aicrowd.json", target))
        yield CheckRow("aicrowd.json", not wrong, "; ".join(wrong))


def _aicrowd_json(path: Path, target: str) -> Iterator[str]:
    try:
        data = dict(json.loads(path.read_text()))
    except (ValueError, TypeError, RecursionError) as error:
        yield f"not a JSON object: {error}"
        return
    year = target[-4:]
    if data.get("challenge_id") != f"neurips-{year}-minerl-basalt-competition":
        yield f"challenge_id is {data.get('challenge_id')!r}"
    for name, kind in FIELDS[target].items():
        if not isinstance(data.get(name), kind):
            yield f"{name} is {data.get(name)!r}"
    if target == AICROWD_2021 and data.get("tags") not in TASKS:
        yield f"tags is {data.get('tags')!r}, not one of {', '.join(TASKS)}"


def _weights(folder: Path, manifest: Manifest) -> Iterator[CheckRow]:
    """The weights of every task are there, whole, and of an agent that fits the interface."""
    from basalt_iq.submission.entries import load_actor

    era = int(manifest.target[-4:])
    for place in sorted(set(manifest.tasks.values())):
        tasks = [task for task, at in manifest.tasks.items() if at == place]
        try:
            where = (folder / place).resolve()
            if not where.is_relative_to((folder / "train").resolve()):
                raise UserError(f"{place}: not under train/")
            load_agent(where)
            for task in tasks:
                load_actor(where, task, era)
        except UserError as error:
            yield CheckRow(f"weights in {place}", False, str(error))
        else:
            yield CheckRow(f"weights in {place}", True, f"for {', '.join(tasks)}")
    absent = {AICROWD_2021: set(), AICROWD_2022: set(TASKS)}[manifest.target] - set(manifest.tasks)
    if absent or not manifest.tasks:
        yield CheckRow("an agent for every task", False, f"none for {', '.join(sorted(absent)) or 'any'}")


def _contents(folder: Path) -> Iterator[CheckRow]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    names = [str(path.relative_to(folder)) for path in files if path.suffix in PICKLES]
    yield CheckRow("no file that runs code when it is loaded", not names, ", ".join(names))
    found = list(private(folder))
    yield CheckRow("nothing private in it", not found, ", ".join(found[:5]))
    here = {str(Path.home()), sys.prefix, os.getcwd()} - {"/"}
    told = {str(p.relative_to(folder)) for p in files if _mentions(p, here)}
    yield CheckRow("no path of this machine", not told, ", ".join(sorted(told)))


def _mentions(path: Path, places: Iterable[str]) -> bool:
    """Whether a file names one of the folders, or something in them."""
    if path.stat().st_size > 8 << 20:
        return False
    text = path.read_bytes()
    return any(place.encode() + end in text for place in places for end in (b"/", b'"'))


def _trial(folder: Path, manifest: Manifest, trial: Trial) -> Iterator[CheckRow]:
    target = manifest.target
    episodes = trial.episodes or EPISODES[target][0]
    outcome = play(folder, manifest, trial, episodes)
    log = outcome.log
    yield CheckRow("ends by itself with exit code 0", outcome.ok, outcome.last_words)
    imitated = [] if trial.originals else stand_ins(folder, target)
    said = f"{', '.join(imitated)} stand in for them; give --originals" if imitated else "theirs"
    yield CheckRow("which of the organisers' files ran", True, said)
    yield CheckRow(
        "runs on its own copy of basalt_iq, loaded before the environment",
        outcome.own,
        "" if outcome.own else str(log.source),
    )
    wanted = {find_task(task).name: episodes for task in manifest.tasks}
    played = {task: sum(p.task == task and p.done for p in log.episodes) for task in wanted}
    counts = ", ".join(f"{task} {played[task]} of {count}" for task, count in wanted.items())
    yield CheckRow("plays every episode from its reset to its end", played == wanted, counts)
    left = sum(not p.done for p in log.episodes)
    late = sum(p.late for p in log.episodes)
    yield CheckRow(
        "leaves no episode early and takes no step after its end",
        not left + late,
        f"{left} left, {late} steps",
    )
    yield CheckRow("sends what the action space has", not log.refused, "; ".join(log.refused[:3]))
    if target == AICROWD_2022:
        yield CheckRow(
            "closes its environments", log.closed == len(log.made), f"{log.closed} of {len(log.made)}"
        )
    yield _speed(log, trial.tick)


def _speed(log: Log, tick: float) -> CheckRow:
    """The mean, as it is what makes an evaluation last; without first steps, which warm up."""
    thinking = np.array([seconds for p in log.episodes for seconds in p.thinking[1:]])
    if not len(thinking):
        return CheckRow("thinks faster than the game ticks", False, "no episode had a second step")
    mean, worst = 1000 * thinking.mean(), 1000 * thinking.max()
    said = f"{mean:.1f} ms a step of at most {1000 * tick:.0f} ms, {worst:.0f} ms at worst"
    return CheckRow("thinks faster than the game ticks", bool(mean <= 1000 * tick), said)


@dataclass(frozen=True)
class CheckOutcome:
    """How a package's process ended, and what it did until then."""

    log: Log
    ok: bool
    last_words: str
    own: bool
    """It ran on its own copy of basalt_iq."""


def play(folder: Path, manifest: Manifest, trial: Trial, episodes: int) -> CheckOutcome:
    """Run a copy of the package in a process of its own, with the organisers' files over its own if given."""
    target, variable = manifest.target, EPISODES[manifest.target][1]
    settings = {variable: str(episodes)}
    if target == AICROWD_2021:  # the organisers' file plays FindCave unless its evaluator says otherwise
        settings["MINERL_GYM_ENV"] = f"MineRLBasalt{next(iter(manifest.tasks))}HighRes-v0"
    judge = Judge(int(target[-4:]), trial.max_steps)
    ours, theirs = Pipe()
    with tempfile.TemporaryDirectory(prefix="basalt-iq-check-") as scratch:
        output = Path(scratch) / "output"
        package = _laid_out(folder, Path(scratch), target, trial.originals)
        with output.open("wb") as file:
            process = _start(package, Path(scratch), theirs, file, settings)
        theirs.close()
        try:
            judge.serve(ours, trial.silence)
            code = process.wait(trial.silence)
            words = "" if code == 0 else f"exit code {code}: {_last_line(output)}"
        except Stop as stop:
            words = str(stop)
        except subprocess.TimeoutExpired:
            words = f"still running {trial.silence:g} s after its last call"
        finally:
            ours.close()
            _kill(process)
        own = judge.log.source is not None and Path(judge.log.source).is_relative_to(package)
    return CheckOutcome(judge.log, not words, words, own)


def _laid_out(folder: Path, scratch: Path, target: str, originals: Path | None) -> Path:
    """A copy of the package, which may write beside itself, and beside it what stands in for MineRL."""
    package = scratch.resolve() / "package"
    shutil.copytree(folder, package, symlinks=True)
    for name in THEIRS[target] if originals else ():
        shutil.copyfile(_original(originals, name), package / name)
    shutil.copytree(TEMPLATES / "stand-ins", scratch / "evaluator")
    shutil.copy(instance.__file__, scratch / "evaluator")
    for module in ("aicrowd_gym", "coloredlogs"):
        if importlib.util.find_spec(module):
            (scratch / "evaluator" / f"{module}.py").unlink()  # the real one is installed
    return package


def _original(folder: Path | None, name: str) -> Path:
    assert folder is not None
    path = folder / name
    if not path.is_file():
        raise UserError(f"--originals {folder}: has no {name}; name the competition's submission template")
    return path


def refuse_originals(originals: Path, target: str) -> None:
    """Raises UserError if the organisers' files are not all there or need a package that is not installed."""
    for name in THEIRS[target]:
        text = _original(originals, name).read_text(errors="replace")
        for module, package in NEEDED.items():
            if re.search(rf"^\s*(import|from) {module}\b", text, re.M) and not importlib.util.find_spec(
                module
            ):
                raise UserError(f"--originals: {name} imports {module}; pip install {package}")


def stand_ins(folder: Path, target: str) -> list[str]:
    """The organisers' files that the package only imitates."""
    ours = TEMPLATES / target
    return [name for name in THEIRS[target] if (folder / name).read_bytes() == (ours / name).read_bytes()]


def _start(
    package: Path, scratch: Path, pipe: Connection, output: IO[bytes], settings: dict[str, str]
) -> subprocess.Popen:
    """The package's process: it knows no code but its own, the evaluator's, and what they depend on."""
    home = str(scratch)
    (scratch / "shared").mkdir()
    environment = {
        **{name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ},
        **{"HOME": home, "TMPDIR": home, "NUMBA_CACHE_DIR": home, "OMP_WAIT_POLICY": "passive"},
        **{"PYTHONPATH": f"{scratch / 'evaluator'}{os.pathsep}{package}", "PYTHONDONTWRITEBYTECODE": "1"},
        **{"EVALUATION_STAGE": "testing", "EVALUATION_RUNNING_ON": "local"},
        **{"EXITED_SIGNAL_PATH": str(scratch / "shared" / "exited")},
        **{"BASALT_IQ_JUDGE": str(pipe.fileno()), **settings},
    }
    return subprocess.Popen(
        [sys.executable, str(package / "run.py")],
        cwd=package,
        env=environment,
        pass_fds=[pipe.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _last_line(path: Path) -> str:
    lines = [line.strip() for line in path.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "said nothing"


def _kill(process: subprocess.Popen) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
