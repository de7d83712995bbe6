"""Compiled code is made anew when any source that it holds changes."""

from basalt_iq import jit


def test_the_cache_is_named_after_the_sources_of_every_room() -> None:
    names = {"/".join(path.parts[-2:]) for path in jit.sources()}
    assert {
        "world/blocks.py",
        "world/physics.py",
        "players/paths.py",
        "basalt_iq/compiled_frames.py",
    } <= names
