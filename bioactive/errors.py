"""Coded messages: what was found, where it was found, and what to do about it.

Every error that a user can cause is a `BioactiveError` made from one of the templates below. The code stays
the same for as long as the meaning does, so that it can be searched for and documented.
"""

from __future__ import annotations


class BioactiveError(ValueError):
    """An error with a code, a place and a remedy.

    code (str): The code of the message, for example "B014".
    message (str): The filled-in template.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"[{code}] {message}")
        self.code = code
        self.message = message

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        # The default would call the class with the one formatted string, and fail across processes.
        return type(self), (self.code, self.message)


class Errors:
    """The templates. B0xx tags, B1xx corpora, B2xx the component, B3xx evaluation and ranking, B4xx annotation,
    B5xx models and commands, B6xx recipes, B8xx revisions and reports, B9xx hostile input."""

    # --- tags
    B001 = "Tag {tag!r} is not a tag of the BIO scheme. Expected 'O', 'B-<label>' or 'I-<label>'."
    B002 = "Spans {first} and {second} overlap. A tag sequence holds flat spans only; choose one of them first."
    B003 = "Label {label!r} is empty or holds white space. Use letters, digits, '_' and '-'."

    # --- corpora
    B101 = "{path}: there is no such file or folder. Check the path."
    B102 = "{path}: the file is empty. Give a file with text in it."
    B103 = (
        "{path}:{line}: byte {offset} is not UTF-8 text ({found}). Convert the file to UTF-8 first, or name "
        "the right one."
    )
    B104 = "There is no tag scheme {scheme!r}. Choose one of {known}, or leave it to detection."
    B105 = (
        "{path}:{line}: column {column} holds {tag!r}, which is no tag. Choose the column of the tags with "
        "--tag-column, or pass --repair to read such words as not annotated."
    )
    B106 = "{path}:{line}: tag {tag!r} does not belong to {scheme}. Give the right --scheme, or leave it to detection."
    B107 = (
        "{path}:{line}: tag {tag!r} has no type. Name one for all such tags with --label, or pass --repair "
        "to call it ENTITY."
    )
    B108 = (
        "{path}:{line}: tag {tag!r} after {before!r} is not legal in {scheme}. Give the right --scheme, or "
        "pass --repair to mend and count such places."
    )
    B109 = (
        "{path}:{line}: found {found} column(s) where {expected} were expected: {text!r}. Mend the line, or "
        "pass --repair to leave it out."
    )
    B110 = (
        "{path}: lines have {columns} columns, so there is no column {column}. Choose --token-column and "
        "--tag-column among them."
    )
    B111 = "{path}: the folder holds {found}; one format is needed. Name it with --format, or give one file."
    B112 = (
        "{where}: entity {text!r} ({label}, {start}-{end}) does not start and end at token edges; the tokens "
        "are {tokens}. Pass --misaligned drop or expand to count and go on."
    )
    B113 = "There is no policy {policy!r} for nested entities. Choose one of {known}."
    B114 = "There is no policy {policy!r} for entities cut by the tokenizer. Choose one of {known}."
    B115 = (
        "{path}:{line}: this is not a line of brat standoff: {text!r}. An entity reads 'T1<TAB>label start "
        "end<TAB>text'."
    )
    B116 = (
        "{path}:{line}: {start}-{end} is not a stretch of {text}, which has {length} characters. Offsets "
        "count code points, and .txt and .ann must belong together."
    )
    B117 = "There is no policy {policy!r} for discontinuous entities. Choose one of {known}."
    B118 = (
        "{path}:{line}: not a task: {problem}. Each line must be one JSON object with a text; mend or remove the line."
    )
    B119 = (
        "{where}: the task cannot be read: {problem}. Spans need start, end (code points of the text, end "
        "exclusive) and label."
    )
    B120 = (
        "{path}: this is not a .spacy file ({problem}). Convert the corpus first: bioactive convert SOURCE OUTPUT.spacy"
    )
    B121 = (
        "{path}:{line}: this is not a line of PubTator: {text!r}. An entity reads "
        "'id<TAB>start<TAB>end<TAB>text<TAB>label'."
    )
    B122 = "{path}: reading BioC needs a library that is not installed. Install it: pip install 'bioactive[bioc]'"
    B123 = "{path}: this is not a BioC collection ({problem}). Check the file, or name its format with --format."
    B124 = "There is no {what} {value!r}. Choose one of {known}."
    B125 = "{path} holds {count} corpora, which do not go into the one file {output}. Give a folder as the output."
    B126 = (
        "Dev {dev} and test {test} of {count} document(s) leave a part empty. Choose smaller parts, at least "
        "one document each."
    )
    B127 = "Say how to split: --dev and --test shares, or --last-dev N, or --dev-like FILE.spacy."
    B128 = "One file shares nothing with itself. Give two or more splits of a corpus."
    B129 = (
        "The config names no corpus. Give it on the command line: --paths.train corpus/train.spacy --paths.dev "
        "corpus/dev.spacy."
    )

    # --- component
    B201 = (
        "{name}: label {label!r} comes after the model was initialised with {labels}. Train a new model "
        "on data that has "
        "it: the outputs cannot grow."
    )
    B202 = "{name}: the training data holds no entity, so there is no label to learn. Check the corpus in [paths]."
    B203 = (
        "{name}: the data holds label {label!r}, the component knows {labels}. Run `spacy init labels` "
        "again, or remove "
        "[initialize.components.{name}.labels] from the config."
    )
    B205 = (
        "Encoder {name!r} cannot be loaded: {problem}. Give a folder that holds config.json, weights "
        "and tokenizer, or a "
        "hub name while the hub can be reached."
    )
    B206 = (
        "Layer {layer} does not exist: encoder {name!r} has hidden states 0 (embeddings) to {depth}, or -1 backwards."
    )
    B207 = (
        "{name}: {samples} sample(s) at a dropout of {rate} say nothing. Take at least one sample, and a rate from 0 "
        "up to, but not including, 1."
    )
    B209 = (
        "{model}: no encoder here can be quantized. Its config must name bioactive.FrozenTransformer.v1 or "
        "bioactive.BucketedTransformer.v1; configs/crf_frozen.cfg and configs/crf_trf.cfg do."
    )
    B208 = (
        "{folder}: vectors cannot be kept there ({problem}); memory alone holds them now. Make the folder writable, "
        "name another with BIOACTIVE_CACHE or cache_dir, or set cache_dir to null."
    )
    B210 = (
        "GPU {gpu_id} cannot be used: {reason}. Install a CUDA build of torch and the cupy that fits it "
        "(docs/install.md), choose another number, or leave --gpu-id out to run on the CPU."
    )
    B204 = "{name}: no training example holds the label(s) {labels}; they will never be predicted."

    # --- evaluation and ranking
    B301 = (
        "No pipeline at {path!r}: it is neither a folder with a config.cfg nor an installed package. Give the folder "
        "that training wrote (training/<run>/model-best), or install the package's wheel."
    )
    B302 = (
        "{path}: the pipeline does not load: {reason} A pipeline with components of your own needs the file that "
        "defines them: pass it with --code."
    )
    B304 = "{path}: holds no documents with words. Check which corpus this was made from."
    B305 = (
        "None of the {documents} documents has a gold annotation to compare with. Give a labelled file; in this one "
        "every word is unannotated."
    )
    B306 = (
        "Document {doc_id!r}: gold and prediction are not of the same text; they differ at character {offset}. "
        "Predict on the words or on the text of the gold document."
    )
    B307 = (
        "No component of this pipeline predicts entities: found {pipes}. Take one with crf_ner, ner, or spancat "
        "with --spans-key."
    )
    B308 = "No file at {path}. Check the path."
    B309 = (
        "The two systems were not scored on the same documents in the same order ({first} and {second} "
        "documents). Evaluate both on one file."
    )
    B310 = "{path}: the code file does not run: {reason}. Mend it; it should only register components."
    B320 = (
        "No component of this pipeline can say how sure it is: found {pipes}. Those that can: {known}. Use such a "
        "pipeline, register an adapter under the entry point group 'bioactive_posteriors', or rank by 'random'."
    )
    B321 = "Unknown measure {name!r}. Choose one of {known}."
    B322 = (
        "The measure {measure!r} needs {needed}, which the posterior of kind {kind!r} does not give. Choose another "
        "measure."
    )
    B323 = (
        "{place}: found no text under the key {key!r}; the keys are {keys}. Name the right one with --text-key, or "
        "remove the item."
    )
    B324 = (
        "{path}: cannot tell what kind of pool this is. Give a .jsonl file, a .txt file with a text a line, or a "
        ".spacy file."
    )
    B325 = (
        "The score of text {text!r} is not a number ({score}). The pipeline's weights are probably broken by a "
        "training that diverged; evaluate it first."
    )
    B326 = "{path}: holds no text to rank: {seen} items seen, {empty} of them empty, {too_long} too long."
    B327 = (
        "Component {name!r} ({factory}) cannot be sampled: it has no dropout that can be left on in prediction. Rank "
        "by a measure that needs one pass, such as 'mnlp', or sample a crf_ner."
    )

    # --- annotation
    B401 = "{path} is not a SQLite database. Give another file with --db, or move this one away and a new one is made."
    B402 = "Cannot open the database {url}: {reason}. Check the address that --db (or BIOACTIVE_DB) gives."
    B403 = "The database {url} has schema version {found}, this program knows {known}. Install a newer bioactive."
    B404 = (
        "The database {url} holds tables of another program ({tables}). Give another file with --db; to take over its "
        "answers, export them there as JSONL and read them with 'bioactive db-in'."
    )
    B405 = "Port {port} on {host} is in use. Stop the program that holds it, or choose another with --port."
    B406 = "Cannot listen on {host}:{port}: {reason}. Choose another address with --host or --port."
    B407 = "There is no dataset {name!r} in {url}. It has: {known}."
    B408 = "{path}: {reason}. A source is a .jsonl, .txt or .spacy file, or '-' for JSON lines on standard input."
    B409 = "{path}:{line}: {reason}. Correct the line and run the command again; nothing was stored."
    B410 = (
        "Span {start}-{end} ({label}) is not at token edges of the text {text!r}. Correct the offsets, "
        "or skip the task."
    )
    B411 = "The recipe gives no {key!r}. A recipe returns a dict with at least dataset, view_id and stream."
    B413 = "Answer {index} is not usable: {reason}. Nothing of this batch was stored; correct the client that sent it."
    B414 = "No label to annotate. Give them with --label, for example --label Disease,Chemical."
    B415 = "Setting {key!r} is {value!r}. {remedy}"
    B416 = (
        "{name!r}: {reason}. Give the name of an installed pipeline, the folder of one, or a language code like 'en'."
    )
    B417 = (
        "The session {name!r} may not annotate here. Add ?session=NAME to the address, with one of: {allowed}; or "
        "start the server without the setting allowed_sessions."
    )
    B418 = "{text!r} is no setting. Write --set NAME=VALUE, for example --set feed_overlap=true."
    B419 = "The database {url} is not empty ({rows} rows). Name an empty one to copy into; nothing was copied."
    B420 = "The pipeline cannot learn beside the page: {reason}."
    B425 = (
        "--cold is for the first questions, before there is a pipeline that could learn: --train goes without it. "
        "When the first questions are answered, train by the config, and start ner.active on the pipeline."
    )

    # --- models and commands
    B501 = (
        "This command needs the package {package!r}, which is not installed. Install it: pip install "
        "'bioactive[{extra}]'"
    )
    B510 = "There is no revision {name!r} in {root}. It has: {known}."
    B511 = (
        "None of the {answers} answers ({kinds}) says anything about a word, so there is nothing to "
        "learn. Annotate some more."
    )
    B520 = (
        "{path} is left from a run that was stopped, and this one cannot go on with it: {differs}. Run the command of "
        "then to finish it, or pass --restart to throw it away and begin anew."
    )
    B530 = "Unknown measure of words {name!r}. Choose one of {known}."
    B531 = "{path}: {problem}. See docs/simulation.md for the settings of a simulation."
    B532 = "{path} holds a finished run of another simulation: {differs}. Give another folder, or pass --restart."
    B533 = (
        "The pool has {found:,} {what} to ask about, and the simulation asks for {needed:,} in {rounds} rounds. Give a "
        "larger pool, or ask for less."
    )
    B534 = "{path}: there is no finished run to report on. Run 'bioactive simulate' first."
    B540 = (
        "Found {found} answers with a time to fit, and 20 are needed ({unstamped} have no time stamp, {breaks} came "
        "after a pause of more than {longest:g} s). Annotate some more, or raise --longest."
    )
    B541 = "Unknown kind of diversity {name!r}. Choose one of {known}."
    B542 = "The measure {measure!r} looks at gold labels. Use it in a simulation, as a control only."
    B543 = "Unknown metric {name!r}. Choose one of {known}."
    B545 = "{text!r} tries nothing. Write --try NAME=VALUE,VALUE, for example --try train.share=1.0,0.5."
    B546 = "{path} holds results of another final model. Move it away, or go back to the settings of then."
    B544 = "A diverse batch needs a size. Give it with --number, for example -n 200."
    B536 = "Unknown unit {unit!r}. Choose 'sentence' or 'stretch'."
    B547 = (
        "{path}: {problem}. Write there what 'bioactive fit-time' prints: under [time], the seconds of a question, a "
        "word, a word of context and an entity."
    )
    B548 = "Another process is writing {path}. Wait for its end, stop it, or give another output."
    B550 = (
        "Weight {weight!r} of the text {text!r} is no number from 0 up. Set user_data['weight'] to one, or remove it."
    )
    B551 = (
        "{path}:{line}: class {found!r} has no meaning; given are {known}. Name its label, or name it with --outside."
    )
    B552 = "Cheap rows cannot be trusted in {what!r}. Choose one of {known}."
    B553 = "{path}:{line}: {text!r} is no term: {problem}. See docs/cheap-labels.md for the forms of a list of terms."
    B554 = "{path}:{line}: {problem}. Give an ontology in OBO format, as 'robot convert' writes it."
    B555 = "{path}: there is no {kind} {name!r}; there are {known}, ... Correct the name."
    B556 = '{path}: no definitions of labels ({problem}). Write one JSON object: {{"Disease": "what it means", ...}}.'
    B557 = "{url!r} cannot be asked: {problem}. Give an address such as https://HOST/v1, or http://127.0.0.1:8000/v1."
    B558 = "{url} refuses with status {status}: {told}. Check the address, the model's name and the key."
    B559 = (
        "{url}: {texts} texts in a row got no reply, each after {tries} tries. See whether the server runs, then give "
        "the command again: replies so far come from the cache."
    )
    B560 = (
        "Cheap and expert rows have no text in common. Label texts of the expert rows too: the noise is told by these."
    )
    B561 = (
        "{folds} folds and percentages {percents} leave nothing to compare. Take two folds or more, and rising "
        "percentages from 0 to 100; without cheap rows, above 0."
    )
    B562 = "{path}: labels are kept in {known} files. Choose one of these endings."
    B563 = "{text!r} does not say which label is meant. Write {form}."
    B564 = (
        "A teacher at {outside} beside cheap rows that are trusted in {what!r} makes no sense. Take a probability from "
        "0 to 1, and trust 'entities' or 'words'; or 0 for no teacher."
    )
    B535 = (
        "No component here gives vectors of words: found {pipes}. Take a pipeline with crf_ner (before training, one "
        "over a frozen encoder), or neither diversity nor a cold start."
    )

    # --- recipes and data of Prodigy
    B600 = (
        "{module} has no {name!r} here. It has: {known}. Take one of these; if a recipe needs the other, open an issue "
        "of this project that quotes the import (docs/from-prodigy.md lists what is planned)."
    )
    B601 = (
        "{where}, pattern {number}: {reason}. Write patterns as "
        '{{"label": "DRUG", "pattern": "aspirin"}} or {{"label": "DRUG", "pattern": [{{"lower": "aspirin"}}]}}.'
    )
    B602 = "{path}: there is no such file of recipes, and no module of that name. Check what follows -F."
    B603 = "{where} failed: {reason}. The terminal shows the recipe's own lines; mend them, or pass --debug to see all."
    B604 = "There is no recipe {name!r}. There are: {known}. Give the file that defines it with -F."
    B605 = "The recipe says: {text}"
    B606 = (
        "Recipe {name!r} returned {found}. Return a dict with at least dataset, view_id and stream, a Controller, or "
        "nothing."
    )
    B607 = (
        "A task does not fit the view {view!r}: {reason}. Correct what the stream yields, or switch this check off "
        'with the setting "validate": false. The task: {task}'
    )
    B608 = (
        "No component of this pipeline {wanted}: found {pipes}. Take a pipeline that has one, or give --label to begin "
        "a new one."
    )
    B609 = '{where}: {reason}. Write the settings as one JSON object, as in {{"batch_size": 5}}.'
    B610 = "{path}: this is no database of Prodigy: {reason}. Name its SQLite file, usually ~/.prodigy/prodigy.db."
    B611 = "{url} has a dataset {name!r} already, so nothing was taken over. Name another database with --db."
    B612 = "There is no way of sorting called {name!r}. Choose one of {known}."
    B616 = (
        "The component {name!r} does not know the label(s) {labels}; it has {known}. Ask about those, or take a "
        "pipeline without a text classifier to begin a new one."
    )
    B614 = "There is no loader {name!r}. Choose one of {known}, or give a function that takes the source."
    B615 = (
        "A task has {key!r}: {value!r}. Pictures, sound, video and PDF are not read here; give tasks with text or "
        "html, or put small pictures into the html as data: addresses."
    )
    B617 = "The recipe has no event hook {name!r}; it has: {known}. Name one of these, or add it to 'event_hooks'."
    B613 = (
        "Recipe {recipe}: its argument {name!r} is described by {found}. Describe it by a tuple (help, kind, short "
        "flag, type), by an Arg, or by a text."
    )
    B618 = (
        "Nothing here trains {kind!r}. Choose among {known}. Coreference is not planned: spaCy itself has no component "
        "for it that could be trained."
    )
    B619 = "There is nothing to train or evaluate on: {names}. Annotate some more, or name other datasets."
    B620 = "The pipeline {name!r} has no vectors of words, which say what terms are alike. Take one that has some."
    B621 = "None of the terms {seeds} has a vector in this pipeline. Give other --seeds, single words for example."
    B622 = "No component of this pipeline {wanted}: found {pipes}. Take a pipeline that was trained for it."
    B623 = "The answer is accepted and chooses no label. Choose one, ignore the text, or start with --accept-empty."
    B624 = (
        "The pipeline {name!r} finds no noun phrases for --add-nps: {reason}. Take one with a parser, in a language "
        "that has rules for them, or leave --add-nps out."
    )

    # --- rebuilt reference systems
    B700 = (
        "{where}: the label {label!r} has no name in the mapping, which knows {known}. Add it to --rename, for example "
        "--rename {label}={label}."
    )
    B701 = (
        "{where}: the label {label!r} is not among those of the training set: {known}. Name the labels of lists and "
        "ontologies as the training set does."
    )
    B702 = (
        "{path}: no term in use has the label {label!r}. Choose another root or namespace, or wider scopes of synonyms."
    )
    B704 = "{option} {text!r} cannot be used. Give values with commas between them; shares lie above 0.0, up to 1.0."
    B705 = (
        "{config}: a warm-up cannot be tried: [vars] has no {name}. Take a config whose learning rate changes, such as "
        "configs/crf_trf.cfg."
    )
    B703 = "Entity replacement with {name} {value} makes no sense. Take {name} from {least} to {most}."

    # --- revisions and reports
    B800 = "{path}: this manifest cannot be read: {reason}. Restore the file, or delete the revision's folder."
    B801 = (
        "{path} {found}, so revision {name} is not the one that was published. Restore the file, pull the revision "
        "again into another folder, or roll back."
    )
    B802 = "No revision in {root} is in use. Promote one with `bioactive models promote NAME`; it has: {known}."
    B803 = "{root} has another revision {name} already. Publish it into another folder with --models."
    B804 = "{root} has no revision to go back to before the current one ({current}). Promote one by its name."
    B805 = "{path}:{line}: this line of the log cannot be read: {reason}. Mend or delete the line."
    B806 = "A hub takes nothing without a token. Set the environment variable {variable} to one that may write."
    B807 = "{repo}, branch {branch!r}: it {found}, so it is no revision. Name a branch that `models push` has written."
    B808 = "{repo}: the hub says: {reason}. Check the name, the token and the connection, then run the command again."
    B809 = (
        "{name} was not promoted: {reason}. Give --dev to compare it with the current one there, or --force, which is "
        "recorded."
    )
    B810 = (
        "{path} is no pipeline, no simulation and holds no revision. Name a folder with a config.cfg, one that "
        "`bioactive simulate` has written, or one of revisions."
    )
    B811 = "{path} is {kind}, and a report on one needs more: give {option} too."

    # --- serving over HTTP
    B830 = "The request holds {found}. Send one 'text', or up to {most} 'texts'."
    B831 = "Text {number} (counted from 0) has {length} characters. Cut it: the server takes up to {most}."
    B832 = "{waiting} texts wait already, the request has {more}, and {room} may wait. Ask again in a second."
    B833 = "The pipeline failed on this request ({problem}). The server's log has the traceback; send the texts singly."
    B834 = (
        "This is no request: {problems}. Send JSON such as {{'text': '...'}} or {{'texts': ['...', '...']}}, in double "
        "quotes."
    )

    # --- faults of the machine
    B915 = (
        "{path}: cannot be written: {reason}. Make room there and run the command again; finished files and finished "
        "blocks of a run were kept."
    )
    B916 = (
        "The database {url} has no room left: {reason}. Nothing of this was stored. Make room on its disk; the page "
        "sends its answers again."
    )
    B917 = (
        "The database {url} has been locked by another program for {seconds} seconds. Nothing of this was stored. "
        "Close the program that holds it; the page sends its answers again."
    )
    B918 = (
        "The database {url} does not answer: {reason}. Nothing of this was stored. Check that its server runs; the "
        "page sends its answers again."
    )

    # --- engines
    B960 = (
        "The Ray cluster has {cpus} CPUs free; {wanted} worker(s) and the reading need {needed}. Ask for fewer with "
        "--workers, wait for the other jobs, or leave out --engine ray."
    )
    B961 = (
        "No result came from the Ray cluster for {seconds} seconds. See `ray status` for what it waits for; give more "
        "time with --timeout. What is finished was kept: the same command goes on there."
    )
    B962 = (
        "After {done} finished blocks one failed {tries} times, last by: {reason}. Those before it were kept: mend the "
        "cause, and the same command goes on there. `ray logs` and --engine local show more."
    )
    B963 = "There is no engine called {name!r}. Choose local or ray."
    B964 = (
        "{path}: cannot be opened: {reason}. Check the address; each kind needs its package, s3:// for one needs s3fs."
    )
    B965 = (
        "{path}: the column {column!r} is of type {kind}, which JSON does not have. Leave it out, or write it as text."
    )
    B966 = (
        "{option} does not go together with --engine ray, whose workers load a trained pipeline on CPUs. Leave one out."
    )

    # --- memory
    B967 = (
        "Memory ran out: {reason}. What was finished is kept; the same command goes on there. Take smaller batches, "
        "fewer processes (--jobs), shorter texts, or a machine with more."
    )
    B968 = (
        "A worker process ended without a word, as one does that the system kills when memory runs out. What was "
        "finished is kept, and the same command goes on there; with fewer --jobs each has more memory."
    )

    # --- yes/no questions
    B720 = "{path}:{line}: there is no {keys}, or it is empty. Give each question its passage, or take the line out."
    B721 = (
        "{path}:{line}: the answer {label!r} is neither yes nor no. Write true or false, yes or no, да or нет, 1 or 0."
    )
    B722 = "{path}:{line}: the question has no answer. Answer it, or write a .jsonl file, which needs none."
    B723 = (
        "{path}:{line}: of {count} questions to line {last} none has the answer {missing}. A classifier needs both: "
        "add such questions, or make some with `bioactive questions generate`."
    )
    B724 = "The text {text!r} is no question with a passage. Write it as 'question [SEP] passage'."
    B725 = "There is no way of balancing called {balance!r}. Choose one of {known}."
    B940 = (
        "The text {text!r} has no answer yes or no, but the labels: {labels}. Make the file with `bioactive questions "
        "convert` out of questions that have answers."
    )
    B941 = (
        "{where}: all of the {count} questions have the answer {answer}. Neither a threshold nor a baseline can be had "
        "of them: add questions with the other answer."
    )

    # --- hostile input
    B900 = (
        "{path}: the word {word!r} cannot be written as a column: it would be read as {reading}. Write JSONL or brat "
        "instead."
    )


def error(code: str, **found: object) -> BioactiveError:
    """Fill in the template of a code.

    code (str): The name of a template in `Errors`.
    found (object): The values that the template names.
    RETURNS (BioactiveError): The error to raise.
    """
    return BioactiveError(code, getattr(Errors, code).format(**found))


def first_line(problem: BaseException | None) -> str:
    """What an error of another package says at first, without the advice that follows; never empty.

    problem (BaseException | None): The error; its kind where it says nothing.
    """
    # The text of a KeyError is the form of its key, in quotes.
    said = problem.args[0] if isinstance(problem, KeyError) and problem.args else problem
    return (str(said).strip() or type(problem).__name__).splitlines()[0]
