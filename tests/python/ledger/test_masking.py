"""Secrets: found by their form or name, masked wherever the record is read, nowhere guessed."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import string
import subprocess
import sys
import time
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from nbtrail.errors import NotFoundError
from nbtrail.ledger import executions, queries, runs, search, tables
from nbtrail.ledger.records import CellError, ExecutionEnd, ExecutionStart, KernelSession
from nbtrail.ledger.store import DATABASE_NAME, Store
from nbtrail.masking import MASK, mask, mask_facts
from nbtrail.notebooks.cells import source_sha256
from nbtrail.pipeline.card import annotate, strict_json

_RANDOM = random.Random(7)
_ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


def chars(count: int, alphabet: str = _ALNUM) -> str:
    """Made up here, so that no file of the repository holds what looks like a token."""
    return "".join(_RANDOM.choices(alphabet, k=count))


TOKENS = {
    "Hugging Face": "hf_" + chars(34),
    "Google": "AIza" + chars(35),
    "OpenAI": "sk-" + chars(20) + "T3BlbkFJ" + chars(20),
    "OpenAI, of a project": "sk-proj-" + chars(48),
    "Anthropic": "sk-ant-api03-" + chars(60),
    "GitHub": "ghp_" + chars(36),
    "GitHub, fine-grained": "github_pat_" + chars(22) + "_" + chars(59),
    "GitLab": "glpat-" + chars(20),
    "AWS": "AKIA" + chars(16, string.ascii_uppercase + string.digits),
    "Slack": "xoxb-1234567890-1234567890-" + chars(24),
    "Stripe": "sk_live_" + chars(24),
    "npm": "npm_" + chars(36),
    "PyPI": "pypi-AgEIcHlwaS5vcmc" + chars(80),
    "SendGrid": f"SG.{chars(22)}.{chars(43)}",
    "Twilio": "SK" + chars(32, HEX),
    "JWT": f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.{chars(43)}",
}
PEM = (
    f"-----BEGIN RSA PRIVATE KEY-----\nMIIE{chars(60)}\n{chars(64)}\n-----END RSA PRIVATE KEY-----"
)


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
@pytest.mark.parametrize(
    "around",
    [
        "x = '{}'",
        'f("{}")',
        "ValueError: {} was refused",
        "print('keys:\\n{}')",
        "https://host/?a={}&b=1",
        "{}",
    ],
)
def test_tokens_are_known_by_their_form(token: str, around: str) -> None:
    masked = mask(around.format(token))
    before, _, after = around.partition("{}")
    # What is around stays; a prefix that belongs to no token may.
    assert masked.startswith(before) and masked.endswith(after)
    assert token[10:] not in masked
    assert MASK in masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("password = 'hunter2'", "password = '•'"),
        ('db_password="hunter2"', 'db_password="•"'),
        ("password: str = 'hunter2'", "password: str = '•'"),
        ("os.environ['DB_PASSWORD'] = 'hunter2'", "os.environ['DB_PASSWORD'] = '•'"),
        ("os.getenv('DB_PASSWORD', 'hunter2')", "os.getenv('DB_PASSWORD', '•')"),
        ("{'user': 'u', 'password': 'hunter2'}", "{'user': 'u', 'password': '•'}"),
        ("connect('db', password='hunter2', port=1)", "connect('db', password='•', port=1)"),
        ("if pwd == 'hunter2':", "if pwd == '•':"),
        ("api_key = 'a1b2c3d4e5f6'", "api_key = '•'"),
        ("token='f3a1b2c3d4e5'", "token='•'"),
        ("%env DB_PASSWORD=hunter2", "%env DB_PASSWORD=•"),
        ("!export API_TOKEN=abc123def456", "!export API_TOKEN=•"),
        ("HOME=/root\nDB_PASSWORD=hunter2\nA=1", "HOME=/root\nDB_PASSWORD=•\nA=1"),
        ("!mysql -u me --password=hunter2 db", "!mysql -u me --password=• db"),
        ("postgresql://me:hunter2@host/db", "postgresql://me:•@host/db"),
        ("git+https://me:hunter2@host/a.git", "git+https://me:•@host/a.git"),
        ("{'Authorization': 'Bearer abcDEF1234567890xyz'}", "{'Authorization': 'Bearer •'}"),
        ("https://host/f?sig=abcd%2Fefg&x=1", "https://host/f?sig=•&x=1"),
        (f"wandb.login(key='{'0123456789' * 4}')", "wandb.login(key='•')"),
        (f"AccountName=a;AccountKey={'aB1+' * 22};x=1", "AccountName=a;AccountKey=•;x=1"),
        (f"{PEM}\nrest", "•\nrest"),
        (f"k = '{PEM}'".replace("\n", "\\n"), "k = '•'"),
        (PEM[:100], "•"),
    ],
)
def test_passwords_are_known_by_their_name_and_the_rest_stays(text: str, masked: str) -> None:
    assert mask(text) == masked.replace("•", MASK)
    assert mask(mask(text)) == mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "token = tokenizer(x)",
        "password = getpass()",
        "password = getpass.getpass('Password: ')",
        "password = os.environ['DB_PASSWORD']",
        "password = ''",
        "print('password:', x)",
        "def f(token: str, password=None): pass",
        "TOKEN=tokenizer",
        "MAX_TOKEN=4096",
        "pad_token = '[PAD]'; eos_token = '<|endoftext|>'; mask_token = 'extra_id_99'",
        "tokenizer = AutoTokenizer.from_pretrained('bert-base-uncased')",
        "df.sort_values(key=len); key = 'passenger_id'; primary_key = 'a1b2c3d4e5'",
        "cache_key = key_of(x); secrets.token_hex(16)",
        "pwd = '/home/me/project'",
        "f'postgresql://{user}:{password}@{host}/db'; f'Bearer {token}'",
        "docker://python:3.11@sha256:0123456789abcdef",
        "https://user@host/x; git@github.com:org/repo.git; http://localhost:8888/lab?a=1",
        "if '-----BEGIN PRIVATE KEY-----' in text: x = 1",
        "sk-learn-contrib-extra-1; from hf_hub import hf_model_of_a_rather_long_name",
        "models/2026-11-20_forest-depth-3.joblib",
        "APARTMENTNUMBER = 1",
        hashlib.sha256(b"a").hexdigest(),
        f"sha256:{hashlib.sha256(b'b').hexdigest()} {hashlib.md5(b'b').hexdigest()}",
        f"commit {hashlib.sha1(b'c').hexdigest()}",
        f"x = '{uuid.uuid5(uuid.NAMESPACE_URL, 'd')}'",
        "data:image/png;base64," + base64.b64encode(random.Random(1).randbytes(300_000)).decode(),
    ],
)
def test_what_only_looks_random_or_has_the_name_is_left_alone(text: str) -> None:
    assert mask(text) == text


@given(st.text(alphabet="=:'\"@/ \n-_.?&password keytoken{}0aA", max_size=200))
def test_masking_twice_changes_nothing_more(text: str) -> None:
    assert mask(mask(text)) == mask(text)


@given(st.binary(min_size=16, max_size=64))
def test_hashes_are_never_masked(data: bytes) -> None:
    for text in (data.hex(), f"h = '{data.hex().upper()}'", f'"key": "{data.hex()}"'):
        assert mask(text) == text


@pytest.mark.parametrize(
    "part",
    [
        "x", "eyJ", "sk-", "://a:", "password='a\" ", "token ", "-", " ", "\n", '"', "\\", "key  ",
        "-----BEGIN PRIVATE KEY-----", "authorization: basic ", "&token=", 'env("token', "xoxb-1-",
        "TOKEN_", "aws secret", "1234567890:", "://", "AP", "bearer aaaa",
    ],
)  # fmt: skip
def test_no_text_takes_long(part: str) -> None:
    text = (part * (1_000_000 // len(part) + 1))[:1_000_000]
    begun = time.process_time()
    mask(text)
    # A third of a second here; what is quadratic takes hours.
    assert time.process_time() - begun < 10


def test_facts_are_masked_by_their_keys_too() -> None:
    facts = {
        "password": 1234, "api_key": "a1b2c3d4e5", "n": 3, "token": True, "secret": None,
        "on_secret": 0.93,
        "list": [{"deep": f"x {TOKENS['AWS']}"}], "sha256": "ab" * 32, "path": "a/b.csv",
    }  # fmt: skip
    assert mask_facts(facts) == {
        **facts, "password": MASK, "api_key": MASK, "list": [{"deep": f"x {MASK}"}],
    }  # fmt: skip


def test_the_patterns_are_loaded_when_something_may_be_masked() -> None:
    program = (
        "import sys, nbtrail.cli, nbtrail.app, nbtrail.server.extension, nbtrail.ledger.executions;"
        "from nbtrail.masking import mask; mask('x = 1\\nplot(x)');"
        "print('detect_secrets' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_no_place_of_the_ledger_holds_a_secret(store: Store) -> None:
    token = TOKENS["Hugging Face"]
    source = f"login('{token}')"
    with store.write() as connection:
        executions.open_session(connection, KernelSession("s", "k", "python3", "python", 1.0))
        executions.set_session_environment(
            connection, "s",
            {"variables": {"HF_TOKEN": token}, "packages": {"a": f"git+https://u:{token}@h/a"}},
        )  # fmt: skip
        start = ExecutionStart("s", "m", "a.ipynb", "c", 1, 1, source, 1.0)
        executions.start_execution(connection, start)
        end = ExecutionEnd(
            "s", "m", "error", 0.5, CellError("ValueError", f"bad {token}"), output=f"was {token}\n"
        )
        executions.finish_execution(connection, end)
        request = runs.keep_request(store.blobs, {"kind": "pipeline", "params": {"a": token}})
        runs.create_run(
            connection, "r", "pipeline", request=request, params={"a": token},
            git={"branch": token},
        )  # fmt: skip
        runs.plan_steps(connection, "r", ["a.ipynb"])
        runs.update_step(
            connection, "r", 0, status="failed", params={"a": token}, message=token,
            error={"name": "ValueError", "message": token},
        )  # fmt: skip
        runs.update_run(
            connection, "r", status="failed", message=f"failed: {token}",
            differences=[{"name": "x", "expected": token}],
        )  # fmt: skip
    annotate(store, "r", note=f"with {token}")
    with store.read() as connection:
        (execution,), _ = queries.executions(connection)
        hits, _ = search.find(connection, "login was bad")
        assert search.find(connection, token[3:])[0] == []
    assert execution.source == f"login('{MASK}')"
    assert execution.source_sha256 == source_sha256(source)
    assert execution.error == CellError("ValueError", f"bad {MASK}")
    assert MASK in hits[0].excerpt
    card = (store.folder / "runs" / "r.json").read_text()
    assert json.loads(card)["note"] == f"with {MASK}"
    with store.write() as connection:
        rows = [
            str(connection.execute(sa.text(f"SELECT * FROM {name}")).all())
            for name in ("search", *tables.metadata.tables)
        ]
    assert token not in "".join(rows)
    files = [p for p in store.folder.rglob("*") if p.is_file() and "blobs" not in p.parts]
    assert store.is_shared or store.folder / DATABASE_NAME in files
    for file in files:
        assert token.encode() not in file.read_bytes(), file


def test_a_run_gets_the_parameters_that_the_ledger_masks(store: Store) -> None:
    plain: dict[str, Any] = {"kind": "pipeline", "params": {"depth": 3}, "notebooks": []}
    assert runs.keep_request(store.blobs, plain) == plain
    secret = {**plain, "params": {"password": "hunter2"}}
    with store.write() as connection:
        kept = runs.keep_request(store.blobs, secret)
        runs.create_run(connection, "r", "pipeline", request=kept)
    with store.read() as connection:
        request = connection.execute(sa.text("SELECT request FROM runs")).scalar_one()
    request = json.loads(request) if isinstance(request, str) else request
    assert request["params"] == {"password": MASK}
    assert runs.request_of(store.blobs, request) == secret
    # Equal requests are not known as such: the secret cannot be found by trying.
    assert runs.keep_request(store.blobs, secret) != kept
    with pytest.raises(NotFoundError, match="only the machine that ran it"):
        runs.request_of(store.blobs, {**request, "verbatim": "ab" * 32})


def test_files_that_are_committed_are_masked() -> None:
    text = strict_json({"message": f"the key {TOKENS['GitHub']} was refused", "x": float("nan")})
    assert json.loads(text) == {"message": f"the key {MASK} was refused", "x": None}
