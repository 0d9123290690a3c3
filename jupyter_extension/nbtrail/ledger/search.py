"""Full-text search over what was executed and what runs are called.

SQLite keeps the texts in a virtual table of FTS5, PostgreSQL in a plain one with an index of
its own text search; the row of an execution has the execution's id, so that the newest come
first by key. Words are looked up whole, as code writes them (``read_csv`` is two words in a
row) and with the parts of names in capitals (``RandomForest`` is found by ``random forest``).
Only where nothing has the whole words are they taken as beginnings: that costs more.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Row, select, text

from nbtrail.errors import UsageError
from nbtrail.ledger import tables as t
from nbtrail.ledger.queries import check_limit, integer_cursor
from nbtrail.ledger.records import is_model, iso

HitKind = Literal["source", "output", "error", "metric", "file", "model", "run"]

_FIELDS = ("source", "output", "error", "metrics", "files")
_KINDS: dict[str, HitKind] = {
    "source": "source", "output": "output", "error": "error", "metrics": "metric", "files": "file",
}  # fmt: skip
_WORD = re.compile(r"[^\W_]+")
_CAPITALS = re.compile(r"\b\w*[a-z][A-Z]\w*")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_QUERY = re.compile(r'"([^"]*)"?|(\S+)')
_AROUND = 70
#: Characters of one execution that can be found in PostgreSQL.
_LONGEST_DOCUMENT = 200_000

#: Words that follow each other, and whether the last one may go on.
Phrase = tuple[list[str], bool]

CREATE_SQLITE = (
    "CREATE VIRTUAL TABLE search USING fts5("
    "source, output, error, metrics, files, words, tokenize='unicode61 remove_diacritics 2')"
)
CREATE_POSTGRESQL = (
    "CREATE TABLE search (id INTEGER PRIMARY KEY, source TEXT NOT NULL, output TEXT NOT NULL, "
    "error TEXT NOT NULL, metrics TEXT NOT NULL, files TEXT NOT NULL, document TSVECTOR NOT NULL)",
    "CREATE INDEX ix_search_document ON search USING GIN (document)",
)


class Hit(msgspec.Struct, frozen=True):
    """Something that was found.

    ``id`` is an execution's or, for kind ``run``, a run's; ``where`` the notebook, file or run
    that holds it, ``excerpt`` the words with what is around them, ``at`` ISO 8601.
    """

    kind: HitKind
    id: str
    where: str
    excerpt: str
    at: str
    run: str | None = None
    cell_id: str | None = None


def create(connection: Connection) -> None:
    """Make the table of texts."""
    if connection.dialect.name == "sqlite":
        connection.execute(text(CREATE_SQLITE))
        return
    for statement in CREATE_POSTGRESQL:
        connection.execute(text(statement))


def put(
    connection: Connection,
    execution: int,
    *,
    source: str,
    output: str = "",
    error: str = "",
    metrics: Iterable[str] = (),
    files: Iterable[str] = (),
) -> None:
    """Make one execution findable; what was there of it before is replaced."""
    values = {
        "id": execution,
        "source": source,
        "output": output,
        "error": error,
        "metrics": "\n".join(dict.fromkeys(metrics)),
        "files": "\n".join(dict.fromkeys(files)),
    }
    remove(connection, [execution])
    parts = _parts_of_names("\n".join(str(values[field]) for field in _FIELDS))
    if connection.dialect.name == "sqlite":
        connection.execute(
            text(
                "INSERT INTO search (rowid, source, output, error, metrics, files, words) "
                "VALUES (:id, :source, :output, :error, :metrics, :files, :words)"
            ),
            {**values, "words": parts},
        )
        return
    # PostgreSQL reads paths as one word, and takes a megabyte at most: it gets plain words.
    document = f"{' '.join(str(values[field]) for field in _FIELDS)} {parts}"
    words = _WORD.findall(document[:_LONGEST_DOCUMENT])
    connection.execute(
        text(
            "INSERT INTO search (id, source, output, error, metrics, files, document) VALUES "
            "(:id, :source, :output, :error, :metrics, :files, to_tsvector('simple', :document))"
        ),
        {**values, "document": _folded(" ".join(word for word in words if len(word) < 500))},
    )


def _folded(value: str) -> str:
    """Small letters without accents, as SQLite's tokenizer compares them."""
    plain = unicodedata.normalize("NFKD", value.lower())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def remove(connection: Connection, executions: Sequence[int]) -> None:
    """Forget executions."""
    key = "rowid" if connection.dialect.name == "sqlite" else "id"
    statement = text(f"DELETE FROM search WHERE {key} = :id")
    for identity in executions:
        connection.execute(statement, {"id": identity})


def find(
    connection: Connection, query: str, *, limit: int = 50, after: str | None = None
) -> tuple[list[Hit], str | None]:
    """A page of what holds all the words of ``query``, newest first, and the next cursor.

    ``"quoted words"`` must follow each other; ``word*`` is a beginning.

    Raises
    ------
    UsageError
        When the query has no word, or the cursor is none.
    """
    phrases = parse(query)
    if not phrases:
        raise UsageError("There is no word to search for.", hint="For example: nbtrail search auc.")
    check_limit(limit)
    newest = None if after is None else integer_cursor(after)
    rows = _matching(connection, phrases, limit + 1, newest)
    if not rows and newest is None:
        phrases = [(words, True) for words, _beginning in phrases]
        rows = _matching(connection, phrases, limit + 1, newest)
    page = rows[:limit]
    hits = _hits(connection, page, phrases)
    if newest is None:
        hits = [*_runs(connection, phrases, limit), *hits]
    return hits, str(page[-1].id) if len(rows) > limit else None


def parse(query: str) -> list[Phrase]:
    """Phrases of a query."""
    phrases = []
    for quoted, plain in _QUERY.findall(query):
        words = [word.lower() for word in _WORD.findall(quoted or plain)]
        if words:
            phrases.append((words, plain.endswith("*")))
    return phrases


def _matching(
    connection: Connection, phrases: list[Phrase], limit: int, newest: int | None
) -> Sequence[Row[Any]]:
    values: dict[str, Any] = {"limit": limit}
    if connection.dialect.name == "sqlite":
        key, match = "rowid", "search MATCH :query"
        values["query"] = " AND ".join(
            f'"{" ".join(words)}"{"*" if beginning else ""}' for words, beginning in phrases
        )
    else:
        key, match = "id", "document @@ to_tsquery('simple', :query)"
        values["query"] = " & ".join(
            f"({' <-> '.join(map(_folded, words))}{':*' if beginning else ''})"
            for words, beginning in phrases
        )
    older = ""
    if newest is not None:
        older, values["newest"] = f"AND {key} < :newest ", newest
    statement = (
        f"SELECT {key} AS id, source, output, error, metrics, files FROM search "
        f"WHERE {match} {older}ORDER BY {key} DESC LIMIT :limit"
    )
    return connection.execute(text(statement), values).all()


def _hits(connection: Connection, rows: Sequence[Row[Any]], phrases: list[Phrase]) -> list[Hit]:
    facts = {
        row.id: row
        for row in connection.execute(
            select(
                t.executions.c.id,
                t.executions.c.started_at,
                t.executions.c.run_id,
                t.executions.c.cell_id,
                t.notebooks.c.path,
            )
            .outerjoin(t.notebooks, t.notebooks.c.id == t.executions.c.notebook_id)
            .where(t.executions.c.id.in_([row.id for row in rows]))
        )
    }
    patterns = _patterns(phrases)
    hits = []
    for row in rows:
        known = facts.get(row.id)
        if known is None:
            continue
        kind, excerpt, file = _excerpt(row, patterns)
        hits.append(
            Hit(
                kind=kind,
                id=str(row.id),
                where=file or known.path or "",
                excerpt=excerpt,
                at=iso(known.started_at),
                run=known.run_id,
                cell_id=known.cell_id,
            )
        )
    return hits


def _runs(connection: Connection, phrases: list[Phrase], limit: int) -> list[Hit]:
    """Runs whose tag, note or message has all the words."""
    named = t.runs.c.tag.is_not(None) | t.runs.c.note.is_not(None)
    rows = connection.execute(
        select(t.runs.c.id, t.runs.c.tag, t.runs.c.note, t.runs.c.started_at)
        .where(named)
        .order_by(t.runs.c.started_at.desc())
    )
    patterns = _patterns(phrases)
    hits = []
    for row in rows:
        said = " · ".join(part for part in (row.tag, row.note) if part)
        matches = [pattern.search(said) for pattern in patterns]
        if all(matches) and matches[0] is not None:
            found = _around(said, *matches[0].span())
            hits.append(Hit("run", row.id, row.tag or row.id, found, iso(row.started_at), row.id))
    return hits[:limit]


def _patterns(phrases: list[Phrase]) -> list[re.Pattern[str]]:
    """Find the phrases in a text as it was written."""
    return [
        re.compile(
            r"(?<![^\W_])"
            + r"[\W_]*".join(map(re.escape, words))
            + ("" if beginning else r"(?![^\W_])"),
            re.IGNORECASE,
        )
        for words, beginning in phrases
    ]


def _excerpt(row: Row[Any], patterns: Sequence[re.Pattern[str]]) -> tuple[HitKind, str, str | None]:
    """Which field has most of it, the words around it, and the file where it names one."""
    found = {
        field: sum(pattern.search(getattr(row, field)) is not None for pattern in patterns)
        for field in _FIELDS
    }
    field = max(_FIELDS, key=lambda name: found[name])
    if not found[field]:
        # Parts of a name in capitals, or words that only the database takes for the same.
        return "source", row.source[: 2 * _AROUND].strip(), None
    value = getattr(row, field)
    start, end = next(match.span() for p in patterns if (match := p.search(value)) is not None)
    if field != "files":
        return _KINDS[field], _around(value, start, end), None
    line = value[value.rfind("\n", 0, start) + 1 :].partition("\n")[0]
    return "model" if is_model(line) else "file", line, line


def _around(value: str, start: int, end: int) -> str:
    first, last = max(0, start - _AROUND), min(len(value), end + _AROUND)
    cut = " ".join(value[first:last].split())
    return ("…" if first else "") + cut + ("…" if last < len(value) else "")


def _parts_of_names(value: str) -> str:
    """The parts of names such as ``RandomForest``, each name once."""
    names = dict.fromkeys(_CAPITALS.findall(value))
    return " ".join(" ".join(_PART.findall(name)) for name in names)
