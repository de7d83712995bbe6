"""The network's options, apart from torch, so that a command line knows them at once."""

from __future__ import annotations

from dataclasses import dataclass

from basalt_iq import plugins

ENCODERS = ("nature", "impala")


@dataclass(frozen=True)
class NetworkConfig:
    """Size and shape of the network."""

    encoder: str = "nature"
    """Convolutions: nature (three layers, fast), impala (residual, 4 times the work), or a plugin's."""
    width: int = 1
    """Multiplies the encoder's channels."""
    features: int = 256
    """Units between the encoder and the memory."""
    hidden: int = 256
    """LSTM units."""
    memory: bool = True
    """An LSTM; without it a layer that remembers nothing takes its place, for comparison."""
    last_action: bool = False
    """Feed back the action just taken: play is steadier, but what comes next may be learned from it alone."""
    stack: int = 4
    """Frames seen at once, the current one included. 1: where it came from, only the memory can tell."""
    spacing: int = 1
    """Decisions between the frames seen at once."""
    size: int = 64
    """Frame height and width in pixels."""

    def __post_init__(self) -> None:
        plugins.check("encoder", self.encoder, ENCODERS)

    @property
    def history(self) -> int:
        """Decisions that the frames seen at once span, the current one included."""
        return (self.stack - 1) * self.spacing + 1
