"""The layers over the encoder: an optional recurrent context layer, the emissions and the transitions.

Three files for three worlds: the pipe (`component.py`) speaks spaCy, this file thinc, the inference (`crf.py`) torch.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, cast

import srsly
import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from spacy.tokens import Doc
from thinc.api import Model, Optimizer, PyTorchShim, chain, concatenate, get_torch_default_device, torch2xp, xp2torch
from thinc.types import Floats2d, Floats3d
from torch import Tensor, nn

from .crf import Lattice
from .fused import FusedAdam
from .precision import head_in_bf16

Decoder = Literal["crf", "softmax"]
InT = list[Floats2d]
OutT = Lattice


def build_crf_tagger(
    tok2vec: Model[list[Doc], list[Floats2d]],
    decoder: Decoder = "crf",
    context_width: int = 0,
    context_depth: int = 1,
    nO: int | None = None,
) -> Model[list[Doc], Lattice]:
    """A model from Docs to the potentials of a tag sequence, registered as "bioactive.CRFTagger.v1".

    tok2vec (Model[list[Doc], list[Floats2d]]): The encoder: a vector a word, one array a Doc.
    decoder (str): "crf" learns transitions between tags; "softmax" leaves the words independent.
    context_width (int): Width of each direction of an LSTM between encoder and emissions; 0 for none.
    context_depth (int): Number of stacked LSTM layers.
    nO (int | None): Number of tags; taken from the data when not given.
    RETURNS (Model[list[Doc], Lattice]): The model, with the references "tok2vec" and "output_layer".
    """
    cfg = {"decoder": decoder, "context_width": context_width, "context_depth": context_depth}
    head: Model[InT, OutT] = Model(
        "crf_head",
        forward,
        init=init,
        dims={"nI": None, "nO": nO},
        attrs={"dropout_rate": 0.0, "decoder": decoder},
        shims=[NetworkShim(cfg)],
    )
    model: Model[list[Doc], Lattice] = chain(tok2vec, head)
    model.set_ref("tok2vec", tok2vec)
    model.set_ref("output_layer", head)
    return model


def concatenate_tok2vec(
    first: Model[list[Doc], list[Floats2d]], second: Model[list[Doc], list[Floats2d]]
) -> Model[list[Doc], list[Floats2d]]:
    """Two encoders side by side, their vectors joined word by word, registered as "bioactive.Concatenate.v1"."""
    return concatenate(first, second)


def init(model: Model[InT, OutT], X: InT | None = None, Y: Floats2d | None = None) -> None:
    """Build the network once both widths are known: a listener learns its own only from data."""
    if X is not None and X and model.has_dim("nI") is None:
        model.set_dim("nI", max(rows.shape[1] for rows in X))
    if Y is not None and model.has_dim("nO") is None:
        model.set_dim("nO", Y.shape[1])
    if model.has_dim("nI") and model.has_dim("nO"):
        cast(NetworkShim, model.shims[0]).build(model.get_dim("nI"), model.get_dim("nO"))


def forward(model: Model[InT, OutT], X: InT, is_train: bool) -> tuple[OutT, Callable[[OutT], InT]]:
    """Potentials of a batch; the gradient comes back as a Lattice of gradients."""
    shim = cast(NetworkShim, model.shims[0])
    shim.network.dropout = model.attrs["dropout_rate"] if is_train else 0.0
    lengths = torch.tensor([len(rows) for rows in X], device=shim.device)
    # A transformer's listener gives texts without words rows of no width.
    filled = [rows if len(rows) else model.ops.alloc2f(0, model.get_dim("nI")) for rows in X]
    padded = xp2torch(model.ops.pad(filled), requires_grad=is_train, device=shim.device)
    shim.network.train(is_train)
    # Training in bf16 takes half of the time; what is predicted stays exact.
    low = is_train and head_in_bf16(shim.device)
    with torch.set_grad_enabled(is_train), torch.autocast(shim.device.type, torch.bfloat16, enabled=low):
        emissions, transitions = shim.network(padded, lengths)
    if not is_train:
        transitions = transitions.detach()

    def backprop(d_lattice: OutT) -> InT:
        torch.autograd.backward((emissions, transitions), (d_lattice.emissions, d_lattice.transitions))
        d_padded = cast(Floats3d, torch2xp(cast(Tensor, padded.grad)))
        return [d_padded[row, : len(rows)] for row, rows in enumerate(X)]

    return Lattice(emissions, lengths, transitions), backprop


class TaggerNetwork(nn.Module):
    """Vectors [B, L, nI] to emissions [B, L, nO] and transitions [nO + 1, nO].

    The dropout rate is an attribute that the caller sets: thinc's `set_dropout_rate` does not reach `nn.Dropout`.
    """

    def __init__(self, n_in: int, n_out: int, decoder: Decoder, context_width: int, context_depth: int) -> None:
        super().__init__()
        self.dropout = 0.0
        self.context = (
            nn.LSTM(n_in, context_width, context_depth, batch_first=True, bidirectional=True) if context_width else None
        )
        self.output = nn.Linear(2 * context_width or n_in, n_out)
        self.transitions = nn.Parameter(torch.zeros(n_out + 1, n_out), requires_grad=decoder == "crf")

    def forward(self, vectors: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self._drop(vectors)
        if self.context is not None:
            hidden = self._drop(self._in_context(self.context, hidden, lengths))
        # A parameter that takes no gradient still has to be a node that one may be handed back to.
        transitions = self.transitions if self.transitions.requires_grad else self.transitions + 0 * hidden.sum()
        return self.output(hidden).float(), transitions.float()

    def _drop(self, vectors: Tensor) -> Tensor:
        """Variational dropout (Gal and Ghahramani 2016): one mask a sentence, the same at each of its words."""
        if not self.training:
            return vectors
        mask = nn.functional.dropout(vectors.new_ones(len(vectors), 1, vectors.shape[2]), self.dropout, self.training)
        return vectors * mask

    @staticmethod
    def _in_context(context: nn.LSTM, vectors: Tensor, lengths: Tensor) -> Tensor:
        if vectors.shape[1] and bool((lengths == vectors.shape[1]).all()):
            return cast(Tensor, context(vectors)[0])
        if vectors.is_cuda:
            # thinc's optimiser hands back each weight as a tensor of its own; cuDNN wants all of them in one piece.
            context.flatten_parameters()
            return packed(context, vectors, lengths)
        return both_ways(context, vectors, lengths)


def packed(context: nn.LSTM, vectors: Tensor, lengths: Tensor) -> Tensor:
    """An LSTM over sentences of any length, [B, L, nI] to [B, L, nO], as cuDNN runs it at once."""
    # A sentence without words counts as one of one word, which nobody reads.
    known = lengths.clamp_min(1).cpu()
    sentences = nn.utils.rnn.pack_padded_sequence(vectors, known, batch_first=True, enforce_sorted=False)
    hidden = nn.utils.rnn.pad_packed_sequence(context(sentences)[0], batch_first=True, total_length=vectors.shape[1])
    return hidden[0]


def both_ways(context: nn.LSTM, vectors: Tensor, lengths: Tensor) -> Tensor:
    """The same for a CPU, where torch runs packed sentences in float32 alone and step by step.

    Each direction is run over padded sentences; the backward one over sentences turned around, so that the padding
    comes last for it too. Padded places hold numbers that nobody reads.
    """
    words = torch.arange(vectors.shape[1], device=vectors.device)
    turned = torch.where(words < lengths[:, None], lengths[:, None] - 1 - words, words)[:, :, None]
    hidden = vectors
    for ahead, back in zip(context.all_weights[::2], context.all_weights[1::2], strict=True):
        first = _one_way(hidden, ahead, context.training)
        second = _one_way(hidden.gather(1, turned.expand_as(hidden)), back, context.training)
        hidden = torch.cat([first, second.gather(1, turned.expand_as(second))], dim=2)
    return hidden


def _one_way(vectors: Tensor, weights: Sequence[Tensor], is_train: bool) -> Tensor:
    """One layer of an LSTM in one direction, [B, L, nI] to [B, L, nO]."""
    start = vectors.new_zeros(1, len(vectors), weights[1].shape[1])
    return torch.lstm(vectors, (start, start), list(weights), True, 1, 0.0, is_train, False, True)[0]


class NetworkShim(PyTorchShim):
    """Holds the `TaggerNetwork` in a thinc model; its bytes carry the widths and the weights, and no code.

    cfg (dict): The network's settings; `n_in` and `n_out` are added once they are known.
    """

    def __init__(self, cfg: dict[str, Any]) -> None:
        super().__init__(None, config=dict(cfg))
        self._adam = FusedAdam()

    @property
    def network(self) -> TaggerNetwork:
        return cast(TaggerNetwork, self._model)

    @property
    def device(self) -> torch.device:
        return get_torch_default_device() if self._model is None else next(self._model.parameters()).device

    def build(self, n_in: int, n_out: int) -> None:
        """Make a network of these widths with fresh weights, on the device of the active ops."""
        self.cfg.update(n_in=n_in, n_out=n_out)
        self._model = TaggerNetwork(**self.cfg).to(get_torch_default_device())

    def finish_update(self, optimizer: Optimizer) -> None:
        """Step all weights at once; an optimiser that is no plain AdamW does it its own way."""
        if FusedAdam.does(optimizer):
            self._adam.step(optimizer, self.network, self.id)
        else:
            super().finish_update(optimizer)

    def to_bytes(self) -> bytes:
        state = {} if self._model is None else self._model.state_dict()
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
        return srsly.msgpack_dumps({"config": self.cfg, "state": save_tensors(tensors)})

    def from_bytes(self, bytes_data: bytes) -> NetworkShim:
        message = srsly.msgpack_loads(bytes_data)
        self.cfg = message["config"]
        if "n_in" in self.cfg:
            self.build(self.cfg["n_in"], self.cfg["n_out"])
            self._model.load_state_dict(load_tensors(message["state"]))
        return self

    @contextlib.contextmanager
    def use_params(self, params: dict[Any, Any]) -> Iterator[None]:
        """Put averaged weights in place for a while. thinc's own version looks for keys that its optimiser
        never makes, so that averages would be ignored."""
        ours = {name: params[self.id, name] for name in self._names() if (self.id, name) in params}
        backup = {name: tensor.clone() for name, tensor in self._state().items()}
        self._load({**self._state(), **{name: xp2torch(value) for name, value in ours.items()}})
        yield
        self._load(backup)

    def _names(self) -> list[str]:
        return [] if self._model is None else [name for name, _ in self._model.named_parameters()]

    def _state(self) -> dict[str, Tensor]:
        return {} if self._model is None else dict(self._model.state_dict())

    def _load(self, state: dict[str, Tensor]) -> None:
        if self._model is not None:
            self._model.load_state_dict(state)
