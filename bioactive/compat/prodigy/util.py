"""`prodigy.util`: hashes, labels, settings, messages and files."""

from __future__ import annotations

import base64
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import srsly
from wasabi import Printer, color

from bioactive.annotate.config import make_config
from bioactive.annotate.declare import get_labels, split_string
from bioactive.annotate.formats import get_stream
from bioactive.annotate.settings_files import read_settings, set_up_logging
from bioactive.annotate.tasks import (
    ANNOTATOR_ID,
    IGNORED_KEYS,
    INPUT_HASH,
    INPUT_KEYS,
    SESSION_ID,
    TASK_HASH,
    TASK_KEYS,
    VIEW_ID,
    Task,
    hash_of,
    set_hashes,
)
from bioactive.annotate.teach import combine_models

if TYPE_CHECKING:
    from spacy.language import Language

__all__ = [
    "ANNOTATOR_ID_ATTR",
    "BINARY_ATTR",
    "IGNORE_HASH_KEYS",
    "INPUT_HASH_ATTR",
    "INPUT_HASH_KEYS",
    "NER_DEFAULT_INCORRECT_KEY",
    "SESSION_ID_ATTR",
    "SPANCAT_DEFAULT_KEY",
    "TASK_HASH_ATTR",
    "TASK_HASH_KEYS",
    "VIEW_ID_ATTR",
    "b64_uri_to_bytes",
    "bytes_to_b64",
    "color",
    "combine_models",
    "copy_nlp",
    "ensure_path",
    "file_to_b64",
    "get_config",
    "get_hash",
    "get_labels",
    "get_seeds",
    "get_stream",
    "get_timestamp_session_id",
    "log",
    "msg",
    "prints",
    "read_json",
    "read_jsonl",
    "set_hashes",
    "split_string",
    "write_json",
    "write_jsonl",
]

INPUT_HASH_ATTR, TASK_HASH_ATTR, VIEW_ID_ATTR = INPUT_HASH, TASK_HASH, VIEW_ID
SESSION_ID_ATTR, ANNOTATOR_ID_ATTR = SESSION_ID, ANNOTATOR_ID
BINARY_ATTR = "_is_binary"
INPUT_HASH_KEYS, TASK_HASH_KEYS, IGNORE_HASH_KEYS = INPUT_KEYS, TASK_KEYS, IGNORED_KEYS
NER_DEFAULT_INCORRECT_KEY, SPANCAT_DEFAULT_KEY = "incorrect_spans", "sc"

msg = Printer()
logger = logging.getLogger("bioactive")
read_json, write_json = srsly.read_json, srsly.write_json


def log(message: str, details: Any = None) -> None:
    """Write to the log, which PRODIGY_LOGGING shows: `basic`, or `verbose` with the details."""
    set_up_logging()
    logger.info("%s", message)
    if details is not None:
        logger.debug("%s", details)


def prints(*texts: Any, title: str | None = None, exits: int | None = None, **_style: Any) -> None:
    """Print texts under a title, and exit with a code where one is given."""
    if title:
        msg.divider(str(title))
    msg.text("\n".join(map(str, texts)), exits=exits)


def get_config() -> dict[str, Any]:
    """The settings of files and environment, over the defaults."""
    return make_config(read_settings())


def get_hash(
    task: Task, prefix: str = "", keys: Sequence[str] = INPUT_KEYS, ignore: Sequence[str] = IGNORED_KEYS
) -> int:
    """The hash of a task over some of its keys, with something before them."""
    return hash_of(task, keys, ignore, prefix)


def get_seeds(seeds: str | Sequence[str] | None) -> list[str]:
    """Terms: a text with commas, a file with a term or a JSON object with `text` a line, or a list."""
    if not isinstance(seeds, str):
        return list(seeds or [])
    if seeds.endswith(".jsonl") and Path(seeds).is_file():
        return [str(record["text"]) for record in srsly.read_jsonl(seeds)]
    return get_labels(seeds)


def read_jsonl(path: str | Path, skip: bool = False) -> Iterator[Any]:
    """The objects of a file of JSON lines."""
    return srsly.read_jsonl(path, skip=skip)


def write_jsonl(path: str | Path, lines: Iterable[Any]) -> None:
    """Write objects as JSON lines."""
    srsly.write_jsonl(path, lines)


def ensure_path(path: str | Path) -> Path:
    """A path, whatever it was given as."""
    return Path(path)


def get_timestamp_session_id() -> str:
    """The name of a session that begins now."""
    return time.strftime("%Y-%m-%d_%H-%M-%S")


def copy_nlp(nlp: Language) -> Language:
    """A pipeline of the same config and weights."""
    import spacy

    made = spacy.util.load_model_from_config(nlp.config, vocab=True)
    return made.from_bytes(nlp.to_bytes())


def bytes_to_b64(data: bytes, mimetype: str = "") -> str:
    """Bytes as base64; with a type, as a data: address."""
    text = base64.b64encode(data).decode("ascii")
    return f"data:{mimetype};base64,{text}" if mimetype else text


def b64_uri_to_bytes(address: str) -> bytes:
    """The bytes of a data: address."""
    return base64.b64decode(address.rpartition("base64,")[2])


def file_to_b64(path: str | Path, mimetype: str | None = None) -> str:
    """A file as a data: address."""
    import mimetypes

    kind = mimetype or mimetypes.guess_type(str(path))[0] or "application/octet-stream"
    return bytes_to_b64(Path(path).read_bytes(), kind)
