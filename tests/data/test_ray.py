"""Ingestion on a local Ray: the same jobs, the same store."""

import os

import numpy as np
import pytest

from basalt_iq.data.ingest import ingest
from basalt_iq.data.sources import find_sources
from basalt_iq.data.store import Store

os.environ.setdefault("RAY_raylet_start_wait_time_s", "240")  # its own 60 are short on a busy machine
ray = pytest.importorskip("ray", reason="Ray is an extra: pip install 'basalt-iq[ray]'")


@pytest.mark.slow
def test_a_ray_cluster_fills_the_same_store(tmp_path, demos):
    for i in range(3):
        demos.write_2021(tmp_path / "demos", f"v4_a-{i}_0-30", demos.steps_2021(seed=i))
    sources, *_ = find_sources(tmp_path / "demos")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        report = ingest(sources, Store.create(tmp_path / "ray"), ray=True)
    finally:
        ray.shutdown()
    ingest(sources, Store.create(tmp_path / "plain"), workers=1)
    assert len(report.added) == 3
    pairs = zip(Store.open(tmp_path / "ray").select(), Store.open(tmp_path / "plain").select(), strict=True)
    for one, other in pairs:
        assert one.name == other.name
        assert np.array_equal(one.frames, other.frames)
        assert np.array_equal(one.camera, other.camera)
