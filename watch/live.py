"""Follow runs while they train or play: the report's page kept current, and the same in the terminal."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.live import Live
from rich.table import Table
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from basalt_iq.command import console, tell_address
from basalt_iq.pages import render
from basalt_iq.server import as_json, as_page, refusal, run_site
from basalt_iq.train.meanings import meaning_of
from basalt_iq.watch.contents import EvaluationPart, Report, RunPart
from basalt_iq.watch.report import TEMPLATES, Media, as_data, collect, delivery
from basalt_iq.watch.results import Followed
from basalt_iq.watch.runs import find

#: Seconds between looks at the folders.
REFRESH = 2.0
BARS = "▁▂▃▄▅▆▇█"


class LiveSite:
    """The page, its data as they are now, and the media of the episodes it lists."""

    def __init__(self, paths: Sequence[Path]):
        self.paths = paths
        self._lock = threading.Lock()
        self._report: Report | None = None
        self._media: dict[str, Media] = {}
        self._read = -REFRESH

    @property
    def report(self) -> Report:
        """As :func:`collect` gives it, read anew when it is older than :data:`REFRESH`."""
        with self._lock:
            if self._report is None or time.monotonic() - self._read >= REFRESH:
                report, media = collect(self.paths)
                self._report = replace(report, media="media", live=REFRESH)
                self._media = {m.key: m for m in media}
                self._read = time.monotonic()
            return self._report

    @property
    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", lambda _: as_page(self.page())),
            Route("/data.json", lambda _: as_json(as_data(self.report))),
            Route("/media/{name}", self._media_of),
        ]

    def page(self) -> str:
        report = self.report
        return render(TEMPLATES, "report.html", title=report.title, data=as_data(report), blocks=[])

    def _media_of(self, request: Request) -> Response:
        name = request.path_params["name"]
        media = self._media.get(name[2:].rpartition(".")[0])
        if media is None:
            return refusal("not found", HTTPStatus.NOT_FOUND)
        if name.startswith("v-"):
            return FileResponse(media.episode.shown, media_type="video/mp4")
        return Response(delivery(media), media_type="text/javascript")


def follow(
    paths: Sequence[Path], *, port: int = 0, seconds: float | None = None, show: bool = False
) -> Followed:
    """Serve until the time is over or Ctrl-C is pressed; in a terminal show the newest values as well.

    ``show`` opens the page in this machine's browser. Raises UserError if there is nothing to follow.
    """
    find(paths)
    site, end = LiveSite(paths), None if seconds is None else time.monotonic() + seconds
    with run_site(site.routes, port) as address, contextlib.suppress(KeyboardInterrupt):
        tell_address(address, "to follow", show)
        with (
            Live(console=console, auto_refresh=False)
            if console.is_terminal
            else contextlib.nullcontext() as screen
        ):
            while end is None or time.monotonic() < end:
                if screen is not None:
                    screen.update(view(site.report, address), refresh=True)
                time.sleep(REFRESH / 2 if end is None else max(0.0, min(REFRESH / 2, end - time.monotonic())))
    return Followed(address=address)


def view(report: Report, address: str) -> Group:
    """The page in a terminal: the newest value and the shape of each curve, and the evaluations so far."""
    tables = [*map(_run_table, report.runs), _evaluation_table(report.evaluations)]
    return Group(f"{address}   (Ctrl-C ends it)", *tables)


def _run_table(run: RunPart) -> Table:
    curves = run.curves
    newest = max((curve.steps[-1] for curve in curves.values()), default=0)
    title = f"{run.name}: " + (f"step {newest:,.0f}" if curves else "nothing logged yet")
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for heading in ("", "now", "so far", "better"):
        table.add_column(heading, justify="right" if heading == "now" else "left")
    for name in sorted(curves, key=lambda name: (meaning_of(name).rank, name)):
        meaning = meaning_of(name)
        if meaning.rank < 12:
            values = curves[name].values
            table.add_row(meaning.title, f"{values[-1]:.4g}", sparkline(values), meaning.better)
    return table


def _evaluation_table(evaluations: Sequence[EvaluationPart]) -> Table:
    table = Table(title="evaluations", title_justify="left", box=SIMPLE_HEAD)
    for heading in ("player", "episodes", "success", "95 % interval"):
        table.add_column(heading)
    for evaluation in evaluations:
        s = evaluation.summary
        rate = ("not judged", "") if s.rate is None else (f"{s.rate:.0%}", f"{s.low:.0%} to {s.high:.0%}")
        table.add_row(evaluation.name, f"{s.episodes}{'' if s.complete else ' so far'}", *rate)
    return table


def sparkline(values: Sequence[float], width: int = 40) -> str:
    """The curve in one line of blocks, the lowest value an eighth high, the highest whole."""
    size = max(1, -(-len(values) // width))
    means = [sum(part) / len(part) for i in range(0, len(values), size) if (part := values[i : i + size])]
    low, high = min(means), max(means)
    return "".join(BARS[round((v - low) / ((high - low) or 1) * (len(BARS) - 1))] for v in means)
