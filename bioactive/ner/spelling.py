"""What a word looks like, as a vector that is learned: the cheap companion of a frozen encoder."""

# No postponed annotations here: thinc reads those of registered functions, older ones as they stand.
from collections.abc import Callable
from typing import Any, cast

import numpy
from spacy.ml.models.tok2vec import MultiHashEmbed
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d, Ints1d, Ints2d, Ragged

InT = list[Doc]
OutT = list[Floats2d]


def build_spelling(width: int, attrs: list[str], rows: list[int]) -> Model[list[Doc], list[Floats2d]]:
    """spaCy's MultiHashEmbed, which looks at each distinct word of a batch once, registered as "bioactive.Spelling.v1".

    Of a thousand words of running text some four hundred are distinct; what comes out and what is learned is the same.

    width (int): Numbers in a word's vector.
    attrs (list[str]): Attributes of the tokens, such as NORM, PREFIX, SUFFIX and SHAPE.
    rows (list[int]): Rows of the table of each.
    RETURNS (Model[list[Doc], list[Floats2d]]): The layer.
    """
    own = MultiHashEmbed(width=width, attrs=cast(Any, attrs), rows=rows, include_static_vectors=False)
    return Model("spelling", forward, init=init, layers=[own], dims={"nO": width}, attrs={"attrs": list(attrs)})


def init(model: Model[InT, OutT], X: InT | None = None, Y: OutT | None = None) -> None:
    """Draw the tables."""
    model.layers[0].initialize(X=X, Y=Y)


def forward(model: Model[InT, OutT], X: InT, is_train: bool) -> tuple[OutT, Callable[[OutT], InT]]:
    """Vectors of each word."""
    ops, (own,) = model.ops, model.layers
    lengths = [len(doc) for doc in X]
    orths = numpy.concatenate([doc.to_array("ORTH") for doc in X])
    distinct, first, inverse = numpy.unique(orths, return_index=True, return_inverse=True)
    place = ops.asarray1i(cast(Ints1d, inverse), dtype="i")
    # Its feature extractor and its list maker are left out: the layers between them see an array of distinct words.
    attrs = model.attrs["attrs"]
    features = numpy.concatenate([doc.to_array(attrs).reshape(-1, len(attrs)) for doc in X])[first]
    words = Ragged(ops.asarray2i(cast(Ints2d, features), dtype="uint64"), ops.asarray1i([len(distinct)]))
    steps = []
    for layer in own.layers[2:-1]:
        words, backward = layer(words, is_train)
        steps.append(backward)
    vectors = cast(Floats2d, words.dataXd)[place]

    def backprop(d_rows: OutT) -> InT:
        d_distinct = ops.alloc2f(len(distinct), model.get_dim("nO"))
        ops.scatter_add(d_distinct, place, ops.xp.concatenate(d_rows))
        d_words = Ragged(d_distinct, words.lengths)
        for backward in reversed(steps):
            d_words = backward(d_words)
        return []

    return ops.unflatten(vectors, ops.asarray1i(lengths)), backprop
