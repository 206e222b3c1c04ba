"""What a tagger would believe with other parts of its network dropped: stochastic passes by dropout at prediction.

Gal and Ghahramani 2016: a network with dropout is a sample of the posterior over networks. The encoder's vectors are
computed once; only the head, which is small, is run once a sample. A pass drops the same units of every text (Kirsch et
al. 2019: consistent dropout, so that all texts are judged by the same networks), and is therefore a smaller network: it
is run without the dropped units. Nothing depends on the batch, its order or its padding, as sentences of one length are
run together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from itertools import groupby
from typing import Any, Literal, NamedTuple, cast

import numpy
import torch
from numpy.typing import NDArray
from spacy.tokens import Doc
from thinc.api import Model, set_dropout_rate, xp2torch
from thinc.types import Floats2d
from torch import Tensor, nn

from .context import ConvContext
from .crf import Lattice
from .head import NetworkShim, TaggerNetwork
from .precision import head_in_bf16

Passes = Literal["head", "full"]
# Words in one run of the head, so that its vectors take some 15 MB: 4,096 x 900 numbers in float32.
MAX_WORDS = 4096


class DocSamples(NamedTuple):
    """What each of S stochastic passes believes about one Doc of L tokens, over K tags.

    tags (list[str]): The K tags, in the order of the columns.
    marginals (NDArray[float32]): Probability of each tag at each token in each pass, [S, L, K].
    best (NDArray[int64]): Number of the tag of each token in the best sequence of each pass, [S, L].
    """

    tags: list[str]
    marginals: NDArray[numpy.float32]
    best: NDArray[numpy.int64]


class PassedBatch(NamedTuple):
    """The potentials of S passes over B Docs of one length.

    docs (list[int]): Their B positions among all Docs.
    lattice (Lattice): Of S * B sentences: all passes of the first Doc, then those of the second.
    """

    docs: list[int]
    lattice: Lattice


def head_passes(
    head: Model[list[Floats2d], Lattice], vectors: Sequence[Floats2d], *, samples: int, rate: float, seed: int
) -> Iterator[PassedBatch]:
    """Run the head alone, `samples` times over each Doc.

    head (Model): The layer "crf_head".
    vectors (Sequence[Floats2d]): The encoder's vectors of each Doc, [L, nI]; Docs without tokens are passed over.
    samples (int): S.
    rate (float): Share of the units that are dropped, in [0, 1).
    seed (int): Another seed gives other samples.
    """
    shim = cast(NetworkShim, head.shims[0])
    thinned = [thin(shim.network, *one) for one in zip(*draw_masks(shim, samples, rate, seed), strict=True)]
    for rows in _of_one_length([len(own) for own in vectors]):
        own = torch.stack([xp2torch(vectors[row], device=shim.device) for row in rows])  # [B, L, nI]
        emissions = torch.stack(_each_pass(thinned, own), dim=1).flatten(0, 1).float()  # [B * S, L, nO]
        lengths = torch.full((len(emissions),), own.shape[1], device=own.device)
        yield PassedBatch(rows, Lattice(emissions, lengths, shim.network.transitions.detach()))


def full_passes(
    model: Model[list[Doc], Lattice],
    docs: Sequence[Doc],
    encoder: Any,
    *,
    samples: int,
    rate: float,
    seed: int,
) -> Iterator[PassedBatch]:
    """Run encoder and head in training mode, `samples` times over each Doc: what `head_passes` approximates.

    model (Model): The component's whole model.
    docs (Sequence[Doc]): Docs; those without tokens are passed over.
    encoder (Any): The pipe that a listener in the model reads from, such as `transformer`; None where there is none.
    samples, rate, seed (int, float, int): As for `head_passes`. A transformer keeps its own rates.
    """
    head = model.get_ref("output_layer")
    for row, doc in enumerate(docs):
        if not len(doc):
            continue
        # The passes of one Doc are one batch, so that nothing depends on its neighbours.
        copies = [doc.copy() for _ in range(samples)]
        vectors = _seeded(doc.text, seed, lambda docs=copies: _encode(model, docs, encoder, rate))  # type: ignore[misc]
        shim = cast(NetworkShim, head.shims[0])
        own = torch.stack([xp2torch(each, device=shim.device) for each in vectors]).detach()
        thinned = [thin(shim.network, *one) for one in zip(*draw_masks(shim, samples, rate, seed), strict=True)]
        emissions = torch.cat([one for n in range(samples) for one in _each_pass(thinned[n : n + 1], own[n : n + 1])])
        lengths = torch.full((samples,), own.shape[1], device=own.device)
        yield PassedBatch([row], Lattice(emissions.float(), lengths, shim.network.transitions.detach()))


def draw_masks(shim: NetworkShim, samples: int, rate: float, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """What each pass multiplies the vectors with, [S, nI], the inputs of D convolutions, [S, D, nH], and the context
    layer's output, [S, nH].

    Kept units are scaled up, so that the expected vector stays the same. The first samples of many are those of few.
    """
    network, hidden = shim.network, shim.network.output.in_features
    depth = len(network.context.layers) if isinstance(network.context, ConvContext) else 0
    widths = [shim.cfg["n_in"], depth * hidden, hidden]
    generator = torch.Generator().manual_seed(seed)
    kept = torch.rand((samples, sum(widths)), generator=generator) >= rate
    first, inner, second = (kept / (1.0 - rate)).to(shim.device).split(widths, dim=1)
    return first, inner.reshape(samples, depth, hidden), second


class Thinned(NamedTuple):
    """A network without the units that a pass drops, the others scaled.

    kept (Tensor): Columns of the vectors that it reads.
    context (nn.LSTM | ConvContext | None): Over these columns.
    inner (list[Tensor]): Columns that each convolution reads.
    output, bias (Tensor): Of its last layer.
    """

    kept: Tensor
    context: nn.LSTM | ConvContext | None
    inner: list[Tensor]
    output: Tensor
    bias: Tensor


@torch.no_grad()
def thin(network: TaggerNetwork, first: Tensor, inner: Tensor, second: Tensor) -> Thinned:
    """A network as one pass sees it.

    first, inner, second (Tensor): What multiplies the vectors, [nI], the inputs of D convolutions, [D, nH], and the
        context layer's output, [nH].
    """
    kept = first.nonzero()[:, 0]
    context, output = network.context, network.output
    if context is None:
        return Thinned(kept, None, [], (output.weight * first)[:, kept], output.bias)
    if isinstance(context, ConvContext):
        columns = [mask.nonzero()[:, 0] for mask in inner]
        return Thinned(kept, context.thinned(first, inner), columns, output.weight * second, output.bias)
    state = context.state_dict()
    for name in ("weight_ih_l0", "weight_ih_l0_reverse"):
        state[name] = (state[name] * first)[:, kept]
    # On "meta" no fresh weights are drawn, which would move the global generator on.
    shape = len(kept), context.hidden_size, context.num_layers
    small = nn.LSTM(*shape, batch_first=True, bidirectional=True, device="meta").to_empty(device=first.device)
    small.load_state_dict(state)
    return Thinned(kept, small, [], output.weight * second, output.bias)


@torch.no_grad()
def _each_pass(thinned: Sequence[Thinned], vectors: Tensor) -> list[Tensor]:
    """Emissions of sentences of one length by each network, from [B, L, nI] to S times [B, L, nO]."""
    # The rounding of bf16 is far below what dropout changes, and the context layer takes a third of the time.
    low = head_in_bf16(vectors.device)
    found, count = [], len(vectors)
    # In bf16 a sentence alone is rounded in another way than one in company, however much of it: so it gets some.
    vectors = vectors.repeat(2, 1, 1) if count == 1 else vectors
    with torch.autocast(vectors.device.type, torch.bfloat16, enabled=low):
        given = vectors.bfloat16() if low else vectors
        for one in thinned:
            hidden = given.index_select(2, one.kept)
            if isinstance(one.context, ConvContext):
                hidden = _convolved(one.context, one.inner, hidden)
            elif one.context is not None:
                hidden = one.context(hidden)[0]
            found.append(nn.functional.linear(hidden, one.output, one.bias)[:count])
    return found


def _convolved(context: ConvContext, inner: Sequence[Tensor], vectors: Tensor) -> Tensor:
    """A thinned context layer over sentences of one length, [B, L, n] to [B, L, nH]."""
    count, length = vectors.shape[:2]
    lengths = torch.full((count,), length, device=vectors.device)
    words = context(vectors.flatten(0, 1), lengths, lambda hidden, number: hidden.index_select(1, inner[number]))
    return words.view(count, length, -1)


def _of_one_length(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Positions of Docs of the same number of tokens, at most MAX_WORDS a batch."""
    order = sorted((row for row, length in enumerate(lengths) if length), key=lambda row: lengths[row])
    for length, found in groupby(order, key=lambda row: lengths[row]):
        rows, size = list(found), max(1, MAX_WORDS // length)
        yield from (rows[start : start + size] for start in range(0, len(rows), size))


def _encode(model: Model[list[Doc], Lattice], docs: list[Doc], encoder: Any, rate: float) -> list[Floats2d]:
    """Vectors of the Docs with the encoder in training mode; nothing is learned."""
    tok2vec = model.get_ref("tok2vec")
    trained = tok2vec if encoder is None else encoder.model
    set_dropout_rate(trained, rate)
    try:
        found, _ = trained(docs, is_train=True)
    finally:
        set_dropout_rate(trained, 0.0)
    if encoder is None:
        return cast("list[Floats2d]", found)
    encoder.set_annotations(docs, found)
    return cast("list[Floats2d]", tok2vec.predict(docs))


def _seeded(text: str, seed: int, run: Callable[[], list[Floats2d]]) -> list[Floats2d]:
    """Call with the global generators, which encoders draw from, set by text and seed, and put them back."""
    number, state = _seed_of(text, seed), numpy.random.get_state()
    with torch.random.fork_rng():
        torch.manual_seed(number)
        numpy.random.seed(number % 2**32)
        try:
            return run()
        finally:
            numpy.random.set_state(state)


def _seed_of(text: str, seed: int) -> int:
    digest = blake2b(f"{seed}:{text}".encode("utf8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
