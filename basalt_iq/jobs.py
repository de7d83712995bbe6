"""The same job for many things, one process each core, on this machine or on a Ray cluster."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from basalt_iq.errors import UserError

Item = TypeVar("Item")
Result = TypeVar("Result")
#: Called back as jobs are finished: (done, of how many).
Progress = Callable[[int, int], None]


def run_jobs(
    job: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    workers: int | None = None,
    ray: bool = False,
) -> Iterator[tuple[Item, Result]]:
    """Yield each item with its result as they are done. `job` must be importable, its exceptions are raised.

    `workers` counts processes (one for each core unless told; 1 is this process itself). With `ray`,
    jobs go to the cluster that Ray finds, which must see the same file system.
    """
    if not items:
        return
    if ray:
        yield from _on_ray(job, items)
        return
    count = min(len(items), workers or cores())
    if count == 1:
        yield from ((item, job(item)) for item in items)
        return
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=_end_with_parent)
    try:
        futures = {pool.submit(job, item): item for item in items}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BrokenProcessPool:
        raise UserError(
            "a worker died, perhaps for lack of memory; run again with fewer --workers (what is done is kept)"
        ) from None
    except BaseException:
        # Whoever stopped this is not to wait for jobs that take minutes; what they wrote by halves is swept.
        for worker in set(multiprocessing.active_children()) - others:
            worker.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _on_ray(job: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[tuple[Item, Result]]:
    try:
        import ray
    except ImportError:
        raise UserError("--ray needs Ray: pip install 'basalt-iq[ray]'") from None
    ray.init(ignore_reinit_error=True, log_to_driver=False)
    remote: Any = ray.remote(_call)
    waiting = {remote.remote(job, item): item for item in items}
    while waiting:
        (done,), _ = ray.wait(list(waiting), num_returns=1)
        yield waiting.pop(done), ray.get(done)


def _call(job: Callable[[Item], Result], item: Item) -> Result:
    """What Ray runs: it takes plain functions only, not partial ones."""
    return job(item)


def _end_with_parent() -> None:
    """A killed parent cannot stop its workers, so they watch for its end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, which ends its workers
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
