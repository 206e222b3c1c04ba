"""What hostile files are made of: seeds in each format, and the pieces that a fuzzer strings together."""

from __future__ import annotations

# Deeper than the interpreter's stack, and longer than the longest number that it reads.
DEEP = 1100
NESTED = "[" * DEEP
COMMON = (
    "",
    " ",
    "\t",
    "\n",
    "\r\n",
    "\r",
    "\ufeff",
    "\0",
    "\u2028",
    "\x0b",
    "²",
    "٣",
    "β",
    "ß",
    "İ",
    "😀",
    "e\u0301",
    "\u200b",
)
NUMBERS = ("0", "1", "4", "5", "9", "-1", "00", "1.5", "1e400", "9" * 20, "NaN", "Infinity")
WORDS = ("IL-2", "binds", "CD28", ".", "аспирин", "T cells", "a", "DNA-bound")
TAGS = ("B-DNA", "I-DNA", "O", "-", "B", "I", "E-DNA", "S-DNA", "L-DNA", "U-DNA", "I-RNA", "B-", "B-a b", "X-DNA")
HUGE = "9" * 4301
JSON = (
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    '"',
    "null",
    "true",
    "false",
    '"\\ud800"',
    '"\\u0000"',
    HUGE,
    NESTED,
    '{"a":' * DEEP,
)
KEYS = (
    '"text": ',
    '"tokens": ',
    '"spans": ',
    '"meta": ',
    '"label": ',
    '"start": ',
    '"end": ',
    '"id": ',
    '"ws": ',
    '"token_start": ',
    '"token_end": ',
    '"answer": ',
    '"accept"',
    '"reject"',
    '"ignore"',
    '"_input_hash": ',
    '"_task_hash": ',
    '"_session_id": ',
    '"_view_id": "ner", ',
    '"_timestamp": ',
    '"_answer_id": ',
    '"options": ',
    '"disabled": true',
    '"IL-2 binds"',
    '"entities": ',
    '"html": ',
    '"arcs": ',
    '"relations": ',
    '"doc_id": ',
)
TASK = '{"text": "IL-2 binds", "spans": [{"start": 0, "end": 4, "label": "PROTEIN"}]}'
TOKENS = (
    '{"text": "IL-2 binds", "tokens": [{"text": "IL-2", "start": 0, "end": 4, "id": 0, "ws": true}, '
    '{"text": "binds", "start": 5, "end": 10, "id": 1, "ws": false, "disabled": true}], "answer": "reject"}'
)

SEEDS: dict[str, tuple[str, ...]] = {
    "columns": (
        "IL-2\tB-DNA\nbinds\tO\n\nCD28\tB-DNA\n",
        "# newdoc id = 1\n\nIL-2 NN S-DNA\n",
        "-DOCSTART-\tO\n\na\tO\n",
    ),
    "brat": (
        "IL-2 binds CD28\n\0T1\tDNA 0 4\tIL-2\nT2\tDNA 0 2;5 10\tIL binds\nR1\tX Arg1:T1\n",
        "a\r\nb\0T1\tA 0 4\ta b\n",
    ),
    "pubtator": ("1|t|IL-2 binds\n1|a|CD28.\n1\t0\t4\tIL-2\tDNA\t9\n1\tCID\tD1\tD2\n\n2|t|a\n",),
    "bioc": (
        "<collection><source/><date/><key/><document><id>1</id><passage><offset>0</offset><text>IL-2 binds</text>"
        '<annotation id="T1"><infon key="type">DNA</infon><location offset="0" length="4"/><text>IL-2</text>'
        "</annotation></passage></document></collection>",
        '{"source": "", "date": "", "key": "", "infons": {}, "documents": [{"id": "1", "infons": {}, '
        '"passages": [{"offset": 0, "infons": {}, "text": "IL-2", "sentences": [], "annotations": [{"id": "T1", '
        '"infons": {"type": "DNA"}, "text": "IL-2", "locations": [{"offset": 0, "length": 4}]}], "relations": []}], '
        '"relations": []}]}',
    ),
    "jsonl": (TASK + "\n", TOKENS + "\n"),
    "source": (TASK + "\n", TOKENS + "\n", '{"html": "<b>a</b>"}\n'),
    "table": ('text,label\n"a, b",X\n', "Text\tLabel\nIL-2\tDNA\n"),
    "answers": (TASK[:-1] + ', "answer": "accept", "_answer_id": "1", "_session_id": "anna"}', TOKENS),
    "patterns": (
        '{"label": "DNA", "pattern": "IL-2"}\n{"label": "DNA", "pattern": [{"lower": "il-2"}, {"OP": "?"}], "id": 1}\n',
        '{"label": "X", "pattern": [{"TEXT": {"REGEX": "^I.*"}}, {"LENGTH": {">=": 3}}, {"ORTH": {"IN": ["a"]}}]}\n',
    ),
    "arguments": ("notes\0--label\0DNA,RNA\0-n\0005\0source.jsonl", "a\0b\0--set\0port=1\0--rate=0.5\0--shuffle\0-x"),
    "settings": (
        'port=8080\0batch_size=5\0labels=["A", "B"]\0{"host": "::1"}',
        "allowed_sessions=a,b\0instructions=x.md",
    ),
    "terms": ("aspirin\tDRUG\nIL-2\tDNA\n# x\n", '{"label": "DNA", "pattern": [{"LOWER": "il-2"}]}\n'),
    "obo": (
        '[Term]\nid: A:1\nname: cell ! x\nis_a: A:0 ! root\nsynonym: "b\\n" EXACT []\n\n[Term]\nid: A:0\nname: a\n',
    ),
    "questions": (
        '{"passage": "IL-2 binds.", "question": "Does it?", "answer": true}\n',
        "passage\tquestion\tlabel\na\tb\t1\n",
    ),
    "docs": ("", "\0\0\0", "\x01\x10\x05\0\x40\x7f"),
    "pool": (TASK + "\n\n" + TOKENS + "\n", "IL-2 binds\n \nIL-2 binds\n"),
    "database": (f"1600000000\0{{}}\0{TASK}", f'5\0\0{TOKENS[:-1]}, "_timestamp": 5}}'),
    "records": (
        '{"name": "active_iter_1_added_2", "parent": "", "answers": {"accept": 2}, "data": {}, "metrics": {}, '
        '"promoted": "", "files": {"a.tsv": [5, "00"]}, "words": 3}',
        '{"action": "promote", "name": "active_iter_1_added_2", "before": "", "who": "anna", "why": "x", "when": ""}\n',
    ),
    "replies": (
        'IL-2 binds\0{"entities": [{"text": "IL-2", "label": "DNA"}]}',
        'IL-2\0{"DNA": "a gene"}',
        'a\0```json\n[{"text": "a", "label": "DNA"}, 5]\n```',
    ),
}
FORMS: dict[str, tuple[str, ...]] = {
    "columns": (*TAGS, "# newdoc id = 7\n", "-DOCSTART- (x) O\n", "###MEDLINE:1\n", "\n\n"),
    "brat": ("\0", "T1\tDNA 0 4\tIL-2\n", "T2\tX 0 1;", HUGE, "R1\t", "E", "#1\t", "*\t", ";", "T"),
    "pubtator": ("1|t|", "1|a|", "1\t0\t4\tIL-2\tDNA\n", "2|t|", "|", "1\t", HUGE),
    "bioc": (
        "<collection>",
        "</collection>",
        "<document>",
        "</document>",
        "<passage>",
        "</passage>",
        "<offset>",
        "</offset>",
        "<text>",
        "</text>",
        "<id>",
        "</id>",
        '<annotation id="1">',
        "</annotation>",
        '<location offset="0" length="4"/>',
        '<infon key="type">',
        "</infon>",
        "<sentence>",
        "</sentence>",
        "<relation>",
        "&amp;",
        "&#0;",
        "<![CDATA[",
        '<!DOCTYPE c [<!ENTITY a "b">]>',
        "&a;",
        '"documents": [',
        '"passages": [',
        '"locations": [',
        *JSON,
    ),
    "jsonl": (*JSON, *KEYS, TASK, TOKENS),
    "source": (*JSON, *KEYS, TASK, TOKENS),
    "table": ("text", "label", "TEXT", ",", '"', '""', "\n"),
    "answers": (*JSON, *KEYS, '"_shown": ', '"_answered": '),
    "patterns": (
        *JSON,
        '"label": ',
        '"pattern": ',
        '"id": ',
        '{"LOWER": "il-2"}',
        '{"OP": "+"}',
        '{"OP": "{2,3}"}',
        '"REGEX": ',
        '"["',
        '"(a+)+$"',
        '"IN": ',
        '"FUZZY1": ',
        '"TEXT": ',
        '"LENGTH": ',
        '"_": {}',
        '"SPEC": ',
        '"DNA"',
        '"IL-2"',
    ),
    "arguments": (
        "\0",
        "--",
        "-",
        "=",
        "--label",
        "-n",
        "--set",
        "--db",
        "--port",
        "--help",
        "--shuffle",
        "--choice",
        "a",
        "NAME=1",
    ),
    "settings": (
        "\0",
        "=",
        "port",
        "batch_size",
        "lease_seconds",
        "labels",
        "instructions",
        "exclude_by",
        "input",
        "host",
        "blocks",
        "feed_overlap",
        "allowed_sessions",
        "content_origins",
        "javascript_urls",
        "https://a.b",
        "html_template",
        "<b onclick='x'>",
        "blind_share",
        "annotations_per_task",
        "font_size",
        "/dev/zero",
        ".md",
        *JSON,
    ),
    "terms": ("#", '"label": ', '"pattern": ', '{"LOWER": "a"}', *JSON[:12]),
    "obo": (
        "[Term]\n",
        "id: ",
        "name: ",
        "is_a: ",
        "synonym: ",
        '"',
        "EXACT",
        "is_obsolete: true",
        "!",
        "\\",
        "A:1",
        "namespace: ",
    ),
    "questions": (
        *JSON,
        '"passage": ',
        '"question": ',
        '"answer": ',
        '"label": ',
        "passage\t",
        "question\t",
        "label\n",
        "yes",
        "да",
    ),
    "docs": ("\0", "\x01", "\x7f", "\x01\x01", "\x02"),
    "pool": (*JSON, *KEYS, TASK, TOKENS),
    "database": ("\0", "\0\0", '"_timestamp": ' + "9" * 400, *JSON, *KEYS, TASK, TOKENS),
    "records": (
        *JSON,
        *('"name": ', '"parent": ', '"answers": ', '"files": ', '"metrics": ', '"words": ', '"action": ', '"before": '),
        *('"who": ', '"why": ', '"evidence": ', '"when": ', '{"a": [1, "b"]}', '"../../etc/passwd"'),
    ),
    "replies": ("\0", "```json\n", '"entities": ', '"text": ', '"label": ', '"DNA"', '"IL-2"', *JSON),
}


def pieces(name: str) -> tuple[str, ...]:
    """The pieces of a target's inputs, those of its own format first."""
    return (*FORMS[name], *SEEDS[name], *WORDS, *NUMBERS, *COMMON)


def expand(name: str, data: bytes) -> bytes:
    """Bytes of a fuzzer -> a file.

    name (str): The target.
    data (bytes): With an even first byte the rest is the file; with an odd one each byte above 95 stands for a piece
        and each other for an ASCII sign, so that one mutated byte exchanges a whole piece.
    """
    if not data or data[0] % 2 == 0:
        return data[1:]
    known = pieces(name)
    parts = [known[(code - 96) % len(known)] if code > 95 else chr(code + 32) for code in data[1:]]
    return "".join(parts).encode("utf-8")
