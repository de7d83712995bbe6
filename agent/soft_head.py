"""How the outputs of the last layer make Q over all actions, and what follows from it: V, pi, entropy.

Joint: one output for each action. Factored: an action is either one of the product of keys k, pitch p and
yaw y, or one of the decisive actions e (to use, to take an item, to end), each with an output of its own:

    Q(s, (k, p, y)) = q_keys(k) + q_pitch(p) + q_yaw(y)        Q(s, e) = q_decisive(e)

The soft value is exact over all of them without writing them out, as the exponential of a sum is a product:

    V = tau logsumexp_a(Q(s, a) / tau)
      = logsumexp_tau( q_decisive(e) for every e,  W ),    W = W_keys + W_pitch + W_yaw,
    W_c = tau logsumexp_i(q_c(i) / tau)

and so is the policy, pi = exp((Q - V) / tau), whose keys, pitch and yaw are independent where nothing
decisive is done. (The factored head of branching Q-networks, Tavakoli et al. 2018, with soft values.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from basalt_iq.agent.actions import ActionSet
from basalt_iq.agent.policy import entropy, log_policy, soft_value


class SoftHead(Protocol):
    """What the outputs (..., outputs) mean; q (..., A) in the order of the action set."""

    @property
    def outputs(self) -> int: ...

    @property
    def actions(self) -> int: ...

    def q(self, outputs: Tensor) -> Tensor:
        """Q of every action written out: (..., A)."""
        ...

    def chosen(self, outputs: Tensor, action: Tensor) -> Tensor:
        """Q of the actions (...,) int64: (...)."""
        ...

    def value(self, outputs: Tensor, temperature: float) -> Tensor:
        """V: (...)."""
        ...

    def log_pi(self, outputs: Tensor, action: Tensor, temperature: float) -> Tensor:
        """log pi of the actions (...,) int64: (...)."""
        ...

    def entropy(self, outputs: Tensor, temperature: float) -> Tensor:
        """Of pi, in nats: (...)."""
        ...


@dataclass(frozen=True)
class JointHead:
    """One output an action."""

    actions: int

    @property
    def outputs(self) -> int:
        return self.actions

    def q(self, outputs: Tensor) -> Tensor:
        return outputs

    def chosen(self, outputs: Tensor, action: Tensor) -> Tensor:
        return _at(outputs, action)

    def value(self, outputs: Tensor, temperature: float) -> Tensor:
        return soft_value(outputs, temperature)

    def log_pi(self, outputs: Tensor, action: Tensor, temperature: float) -> Tensor:
        return _at(log_policy(outputs, temperature), action)

    def entropy(self, outputs: Tensor, temperature: float) -> Tensor:
        return entropy(outputs, temperature)


@dataclass(frozen=True)
class FactoredHead:
    """Outputs for every part of the product, in order, then one for each decisive action.

    Actions are numbered through the product with its last part fastest, then the decisive ones follow.
    """

    parts: tuple[int, ...]
    """How many choices each part has: keys, pitch, yaw."""
    decisive: int

    @property
    def outputs(self) -> int:
        return sum(self.parts) + self.decisive

    @property
    def products(self) -> int:
        count = 1
        for size in self.parts:
            count *= size
        return count

    @property
    def actions(self) -> int:
        return self.products + self.decisive

    def q(self, outputs: Tensor) -> Tensor:
        *parts, decisive = self._split(outputs)
        total = parts[0]
        for part in parts[1:]:
            total = (total[..., None] + part[..., None, :]).flatten(-2)
        return torch.cat([total, decisive], -1)

    def chosen(self, outputs: Tensor, action: Tensor) -> Tensor:
        *parts, decisive = self._split(outputs)
        alone = action >= self.products
        rest, total = action.clamp(max=self.products - 1), outputs.new_zeros(action.shape)
        for part, size in zip(reversed(parts), reversed(self.parts), strict=True):
            total = total + _at(part, rest % size)
            rest = rest // size
        if not self.decisive:
            return total
        return torch.where(alone, _at(decisive, (action - self.products).clamp(min=0)), total)

    def value(self, outputs: Tensor, temperature: float) -> Tensor:
        *parts, decisive = self._split(outputs)
        product = self._product_value(parts, temperature)
        return soft_value(torch.cat([decisive, product[..., None]], -1), temperature)

    def log_pi(self, outputs: Tensor, action: Tensor, temperature: float) -> Tensor:
        return (self.chosen(outputs, action) - self.value(outputs, temperature)) / temperature

    def entropy(self, outputs: Tensor, temperature: float) -> Tensor:
        """Of the choice between product and each decisive action, and of the product where it is taken."""
        *parts, decisive = self._split(outputs)
        product = self._product_value(parts, temperature)
        either = torch.cat([decisive, product[..., None]], -1)
        taken = log_policy(either, temperature)[..., -1].exp()
        within = torch.stack([entropy(part, temperature) for part in parts]).sum(0)
        return entropy(either, temperature) + taken * within

    def _split(self, outputs: Tensor) -> tuple[Tensor, ...]:
        return outputs.split([*self.parts, self.decisive], -1)

    def _product_value(self, parts: list[Tensor], temperature: float) -> Tensor:
        return torch.stack([soft_value(part, temperature) for part in parts]).sum(0)


def _at(x: Tensor, index: Tensor) -> Tensor:
    """x (..., N) at index (...): (...)."""
    return x.gather(-1, index[..., None])[..., 0]


def head_for(actions: ActionSet) -> SoftHead:
    """What gives values to these actions."""
    if actions.factors is None:
        return JointHead(len(actions))
    return FactoredHead(actions.factors.sizes, len(actions.alone))
