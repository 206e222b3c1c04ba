"""Statistics of a corpus, repeated and contradictory sentences, and what two splits share."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from spacy.tokens import Doc, Span

from .nested import overlap_statistics
from .sentences import sentences
from .splits import doc_id

Words = tuple[str, ...]
Entities = tuple[tuple[int, int, str], ...]


@dataclass
class CorpusStats:
    """What a corpus holds. Lengths count tokens that are not white space, or characters of one token.

    repeated_ids (int): Documents whose id an earlier one has.
    one_token_sentences (int): Sentences of one token.
    repeated_sentences (int): Sentences with the same words as an earlier one.
    conflicting_sentences (int): Those among them whose entities differ from the first one's.
    not_annotated (int): Tokens that nobody annotated.
    entities (Counter[str]): Entities of `doc.ents` by label.
    spans (Counter[str]): All entities, those of the span group, by label.
    nested, crossing, depth (int): See `nested.overlap_statistics`, over all entities.
    adjacent_same_type (int): Entities of `doc.ents` right after another of the same label in the same sentence.
    """

    documents: int = 0
    docs: int = 0
    repeated_ids: int = 0
    sentences: int = 0
    tokens: int = 0
    not_annotated: int = 0
    longest_sentence: int = 0
    longest_token: int = 0
    one_token_sentences: int = 0
    repeated_sentences: int = 0
    conflicting_sentences: int = 0
    adjacent_same_type: int = 0
    nested: int = 0
    crossing: int = 0
    depth: int = 0
    longest_entity: int = 0
    entities: Counter[str] = field(default_factory=Counter)
    spans: Counter[str] = field(default_factory=Counter)


@dataclass
class Leak:
    """What two splits share.

    documents (list[str]): Document ids in both.
    sentences (list[str]): Distinct sentences in both, as words joined by spaces.
    copies (int): Sentences of the second split that the first one holds, repeats counted.
    conflicts (int): Distinct shared sentences that have other entities in the second split than in the first.
    texts (int): Whole documents of the second split with the words of one in the first.
    """

    first: str
    second: str
    documents: list[str]
    sentences: list[str]
    copies: int
    conflicts: int
    texts: int


def corpus_stats(docs: Iterable[Doc], spans_key: str = "sc") -> CorpusStats:
    """Count what a corpus holds.

    docs (Iterable[Doc]): The Docs.
    spans_key (str): The span group that holds all entities, also nested ones.
    RETURNS (CorpusStats): The counts.
    """
    stats = CorpusStats()
    ids: set[str] = set()
    seen: dict[Words, Entities] = {}
    last = ""
    for index, doc in enumerate(docs):
        stats.docs += 1
        name = doc_id(doc, index)
        # Docs that are sentences of one document stand beside each other.
        fresh = name != last or not doc.user_data.get("sent_id")
        stats.documents += fresh
        stats.repeated_ids += fresh and name in ids
        ids.add(name)
        last = name
        _count_tokens(stats, doc)
        _count_sentences(stats, doc, seen)
        _count_entities(stats, doc, spans_key)
    return stats


def _count_tokens(stats: CorpusStats, doc: Doc) -> None:
    words = [token for token in doc if not token.is_space]
    stats.tokens += len(words)
    stats.not_annotated += sum(1 for token in words if token.ent_iob == 0)
    stats.longest_token = max([stats.longest_token, *map(len, words)])


def _count_sentences(stats: CorpusStats, doc: Doc, seen: dict[Words, Entities]) -> None:
    for words, entities in sentences_of(doc):
        stats.sentences += 1
        stats.longest_sentence = max(stats.longest_sentence, len(words))
        stats.one_token_sentences += len(words) == 1
        if words in seen:
            stats.repeated_sentences += 1
            stats.conflicting_sentences += seen[words] != entities
        seen.setdefault(words, entities)


def _count_entities(stats: CorpusStats, doc: Doc, spans_key: str) -> None:
    ents = doc.ents
    spans = list(doc.spans[spans_key]) if spans_key in doc.spans else list(ents)
    stats.entities.update(span.label_ for span in ents)
    stats.spans.update(span.label_ for span in spans)
    stats.longest_entity = max([stats.longest_entity, *map(len, spans)])
    found = overlap_statistics(spans)
    stats.nested += found["nested"]
    stats.crossing += found["crossing"]
    stats.depth = max(stats.depth, found["depth"])
    stats.adjacent_same_type += sum(map(_adjacent, ents, ents[1:]))


def _adjacent(span: Span, after: Span) -> bool:
    same = span.end == after.start and span.label == after.label
    return same and not after[0].is_sent_start


def sentences_of(doc: Doc) -> list[tuple[Words, Entities]]:
    """The words of each sentence, white space left out, and its entities in words from the sentence's start.

    doc (Doc): A Doc; without sentence bounds it counts as one sentence.
    RETURNS (list): Words and flat entities, one pair a sentence that holds a word.
    """
    bounds = [(sent.start, sent.end) for sent in sentences(doc)]
    space = [token.is_space for token in doc]
    texts = [token.text for token in doc]
    ents = doc.ents
    found, position = [], 0
    for start, end in bounds:
        first = position
        while position < len(ents) and ents[position].start < end:
            position += 1
        inside = tuple((ent.start - start, ent.end - start, ent.label_) for ent in ents[first:position])
        if any(space[start:end]):
            inside = tuple(_without_space(s, e, label, space[start:end]) for s, e, label in inside)
        words = tuple(text for text, blank in zip(texts[start:end], space[start:end], strict=True) if not blank)
        if words:
            found.append((words, inside))
    return found


def _without_space(start: int, end: int, label: str, space: list[bool]) -> tuple[int, int, str]:
    return start - sum(space[:start]), end - sum(space[:end]), label


def leaks(splits: Mapping[str, Iterable[Doc]]) -> list[Leak]:
    """Compare every two splits of a corpus.

    splits (Mapping[str, Iterable[Doc]]): Docs by name of the split.
    RETURNS (list[Leak]): One for each pair, in the order given.
    """
    return [_leak(one, two) for one, two in combinations([_Side(name, docs) for name, docs in splits.items()], 2)]


class _Side:
    """Ids, sentences and texts of one split."""

    def __init__(self, name: str, docs: Iterable[Doc]) -> None:
        self.name = name
        self.ids: dict[str, None] = {}
        self.sentences: defaultdict[Words, list[Entities]] = defaultdict(list)
        self.texts: Counter[Words] = Counter()
        for doc in docs:
            if "doc_id" in doc.user_data:
                self.ids[str(doc.user_data["doc_id"])] = None
            own = sentences_of(doc)
            for words, entities in own:
                self.sentences[words].append(entities)
            self.texts[tuple(word for words, _ in own for word in words)] += 1


def _leak(one: _Side, two: _Side) -> Leak:
    shared = [words for words in two.sentences if words in one.sentences]
    return Leak(
        first=one.name,
        second=two.name,
        documents=[name for name in two.ids if name in one.ids],
        sentences=[" ".join(words) for words in shared],
        copies=sum(len(two.sentences[words]) for words in shared),
        conflicts=sum(1 for words in shared if set(one.sentences[words]) != set(two.sentences[words])),
        texts=sum(times for words, times in two.texts.items() if words and words in one.texts),
    )
