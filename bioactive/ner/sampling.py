"""What a tagger would believe with other parts of its network dropped: stochastic passes by dropout at prediction.

Gal and Ghahramani 2016: a network with dropout is a sample of the posterior over networks. The encoder's vectors are
computed once; only the head, which is small, is run once a sample. The dropped units of a text depend on the
seed and that text alone: not on the batch, its order or its padding, as sentences of one length are run together.
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
from torch import Tensor

from .crf import Lattice
from .head import NetworkShim
from .precision import head_in_bf16

Passes = Literal["head", "full"]
Masks = tuple[Tensor, Tensor]
# Words in one run of the head, so that the vectors of a run take some 50 MB: 16,384 x 800 numbers in float32.
MAX_WORDS = 16_384


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
    head: Model[list[Floats2d], Lattice],
    texts: Sequence[str],
    vectors: Sequence[Floats2d],
    *,
    samples: int,
    rate: float,
    seed: int,
) -> Iterator[PassedBatch]:
    """Run the head alone, `samples` times over each Doc.

    head (Model): The layer "crf_head".
    texts (Sequence[str]): The text of each Doc, which with the seed decides what is dropped.
    vectors (Sequence[Floats2d]): The encoder's vectors of each Doc, [L, nI]; Docs without tokens are passed over.
    samples (int): S.
    rate (float): Share of the units that are dropped, in [0, 1).
    seed (int): Another seed gives other samples.
    """
    shim = cast(NetworkShim, head.shims[0])
    for rows in _of_one_length([len(own) for own in vectors], samples):
        own = torch.stack([xp2torch(vectors[row], device=shim.device) for row in rows])  # [B, L, nI]
        masks = [draw_masks(shim, texts[row], samples=samples, rate=rate, seed=seed) for row in rows]
        first, second = (torch.stack(part) for part in zip(*masks, strict=True))  # [B, S, 1, nI], [B, S, 1, nH]
        yield PassedBatch(rows, run_head(shim, own[:, None], (first, second)))


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
        masks = draw_masks(shim, doc.text, samples=samples, rate=rate, seed=seed)
        yield PassedBatch([row], run_head(shim, own[None], (masks[0][None], masks[1][None])))


def draw_masks(shim: NetworkShim, text: str, *, samples: int, rate: float, seed: int) -> Masks:
    """What is dropped of the vectors, [S, 1, nI], and of the context layer's output, [S, 1, nH], at all words alike.

    Kept units are scaled up, so that the expected vector stays the same. The first samples of many are those of few.
    """
    network = shim.network
    widths = [shim.cfg["n_in"], network.output.in_features]
    generator = torch.Generator().manual_seed(_seed_of(text, seed))
    kept = torch.rand((samples, sum(widths)), generator=generator) >= rate
    first, second = (kept / (1.0 - rate)).to(shim.device)[:, None].split(widths, dim=2)
    return first, second


def run_head(shim: NetworkShim, vectors: Tensor, masks: Masks) -> Lattice:
    """Potentials of B sentences of one length, S times with given units dropped.

    vectors (Tensor): [B, S, L, nI], or [B, 1, L, nI] where the passes share them.
    masks (Masks): [B, S, 1, nI] and [B, S, 1, nH].
    RETURNS (Lattice): Of B * S sentences.
    """
    network = shim.network.eval()
    # The rounding of bf16 is far below what dropout changes, and the context layer takes a third of the time.
    low = head_in_bf16(vectors.device)
    kind = torch.bfloat16 if low else vectors.dtype
    with torch.no_grad(), torch.autocast(vectors.device.type, torch.bfloat16, enabled=low):
        dropped = (vectors.to(kind) * masks[0].to(kind)).flatten(0, 1)  # [B * S, L, nI]
        lengths = torch.full((len(dropped),), dropped.shape[1], device=vectors.device)
        emissions, transitions = network(dropped, lengths, masks[1].flatten(0, 1))
    return Lattice(emissions, lengths, transitions)


def _of_one_length(lengths: Sequence[int], samples: int) -> Iterator[list[int]]:
    """Positions of Docs of the same number of tokens, at most MAX_WORDS a batch over all samples."""
    order = sorted((row for row, length in enumerate(lengths) if length), key=lambda row: lengths[row])
    for length, found in groupby(order, key=lambda row: lengths[row]):
        rows, size = list(found), max(1, MAX_WORDS // (length * samples))
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
