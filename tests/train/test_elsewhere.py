"""The learner in environments that are not Minecraft's."""

from functools import partial

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from basalt_iq.agent.config import NetworkConfig
from basalt_iq.errors import UserError
from basalt_iq.train.config import LearnerConfig, ObjectiveConfig
from basalt_iq.train.elsewhere import Imitation, Interface, Setting, play

SMALL = NetworkConfig(encoder="none", stack=1, features=16, hidden=16, memory=False)


class Signs(gymnasium.Env):
    """Says left or right, by a picture or a number, for ten steps; right answers are worth 1."""

    def __init__(self, pictures: bool):
        self.pictures = pictures
        self.observation_space = (
            spaces.Dict({"view": spaces.Box(0, 255, (20, 30, 3), np.uint8), "time": spaces.Discrete(11)})
            if pictures
            else spaces.Box(-1.0, 1.0, (1,))
        )
        self.action_space = spaces.Discrete(2, start=5)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.time = 0
        return self._sign(), {}

    def step(self, action):
        right = action - 5 == self.side
        self.time += 1
        return self._sign(), float(right), self.time == 10, False, {}

    def _sign(self):
        self.side = int(self.np_random.integers(2))
        if not self.pictures:
            return np.array([2.0 * self.side - 1.0], np.float32)
        view = np.zeros((20, 30, 3), np.uint8)
        view[:, 15 * self.side : 15 * self.side + 15] = 255
        return {"view": view, "time": self.time}


def knows(observation):
    if isinstance(observation, dict):
        return 5 + int(observation["view"][:, 15:].any())
    return 5 + int(observation[0] > 0)


@pytest.mark.parametrize(("pictures", "memory"), [(False, False), (False, True), (True, True)])
def test_it_learns_what_the_expert_does(pictures, memory):
    make = partial(Signs, pictures)
    interface = Interface(make(), 64)
    demos = [play(make(), interface, knows, seed) for seed in range(5)]
    assert [demo.total for demo in demos] == [10.0] * 5
    assert demos[0].episode.frames.shape == (11, 3, 64, 64) if pictures else (11, 3, 1, 1)
    assert demos[0].episode.steps["vector"].shape == (11, 11 if pictures else 1)
    network = NetworkConfig("nature" if pictures else "none", stack=1, features=16, hidden=16, memory=memory)
    setting = Setting(network, ObjectiveConfig(name="bc"), LearnerConfig(learning_rate=1e-2), length=5)
    imitation = Imitation(make, interface, [demo.episode for demo in demos], setting)
    for _ in range(60):
        imitation.update()
    assert np.mean([played.total for played in imitation.play(range(100, 120), best=True)]) > 9.5


def test_online_the_policy_s_own_play_is_learned_from_and_costs_no_update():
    make = partial(gymnasium.make, "CartPole-v1")
    interface = Interface(make(), 64)
    demos = [play(make(), interface, lambda o: int(o[2] + o[3] > 0), seed).episode for seed in range(2)]
    setting = Setting(
        SMALL, ObjectiveConfig(regularise="mixture"), worlds=4, start_after=5, every=2, replay=60
    )
    imitation = Imitation(make, interface, demos, setting)
    for _ in range(205):
        values = imitation.update()
    assert imitation.learner.updates == 205
    assert imitation.steps == 4 * 100
    assert imitation.episodes > 8
    assert values["reward_expert"] > values["reward_policy"]
    imitation.close()


def test_a_training_repeats_exactly():
    make = partial(gymnasium.make, "CartPole-v1")
    interface = Interface(make(), 64)
    demos = [play(make(), interface, lambda o: int(o[2] > 0), 0).episode]

    def weights():
        imitation = Imitation(make, interface, demos, Setting(SMALL, worlds=2, start_after=2))
        for _ in range(30):
            imitation.update()
        return imitation.network.head.weight.detach().numpy(), [p.total for p in imitation.play(range(3))]

    (first, totals), (second, again) = weights(), weights()
    assert np.array_equal(first, second)
    assert totals == again


def test_the_recovered_reward_is_q_less_the_discounted_value_of_what_follows():
    make = partial(gymnasium.make, "CartPole-v1")
    interface = Interface(make(), 64)
    episode = play(make(), interface, lambda o: 1, 0).episode
    objective = ObjectiveConfig(discount=0.0)
    imitation = Imitation(make, interface, [episode], Setting(SMALL, objective))
    head = imitation.network.head
    head.weight.data.zero_()
    head.bias.data[:] = head.bias.new_tensor([1.0, 3.0])
    assert imitation.recovered(episode) == pytest.approx(np.full(episode.length, 3.0))  # nothing follows
    assert episode.terminal


def test_what_cannot_be_learned_is_refused():
    with pytest.raises(UserError, match="only discrete actions"):
        Interface(gymnasium.make("Pendulum-v1"), 64)
