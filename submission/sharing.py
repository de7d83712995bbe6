"""`basalt-iq push`, `pull` and `export`: agents for other people and other programs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from basalt_iq.command import Command, console
from basalt_iq.errors import UserError

if TYPE_CHECKING:
    from basalt_iq.submission.results import OnnxWritten, Pulled, Pushed


@dataclass(frozen=True, kw_only=True)
class Push(Command):
    """Upload a run's agent to the Hugging Face Hub, with a card of its settings, results and a video.

    Log in once with `hf auth login`, or set HF_TOKEN.
    """

    run_dir: tyro.conf.Positional[Path]
    """Run folder; its complete evaluations are the card's results."""
    repo: tyro.conf.Positional[str]
    """USER/NAME."""
    private: bool = False
    """Make a new repository private."""

    def run(self) -> Pushed:
        from basalt_iq.submission.hub import push
        from basalt_iq.submission.results import Pushed

        address = push(self.run_dir, self.repo, private=self.private)
        console.print(f"{self.run_dir}: pushed to {address}", markup=False, soft_wrap=True)
        return Pushed(repo=self.repo, address=address)


@dataclass(frozen=True, kw_only=True)
class Pull(Command):
    """Download an agent from the Hugging Face Hub into a folder that commands take as a run."""

    repo: tyro.conf.Positional[str]
    """USER/NAME."""
    out: Path
    """Folder to make."""
    revision: str | None = None
    """Branch, tag or commit; the newest unless given."""

    def run(self) -> Pulled:
        from basalt_iq.submission.hub import pull
        from basalt_iq.submission.results import Pulled

        spec = pull(self.repo, self.out, revision=self.revision)
        console.print(
            f"{self.out}: an agent for {spec.task}; let it play with `basalt-iq evaluate --run {self.out}`",
            markup=False, soft_wrap=True,
        )  # fmt: skip
        return Pulled(out=str(self.out), task=spec.task, era=spec.era)


@dataclass(frozen=True, kw_only=True)
class ExportAgent(Command):
    """Write a run's agent as one ONNX file: a step of its network, with its description inside.

    `basalt_iq.load_agent` plays it with onnxruntime; other runtimes and languages can too.
    """

    run_dir: tyro.conf.Positional[Path]
    """Run or checkpoint folder."""
    out: Path
    """File to write, ending in .onnx. Needs `pip install 'basalt-iq[onnx]'`."""

    def run(self) -> OnnxWritten:
        if self.out.suffix != ".onnx":
            raise UserError(f"--out {self.out}: give a name that ends in .onnx")
        from basalt_iq.agent.onnx_file import export_onnx
        from basalt_iq.agent.places import find_agent
        from basalt_iq.submission.results import OnnxWritten

        spec = export_onnx(find_agent(self.run_dir), self.out)
        size = self.out.stat().st_size
        console.print(
            f"{self.out}: an agent for {spec.task}, {size / 1e6:.1f} MB", markup=False, soft_wrap=True
        )
        return OnnxWritten(out=str(self.out), task=spec.task, bytes=size)
