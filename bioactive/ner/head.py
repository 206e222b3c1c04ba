"""The layers over the encoder: an optional context layer, the emissions and the transitions.

Three files for three worlds: the pipe (`component.py`) speaks spaCy, this file thinc, the inference (`crf.py`) torch.
"""

# No postponed annotations here: thinc reads those of registered functions, older ones as they stand.
import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Literal, cast

import numpy
import srsly
import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from spacy.tokens import Doc
from thinc.api import Model, Optimizer, PyTorchShim, chain, concatenate, get_torch_default_device, torch2xp, xp2torch
from thinc.types import Floats2d
from torch import Tensor, nn

from .context import Context, ConvContext, in_blocks, pad_words, run_lstm, unpad
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
    context: Context = "lstm",
    nO: int | None = None,
) -> Model[list[Doc], Lattice]:
    """A model from Docs to the potentials of a tag sequence, registered as "bioactive.CRFTagger.v1".

    tok2vec (Model[list[Doc], list[Floats2d]]): The encoder: a vector a word, one array a Doc.
    decoder (str): "crf" learns transitions between tags; "softmax" leaves the words independent.
    context_width (int): Width of the layers between encoder and emissions, of an LSTM's each direction; 0 for none.
    context_depth (int): Number of these layers.
    context (str): "lstm", or "conv" for convolutions over a word and its two neighbours.
    nO (int | None): Number of tags; taken from the data when not given.
    RETURNS (Model[list[Doc], Lattice]): The model, with the references "tok2vec" and "output_layer".
    """
    cfg = {"decoder": decoder, "context_width": context_width, "context_depth": context_depth, "context": context}
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
    filled = [rows for rows in X if len(rows)] or [model.ops.alloc2f(0, model.get_dim("nI"))]
    words = xp2torch(model.ops.xp.concatenate(filled), requires_grad=is_train, device=shim.device)
    shim.network.train(is_train)
    # Training in bf16 takes half of the time. An LSTM would then predict by company: it does so in float32.
    low = head_in_bf16(shim.device) and (is_train or isinstance(shim.network.context, ConvContext))
    with torch.set_grad_enabled(is_train), torch.autocast(shim.device.type, torch.bfloat16, enabled=low):
        emissions, transitions = shim.network(words, lengths)
    if not is_train:
        transitions = transitions.detach()

    def backprop(d_lattice: OutT) -> InT:
        torch.autograd.backward((emissions, transitions), (d_lattice.emissions, d_lattice.transitions))
        d_words = cast(Floats2d, torch2xp(cast(Tensor, words.grad)))
        ends = numpy.cumsum([len(rows) for rows in X])
        return [d_words[end - len(rows) : end] for rows, end in zip(X, ends.tolist(), strict=True)]

    return Lattice(emissions, lengths, transitions), backprop


class TaggerNetwork(nn.Module):
    """Vectors of N words in B sentences, [N, nI], to emissions [B, L, nO] and transitions [nO + 1, nO].

    The dropout rate is an attribute that the caller sets: thinc's `set_dropout_rate` does not reach `nn.Dropout`.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        decoder: Decoder,
        context_width: int,
        context_depth: int,
        context: Context = "lstm",
    ) -> None:
        super().__init__()
        self.dropout = 0.0
        self.context: nn.LSTM | ConvContext | None = None
        n_hidden = n_in
        if context_width and context == "lstm":
            self.context = nn.LSTM(n_in, context_width, context_depth, batch_first=True, bidirectional=True)
            n_hidden = 2 * context_width
        elif context_width:
            self.context, n_hidden = ConvContext(n_in, context_width, context_depth), context_width
        self.output = nn.Linear(n_hidden, n_out)
        self.transitions = nn.Parameter(torch.zeros(n_out + 1, n_out), requires_grad=decoder == "crf")

    def forward(self, words: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        def drop(hidden: Tensor, _number: int = 0) -> Tensor:
            return self._drop(hidden, lengths)

        hidden = drop(words)
        if isinstance(self.context, ConvContext):
            hidden = drop(self.context(hidden, lengths, drop))
        elif self.context is not None:
            hidden = drop(unpad(run_lstm(self.context, pad_words(hidden, lengths), lengths), lengths))
        # A parameter that takes no gradient still has to be a node that one may be handed back to.
        transitions = self.transitions if self.transitions.requires_grad else self.transitions + 0 * hidden.sum()
        # Rounded to bf16, potentials would cost a probability its third digit.
        with torch.autocast(hidden.device.type, enabled=False):
            emissions = in_blocks(self.output, hidden.float())
        return pad_words(emissions, lengths), transitions.float()

    def _drop(self, words: Tensor, lengths: Tensor) -> Tensor:
        """Variational dropout (Gal and Ghahramani 2016): one mask a sentence, the same at each of its words."""
        if not self.training or not self.dropout:
            return words
        mask = nn.functional.dropout(words.new_ones(len(lengths), words.shape[1]), self.dropout)
        return words * mask.repeat_interleave(lengths, 0)


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

    def from_bytes(self, bytes_data: bytes) -> "NetworkShim":
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
