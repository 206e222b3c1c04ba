"""The classifier of yes/no questions for spaCy's `textcat`: a thinc model from Docs to probabilities."""

# No postponed annotations here: thinc reads those of registered functions, older ones as they stand.
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import torch
from spacy.tokens import Doc
from thinc.api import Model, get_torch_default_device, torch2xp, xp2torch
from thinc.types import Floats2d
from torch import Tensor

from ..ner.head import NetworkShim
from .lexical import lexical
from .network import PairBatch, YesNoNetwork
from .pairs import split_doc

InT = list[Doc]
OutT = Floats2d


def build_yes_no(
    tok2vec: Model[list[Doc], list[Floats2d]],
    width: int = 128,
    class_weights: list[float] | None = None,
    nO: int | None = None,
) -> Model[list[Doc], Floats2d]:
    """A model from Docs "question [SEP] passage" to the probability of each answer, registered as "bioactive.YesNo.v1".

    tok2vec (Model[list[Doc], list[Floats2d]]): The encoder, which sees questions and passages apart, so that a passage
        is encoded once for all of its questions. It cuts long ones into windows itself. No listener.
    width (int): Units of the layers over it.
    class_weights (list[float] | None): How much a text of each class counts in the loss, in the order of the labels.
    nO (int | None): Number of classes; taken from the data when not given.
    RETURNS (Model[list[Doc], Floats2d]): The model, with the reference "tok2vec".
    """
    model: Model[list[Doc], Floats2d] = Model(
        "yes_no",
        forward,
        init=init,
        layers=[tok2vec],
        dims={"nO": nO},
        attrs={"dropout_rate": 0.0, "class_weights": list(class_weights or [])},
        refs={"tok2vec": tok2vec},
        shims=[YesNoShim({"width": width})],
    )
    return model


def init(model: Model[InT, OutT], X: InT | None = None, Y: Floats2d | None = None) -> None:
    """Build the network once the encoder's width is known."""
    tok2vec = model.get_ref("tok2vec")
    parts = None if X is None else [part for doc in X for part in split_doc(doc)]
    tok2vec.initialize(X=parts)
    if Y is not None and model.has_dim("nO") is None:
        model.set_dim("nO", Y.shape[1])
    if model.has_dim("nO") and parts:
        width = tok2vec.predict(parts[:1])[0].shape[1]
        cast(YesNoShim, model.shims[0]).build(width, model.get_dim("nO"))


def forward(model: Model[InT, OutT], X: InT, is_train: bool) -> tuple[OutT, Callable[[OutT], InT]]:
    """Probabilities; what comes back is their difference from the truth, as from spaCy's `textcat`, which is the
    gradient of the cross-entropy by the logits."""
    shim = cast(YesNoShim, model.shims[0])
    pairs = [split_doc(doc) for doc in X]
    parts = [pair[0] for pair in pairs] + [pair[1] for pair in pairs]
    vectors, back = model.get_ref("tok2vec")(parts, is_train)
    words = [xp2torch(cast(Any, rows), requires_grad=is_train, device=shim.device) for rows in vectors]
    shim.answers.dropout = model.attrs["dropout_rate"] if is_train else 0.0
    shim.answers.train(is_train)
    with torch.set_grad_enabled(is_train):
        logits = shim.answers(batch_of(pairs, words))

    def backprop(d_probs: OutT) -> InT:
        torch.autograd.backward(logits, _weighted(xp2torch(cast(Any, d_probs), device=shim.device), model))
        back([cast(Floats2d, torch2xp(cast(Tensor, rows.grad))) for rows in words])
        return X

    return cast(Floats2d, torch2xp(logits.detach().softmax(dim=1))), backprop


def batch_of(pairs: Sequence[tuple[Doc, Doc]], words: Sequence[Tensor]) -> PairBatch:
    """Pad pairs and their vectors.

    pairs (Sequence): Question and passage.
    words (Sequence[Tensor]): Vectors of the words of all questions, then of all passages, each [words, nI].
    RETURNS (PairBatch): On the device of the vectors.
    """
    device, half = words[0].device, len(pairs)
    found = [lexical([word.text for word in one], [word.text for word in other]) for one, other in pairs]
    asked, told = max(len(one) for one, _ in pairs), max(len(other) for _, other in pairs)
    same = np.zeros((half, asked, told), dtype="float32")
    for row, own in enumerate(found):
        same[row, : own.same.shape[0], : own.same.shape[1]] = own.same
    return PairBatch(
        _padded(words[:half]),
        _padded(words[half:]),
        _mask([len(one) for one, _ in pairs]).to(device),
        _mask([len(other) for _, other in pairs]).to(device),
        _padded([torch.from_numpy(own.question) for own in found]).to(device),
        _padded([torch.from_numpy(own.passage) for own in found]).to(device),
        torch.from_numpy(same).to(device),
        torch.from_numpy(np.stack([own.clues for own in found])).to(device),
    )


class YesNoShim(NetworkShim):
    """Holds the `YesNoNetwork`; saving, averages and steps are those of the tagger's network."""

    @property
    def answers(self) -> YesNoNetwork:
        """The network itself."""
        return cast(YesNoNetwork, self._model)

    def build(self, n_in: int, n_out: int) -> None:
        """Make a network of these widths with fresh weights, on the device of the active ops."""
        self.cfg.update(n_in=n_in, n_out=n_out)
        self._model = YesNoNetwork(**self.cfg).to(get_torch_default_device())


def _weighted(d_logits: Tensor, model: Model[InT, OutT]) -> Tensor:
    """Each row times the weight of its class: the one whose probability is to rise."""
    weights = model.attrs["class_weights"]
    if not weights:
        return d_logits
    return d_logits * d_logits.new_tensor(weights)[d_logits.argmin(dim=1)][:, None]


def _padded(rows: Sequence[Tensor]) -> Tensor:
    return torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True)


def _mask(lengths: Sequence[int]) -> Tensor:
    return torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
