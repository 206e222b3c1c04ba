"""A fine-tuned transformer for spacy-transformers' `transformer` pipe, run in length-sorted low-precision batches.

What goes in and comes out, the pieces, their alignment, the gradients and the saved bytes are those of the original;
only the order in which the encoder sees the stretches of text, and its number format, differ.
"""

# No postponed annotations here: thinc reads those of registered functions, older ones as they stand.
from collections.abc import Callable
from typing import Any, cast

import numpy
import torch
from spacy.tokens import Doc
from spacy_transformers.architectures import TransformerModel
from spacy_transformers.data_classes import FullTransformerBatch
from spacy_transformers.layers.hf_shim import HFShim
from thinc.api import Model, Optimizer
from thinc.types import ArgsKwargs
from torch import Tensor, nn
from transformers.modeling_outputs import BaseModelOutput

from .buckets import length_buckets, pass_pieces
from .fused import FusedAdam
from .kernels import CPUKernels
from .precision import Precision, number_format, quantized

LISTENING = "spacy-transformers.Tok2VecTransformer.v3"


def build_bucketed_transformer(
    name: str,
    get_spans: Callable[[list[Doc]], list[list[Any]]],
    tokenizer_config: dict[str, Any] | None = None,
    transformer_config: dict[str, Any] | None = None,
    precision: Precision = "auto",
    batch_pieces: int = 4096,
) -> Model[list[Doc], FullTransformerBatch]:
    """A trainable encoder for the factory "transformer", registered as "bioactive.BucketedTransformer.v1".

    Takes the place of "spacy-transformers.TransformerModel.v3"; its bytes can be read by either.

    name (str): Hub name or folder of the encoder; read once, at initialisation.
    get_spans (Callable): Cuts Docs into the stretches that the encoder sees, such as
        "spacy-transformers.strided_spans.v1".
    tokenizer_config (dict): Settings for the encoder's tokenizer.
    transformer_config (dict): Settings for the encoder. Without its own dropout it trains about twice as fast on a
        CPU: {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}.
    precision (str): "bf16", "float32", "int8" (prediction on a CPU; "auto" elsewhere), or "auto": bf16 where the
        processor multiplies it natively. Weights, gradients and outputs are float32 in any case.
    batch_pieces (int): Upper bound of padded word pieces in one forward pass.
    RETURNS (Model[list[Doc], FullTransformerBatch]): The model.
    """
    model = TransformerModel(name, get_spans, dict(tokenizer_config or {}), dict(transformer_config or {}))
    wrapper = model.layers[0]
    original = cast(HFShim, wrapper.shims[0])
    wrapper.shims[0] = BucketedShim(original._hfmodel, precision, batch_pieces)
    model.attrs["replace_listener_cfg"] = replaced_listener_config
    return cast("Model[list[Doc], FullTransformerBatch]", model)


def replaced_listener_config(own: dict[str, Any], listener: dict[str, Any]) -> dict[str, Any]:
    """The config of a component that got a copy of the encoder (`nlp.replace_listeners`): spacy-transformers' own."""
    config = {"@architectures": LISTENING, "name": own["name"], "get_spans": own["get_spans"]}
    config |= {key: own.get(key) or {} for key in ("tokenizer_config", "transformer_config")}
    config |= {key: listener[key] for key in ("pooling", "grad_factor") if key in listener}
    return config


class BucketedShim(HFShim):
    """Runs the encoder over buckets of stretches of about one length and joins what comes out.

    precision (str): See `build_bucketed_transformer`.
    batch_pieces (int): Upper bound of padded word pieces in one forward pass.
    """

    def __init__(self, encoder: Any, precision: Precision, batch_pieces: int) -> None:
        super().__init__(encoder, grad_scaler_config={"enabled": False})
        self.precision = precision
        self.batch_pieces = batch_pieces
        self._adam = FusedAdam()
        self._int8: nn.Module | None = None

    def set_precision(self, precision: Precision) -> None:
        """Run in another number format from now on."""
        self.precision = precision

    def predict(self, inputs: ArgsKwargs) -> BaseModelOutput:
        self._model.eval()
        try:
            with torch.no_grad():
                return self._forward(inputs, is_train=False)
        finally:
            self._model.train()

    def begin_update(self, inputs: ArgsKwargs) -> tuple[BaseModelOutput, Callable[[ArgsKwargs], ArgsKwargs]]:
        self._model.train()
        output = self._forward(inputs, is_train=True)

        def backprop(grads: ArgsKwargs) -> ArgsKwargs:
            torch.autograd.backward(*grads.args, **grads.kwargs)
            return inputs

        return output, backprop

    def _forward(self, inputs: ArgsKwargs, is_train: bool) -> BaseModelOutput:
        """Run the stretches bucket by bucket; each output is joined in their order, padded with zeros, in float32."""
        mask = inputs.kwargs["attention_mask"]
        lengths = mask.sum(dim=1).long().clamp_min(1).cpu().numpy()
        buckets = length_buckets(lengths.tolist(), self.batch_pieces, pass_pieces(mask.device))
        form = number_format(self.precision, mask.device, is_train=is_train)
        encoder = self._in_int8() if form == "int8" else self._model
        outputs = []
        with CPUKernels(), torch.autocast(mask.device.type, torch.bfloat16, enabled=form == "bf16"):
            for bucket in buckets:
                rows, width = torch.as_tensor(bucket, device=mask.device), int(lengths[bucket[0]])
                outputs.append(encoder(**{key: value[rows, :width] for key, value in inputs.kwargs.items()}))
        order = torch.as_tensor(numpy.argsort(numpy.concatenate(buckets)), device=mask.device)
        return cast(BaseModelOutput, _joined(outputs, order, mask.shape[1]))

    def _in_int8(self) -> nn.Module:
        """The encoder quantized; made at its first use after a change of its weights."""
        if self._int8 is None:
            self._int8 = quantized(self._model)
        return self._int8

    def finish_update(self, optimizer: Optimizer) -> None:
        """Step all weights at once; an optimiser that is no plain AdamW does it its own way."""
        self._int8 = None
        if FusedAdam.does(optimizer):
            self._adam.step(optimizer, self._model, self.id)
        else:
            super().finish_update(optimizer)

    def from_bytes(self, bytes_data: bytes) -> "BucketedShim":
        self._int8 = None
        return cast(BucketedShim, super().from_bytes(bytes_data))


def _joined(outputs: list[Any], order: Tensor, width: int) -> Any:
    """One output of many, its rows in the given order."""
    return type(outputs[0])(**{key: _join([output[key] for output in outputs], order, width) for key in outputs[0]})


def _join(parts: list[Any], order: Tensor, width: int) -> Any:
    """Tensors [n, nO], [n, pieces, nO] or [n, heads, pieces, pieces], or tuples of them, a layer each."""
    if isinstance(parts[0], tuple):
        return tuple(_join(list(layer), order, width) for layer in zip(*parts, strict=True))
    return torch.cat([_padded(part.float(), width) for part in parts])[order]


def _padded(states: Tensor, width: int) -> Tensor:
    """With as many pieces in each row as asked for."""
    if states.ndim == 2:
        return states
    missing = width - states.shape[-2]
    return nn.functional.pad(states, (0, 0, 0, missing) if states.ndim == 3 else (0, missing, 0, missing))
