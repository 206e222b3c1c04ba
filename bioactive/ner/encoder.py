"""A frozen transformer as an embedding layer: each text is encoded once, in length-sorted low-precision batches.

The encoder's weights and tokenizer travel in the layer's bytes, so that a packaged pipeline loads without a hub.
"""

# No postponed annotations here: thinc reads those of registered functions, older ones as they stand.
import copy
import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy
import srsly
import torch
from numpy.typing import NDArray
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from spacy.tokens import Doc
from thinc.api import Model, Shim, get_torch_default_device
from thinc.types import Floats2d

from ..errors import error, first_line
from .buckets import length_buckets, pass_pieces
from .pooling import Owners, Stretch, sums_of
from .precision import NumberFormat, Precision, number_format, quantized
from .statecache import StateCache, VectorCache, cache_root, revision_of

InT = list[Doc]
OutT = list[Floats2d]

# Counts the ways in which vectors were made of hidden states; another number, and no older vector is taken from disk.
VECTORS = 1
# Encoders of BERT's build. All but the last can be made without a pooler.
KNOWN = ("bert", "roberta", "xlm-roberta", "camembert", "electra")


def build_frozen_transformer(
    name: str,
    layers: list[int],
    window: int = 256,
    stride: int = 192,
    batch_pieces: int = 4096,
    precision: Precision = "auto",
    cache_mb: int = 1024,
    cache_dir: str | None = None,
    disk_mb: int = 8192,
) -> Model[list[Doc], list[Floats2d]]:
    """A pretrained encoder whose weights stay as they are, registered as "bioactive.FrozenTransformer.v1".

    A word's vector is the mean of its pieces' hidden states, the chosen layers side by side.

    name (str): Hub name or folder of the encoder; read once, at initialisation.
    layers (list[int]): Which hidden states to take; 0 is the embedding layer, -1 the last.
    window (int): Word pieces in one stretch of text, special pieces not counted.
    stride (int): Distance between the starts of two stretches of a longer text.
    batch_pieces (int): Upper bound of padded pieces in one forward pass.
    precision (str): "bf16", "float32", "int8" (on a CPU; "auto" elsewhere), or "auto": bf16 where the processor
        multiplies it natively.
    cache_mb (int): Memory for the vectors of texts seen before, in MiB; 0 keeps none.
    cache_dir (str | None): Folder for them too, for the next process; "auto" for the one of BIOACTIVE_CACHE, or else
        the user's cache folder; None for memory only. Never part of the layer's bytes.
    disk_mb (int): Bound of that folder, in MiB; the oldest files are dropped.
    RETURNS (Model[list[Doc], list[Floats2d]]): The layer; its width is len(layers) times the encoder's.
    """
    settings = Settings(name, list(layers), window, stride, batch_pieces, precision)
    cache = VectorCache(StateCache(cache_mb * 2**20), cache_root(cache_dir), disk_mb * 2**20)
    return Model(
        "frozen_transformer",
        forward,
        init=init,
        dims={"nO": None},
        shims=[EncoderShim(settings, cache)],
    )


def init(model: Model[InT, OutT], X: InT | None = None, Y: OutT | None = None) -> None:
    """Load the encoder, unless a saved pipeline has brought it already."""
    shim = cast(EncoderShim, model.shims[0])
    shim.load_pretrained()
    model.set_dim("nO", shim.width)


def forward(model: Model[InT, OutT], X: InT, is_train: bool) -> tuple[OutT, Callable[[OutT], InT]]:
    """Vectors of each word; nothing is learned, so nothing goes back."""
    states = cast(EncoderShim, model.shims[0]).encode(X)
    return [model.ops.asarray2f(cast(Floats2d, rows.astype("float32"))) for rows in states], lambda d_rows: []


class Settings(NamedTuple):
    """How texts are cut and run; see `build_frozen_transformer`."""

    name: str
    layers: list[int]
    window: int
    stride: int
    batch_pieces: int
    precision: Precision


class EncoderShim(Shim):
    """Holds a pretrained encoder and its tokenizer in a thinc model; its bytes carry both, and no code.

    settings (Settings): How texts are cut and run.
    cache (VectorCache): Vectors of texts seen before; never saved.
    """

    def __init__(self, settings: Settings, cache: VectorCache) -> None:
        super().__init__(None)
        self.settings = settings
        self.cache = cache
        self.tokenizer: Any = None
        self._int8: Any = None
        # Kept as they were first written: a tokenizer that was read back writes some of its files differently.
        self.tokenizer_files: dict[str, bytes] = {}

    @property
    def width(self) -> int:
        """Numbers in a word's vector."""
        return int(self._model.config.hidden_size) * len(self.settings.layers)

    def set_precision(self, precision: Precision) -> None:
        """Run in another number format from now on; vectors made in the old one are forgotten."""
        self.settings = self.settings._replace(precision=precision)
        self.cache.forget()

    def load_pretrained(self) -> None:
        """Read encoder and tokenizer from the hub or a folder; does nothing when they are there.

        RAISES (BioactiveError): B205 when they cannot be read, B206 when a layer does not exist.
        """
        if self._model is None:
            from transformers import AutoModel, AutoTokenizer

            name = self.settings.name
            try:
                self.tokenizer = AutoTokenizer.from_pretrained(name, use_fast=True, **_tokenizer_options(name))
                self.tokenizer_files = _folder_bytes(self.tokenizer)
                self._install(AutoModel.from_pretrained(name, torch_dtype=torch.float32, **_without_pooler(name)))
            except (OSError, ValueError) as problem:
                raise error("B205", name=name, problem=first_line(problem)) from problem
        depth = int(self._model.config.num_hidden_layers)
        for layer in self.settings.layers:
            if not -depth - 1 <= layer <= depth:
                raise error("B206", layer=layer, name=self.settings.name, depth=depth)

    def encode(self, docs: Sequence[Doc]) -> list[NDArray[numpy.float16]]:
        """Vectors of the words of each Doc, [words, width], float16; each distinct text is encoded once."""
        if docs:
            self.cache.open(self._revision)
        keys = [_key(doc) for doc in docs]
        found = {key: rows for key in dict.fromkeys(keys) if (rows := self.cache.get(key)) is not None}
        missing = {key: doc for key, doc in zip(keys, docs, strict=True) if key not in found}
        for key, rows in zip(missing, self._encode_new(list(missing.values())), strict=True):
            found[key] = rows
            self.cache.put(key, rows)
        return [found[key] for key in keys]

    def _encode_new(self, docs: list[Doc]) -> list[NDArray[numpy.float16]]:
        if not docs:
            return []
        pieces = self.tokenizer(
            [doc.text for doc in docs], add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        ids = pieces["input_ids"]
        owners = Owners(docs, pieces["offset_mapping"])
        sums = numpy.zeros((len(owners.counts), self.width), dtype="float32")
        for batch in self._batches(ids):
            kept = [self._kept(stretch, len(ids[stretch.doc])) for stretch in batch]
            states = self._run(ids, batch)
            words, rows, bags = owners.bags(batch, kept, states[0].shape[1])
            sums[words] += sums_of(states, rows + self._special_before(), bags)
        sums /= owners.counts[:, None].clip(1.0)
        # A copy for each text, so that no text in the cache holds on to all of them.
        return [rows.astype("float16") for rows in numpy.split(sums, owners.first_words[1:])]

    def _batches(self, ids: Sequence[Sequence[int]]) -> Iterator[list[Stretch]]:
        """Stretches of about the same length together, at most `batch_pieces` padded pieces a batch, longest first."""
        stretches = [stretch for doc, pieces in enumerate(ids) for stretch in self._stretches(doc, len(pieces))]
        lengths = [stretch.end - stretch.start + 2 for stretch in stretches]
        for bucket in length_buckets(lengths, self.settings.batch_pieces, pass_pieces(self._model.device)):
            yield [stretches[index] for index in bucket]

    def _stretches(self, doc: int, n_pieces: int) -> list[Stretch]:
        window, stride = self.settings.window, self.settings.stride
        starts = range(0, max(n_pieces - window + stride, 1), stride) if n_pieces else ()
        return [Stretch(doc, start, min(start + window, n_pieces)) for start in starts]

    def _kept(self, stretch: Stretch, n_pieces: int) -> range:
        """The pieces whose states are taken from this stretch: half of each overlap goes to either side."""
        margin = (self.settings.window - self.settings.stride) // 2
        start = stretch.start + margin if stretch.start else 0
        end = stretch.start + self.settings.stride + margin if stretch.end < n_pieces else n_pieces
        return range(start, end)

    def _run(self, ids: Sequence[Sequence[int]], batch: list[Stretch]) -> list[torch.Tensor]:
        """The chosen hidden states of a batch of stretches with their special pieces, each [stretch, piece, hidden]."""
        inputs = [
            self.tokenizer.build_inputs_with_special_tokens(list(ids[doc][start:end])) for doc, start, end in batch
        ]
        device = self._model.device
        padded = numpy.full((len(inputs), max(map(len, inputs))), self.tokenizer.pad_token_id or 0, dtype="int64")
        mask = numpy.zeros_like(padded)
        for row, pieces in enumerate(inputs):
            padded[row, : len(pieces)] = pieces
            mask[row, : len(pieces)] = 1
        layers = self._layers()
        form = self._number_format()
        encoder = _without_layers_above(self._in_int8() if form == "int8" else self._model, max(layers))
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=form == "bf16"):
            output = encoder(
                torch.from_numpy(padded).to(device), torch.from_numpy(mask).to(device), output_hidden_states=True
            )
        return [output.hidden_states[layer] for layer in layers]

    def _layers(self) -> list[int]:
        """The chosen layers, counted from the embeddings."""
        return [layer % (int(self._model.config.num_hidden_layers) + 1) for layer in self.settings.layers]

    def _special_before(self) -> int:
        """Special pieces in front of a stretch."""
        return int(self.tokenizer.build_inputs_with_special_tokens([-1]).index(-1))

    def _revision(self) -> str:
        """Names all that a vector depends on besides its text, for the cache; batches are no part of it."""
        form = self._number_format()
        cut = [VECTORS, self._layers(), self.settings.window, self.settings.stride, form, self._config()]
        return revision_of(self._model.state_dict(), self.tokenizer_files, srsly.json_dumps(cut))

    def _number_format(self) -> NumberFormat:
        return number_format(self.settings.precision, self._model.device)

    def _in_int8(self) -> Any:
        if self._int8 is None:
            self._int8 = quantized(self._model)
        return self._int8

    def _install(self, encoder: Any) -> None:
        self._int8 = None
        self._model = encoder.to(get_torch_default_device()).eval().requires_grad_(False)

    def finish_update(self, optimizer: Any) -> None:
        """Nothing to update: the encoder is frozen."""

    # --- saving

    def to_bytes(self) -> bytes:
        message: dict[str, Any] = {"settings": list(self.settings)}
        if self._model is not None:
            state = {name: tensor.cpu().contiguous() for name, tensor in self._model.state_dict().items()}
            message.update(
                config=self._config(),
                state=save_tensors(state),
                tokenizer=self.tokenizer_files,
            )
        return srsly.msgpack_dumps(message)

    def _config(self) -> str:
        # Where the encoder was read from is no part of it, and would make two equal layers differ.
        self._model.config.name_or_path = ""
        return str(self._model.config.to_json_string(use_diff=False))

    def from_bytes(self, bytes_data: bytes) -> "EncoderShim":
        from transformers import AutoConfig, AutoModel, AutoTokenizer

        message = srsly.msgpack_loads(bytes_data)
        self.settings = Settings(*message["settings"])
        self.cache.forget()
        if "state" in message:
            self.tokenizer_files = message["tokenizer"]
            with tempfile.TemporaryDirectory() as folder:
                for name, content in self.tokenizer_files.items():
                    (Path(folder) / name).write_bytes(content)
                (Path(folder) / "config.json").write_text(message["config"], encoding="utf8")
                self.tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=True)
                encoder = AutoModel.from_config(AutoConfig.from_pretrained(folder), **_without_pooler(folder))
            encoder.load_state_dict(load_tensors(message["state"]))
            self._install(encoder)
        return self

    def to_device(self, device_type: str, device_id: int) -> None:
        if self._model is not None:
            self._model.to("cpu" if device_type == "cpu" else f"cuda:{device_id}")
            # Another device may have another number format, and so another revision.
            self.cache.forget()


def _key(doc: Doc) -> bytes:
    """Identifies a text and its tokens by spaCy's hashes of the words, the same in each process, and the spaces."""
    return hashlib.blake2b(doc.to_array(["ORTH", "SPACY"]).tobytes(), digest_size=16).digest()


def _tokenizer_options(name: str) -> dict[str, Any]:
    """Byte-level BPE marks the start of a word by its space; the first word of a text has none unless it is added."""
    from transformers import AutoConfig

    return {"add_prefix_space": True} if AutoConfig.from_pretrained(name).model_type == "roberta" else {}


def _without_layers_above(encoder: Any, depth: int) -> Any:
    """The same encoder, weights shared, without layers that nobody looks at; itself where its build is unknown."""
    if encoder.config.model_type not in KNOWN or depth >= len(encoder.encoder.layer):
        return encoder
    short, stack = copy.copy(encoder), copy.copy(encoder.encoder)
    short._modules = {**encoder._modules, "encoder": stack}
    stack._modules = {**encoder.encoder._modules, "layer": encoder.encoder.layer[:depth]}
    return short


def _without_pooler(name: str) -> dict[str, Any]:
    """The pooler of a sentence vector is never used; models that know the option are built without it."""
    from transformers import AutoConfig

    pooled = AutoConfig.from_pretrained(name).model_type in KNOWN[:4]
    return {"add_pooling_layer": False} if pooled else {}


def _folder_bytes(tokenizer: Any) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save_pretrained(folder)
        return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}
