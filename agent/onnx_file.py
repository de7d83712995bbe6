"""An agent as one ONNX file, for other runtimes and languages: a step of its network, and its description.

    frames (B, history, 3, H, W) uint8, vector (B, 1, V), h (B, hidden), c (B, hidden)
    -> q (B, A), h, c to give back at the next decision

The metadata "basalt_iq" is its `agent.json`: what the actions are, how frames and vector are made.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import torch
from torch import Tensor, nn

from basalt_iq.agent.agent_file import AgentFile
from basalt_iq.agent.checkpoint import AgentSpec, load_agent
from basalt_iq.agent.network import Carry, SoftQNetwork
from basalt_iq.errors import UserError
from basalt_iq.files import replacing
from basalt_iq.records import parse_json

if TYPE_CHECKING:
    import onnxruntime

#: Name of the description among the file's metadata.
ABOUT = "basalt_iq"
INPUTS, OUTPUTS = ("frames", "vector", "h", "c"), ("q", "h_next", "c_next")


class OnnxStep(nn.Module):
    """One decision, with the memory in the open."""

    def __init__(self, network: SoftQNetwork):
        super().__init__()
        self.network = network

    def forward(self, frames: Tensor, vector: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        q, (h, c) = self.network(frames, vector, (h, c))
        return q[:, 0], h, c


def export_onnx(checkpoint: Path, out: Path) -> AgentSpec:
    """Write a checkpoint folder's agent to the file `out`. Raises UserError if there is none."""
    import onnx

    spec, network = load_agent(checkpoint)
    batch = torch.export.Dim("batch", max=4096)
    with replacing(out) as partial, _quietly():
        program = torch.onnx.export(
            OnnxStep(network).eval(), _example(spec, network), input_names=INPUTS, output_names=OUTPUTS,
            dynamic_shapes=({0: batch},) * len(INPUTS), dynamo=True, verbose=False,
        )  # fmt: skip
        assert program is not None, "what dynamo exports"
        model = program.model_proto
        entry = model.metadata_props.add()
        entry.key, entry.value = ABOUT, msgspec.json.encode(spec.to_json()).decode()
        onnx.save_model(model, partial)
    return spec


def _example(spec: AgentSpec, network: SoftQNetwork) -> tuple[Tensor, ...]:
    """Two observations: with one, the batch would be taken to be always one."""
    shape = (2, spec.network.history, 3, spec.network.size, spec.network.size)
    return (
        torch.zeros(shape, dtype=torch.uint8),
        torch.zeros(2, 1, network.vector_size),
        *network.initial_carry(2),
    )


@contextlib.contextmanager
def _quietly() -> Any:
    """The exporter talks of its own affairs, by every channel."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


class OnnxNetwork:
    """The network of an ONNX file, in the place of a `SoftQNetwork` that acts. One thread: it is small."""

    device = torch.device("cpu")

    def __init__(self, session: onnxruntime.InferenceSession, hidden: int):
        self.session, self.hidden = session, hidden

    def eval(self) -> OnnxNetwork:
        return self

    def initial_carry(self, batch: int) -> Carry:
        """The memory at the start of an episode: zeros, (batch, hidden) twice."""
        return torch.zeros(batch, self.hidden), torch.zeros(batch, self.hidden)

    def __call__(self, frames: Tensor, vector: Tensor, carry: Carry) -> tuple[Tensor, Carry]:
        """q (B, 1, A) and the carry after it."""
        given = zip(INPUTS, (frames, vector, *carry), strict=True)
        q, h, c = self.session.run(list(OUTPUTS), {name: value.numpy() for name, value in given})
        return torch.from_numpy(q)[:, None], (torch.from_numpy(h), torch.from_numpy(c))


def load_onnx(path: Path) -> tuple[AgentSpec, OnnxNetwork]:
    """What :func:`export_onnx` wrote. Raises UserError naming the file if it is something else or damaged."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        about = session.get_modelmeta().custom_metadata_map[ABOUT]
    except Exception as error:  # noqa: BLE001  the runtime raises kinds of its own for each way to be damaged
        line = str(error).partition("\n")[0]
        raise UserError(
            f"{path}: not an agent that `basalt-iq export` wrote ({line}); export it again"
        ) from None
    spec = AgentSpec.of(parse_json(about.encode(), AgentFile, f"{path}: {ABOUT}", remedy="export it again"))
    return spec, OnnxNetwork(session, spec.network.hidden)
