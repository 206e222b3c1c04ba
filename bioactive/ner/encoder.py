"""A frozen transformer as an embedding layer: each text is encoded once, in length-sorted low-precision batches.

The encoder's weights and tokenizer travel in the layer's bytes, so that a packaged pipeline loads without a hub.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

import numpy
import srsly
import torch
from numpy.typing import NDArray
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from spacy.tokens import Doc
from thinc.api import Model, Shim, get_torch_default_device
from thinc.types import Floats2d

from ..errors import error

Precision = Literal["auto", "float32", "bf16"]
InT = list[Doc]
OutT = list[Floats2d]


def build_frozen_transformer(
    name: str,
    layers: list[int],
    window: int = 256,
    stride: int = 192,
    batch_pieces: int = 4096,
    precision: Precision = "auto",
    cache_mb: int = 1024,
) -> Model[list[Doc], list[Floats2d]]:
    """A pretrained encoder whose weights stay as they are, registered as "bioactive.FrozenTransformer.v1".

    A word's vector is the mean of its pieces' hidden states, the chosen layers side by side.

    name (str): Hub name or folder of the encoder; read once, at initialisation.
    layers (list[int]): Which hidden states to take; 0 is the embedding layer, -1 the last.
    window (int): Word pieces in one stretch of text, special pieces not counted.
    stride (int): Distance between the starts of two stretches of a longer text.
    batch_pieces (int): Upper bound of padded pieces in one forward pass.
    precision (str): "bf16", "float32", or "auto": bf16 where the processor multiplies it natively.
    cache_mb (int): Memory for the vectors of texts seen before, in MiB; 0 keeps none.
    RETURNS (Model[list[Doc], list[Floats2d]]): The layer; its width is len(layers) times the encoder's.
    """
    settings = Settings(name, list(layers), window, stride, batch_pieces, precision)
    return Model(
        "frozen_transformer",
        forward,
        init=init,
        dims={"nO": None},
        shims=[EncoderShim(settings, StateCache(cache_mb * 2**20))],
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


class Stretch(NamedTuple):
    """A run of word pieces of one Doc: index of the Doc, first piece and end."""

    doc: int
    start: int
    end: int


class StateCache:
    """The most recently used vectors, bounded in bytes.

    limit (int): Bytes to hold at the most.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self.entries: OrderedDict[bytes, NDArray[numpy.float16]] = OrderedDict()

    def get(self, key: bytes) -> NDArray[numpy.float16] | None:
        """The vectors under a key, or None."""
        if key in self.entries:
            self.entries.move_to_end(key)
        return self.entries.get(key)

    def put(self, key: bytes, rows: NDArray[numpy.float16]) -> None:
        """Keep vectors, and drop the least recently used ones beyond the limit."""
        self.size += rows.nbytes
        self.entries[key] = rows
        while self.size > self.limit and self.entries:
            self.size -= self.entries.popitem(last=False)[1].nbytes


class EncoderShim(Shim):
    """Holds a pretrained encoder and its tokenizer in a thinc model; its bytes carry both, and no code.

    settings (Settings): How texts are cut and run.
    cache (StateCache): Vectors of texts seen before; never saved.
    """

    def __init__(self, settings: Settings, cache: StateCache) -> None:
        super().__init__(None)
        self.settings = settings
        self.cache = cache
        self.tokenizer: Any = None
        # Kept as they were first written: a tokenizer that was read back writes some of its files differently.
        self.tokenizer_files: dict[str, bytes] = {}

    @property
    def width(self) -> int:
        """Numbers in a word's vector."""
        return int(self._model.config.hidden_size) * len(self.settings.layers)

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
                raise error("B205", name=name, problem=str(problem).splitlines()[0]) from problem
        depth = int(self._model.config.num_hidden_layers)
        for layer in self.settings.layers:
            if not -depth - 1 <= layer <= depth:
                raise error("B206", layer=layer, name=self.settings.name, depth=depth)

    def encode(self, docs: Sequence[Doc]) -> list[NDArray[numpy.float16]]:
        """Vectors of the words of each Doc, [words, width], float16; each distinct text is encoded once."""
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
        sums = [numpy.zeros((len(doc), self.width), dtype="float32") for doc in docs]
        counts = [numpy.zeros((len(doc), 1), dtype="float32") for doc in docs]
        owners = [_owners(doc, offsets) for doc, offsets in zip(docs, pieces["offset_mapping"], strict=True)]
        for batch in self._batches(pieces["input_ids"]):
            for stretch, states in zip(batch, self._run(pieces["input_ids"], batch), strict=True):
                kept = self._kept(stretch, len(pieces["input_ids"][stretch.doc]))
                words, rows = owners[stretch.doc].within(kept)
                numpy.add.at(sums[stretch.doc], words, states[rows - stretch.start])
                numpy.add.at(counts[stretch.doc], words, 1.0)
        return [(total / count.clip(1.0)).astype("float16") for total, count in zip(sums, counts, strict=True)]

    def _batches(self, ids: Sequence[Sequence[int]]) -> Iterator[list[Stretch]]:
        """Stretches of about the same length together, at most `batch_pieces` padded pieces a batch."""
        stretches = [stretch for doc, pieces in enumerate(ids) for stretch in self._stretches(doc, len(pieces))]
        stretches.sort(key=lambda stretch: stretch.end - stretch.start, reverse=True)
        batch: list[Stretch] = []
        for stretch in stretches:
            longest = (batch[0].end - batch[0].start if batch else stretch.end - stretch.start) + 2
            if batch and longest * (len(batch) + 1) > self.settings.batch_pieces:
                yield batch
                batch = []
            batch.append(stretch)
        if batch:
            yield batch

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

    def _run(self, ids: Sequence[Sequence[int]], batch: list[Stretch]) -> NDArray[numpy.float32]:
        """Hidden states of a batch of stretches without their special pieces, [stretch, piece, width]."""
        inputs = [
            self.tokenizer.build_inputs_with_special_tokens(list(ids[doc][start:end])) for doc, start, end in batch
        ]
        device = self._model.device
        longest = len(inputs[0])
        padded = torch.full((len(inputs), longest), self.tokenizer.pad_token_id or 0)
        mask = torch.zeros(len(inputs), longest, dtype=torch.int64)
        for row, pieces in enumerate(inputs):
            padded[row, : len(pieces)] = torch.tensor(pieces)
            mask[row, : len(pieces)] = 1
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=self._low_precision(device)):
            output = self._model(padded.to(device), mask.to(device), output_hidden_states=True)
        chosen = torch.cat([output.hidden_states[layer] for layer in self.settings.layers], dim=-1)
        before = self.tokenizer.build_inputs_with_special_tokens([-1]).index(-1)
        return cast("NDArray[numpy.float32]", chosen[:, before:].float().cpu().numpy())

    def _low_precision(self, device: torch.device) -> bool:
        if self.settings.precision == "auto":
            return device.type == "cuda" or torch.cpu._is_avx512_bf16_supported()
        return self.settings.precision == "bf16"

    def _install(self, encoder: Any) -> None:
        self._model = encoder.to(get_torch_default_device()).eval().requires_grad_(False)

    def finish_update(self, optimizer: Any) -> None:
        """Nothing to update: the encoder is frozen."""

    # --- saving

    def to_bytes(self) -> bytes:
        message: dict[str, Any] = {"settings": list(self.settings)}
        if self._model is not None:
            state = {name: tensor.cpu().contiguous() for name, tensor in self._model.state_dict().items()}
            # Where the encoder was read from is no part of it, and would make two equal layers differ.
            self._model.config.name_or_path = ""
            message.update(
                config=self._model.config.to_json_string(use_diff=False),
                state=save_tensors(state),
                tokenizer=self.tokenizer_files,
            )
        return srsly.msgpack_dumps(message)

    def from_bytes(self, bytes_data: bytes) -> EncoderShim:
        from transformers import AutoConfig, AutoModel, AutoTokenizer

        message = srsly.msgpack_loads(bytes_data)
        self.settings = Settings(*message["settings"])
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


class Owners:
    """Which words the pieces of one Doc belong to: pairs of a word and a piece, ordered by piece."""

    def __init__(self, words: NDArray[numpy.int64], pieces: NDArray[numpy.int64]) -> None:
        self.words = words
        self.pieces = pieces

    def within(self, kept: range) -> tuple[NDArray[numpy.int64], NDArray[numpy.int64]]:
        """Words and pieces of the pairs whose piece is in the range."""
        first, last = numpy.searchsorted(self.pieces, (kept.start, kept.stop))
        return self.words[first:last], self.pieces[first:last]


def _owners(doc: Doc, offsets: Sequence[tuple[int, int]]) -> Owners:
    """Pair each piece with every word it shares a character with; white space belongs to no word."""
    owner = numpy.full(len(doc.text) + 1, -1, dtype="int64")
    for token in doc:
        owner[token.idx : token.idx + len(token)] = token.i
    pairs = [
        (word, piece)
        for piece, (start, end) in enumerate(offsets)
        for word in dict.fromkeys(owner[start:end].tolist())
        if word >= 0
    ]
    words, pieces = numpy.asarray(pairs, dtype="int64").reshape(-1, 2).T
    return Owners(words, pieces)


def _key(doc: Doc) -> bytes:
    """Identifies a text and its tokens."""
    digest = hashlib.blake2b(doc.text.encode("utf8"), digest_size=16)
    digest.update(doc.to_array("LENGTH").tobytes())
    return digest.digest()


def _tokenizer_options(name: str) -> dict[str, Any]:
    """Byte-level BPE marks the start of a word by its space; the first word of a text has none unless it is added."""
    from transformers import AutoConfig

    return {"add_prefix_space": True} if AutoConfig.from_pretrained(name).model_type == "roberta" else {}


def _without_pooler(name: str) -> dict[str, Any]:
    """The pooler of a sentence vector is never used; models that know the option are built without it."""
    from transformers import AutoConfig

    known = ("bert", "roberta", "xlm-roberta", "camembert", "electra")
    pooled = AutoConfig.from_pretrained(name).model_type in known[:4]
    return {"add_pooling_layer": False} if pooled else {}


def _folder_bytes(tokenizer: Any) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save_pretrained(folder)
        return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}
