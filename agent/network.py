"""The soft-Q network: conv encoder over stacked frames, LSTM memory, values of discrete actions."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from basalt_iq import plugins
from basalt_iq.agent.config import NetworkConfig
from basalt_iq.agent.lstm import unroll
from basalt_iq.agent.soft_head import JointHead, SoftHead
from basalt_iq.errors import UserError

#: (h, c), each (B, hidden): the memory that goes from step to step. Explicit, so that it cannot be forgotten.
Carry = tuple[Tensor, Tensor]


class SoftQNetwork(nn.Module):
    """Q(s_t, .) for every step of a sequence, from one pass.

    No batch normalisation and no dropout: what acts is exactly what was trained.
    """

    def __init__(self, config: NetworkConfig, vector_size: int, actions: int | SoftHead, scale: float = 1.0):
        """`actions`: how many, or the head that gives them values (a number: jointly).

        `scale` multiplies the last layer: with scale k tau the logits Q / tau are k times its outputs
        (Q = tau * logits, as CSIL starts), so that cloning is the same at any temperature.
        """
        super().__init__()
        self.soft: SoftHead = JointHead(actions) if isinstance(actions, int) else actions
        self.config, self.vector_size, self.scale = config, vector_size, scale
        self.encoder = make_encoder(config)
        self.blind = config.encoder == "none"
        self.project = nn.Linear(vector_size if self.blind else self._flat(), config.features)
        joined = config.features + (0 if self.blind else vector_size)
        self.memory: nn.Module
        if config.memory:
            self.memory = nn.LSTM(joined, config.hidden, batch_first=True)
        else:
            self.memory = nn.Sequential(nn.Linear(joined, config.hidden), nn.ReLU())
        self.head = nn.Linear(config.hidden, self.soft.outputs)
        self.encoder.apply(_start)
        _start(self.project)
        # Channels-last convolutions are half again as fast on CPUs and GPUs alike.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def _flat(self) -> int:
        """Numbers that the encoder makes of one stack."""
        with torch.no_grad():
            pixels = torch.zeros(1, 3 * self.config.stack, self.config.size, self.config.size)
            return self.encoder(pixels).numel()

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return self.head.weight.device

    def initial_carry(self, batch: int) -> Carry:
        """The memory at the start of an episode: zeros, (batch, hidden) twice."""
        zeros = self.head.weight.new_zeros(batch, self.config.hidden)
        return zeros, zeros.clone()

    def forward(self, frames: Tensor, vector: Tensor, carry: Carry) -> tuple[Tensor, Carry]:
        """q (B, T, A) of every step, and the carry after the last one. Arguments as of `encode`."""
        remembered, c = self.remember(self.encode(frames, vector), carry)
        q = self.soft.q(self.values(remembered))
        return q, (remembered[:, -1], c[:, -1]) if self.config.memory else carry

    def values(self, remembered: Tensor) -> Tensor:
        """What `soft` makes Q of, for remembered steps (..., hidden): (..., outputs)."""
        return self.scale * self.head(remembered)

    def encode(
        self, frames: Tensor, vector: Tensor, *, half: bool = False, forget: Tensor | None = None
    ) -> Tensor:
        """What is seen at each step, without memory: (B, T, features + V), in the weights' precision.

        frames (B, history - 1 + T, 3, H, W) uint8: step t sees frames[:, t : t + history : spacing].
        vector (B, T, V) float. `half` computes in bfloat16, in which pixels are exact. Where `forget` (B, T)
        bool is true the older frames are not seen: the present one stands in their places. Without an
        encoder the vector alone is seen: (B, T, features).
        """
        if self.blind:
            return self.project(vector).relu()
        spacing, history = self.config.spacing, self.config.history
        sequence = frames.shape[1] > history  # a single step has one stack, and nothing to save
        see = see_blocks if sequence and self._first.stride[0] > 1 else see_stacks
        with torch.autocast(frames.device.type, torch.bfloat16, enabled=half):
            x = see(self._first, frames, self._precision(half), spacing)
            if forget is not None and history > 1:
                still = see_still(self._first, frames[:, history - 1 :], x.dtype)
                x = torch.where(forget.reshape(-1, 1, 1, 1), still, x)
            seen = self._features(x)
        joined = torch.cat([rearrange(seen, "(b t) f -> b t f", t=vector.shape[1]), vector], -1)
        return joined.to(self._first.weight.dtype)

    def look(self, frames: Tensor, *, half: bool = False) -> Tensor:
        """Features (N, features) of single frames (N, 3, H, W) uint8, each seen as an episode's first is."""
        with torch.autocast(frames.device.type, torch.bfloat16, enabled=half):
            x = see_still(self._first, frames[:, None], self._precision(half))
            return self._features(x).to(self._first.weight.dtype)

    @property
    def _first(self) -> nn.Conv2d:
        first = self.encoder[0]
        assert isinstance(first, nn.Conv2d)
        return first

    def _precision(self, half: bool) -> torch.dtype:
        return torch.bfloat16 if half else self._first.weight.dtype

    def _features(self, x: Tensor) -> Tensor:
        _, *others = self.encoder
        for layer in others:
            x = layer(x)
        return self.project(x.flatten(1)).relu()

    def remember(self, x: Tensor, carry: Carry, *, twice: bool = False) -> tuple[Tensor, Tensor]:
        """Pass encoded steps x (B, T, F) through the memory: h and c after every step, (B, T, hidden) each.

        `twice`: differentiable a second time. Without memory c stays as it was.
        """
        if isinstance(self.memory, nn.LSTM):
            return unroll(self.memory, x, *carry, twice=twice)
        return self.memory(x), carry[1][:, None].expand(-1, x.shape[1], -1)


def see_stacks(
    layer: nn.Conv2d, frames: Tensor, dtype: torch.dtype = torch.float32, spacing: int = 1
) -> Tensor:
    """The first layer on frames (B, history - 1 + T, 3, H, W) uint8, each stack copied: (B T, C, h, w)."""
    stack = layer.in_channels // 3
    spans = frames.unfold(1, (stack - 1) * spacing + 1, 1)[..., ::spacing]
    return layer(_pixels(rearrange(spans, "b t c h w k -> (b t) (k c) h w"), dtype))


def see_still(layer: nn.Conv2d, frames: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """The same on frames (B, T, 3, H, W) each of which fills its whole stack: its kernels add up."""
    kernel = rearrange(layer.weight, "o (k c) y x -> o k c y x", c=3).sum(1)
    pixels = _pixels(rearrange(frames, "b t c h w -> (b t) c h w"), dtype)
    return F.conv2d(pixels, kernel.to(dtype), layer.bias, layer.stride, layer.padding)


def _pixels(frames: Tensor, dtype: torch.dtype) -> Tensor:
    return frames.contiguous(memory_format=torch.channels_last).to(dtype).sub_(128).div_(128)


def see_blocks(
    layer: nn.Conv2d, frames: Tensor, dtype: torch.dtype = torch.float32, spacing: int = 1
) -> Tensor:
    """The same sums for a layer whose kernel is a whole number of strides, without copying any stack.

    Blocks of stride x stride pixels become channels, which leaves a small dense kernel with many channels;
    the frames of a stack are its third dimension. Twice as fast on CPUs (benchmarks/training.py).
    """
    stride, stack = layer.stride[0], layer.in_channels // 3
    form = {"k": stack, "dy": stride, "dx": stride}
    kernel = rearrange(layer.weight / 128, "o (k c) (y dy) (x dx) -> o (c dy dx) k y x", **form)
    blocks = to_blocks(frames, stride).to(dtype).sub_(128)
    if blocks.is_cuda:  # cuDNN's half-precision kernels for three dimensions are slow or missing
        spans = blocks.unfold(1, (stack - 1) * spacing + 1, 1)[..., ::spacing]
        stacks = rearrange(spans, "b t y x c k -> (b t) (c k) y x")
        kernel = kernel.flatten(1, 2).contiguous(memory_format=torch.channels_last)
        return F.conv2d(stacks.contiguous(memory_format=torch.channels_last), kernel, layer.bias)
    kernel = kernel.contiguous(memory_format=torch.channels_last_3d)
    seen = F.conv3d(rearrange(blocks, "b t y x c -> b c t y x"), kernel, layer.bias, dilation=(spacing, 1, 1))
    return rearrange(seen, "b o t y x -> (b t) o y x")


def to_blocks(frames: Tensor, size: int) -> Tensor:
    """(B, F, C, H, W) uint8 to (B, F, H / size, W / size, C size size); a rest at the edges is left out."""
    height, width = (n - n % size for n in frames.shape[-2:])
    whole = frames[..., :height, :width].contiguous()
    if size == 4:  # four pixels at a time: a quarter of the copying
        rows = rearrange(whole.view(torch.int32), "b t c (y dy) x -> b t y x (c dy)", dy=size)
        return rows.contiguous().view(torch.uint8)
    return rearrange(whole, "b t c (y dy) (x dx) -> b t y x (c dy dx)", dy=size, dx=size)


def _start(layer: nn.Module) -> None:
    """Orthogonal weights that keep the signal's size through a ReLU (Saxe et al. 2014): with torch's own
    start, and with pixels that are not centred, the first thousand updates go half as far."""
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.orthogonal_(layer.weight, math.sqrt(2))
        assert layer.bias is not None
        nn.init.zeros_(layer.bias)


def nature(channels: int, width: int) -> nn.Sequential:
    """Mnih et al. 2015, figure 1."""
    w = 32 * width
    return nn.Sequential(
        *(nn.Conv2d(channels, w, 8, 4), nn.ReLU()),
        *(nn.Conv2d(w, 2 * w, 4, 2), nn.ReLU()),
        *(nn.Conv2d(2 * w, 2 * w, 3), nn.ReLU()),
    )


def impala(channels: int, width: int) -> nn.Sequential:
    """Espeholt et al. 2018, figure 3, right."""
    layers: list[nn.Module] = []
    for out in (16 * width, 32 * width, 32 * width):
        layers += [
            nn.Conv2d(channels, out, 3, padding=1),
            nn.MaxPool2d(3, 2, 1),
            Residual(out),
            Residual(out),
        ]
        channels = out
    return nn.Sequential(*layers, nn.ReLU())


class Residual(nn.Module):
    """x + conv(relu(conv(relu(x))))."""

    def __init__(self, channels: int):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(self.first(x.relu()).relu())


def none(channels: int, width: int) -> nn.Sequential:
    """Nothing is seen but the vector."""
    return nn.Sequential()


Encoder = Callable[[int, int], nn.Sequential]
#: From channels and width; the first layer is a Conv2d, which sees the stacked frames, if anything does.
ENCODERS: dict[str, Encoder] = {"nature": nature, "impala": impala, "none": none}


def make_encoder(config: NetworkConfig) -> nn.Sequential:
    """Ours or a plugin's. Raises UserError where a plugin gives something else."""
    make = plugins.find("encoder", config.encoder, ENCODERS, callable, "a function of channels and width")
    encoder = make(3 * config.stack, config.width)
    fits = isinstance(encoder, nn.Sequential) and isinstance(next(iter(encoder), None), nn.Conv2d)
    if config.encoder not in ENCODERS and not fits:
        package = plugins.package_of("encoder", config.encoder)
        raise UserError(
            f"encoder {config.encoder!r} of the package {package}: must make an nn.Sequential that begins"
            f" with a Conv2d, not {type(encoder).__name__}"
        )
    return encoder
