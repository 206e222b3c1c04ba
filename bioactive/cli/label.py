"""`bioactive label`: labels from term lists, other pipelines, language models and other people's files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

    from bioactive.cheap.source import Source
    from bioactive.cheap.terms import Term
    from bioactive.corpus.tally import Tally


SOURCE = typer.Argument(..., help="Texts: .jsonl, .txt (a text a line) or .spacy")
OUTPUT = typer.Argument(..., help="Labelled texts: .spacy, or .jsonl (tasks)")
LANG = typer.Option("en", "--lang", "-l", help="Language of the tokenizer: en, ru, ...")
TEXT_KEY = typer.Option("text", "--text-key", help="Key of the text in a .jsonl file")

label_app = typer.Typer(help="Cheap labels: make, judge and merge them.", no_args_is_help=True)


@label_app.command("terms")
def terms_cli(
    source: Path = SOURCE,
    output: Path = OUTPUT,
    terms: list[str] = typer.Option(
        [], "--terms", "-t", help="List: FILE.tsv, FILE.jsonl or LABEL=FILE.txt; repeatable"
    ),
    obo: list[Path] = typer.Option([], "--obo", help="Ontology in OBO format; repeatable"),
    root: list[str] = typer.Option([], "--root", help="ID=LABEL: the terms that descend from this one; repeatable"),
    namespace: list[str] = typer.Option([], "--namespace", help="NAMESPACE=LABEL: the terms in it; repeatable"),
    scope: str = typer.Option("EXACT", "--scope", help="Synonyms to take: EXACT,NARROW,BROAD,RELATED"),
    case: str = typer.Option("auto", "--case", help="auto (short and mixed-case terms exactly), exact or any"),
    short: int = typer.Option(4, "--short", min=0, help="Terms of at most so many characters are short"),
    shortest: int = typer.Option(3, "--shortest", min=1, help="Terms of fewer characters are left out"),
    exclude: Path | None = typer.Option(None, "--exclude", help="Terms to leave out, one a line"),
    lang: str = LANG,
    text_key: str = TEXT_KEY,
) -> None:
    """Label texts by lists of terms and by ontologies: the longest term that stands in the text."""
    from bioactive.cheap.terms import TermOptions, TermSource, read_terms
    from bioactive.corpus.tally import Tally
    from bioactive.tokenizer import blank

    tally, nlp = Tally(), blank(lang)
    found = [term for each in terms for term in _listed(each)]
    found += [term for path in obo for term in _ontology(path, root, namespace, scope, tally)]
    excluded = frozenset(str(term.pattern).lower() for term in read_terms(exclude, "-")) if exclude else frozenset()
    names = [Path(each.rpartition("=")[2]).name for each in terms] + [path.name for path in obo]
    options = TermOptions(case, short, shortest, excluded)
    made = TermSource(nlp, found, options, tally, f"terms:{','.join(names)}")
    _label(made, source, output, nlp, text_key, tally)


@label_app.command("pipeline")
def pipeline_cli(
    source: Path = SOURCE,
    output: Path = OUTPUT,
    model: str = typer.Argument(..., help="Folder of a pipeline, or name of an installed one"),
    label: list[str] = typer.Option([], "--label", help="THEIRS=OURS: a label to keep; repeatable, all without it"),
    lowest: float = typer.Option(0.0, "--lowest", min=0.0, max=1.0, help="Least confidence of an entity"),
    batch_size: int = typer.Option(64, "--batch-size", "-bs", min=1, help="Texts a batch"),
    code: Path | None = typer.Option(None, "--code", "-c", help="Python file that registers components of your own"),
    lang: str = LANG,
    text_key: str = TEXT_KEY,
) -> None:
    """Label texts by another spaCy pipeline."""
    from bioactive.cheap.pipeline import PipelineSource
    from bioactive.corpus.tally import Tally
    from bioactive.evaluation.load import load_pipeline
    from bioactive.tokenizer import blank

    made = PipelineSource(load_pipeline(model, code), pairs(label, "THEIRS=OURS"), lowest, batch_size)
    _label(made, source, output, blank(lang), text_key, Tally())


@label_app.command("llm")
def llm_cli(
    source: Path = SOURCE,
    output: Path = OUTPUT,
    definitions: Path = typer.Argument(..., help='JSON object of label and meaning: {"Disease": "...", ...}'),
    url: str = typer.Option(..., "--url", help="OpenAI-compatible address, such as http://127.0.0.1:8000/v1"),
    model: str = typer.Option(..., "--model", "-m", help="Name of the model there"),
    expert: Path | None = typer.Option(None, "--expert", help="Annotated .spacy file to take examples from"),
    shots: int = typer.Option(5, "--shots", min=0, help="Examples in the prompt"),
    cache: Path = typer.Option(Path("training/llm"), "--cache", help="Folder of replies, by the hash of the request"),
    budget: int = typer.Option(0, "--budget", min=0, help="Tokens that may be spent; 0 for no limit"),
    max_tokens: int = typer.Option(1024, "--max-tokens", min=1, help="Longest reply"),
    temperature: float = typer.Option(0.0, "--temperature", min=0.0, help="0 for the most probable reply"),
    timeout: float = typer.Option(60.0, "--timeout", min=0.1, help="Seconds for one request"),
    retries: int = typer.Option(4, "--retries", min=0, help="Further tries after an error that may pass"),
    jobs: int = typer.Option(1, "--jobs", "-j", min=1, help="Requests at a time"),
    key: str = typer.Option("OPENAI_API_KEY", "--key-variable", help="Environment variable that holds the key"),
    seed: int = typer.Option(0, "--seed", help="Chooses among equally good examples"),
    lang: str = LANG,
    text_key: str = TEXT_KEY,
) -> None:
    """Label texts by a language model; replies are cached, so that a run that was stopped goes on."""
    from bioactive.cheap.chat import Chat, ChatOptions
    from bioactive.cheap.llm import LLMSource
    from bioactive.cheap.prompt import read_definitions
    from bioactive.corpus.tally import Tally
    from bioactive.evaluation.load import read_docs
    from bioactive.tokenizer import blank

    nlp = blank(lang)
    options = ChatOptions(url, model, key, max_tokens, temperature, timeout, retries, budget=budget, cache=cache)
    chat, examples = Chat(options), read_docs(expert, nlp.vocab) if expert else []
    made = LLMSource(chat, read_definitions(definitions), examples, shots, seed, jobs)
    try:
        _label(made, source, output, nlp, text_key, Tally())
    finally:
        typer.echo(
            f"{chat.budget.requests:,} requests, {chat.cached:,} replies from the cache, {chat.budget.spent:,} tokens"
        )


@label_app.command("import")
def import_cli(
    source: Path = typer.Argument(
        ..., help="Labelled file: any that `bioactive convert` reads, or a column of classes"
    ),
    output: Path = OUTPUT,
    classes: str = typer.Option("", "--classes", help="Classes of words that are no BIO tags: 1=Chemical,2=Disease"),
    outside: str = typer.Option("0,O", "--outside", help="Classes of words outside of entities"),
    token_column: int = typer.Option(0, "--token-column", help="Column of the words, from 0"),
    tag_column: int = typer.Option(-1, "--tag-column", help="Column of the tags or classes; -1 is the last"),
    format: str = typer.Option("auto", "--format", "-f", help="auto, columns, brat, jsonl, pubtator or bioc"),
    lang: str = LANG,
) -> None:
    """Take over labels that were made elsewhere, and note where they come from."""
    from bioactive.cheap.imported import ClassOptions, read_classes, read_labels
    from bioactive.corpus.columns import ColumnOptions
    from bioactive.corpus.convert import ConvertOptions
    from bioactive.corpus.tally import Tally
    from bioactive.tokenizer import blank

    from .progress import counted, progress_bar

    tally, nlp = Tally(), blank(lang)
    if classes:
        labels = pairs(classes.split(","), "CLASS=LABEL")
        asked = ClassOptions(labels, tuple(outside.split(",")), token_column, tag_column)
        docs = read_classes(source, nlp.vocab, asked, tally)
    else:
        columns = ColumnOptions(token_column, tag_column)
        docs = read_labels(source, nlp, ConvertOptions(format=format, columns=columns), tally)
    with progress_bar("Reading") as bar:
        _write(counted(docs, bar), output, tally)


def pairs(given: Iterable[str], form: str) -> dict[str, str]:
    """Options of the form A=B as a dict.

    given (Iterable[str]): The options.
    form (str): For the message: "ID=LABEL".
    RETURNS (dict[str, str]): B by A.
    RAISES (BioactiveError): B563 for one without "=".
    """
    from bioactive.errors import error

    found = {}
    for each in given:
        name, _, value = each.rpartition("=")
        if not name.strip() or not value.strip():
            raise error("B563", text=each, form=form)
        found[name.strip()] = value.strip()
    return found


def _listed(given: str) -> list[Term]:
    """The terms of `--terms FILE` or `--terms LABEL=FILE`."""
    from bioactive.cheap.terms import read_terms

    label, _, path = given.rpartition("=")
    return read_terms(Path(path), label)


def _ontology(path: Path, root: list[str], namespace: list[str], scope: str, tally: Tally) -> list[Term]:
    from bioactive.cheap.obo import OboOptions, obo_terms

    scopes = [each.strip().upper() for each in scope.split(",") if each.strip()]
    options = OboOptions(pairs(root, "ID=LABEL"), pairs(namespace, "NAMESPACE=LABEL"), scopes)
    return obo_terms(path, options, tally)


def _label(made: Source, source: Path, output: Path, nlp: Language, text_key: str, tally: Tally) -> None:
    """Label the texts of a file, and report."""
    from bioactive.active.pool import read_pool
    from bioactive.active.suggest import pool_doc
    from bioactive.cheap.files import check_kind
    from bioactive.cheap.source import label

    from .progress import counted, progress_bar

    check_kind(output)
    with progress_bar("Labelling") as bar:
        items = read_pool(source, nlp.vocab, text_key, bar.expect)
        docs = (pool_doc(nlp, {**eg, "text": eg[text_key]}) for eg in items)
        _write(label(made, counted(docs, bar), tally), output, tally)


def _write(docs: Iterable[Doc], output: Path, tally: Tally) -> None:
    from rich.console import Console

    from bioactive.cheap.files import write_labelled

    from .convert import print_tally

    written = write_labelled(docs, output)
    console = Console(soft_wrap=True)
    by_type = ", ".join(f"{label} {number:,}" for label, number in sorted(written.entities.items())) or "none"
    typer.echo(f"Labelled {written.docs:,} texts, {written.words:,} words; entities: {by_type}")
    print_tally(console, tally)
    typer.echo(f"Written: {output}")
