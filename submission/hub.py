"""Agents on the Hugging Face Hub: pushed with a card, pulled and held to their sums. Never pickle."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from basalt_iq.agent.checkpoint import AgentSpec, load_agent
from basalt_iq.agent.places import find_agent
from basalt_iq.errors import UserError
from basalt_iq.files import make_folder, put, write_sums, write_text
from basalt_iq.play.plan import SUMMARY, Summary, read_summary
from basalt_iq.records import read_json
from basalt_iq.scratch import scratch
from basalt_iq.submission.card import VIDEO, card

AGENT = ("agent.json", "weights.safetensors")
#: What is taken from a repository, whatever else lies there.
TAKEN = (*AGENT, "SHA256SUMS", "README.md", VIDEO)


def push(run: Path, repo: str, *, private: bool = False, token: str | None = None) -> str:
    """Upload a run's agent with its card; the address. Raises UserError where that is refused."""
    from huggingface_hub import HfApi

    api = HfApi(token=token)
    with scratch(make_folder(run), "push") as folder, _plainly(repo):
        fill(folder, run, repo)
        api.create_repo(repo, private=private, exist_ok=True)
        return str(api.upload_folder(repo_id=repo, folder_path=folder, commit_message="Agent of basalt-iq"))


def pull(repo: str, out: Path, *, revision: str | None = None, token: str | None = None) -> AgentSpec:
    """Download an agent into the new folder `out`, which commands take as a run. Raises UserError."""
    from huggingface_hub import snapshot_download

    if out.exists():
        raise UserError(f"{out}: is there already; give --out a new folder")
    with scratch(make_folder(out.parent), "pull") as folder:
        whole = folder / "agent"
        with _plainly(repo):
            snapshot_download(
                repo, revision=revision, token=token, local_dir=whole, allow_patterns=list(TAKEN)
            )
        shutil.rmtree(whole / ".cache", ignore_errors=True)
        if not (whole / "agent.json").is_file():
            raise UserError(f"{repo}: holds no agent of basalt-iq (no agent.json)")
        spec, _ = load_agent(whole)
        put(whole, out)
    return spec


def fill(folder: Path, run: Path, repo: str) -> AgentSpec:
    """Write what is uploaded: weights, description, sums, card, and a video if there is an episode."""
    source = find_agent(run)
    spec, _ = load_agent(source)
    for name in AGENT:
        shutil.copy(source / name, folder / name)
    results = evaluations(run)
    video = best_video(run)
    if video:
        shutil.copy(video, folder / VIDEO)
    write_text(folder / "README.md", card(repo, spec, settings(run), results, video is not None))
    write_sums(folder)
    return spec


def evaluations(run: Path) -> list[Summary]:
    """The complete evaluations of a run, by name."""
    found = sorted(run.glob(f"evaluations/*/{SUMMARY}"))
    return [one for one in (read_summary(path.parent) for path in found) if one.complete]


def best_video(run: Path) -> Path | None:
    """An episode of the agent's own to show: the first that succeeded, else the first."""
    from basalt_iq.play.episode import load_all

    for folder in (path.parent for path in sorted(run.glob(f"evaluations/*/{SUMMARY}"))):
        if read_summary(folder).weights is None:
            continue
        episodes = sorted(load_all(folder), key=lambda e: (not e.facts.success, e.facts.seed))
        return next((one.shown for one in episodes if one.shown.is_file()), None)
    return None


def settings(run: Path) -> dict[str, Any]:
    """What the training was told; empty where only its agent is left."""
    try:
        return read_json(run / "config.json", dict, remedy="restore it").get("config", {})
    except FileNotFoundError:
        return {}


@contextmanager
def _plainly(repo: str) -> Iterator[None]:
    """The Hub's refusals, and what the network does, in one line."""
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        yield
    except HFValidationError as error:
        raise UserError(f"{repo}: {_line(error)}; a repository is USER/NAME") from None
    except HfHubHTTPError as error:
        hint = "; log in with `hf auth login`, or set HF_TOKEN" if _code(error) in (401, 403) else ""
        raise UserError(f"{repo}: the Hub refuses ({_line(error)}){hint}") from None
    except UserError:
        raise
    except Exception as error:
        if not _network(error):
            raise
        raise UserError(f"{repo}: the Hub cannot be reached ({_line(error)}); repeat the command") from None


def _code(error: Any) -> int:
    return getattr(getattr(error, "response", None), "status_code", 0)


def _network(error: Exception) -> bool:
    """Is it an error of the connection? The Hub's package has changed its HTTP library more than once."""
    names: Sequence[str] = [kind.__module__.partition(".")[0] for kind in type(error).__mro__]
    return isinstance(error, OSError) or any(
        name.startswith(("httpx", "httpcore", "requests")) for name in names
    )


def _line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
