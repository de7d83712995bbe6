import copy

import numpy as np
import pytest
import torch

from basalt_iq.agent.config import NetworkConfig
from basalt_iq.agent.network import SoftQNetwork
from basalt_iq.agent.policy import soft_value
from basalt_iq.data.sampler import SampledEpisode, SequenceSampler
from basalt_iq.train.config import LearnerConfig, ObjectiveConfig
from basalt_iq.train.learner import Learner, in_half
from basalt_iq.train.objectives import Transitions, iq_learn, recurrent_gradient_penalty
from basalt_iq.train.stored_states import StoredStates

STACK, LENGTH, BURN_IN, GRID, ACTIONS = 3, 8, 2, 4, 5


def episodes(lengths, seed=0):
    rng = np.random.default_rng(seed)
    return [
        SampledEpisode(
            rng.integers(0, 256, (t + 1, 3, 64, 64)).astype(np.uint8),
            {"action": rng.integers(0, ACTIONS, t), "vector": rng.normal(size=(t + 1, 2)).astype(np.float32)},
        )
        for t in lengths
    ]


def network(seed=0, **options):
    torch.manual_seed(seed)
    return SoftQNetwork(NetworkConfig(features=16, hidden=12, stack=STACK, **options), 2, ACTIONS)


def parts(data, batch=4, objective=ObjectiveConfig(), seed=0, **config):  # noqa: B008
    sampler = SequenceSampler(
        data, batch=batch, length=LENGTH, stack=STACK, seed=seed, grid=GRID, burn_in=BURN_IN
    )
    states = StoredStates([e.length for e in data], 12, GRID)
    setting = LearnerConfig(**{"precision": "float32"} | config)
    learner = Learner(network(), setting, objective, seed=0, sources=[states])
    return sampler, states, learner


def step_by_step(net, episode):
    """Q and carries of a whole episode, one frame and one hand-copied stack at a time: the naive path."""
    carry, q, carries = net.initial_carry(1), [], []
    for t in range(len(episode.frames)):
        stack = np.stack([episode.frames[max(0, t - k)] for k in reversed(range(STACK))])
        carries.append(carry)
        value, carry = net(
            torch.from_numpy(stack)[None],
            torch.from_numpy(episode.steps["vector"][t])[None, None],
            carry,
        )
        q.append(value[0, 0])
    return torch.stack(q), carries


def test_the_fast_pass_equals_the_naive_one():
    data = episodes([30])
    sampler, states, learner = parts(data)
    q, carries = step_by_step(learner.network, data[0])
    for row in range(1, 30 // GRID + 1):
        states.write(torch.tensor([0]), torch.tensor([row * GRID]), carries[row * GRID - BURN_IN])
    which, start = np.zeros(4, int), np.array([0, 4, 12, 28])
    found = {}

    def spy(batch, config):
        found["batch"] = batch
        return iq_learn(batch, config)

    naive = copy.deepcopy(learner.network)
    batch = sampler.gather(which, start)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("basalt_iq.train.learner.objective", spy)
        metrics = learner.update([batch])

    fast = found["batch"]
    v = soft_value(q, 1.0)
    for row, at in enumerate(start):
        real = min(LENGTH, 30 - at)
        torch.testing.assert_close(fast.q_t[row, :real], q[at : at + real], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(fast.v_tp1[row, :real], v[at + 1 : at + 1 + real], atol=1e-5, rtol=1e-5)
        assert fast.weight[row].tolist() == [1.0] * real + [0.0] * (LENGTH - real)
    assert fast.done_t.nonzero().tolist() == [[3, 1]]  # step 29 of the window from 28
    assert fast.first.nonzero().tolist() == [[0, 0]]

    rows = [(at, t) for at in start for t in range(at, min(at + LENGTH, 30))]
    loss = naive_loss(naive, data[0], rows)
    assert metrics["loss"] == pytest.approx(float(loss.detach()), abs=1e-5)


def naive_loss(net, episode, rows):
    """IQ-Learn's loss over single transitions, separate values of current and next states."""
    q, _ = step_by_step(net, episode)
    total = []
    for _, t in rows:
        y = 0.99 * soft_value(q[t + 1], 1.0) if t + 1 < len(episode.frames) - 1 else torch.tensor(0.0)
        r = q[t, episode.steps["action"][t]] - y
        total.append(-r + soft_value(q[t], 1.0) - y + r**2 / 2)
    return torch.stack(total).mean()


def test_bfloat16_changes_the_loss_by_less_than_a_hundredth():
    losses = []
    for precision in ("float32", "bfloat16"):
        sampler, _, learner = parts(episodes([30]), precision=precision)
        losses.append(learner.update([sampler.sample()])["loss"])
        assert all(p.dtype == torch.float32 for p in learner.network.parameters())
    assert losses[0] != losses[1]
    assert losses[1] == pytest.approx(losses[0], rel=0.01)


def test_bfloat16_is_chosen_where_the_machine_computes_in_it(monkeypatch):
    for capable in (True, False):
        monkeypatch.setattr(
            torch.cpu, "_is_avx512_bf16_supported", lambda capable=capable: capable, raising=False
        )
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda capable=capable, **_: capable)
        for device in ("cpu", "cuda"):
            assert in_half("auto", torch.device(device)) == capable
            assert in_half("bfloat16", torch.device(device))
            assert not in_half("float32", torch.device(device))


def test_passing_over_a_grid_point_refreshes_its_state():
    data = episodes([30, 9])
    sampler, states, learner = parts(data, batch=2)
    expected = [step_by_step(learner.network, episode)[1] for episode in data]
    learner.update([sampler.gather(np.array([0, 1]), np.array([0, 0]))])
    for episode in (0, 1):
        for start in (4, 8):
            h, c = states.read(torch.tensor([episode]), torch.tensor([start]))
            naive_h, naive_c = expected[episode][start - BURN_IN]
            torch.testing.assert_close(h, naive_h, atol=1e-5, rtol=1e-5)
            torch.testing.assert_close(c, naive_c, atol=1e-5, rtol=1e-5)
    h, _ = states.read(torch.tensor([0]), torch.tensor([12]))
    assert not h.any()  # not passed over yet


def test_states_past_the_end_do_not_spill_into_the_next_episode():
    states = StoredStates([9, 9], 12, GRID)
    ones = (torch.ones(1, 12), torch.ones(1, 12))
    states.write(torch.tensor([0]), torch.tensor([12]), ones)
    assert not states.state_dict()["states"].any()


def test_a_target_network_follows_slowly():
    data = episodes([30])
    sampler, _, learner = parts(data, target_rate=0.1)
    before = copy.deepcopy(learner.target.state_dict())
    learner.update([sampler.sample()])
    for name, value in learner.target.state_dict().items():
        mixed = before[name].lerp(learner.network.state_dict()[name], 0.1)
        torch.testing.assert_close(value, mixed)


def test_expert_and_policy_batches_go_in_one_pass():
    expert, policy = episodes([20], seed=1), episodes([20], seed=2)
    sampler, states, _ = parts(expert)
    other, more, _ = parts(policy, seed=3)
    mixed = ObjectiveConfig(value_term="value", regularise="mixture")
    learner = Learner(network(), LearnerConfig(), mixed, seed=0, sources=[states, more])
    metrics = learner.update([sampler.sample(), other.sample()])
    assert metrics["v_policy"] != 0
    assert metrics["v_policy"] != metrics["v_expert"]
    assert more.state_dict()["states"].any()


def slope_by_hand(net, seen, start, mixed):
    """|dV/dx_t| summed over the later steps that x_t reaches, by plain autograd through torch's own LSTM."""
    x = mixed(seen).requires_grad_()
    h, c = (mixed(part)[None] for part in start)
    remembered, _ = net.memory(x, (h, c))
    (slope,) = torch.autograd.grad(soft_value(net.values(remembered), 1.0).sum(), x)
    return slope.norm(dim=-1)


@pytest.mark.parametrize("policy", [True, False])
def test_the_gradient_penalty_is_that_between_experts_and_policy(policy):
    net, g = network(), torch.Generator().manual_seed(0)
    shape = (4, 3) if policy else (2, 3)
    seen = torch.randn(*shape, 18, generator=g)
    start = tuple(torch.randn(shape[0], 12, generator=g) for _ in range(2))
    share, weight = torch.tensor([0.25, 0.5]), torch.ones(shape)
    weight[1, 2] = 0
    no = torch.zeros(shape, dtype=torch.bool)
    batch = Transitions(
        q_t=torch.zeros(*shape, 5), v_tp1=torch.zeros(shape), a_t=no.long(), done_t=no, weight=weight,
        expert=torch.arange(shape[0]) < 2, first=no,
    )  # fmt: skip

    def mixed(x):
        partner = x[2:] if policy else x[[1, 0]]
        by = share.reshape(2, *[1] * (x.ndim - 1))
        return by * x[:2] + (1 - by) * partner

    counted = weight[:2] if policy else weight[:2] * weight[[1, 0]]
    expected = ((slope_by_hand(net, seen, start, mixed) - 1) ** 2 * counted).sum() / counted.sum()

    def value(x, carry):
        return soft_value(net.values(net.remember(x, carry, twice=True)[0]), 1.0)

    found = recurrent_gradient_penalty(value, batch, seen, start, share)
    torch.testing.assert_close(found, expected)
    gradients = torch.autograd.grad(found, [net.memory.weight_ih_l0, net.head.weight])
    assert all(bool(gradient.any()) for gradient in gradients)


@pytest.mark.parametrize("sides", [1, 2])
def test_the_gradient_penalty_is_learned_from(sides):
    """From demos alone and with the policy's data it adds to the loss, except in cloning."""

    def updated(objective):
        made = [parts(episodes([30], seed=k), seed=k) for k in range(sides)]
        sources = [states for _, states, _ in made]
        learner = Learner(network(), LearnerConfig(), objective, seed=0, sources=sources)
        return learner.update([s.sample() for s, _, _ in made]), learner.network.memory.weight_ih_l0

    without, weights = updated(ObjectiveConfig())
    metrics, moved = updated(ObjectiveConfig(gradient_penalty=3.0))
    assert metrics["loss"] == pytest.approx(without["loss"] + 3 * metrics["gradient_penalty"], rel=1e-5)
    assert metrics["gradient_penalty"] > 0
    assert not torch.equal(moved, weights)
    assert "gradient_penalty" not in updated(ObjectiveConfig(gradient_penalty=3.0, clone_first=1))[0]


def test_without_memory_the_past_does_not_matter():
    net = network(memory=False)
    frames = torch.randint(0, 256, (1, STACK - 1 + 4, 3, 64, 64), dtype=torch.uint8)
    vector = torch.zeros(1, 4, 2)
    q, _ = net(frames, vector, net.initial_carry(1))
    alone, _ = net(frames[:, 3:], vector[:, 3:], net.initial_carry(1))
    torch.testing.assert_close(q[:, 3:], alone)


def test_shapes_are_checked():
    no = torch.zeros(2, 3, dtype=torch.bool)
    good = {
        "q_t": torch.zeros(2, 3, 4), "v_tp1": torch.zeros(2, 3), "a_t": no.long(), "done_t": no,
        "weight": torch.ones(2, 3), "expert": torch.ones(2, dtype=torch.bool), "first": no,
    }  # fmt: skip
    Transitions(**good)
    with pytest.raises(ValueError, match="a_t"):
        Transitions(**good | {"a_t": torch.zeros(2, 4, dtype=torch.long)})


def test_the_agent_is_the_average_of_the_weights():
    sampler, _, learner = parts(episodes([40]), average=0.5)
    weights = []
    kept = learner.network.head.bias.detach().clone()
    for update in range(1, 30):
        learner.update([sampler.sample()])
        rate = max(0.5, 10 / (10 + update))
        kept = kept + rate * (learner.network.head.bias.detach() - kept)
        weights.append(learner.network.head.bias.detach().clone())
    assert torch.allclose(learner.averaged.head.bias, kept, atol=1e-6)
    assert not torch.equal(learner.averaged.head.bias, weights[-1])


def test_a_change_of_weight_three_counts_as_if_it_came_three_times():
    data = episodes([30])
    manner = np.arange(ACTIONS)
    found = {}
    for weight in (1.0, 3.0):
        sampler, states, _ = parts(data)
        objective = ObjectiveConfig(name="bc", change_weight=weight)
        setting = LearnerConfig(precision="float32")
        learner = Learner(network(), setting, objective, seed=0, sources=[states], manner=manner)
        found[weight] = learner.update([sampler.gather(np.zeros(4, int), np.zeros(4, int))])["loss"]
    q, _ = step_by_step(network(), data[0])
    taken = torch.from_numpy(data[0].steps["action"][:LENGTH])
    nll = -q[:LENGTH].log_softmax(-1).gather(1, taken[:, None])[:, 0].detach()
    times = torch.ones(LENGTH)
    times[1:][taken[1:] != taken[:-1]] = 3.0
    assert found[1.0] == pytest.approx(float(nll.mean()), abs=1e-5)
    assert found[3.0] == pytest.approx(float((nll * times).sum() / times.sum()), abs=1e-5)


def test_with_weights_iq_learn_is_still_cloning_and_the_squares():
    """L = tau NLL + E[r^2] / (4 alpha), both over the weighted experts."""
    data, manner = episodes([30]), np.arange(ACTIONS)
    losses = {}
    for name, alpha in (("bc", 1.0), ("iq", 1e12)):
        sampler, states, _ = parts(data)
        objective = ObjectiveConfig(name=name, alpha=alpha, change_weight=4.0)
        learner = Learner(
            network(), LearnerConfig(precision="float32"), objective, seed=0, sources=[states], manner=manner
        )
        losses[name] = learner.update([sampler.gather(np.zeros(4, int), np.zeros(4, int))])["loss"]
    assert losses["iq"] == pytest.approx(losses["bc"], rel=1e-5)


def test_forgotten_frames_are_those_of_a_single_look():
    """Everything forgotten, an update does what one on standing pictures does."""
    data = episodes([30])
    sampler, _, learner = parts(data, forget_history=1.0)
    batch = learner._to_device([sampler.gather(np.zeros(4, int), np.zeros(4, int))])
    forget = learner._forgotten(batch)
    seen = learner.network.encode(batch.frames[:, BURN_IN:], batch.vector[:, BURN_IN:], forget=forget)
    alone = learner.network.look(batch.frames[0, BURN_IN + STACK - 1 :])
    torch.testing.assert_close(seen[0, :, :16], alone, atol=1e-5, rtol=1e-5)
    assert parts(data)[2]._forgotten(batch) is None
