import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from basalt_iq import contract
from basalt_iq.agent.action_presets import entry_2021
from basalt_iq.agent.actions import Action, ActionSet
from basalt_iq.agent.checkpoint import LOGIT_SCALE, AgentSpec, load_agent, save_agent
from basalt_iq.agent.config import NetworkConfig
from basalt_iq.agent.observation import ObservationSpec
from basalt_iq.agent.places import find_agent
from basalt_iq.errors import UserError
from basalt_iq.play.player import Player
from basalt_iq.play.unknowing import RandomPlayer

TASK = contract.find_task("FindCave")


def observation(rng, held="snowball", snowballs=1):
    counts = dict.fromkeys(TASK.items, 0) | {"snowball": snowballs}
    mainhand = {"type": held, "damage": 0, "maxDamage": 0}
    pov = rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    return {"pov": pov, "inventory": counts, "equipped_items": {"mainhand": mainhand}}


def agent_spec(encoder="nature", memory=True, actions=None, temperature=1.0):
    network = NetworkConfig(encoder=encoder, features=16, hidden=12, stack=3, memory=memory)
    actions = actions or entry_2021("FindCave")
    look = ObservationSpec.of("FindCave", 2021, 64)
    return AgentSpec("FindCave", 2021, actions, look, network, temperature=temperature, discount=0.99)


def player(seed=0, **options):
    torch.manual_seed(0)
    spec = agent_spec(**{k: options.pop(k) for k in ("encoder", "memory") if k in options})
    return Player(spec, spec.build(), seed=seed, **options)


@pytest.mark.parametrize("encoder", ["nature", "impala"])
def test_memory_after_n_steps_is_that_of_unrolling_the_same_frames(encoder):
    rng, agent = np.random.default_rng(0), player(encoder=encoder)
    agent.network.double()  # the same sums in another order: in fp32 some processors differ by 1e-4
    seen = [observation(rng) for _ in range(9)]
    agent.start([3])
    q = np.stack([agent.act([obs], [3])[0].q for obs in seen])

    look, stack = agent.spec.observation, agent.spec.network.stack
    frames = np.stack([look.frame(obs) for obs in seen])
    padded = torch.from_numpy(np.concatenate([np.repeat(frames[:1], stack - 1, 0), frames]))
    vector = torch.from_numpy(np.stack([look.vector(obs) for obs in seen]))
    with torch.inference_mode():
        unrolled, (h, c) = agent.network(padded[None], vector[None], agent.network.initial_carry(1))
    np.testing.assert_allclose(q, unrolled[0].numpy(), atol=1e-10)
    memory = agent._slots[3]
    np.testing.assert_allclose(memory.h, h[0], atol=1e-10)
    np.testing.assert_allclose(memory.c, c[0], atol=1e-10)


def test_the_last_action_is_fed_back_as_in_training():
    torch.manual_seed(0)
    spec = agent_spec()
    spec = replace(spec, network=replace(spec.network, last_action=True))
    agent, rng = Player(spec, spec.build(), end_guard=0.0), np.random.default_rng(5)
    seen = [observation(rng) for _ in range(6)]
    agent.start([0])
    played = [agent.act([obs], [0])[0] for obs in seen]
    taken = np.array([-1, *(d.index for d in played[:-1])])
    vectors = spec.vectors(np.stack([spec.observation.vector(obs) for obs in seen]), taken)
    assert vectors.shape == (6, spec.observation.vector_size + len(spec.actions))
    assert vectors[0, spec.observation.vector_size :].sum() == 0
    frames = np.stack([spec.observation.frame(obs) for obs in seen])
    padded = torch.from_numpy(np.concatenate([np.repeat(frames[:1], spec.network.stack - 1, 0), frames]))
    with torch.inference_mode():
        q, _ = agent.network(padded[None], torch.from_numpy(vectors)[None], agent.network.initial_carry(1))
    np.testing.assert_allclose(np.stack([d.q for d in played]), q[0].numpy(), atol=1e-5)


def test_episodes_side_by_side_do_not_mix():
    rng = np.random.default_rng(1)
    ours, others = ([observation(rng) for _ in range(6)] for _ in range(2))
    alone, together = player(), player()
    alone.start([0], seeds=[7])
    together.start([0, 1], seeds=[7, 8])
    for step, (a, b) in enumerate(zip(ours, others, strict=True)):
        single = alone.act([a], [0])[0]
        if step == 3:
            together.start([1], seeds=[9])
        both = together.act([b, a], [1, 0])[1]
        np.testing.assert_allclose(single.q, both.q, atol=1e-5)
        assert single.index == both.index


def test_a_new_episode_starts_with_an_empty_memory():
    rng, agent = np.random.default_rng(2), player()
    first, later = observation(rng), observation(rng)
    agent.start([0])
    fresh = agent.act([first], [0])[0]
    agent.act([later], [0])
    agent.start([0])
    np.testing.assert_array_equal(agent.act([first], [0])[0].q, fresh.q)


def test_what_it_sees_when_acting_is_what_it_saw_in_training():
    look = ObservationSpec.of("MakeWaterfall", 2021, 64)
    task = contract.find_task("MakeWaterfall")
    counts = dict.fromkeys(task.items, 0) | {"cobblestone": 10, "bucket": 1, "snowball": 5}
    obs = {"inventory": counts, "equipped_items": {"mainhand": {"type": "bucket"}}}
    shuffled = list(reversed(task.items))
    stored = look.vectors(shuffled, np.array([[counts[i] for i in shuffled]]), np.array(["bucket"]))
    np.testing.assert_array_equal(look.vector(obs), stored[0])
    named = dict(zip(task.items, stored[0], strict=False))
    assert named["cobblestone"] == 0.5  # 10 of the 20 at the start
    assert stored[0][: len(task.items)].max() == 2.0  # 5 of 1 snowball, bounded
    assert stored[0][len(task.items) :].sum() == 1


def test_the_episode_is_not_ended_below_the_guard():
    actions = ActionSet("FindCave", 2021, [Action(), Action(("use",))], "test")
    spec = agent_spec(actions=actions)
    network = spec.build()
    torch.nn.init.zeros_(network.head.weight)
    rng = np.random.default_rng(3)

    def throws(probability, guard, held="snowball"):
        with torch.no_grad():
            network.head.bias.copy_(torch.tensor([1 - probability, probability]).log() / LOGIT_SCALE)
        agent = Player(spec, network, end_guard=guard)
        agent.start([0])
        seen = [observation(rng, held) for _ in range(200)]
        return sum(agent.act([obs], [0])[0].index for obs in seen)

    assert throws(0.1, guard=0.15) == 0
    assert 0 < throws(0.1, guard=0.05) < 60
    assert throws(0.9, guard=0.15) > 140
    assert 0 < throws(0.1, guard=0.15, held="cobblestone") < 60  # using anything else ends nothing


def test_sampling_follows_the_policy_and_argmax_its_best():
    actions = ActionSet("FindCave", 2021, [Action(), Action(("jump",)), Action(("forward",))], "test")
    spec = agent_spec(actions=actions, temperature=0.5)
    network = spec.build()
    torch.nn.init.zeros_(network.head.weight)
    with torch.no_grad():
        network.head.bias.copy_(torch.tensor([0.2, 0.3, 0.5]).log() / LOGIT_SCALE)
    rng = np.random.default_rng(4)
    seen = [observation(rng)] * 1000
    for argmax, expected in ((False, [0.2, 0.3, 0.5]), (True, [0, 0, 1])):
        agent = Player(spec, network, argmax=argmax)
        agent.start([0])
        played = [agent.act([obs], [0])[0] for obs in seen]
        share = np.bincount([d.index for d in played], minlength=3) / 1000
        np.testing.assert_allclose(share, expected, atol=0.05)
        np.testing.assert_allclose(played[0].policy, [0.2, 0.3, 0.5], atol=1e-6)


def test_random_player_is_uniform_and_repeats_by_seed():
    actions = entry_2021("FindCave")
    runs = []
    for _ in range(2):
        agent = RandomPlayer(actions, seed=5)
        agent.start([0], seeds=[3])
        runs.append([agent.act([{}], [0])[0].index for _ in range(500)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == set(range(len(actions)))


def test_a_decision_is_held_for_its_ticks():
    rng, alone = np.random.default_rng(3), player()
    held = Player(replace(alone.spec, repeat=3), alone.network)
    seen = [observation(rng) for _ in range(7)]
    for agent in (alone, held):
        agent.start([0])
    decided = [alone.act([seen[i]], [0])[0] for i in (0, 3, 6)]
    played = [held.act([obs], [0])[0] for obs in seen]
    assert [d.index for d in played] == [decided[i // 3].index for i in range(7)]
    assert all(np.array_equal(d.q, decided[i // 3].q) for i, d in enumerate(played))


def test_a_held_decision_survives_saving_its_state():
    rng = np.random.default_rng(4)
    agent, other = player(), player()
    agent, other = (Player(replace(a.spec, repeat=4), a.network) for a in (agent, other))
    agent.start([0])
    for _ in range(6):
        agent.act([observation(rng)], [0])
    other.load_state_dict(agent.state_dict())
    for _ in range(5):
        obs = observation(rng)
        assert agent.act([obs], [0])[0].index == other.act([obs], [0])[0].index


def test_the_random_player_holds_its_actions_too():
    agent = RandomPlayer(entry_2021("FindCave"), repeat=4)
    agent.start([0])
    played = [agent.act([{}], [0])[0].index for _ in range(40)]
    assert all(len(set(played[i : i + 4])) == 1 for i in range(0, 40, 4))
    assert len(set(played)) > 2


def test_checkpoint_round_trip(tmp_path):
    spec = agent_spec()
    network = spec.build()
    (tmp_path / "agent").mkdir()
    save_agent(tmp_path / "agent", spec, network)
    loaded, copy = load_agent(find_agent(tmp_path))
    assert loaded.to_json() == spec.to_json()
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), copy.parameters(), strict=True))
    assert not copy.training


def test_damaged_checkpoints_are_refused_by_file(tmp_path):
    spec = agent_spec()
    save_agent(tmp_path, spec, spec.build())
    weights, about = tmp_path / "weights.safetensors", tmp_path / "agent.json"
    good, text = weights.read_bytes(), about.read_text()

    def refused(words):
        with pytest.raises(UserError, match=words) as caught:
            Player.load(tmp_path)
        assert "\n" not in str(caught.value)

    save_file({**load_file(weights), "head.weight": torch.zeros(5, 12)}, weights)
    refused("another action set")
    weights.write_bytes(good[: len(good) // 2])
    refused("weights.safetensors")
    weights.write_bytes(good)
    for change in ({"format": 9}, {"actions": []}, {"network": {"hidden": 10**9}}, {"era": "x"}):
        about.write_text(json.dumps({**json.loads(text), **change}))
        refused("agent.json")
    about.write_text("{")
    refused("agent.json")
    about.unlink()
    refused("neither a run")


def test_a_decision_at_once_is_that_of_its_ticks_one_by_one():
    rng = np.random.default_rng(2)
    torch.manual_seed(0)
    spec = replace(agent_spec(), repeat=3)
    network, seen = spec.build(), [observation(rng) for _ in range(4)]
    one, other = Player(spec, network, seed=5), Player(spec, network, seed=5)
    one.start([0, 1])
    other.start([0, 1])
    for obs in seen:
        ticks = [one.act([obs, obs], [0, 1]) for _ in range(3)]
        for slot, (index, first, held) in enumerate(other.decide([obs, obs], [0, 1])):
            assert [tick[slot].index for tick in ticks] == [index] * 3
            assert str(ticks[0][slot].action) == str(first)
            assert str(ticks[1][slot].action) == str(ticks[2][slot].action) == str(held)
    for slot, kept in one.state_dict().items():
        again = other.state_dict()[slot]
        assert (kept["rng"], kept["tick"], kept["taken"]) == (again["rng"], again["tick"], again["taken"])
        assert torch.equal(kept["h"], again["h"])
