"""Playing beside learning: while the learner updates, every world decides with the last weights."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from basalt_iq.agent.checkpoint import AgentSpec
from basalt_iq.agent.network import SoftQNetwork
from basalt_iq.data.sampler import SampledEpisode, Sequences
from basalt_iq.play.worlds import Maker
from basalt_iq.train.actors import Actors
from basalt_iq.train.config import OnlineConfig
from basalt_iq.train.profile import Profile
from basalt_iq.train.replay import Replay
from basalt_iq.train.stored_states import StoredStates

Update = Callable[[list[Sequences]], dict[str, float]]


class Online:
    """Actors and their replay. The order of all that matters is fixed, so a run repeats exactly."""

    def __init__(
        self, config: OnlineConfig, spec: AgentSpec, network: SoftQNetwork, folder: Path, profile: Profile,
        **sampling: Any,
    ):  # fmt: skip
        Maker(config.world).check_era(spec.era)
        states = StoredStates([], spec.network.hidden, sampling["grid"])
        self.replay = Replay(folder, int(config.replay_gb * 1e9), states, **sampling)
        self.actors = Actors(spec, network, config, seed=sampling["seed"])
        self.network, self.profile = network, profile
        self._thread = ThreadPoolExecutor(1)

    def beside(self, update: Update) -> dict[str, float]:
        """Run `update` on a batch of the policy's sequences (at first: none) while all worlds move."""
        with self.profile.part("replay"):
            played = self.replay.sample()
        playing = self._thread.submit(self._play)
        try:
            values = update([] if played is None else [played])
        finally:
            with self.profile.part("waiting for the worlds"):
                episodes = playing.result()
        with self.profile.part("replay"):
            for episode in episodes:
                self.replay.add(episode)
            self.actors.sync(self.network)
        return values

    def _play(self) -> list[SampledEpisode]:
        with self.profile.in_thread("playing"):
            return [e for _ in range(self.actors.config.decisions) for e in self.actors.decide()]

    def metrics(self) -> dict[str, float]:
        a = self.actors
        return {
            "online/episodes": a.finished,
            "online/faults": a.faults,
            "online/success": a.successes / max(a.finished, 1),
            "online/replay_episodes": len(self.replay),
            "online/replay_steps": self.replay.steps,
        }

    def close(self) -> None:
        self._thread.shutdown()
        self.actors.close()

    def state_dict(self) -> dict[str, Any]:
        weights = self.actors.player.network.state_dict()
        return {"replay": self.replay.state_dict(), "actors": self.actors.state_dict(), "acting": weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.replay.load_state_dict(state["replay"])
        self.actors.load_state_dict(state["actors"])
        self.actors.player.network.load_state_dict(state["acting"])
