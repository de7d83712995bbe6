"""`basalt-iq`: one command for the whole loop, from demo videos to an agent you can watch."""

from __future__ import annotations

import dataclasses
import errno
import importlib
import inspect
import json
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any, Union

# Two OpenMP threads that spin while they wait are 20 times slower than one on a busy machine.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import tyro

from basalt_iq.command import Command, console
from basalt_iq.errors import UserError

#: command line -> where its dataclass lives. Modules import nothing heavy until `run` is called.
COMMANDS = {
    "demo": "demo:Demo",
    "data record": "play.commands:Record",
    "data check": "data.commands:CheckDemos",
    "data ingest": "data.commands:Ingest",
    "data show": "data.commands:Show",
    "data browse": "watch.commands:Browse",
    "data index": "data.commands:Index",
    "data export": "data.commands:Export",
    "data import": "data.commands:Import",
    "train": "train.commands:Train",
    "evaluate": "play.commands:Evaluate",
    "watch": "watch.commands:Watch",
    "compare": "watch.commands:Compare",
    "push": "submission.sharing:Push",
    "pull": "submission.sharing:Pull",
    "export": "submission.sharing:ExportAgent",
    "submit build": "submission.commands:Build",
    "submit check": "submission.commands:Check",
}


GROUPS = {
    "data": "Record, check, decode and look at demonstrations.",
    "submit": "Build what the BASALT evaluators take, and try it out as they do.",
}


def _load(place: str) -> type[Command]:
    module, name = place.split(":")
    return getattr(importlib.import_module(f"basalt_iq.{module}"), name)


def command_tree(asked: str | None = None, words: Sequence[str] = ()) -> Any:
    """The sub-commands as one nested union type, the form in which tyro reads them.

    All but the one `asked` for are only named, with what they do: their options would take time to read. It
    says by the `words` of the command line what its options are if they are left out.
    """
    top: dict[str, Any] = {}
    groups: dict[str, list[Any]] = {}
    for line, place in COMMANDS.items():
        group, _, name = line.rpartition(" ")
        command = _load(place)
        shown = command if line == asked else dataclasses.make_dataclass(command.__name__, [])
        given: dict[str, Any] = (
            {"default": preset} if line == asked and (preset := command.preset(words)) is not None else {}
        )
        about = tyro.conf.subcommand(name, prefix_name=False, description=_first_line(command), **given)
        leaf: Any = Annotated[shown, about]
        if group:
            groups.setdefault(group, []).append(leaf)
            about = tyro.conf.subcommand(group, prefix_name=False, description=GROUPS[group])
            top[group] = Annotated[Union[tuple(groups[group])], about]  # noqa: UP007
        else:
            top[name] = leaf
    return Union[tuple(top.values())]  # noqa: UP007


def _first_line(command: type[Command]) -> str:
    return (inspect.getdoc(command) or "").partition("\n")[0]


def asked_for(words: Sequence[str]) -> str | None:
    """Which of the COMMANDS a command line begins with."""
    return next((line for line in COMMANDS if line.split() == list(words[: len(line.split())])), None)


#: Module that may be missing from a plain install -> the extra that brings it.
EXTRA_OF = {
    "torch": "train", "gymnasium": "train", "numba": "world", "jinja2": "watch", "trueskill": "watch",
    "openskill": "watch", "starlette": "watch", "uvicorn": "watch", "wandb": "track", "tensorboard": "track",
    "pyarrow": "exchange", "pandas": "exchange", "minari": "exchange",
    "huggingface_hub": "hub", "onnx": "onnx", "onnxscript": "onnx", "onnxruntime": "onnx", "rerun": "rerun",
}  # fmt: skip


#: What a disk, its permissions or this process's limits do to any file operation: no defect of ours.
TROUBLE = (
    errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EACCES, errno.EPERM, errno.EROFS, errno.EMFILE, errno.ENFILE,
    errno.ESTALE, errno.EFBIG,
)  # fmt: skip


def main(argv: list[str] | None = None) -> None:
    """Exit code 0 for success, 1 for a job that ran and found fault, 2 for bad input."""
    words = sys.argv[1:] if argv is None else argv
    asked = asked_for(words)
    if words == ["--version"]:
        from importlib import metadata

        print(f"basalt-iq {metadata.version('basalt-iq')}")
        return
    try:
        command: Command = tyro.cli(
            command_tree(asked, words),
            args=words or ["--help"],
            prog="basalt-iq",
            description=__doc__,
            config=_forms(asked),
        )
        result = command.run()
    except UserError as error:
        _say(str(error))
        sys.exit(2)
    except ModuleNotFoundError as error:
        _say(_missing(error))
        sys.exit(2)
    except OSError as error:
        if error.errno not in TROUBLE:
            raise
        _say(f"{error.filename or 'a file'}: {error.strerror}; mend that and repeat the command")
        sys.exit(2)
    except KeyboardInterrupt:
        console.print("\ninterrupted; the same command continues where it stopped")
        sys.exit(130)
    if command.json:
        json.dump(result.to_json(), sys.stdout, indent=2)
        print()
    sys.exit(0 if result.ok else 1)


def _forms(asked: str | None) -> tuple[Any, ...]:
    """How options are written: on and off each have a name only where a preset may have set either."""
    both = asked is not None and _load(COMMANDS[asked]).has_presets
    return (tyro.conf.OmitArgPrefixes, *(() if both else (tyro.conf.FlagCreatePairsOff,)))


def _missing(error: ModuleNotFoundError) -> str:
    """What to install for a part that a plain install leaves out. Any other missing module is a defect."""
    extra = EXTRA_OF.get((error.name or "").partition(".")[0])
    if extra is None:
        raise error
    return f"this needs {error.name}, which a plain install leaves out: pip install 'basalt-iq[{extra}]'"


def _say(message: str) -> None:
    console.print(f"basalt-iq: {message}", style="red", markup=False, highlight=False, soft_wrap=True)
