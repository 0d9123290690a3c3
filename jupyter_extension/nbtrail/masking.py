"""Masking what looks like a secret, before it is written where others may read it.

Known kinds of tokens are found by their form, most of them by the patterns of detect-secrets; a
password has no form, so a literal counts by the name that it is given to. Nothing is guessed from
entropy: hashes, UUIDs and images look just as random. Every pattern takes time in proportion to
the text, whatever the text is.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any

MASK = (
    "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}masked"
    "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
)

#: Modules of detect-secrets whose patterns are precise and quick, with what any text has in which
#: they can match: looking for that is much quicker, and the library need not be imported. Left
#: out are those that guess by a variable's name or by entropy, and those that take quadratic
#: time or stop too early, for which there is a pattern below.
_DETECTORS: dict[str, re.Pattern[str]] = {
    "artifactory": re.compile("AKC"),
    "aws": re.compile(r"A(?:3T|BIA|CCA|KIA|SIA)[0-9A-Z]{16}|[aA][wW][sS].{0,20}?[kKpPtT]"),
    "azure_storage_key": re.compile("AccountKey="),
    "discord": re.compile(r"\.[\w-]{6}\.[\w-]{27}"),
    "github_token": re.compile("gh[opsur]_"),
    "gitlab_token": re.compile(r"gl(?:[a-z]{2,5})-|GR1348941"),
    "mailchimp": re.compile(r"-us\d"),
    "pypi_token": re.compile("pypi-Ag"),
    "sendgrid": re.compile(r"SG\."),
    "slack": re.compile(r"[xX][oO][xX][abporsABPORS]-|[hH][oO][oO][kK][sS]\."),
    "square_oauth": re.compile("sq0csp-"),
    "stripe": re.compile("k_live_"),
    "telegram_token": re.compile(r":[\w-]{35}"),
    "twilio": re.compile("[AS][CK][a-z0-9]{32}"),
}
#: Artifactory's "encrypted password": any long word in capitals that begins with APA.
_NOISY = frozenset({"AP[\\dABCDEF]"})

#: What a text without any secret lacks: then no pattern is tried, nor the library imported.
_SIGNS = re.compile(r"[\w+/=-]{16}|://|(?i:pass|pwd|secret|token|key|authori)")

#: The beginning of a word; the `n` of a line break that is written out is none of it.
_START = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))"
_ALONE = r"(?:(?<![A-Za-z0-9_-])|(?<=\\[nrt]))"
#: What the text has in small letters where the pattern can match: looking for that is much
#: quicker. A group, where the pattern has one, is what is masked.
_TOKENS = (
    ("hf_", rf"{_START}hf_[A-Za-z0-9]{{30,}}"),
    ("github_pat_", rf"{_START}github_pat_[A-Za-z0-9_]{{22,}}"),
    ("npm_", rf"{_START}npm_[A-Za-z0-9]{{36}}"),
    ("_authtoken", r"_authToken=\s{0,4}([^\s\"'$]{8,})"),
    ("aiza", rf"{_ALONE}AIza[A-Za-z0-9_-]{{35}}(?![A-Za-z0-9_-])"),
    ("ya29.", rf"{_START}ya29\.[A-Za-z0-9_-]{{20,}}"),
    ("gocspx-", rf"{_START}GOCSPX-[A-Za-z0-9_-]{{20,}}"),
    ("sk-", rf"{_ALONE}sk-(?:proj|ant|svcacct|admin|or)-[A-Za-z0-9_-]{{16,}}"),
    ("sk-", rf"{_ALONE}sk-(?=[A-Za-z]*\d)[A-Za-z0-9]{{20,}}[A-Za-z0-9_-]*"),
    ("k_", rf"{_START}[rs]k_(?:live|test)_[A-Za-z0-9]{{16,}}"),
    ("xox", rf"{_START}xox[a-z]-[A-Za-z0-9-]{{20,}}"),
    ("dapi", rf"{_START}dapi[0-9a-f]{{32}}(?![0-9A-Za-z])"),
    # A JSON web token: header, claims, signature.
    (
        "eyj",
        rf"{_ALONE}eyJ[A-Za-z0-9_=-]{{8,}}\.[A-Za-z0-9_=-]{{8,}}(?:\.[A-Za-z0-9_=+/-]*)?",
    ),
    ("bearer", r"(?i)\bbearer\s{1,4}((?=[A-Za-z._~+/=-]*\d)[A-Za-z0-9._~+/=-]{16,})"),
    (
        "authorization",
        r"(?i)\bauthorization[\"']?\s{0,4}[:=,]\s{0,4}[\"']?(?:basic|token)\s{1,4}"
        r"([A-Za-z0-9._~+/=-]{8,})",
    ),
    # The password of an address; not `image:tag@sha256:…`, and no name that is filled in later.
    ("://", r"://[^\s:/?#@\"'`<>]{0,100}:(?![{<$%*])([^\s/\"'`<>]{1,200})@(?!sha\d+:)"),
    ("://", r"://([A-Za-z0-9_-]{20,})@"),
    (
        "=",
        r"(?i)[?&](?:access_token|auth_token|token|api_?key|secret|password|sig|signature|"
        r"x-amz-signature|x-amz-security-token)=(?![{<$%])([^&\s\"'<>]{8,})",
    ),
    ("login(", r"(?i)\blogin\(\s{0,8}key\s{0,4}=\s{0,4}[\"']([^\"'\s{]{16,})[\"']"),
    (
        '"username"',
        r"\"username\"\s{0,4}:\s{0,4}\"[^\"\n]{0,100}\"\s{0,4},\s{0,4}\"key\"\s{0,4}:\s{0,4}"
        r"\"([0-9a-f]{32})\"",
    ),
)

_STRONG = r"pass(?:word|wd|phrase)|pwd|secret(?:[_-]?(?:access[_-]?)?key)?|private[_-]?key"
_WEAK = r"token|api[_-]?key|access[_-]?key|account[_-]?key|auth[_-]?key"
_NAME = rf"(?:(?P<strong>{_STRONG})|(?P<weak>{_WEAK}))\d{{0,2}}"
_QUOTED = (
    r"[rRbBuUfF]{0,2}(?P<q>\"\"\"|'''|\"|')(?P<value>(?:\\.|(?!(?P=q))[^\\\n]){1,1000}?)(?P=q)"
)
_BARE = r"(?P<value>[^\s\"'`$(){}\[\],;<>]{4,})(?![\w(\[])"
#: One of these is in every name that counts.
_NAME_HINTS = (
    "passw", "passph", "pwd", "secret", "token", "_key", "-key", "apikey", "accesskey",
    "accountkey", "authkey", "privatekey",
)  # fmt: skip
#: A literal that is given to, or compared with, a name such as `password` or `API_TOKEN`.
_ASSIGNMENTS = (
    re.compile(
        rf"(?i:{_NAME})(?:\\?[\"'])?\s{{0,4}}\]?(?:\s{{0,4}}:\s{{0,4}}(?:str|Final|Final\[str\]|SecretStr))?"
        rf"\s{{0,8}}(?P<operator>=>|[=:!]?=|:)\s{{0,8}}(?:\w{{0,30}}\.)?(?:SecretStr\(|str\()?{_QUOTED}"
    ),
    # os.environ.get("DB_PASSWORD", "hunter2"), monkeypatch.setenv("API_TOKEN", "…")
    re.compile(rf"(?:env|get|set|default)\(\s{{0,4}}[\"']\w{{0,60}}(?i:{_NAME})[\"']\s{{0,4}},\s{{0,4}}{_QUOTED}"),
    # Shells, %env, printed environments: a line of its own, or behind the word that sets it.
    re.compile(
        rf"(?m)(?:^\s{{0,8}}(?=[A-Z0-9_]+=)|(?:\bexport|\bset|\bENV|%env|%set_env)\s{{1,4}})"
        rf"(?:[A-Z][A-Z0-9_]{{0,60}}_)??(?i:{_NAME})"
        rf"(?:=|(?<=[A-Z])\s(?!=)){_BARE}"
    ),
    re.compile(rf"(?<![\w-])--?\w{{0,30}}-?(?i:{_NAME})(?:=|\s{{1,4}})(?!-){_BARE}"),
)  # fmt: skip

_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END = "-----END "
_PEM_BODY = re.compile(r"(?:[A-Za-z0-9+/=:,\s-]|\\[nr]){40,}")
_LONGEST_PEM = 50_000

_IS_STRONG_NAME = re.compile(rf"(?i)(?:{_STRONG})\d{{0,2}}$")
_IS_WEAK_NAME = re.compile(rf"(?i)(?:{_WEAK})\d{{0,2}}$")
_WORDS = frozenset(
    "password passwd passphrase pwd secret token key apikey none null true false str string text "
    "your yourpassword masked changeme hidden".split()
)
_PART = re.compile(r"[A-Za-z0-9]+")


def mask(text: str) -> str:
    """The text with everything that looks like a secret replaced by `MASK`."""
    if _SIGNS.search(text) is None:
        return text
    spans = sorted(_spans(text))
    if not spans:
        return text
    pieces, done = [], 0
    for start, end in spans:
        if start >= done:
            pieces += [text[done:start], MASK]
        done = max(done, end)
    return "".join([*pieces, text[done:]])


def secret_finder(texts: Iterable[str]) -> Callable[[str], list[tuple[int, int]]]:
    """A function that says where secrets are in one of ``texts``, in order; they may overlap.

    What cannot be in any of them is ruled out once for all.
    """
    together = "\n".join(texts)
    small = together.lower()
    patterns, named = tuple(_patterns_for(together, small)), _is_named(small)
    return lambda text: sorted(_spans_by(text, patterns, named))


def mask_facts(facts: Any) -> Any:
    """JSON types with all their texts masked; a text also by the key that it stands under."""
    if isinstance(facts, str):
        return mask(facts)
    if isinstance(facts, Mapping):
        return {key: _mask_entry(key, value) for key, value in facts.items()}
    if isinstance(facts, list | tuple):
        return [mask_facts(value) for value in facts]
    return facts


def _mask_entry(key: Any, value: Any) -> Any:
    # A number with a point is a metric; one without may be a password all the same.
    is_plain = isinstance(value, str | int) and not isinstance(value, bool)
    if isinstance(key, str) and is_plain:
        strong = _IS_STRONG_NAME.search(key) is not None
        if (strong or _IS_WEAK_NAME.search(key)) and _is_secret(str(value), key, strong):
            return MASK
    return mask_facts(value)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Where secrets are; they may overlap."""
    small = text.lower()
    yield from _spans_by(text, _patterns_for(text, small), _is_named(small))


def _is_named(small: str) -> bool:
    return any(hint in small for hint in _NAME_HINTS)


def _spans_by(
    text: str, patterns: Iterable[re.Pattern[str]], named: bool
) -> Iterator[tuple[int, int]]:
    for pattern in patterns:
        for match in pattern.finditer(text):
            if pattern.groups and match.lastindex is not None:
                yield match.span(match.lastindex)
            else:
                yield _without_surroundings(match)
    for pattern in _ASSIGNMENTS if named else ():
        for match in pattern.finditer(text):
            found = match.groupdict()
            is_entry = found.get("operator") == ":" and re.search(r"\s", found["value"])
            strong = found["strong"] is not None
            if not is_entry and _is_secret(found["value"], match[0], strong):
                yield match.span("value")
    yield from _private_keys(text)


def _patterns_for(text: str, small: str) -> Iterator[re.Pattern[str]]:
    """Patterns that may match in a text; ``small`` is the same in small letters."""
    for name, sign in _DETECTORS.items():
        if sign.search(text) is not None:
            yield from _detectors(name)
    for hint, pattern in _tokens():
        if hint in small:
            yield pattern


@functools.cache
def _tokens() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((hint, re.compile(pattern)) for hint, pattern in _TOKENS)


@functools.cache
def _detectors(name: str) -> tuple[re.Pattern[str], ...]:
    """The patterns of one of detect-secrets' modules.

    It is imported here, when a text may hold something: that takes a tenth of a second.
    """
    base = import_module("detect_secrets.plugins.base").RegexBasedDetector
    members = vars(import_module(f"detect_secrets.plugins.{name}")).values()
    kinds: list[Any] = [member for member in members if isinstance(member, type)]
    return tuple(
        _tightened(pattern)
        for kind in kinds
        if issubclass(kind, base) and kind is not base
        for pattern in kind.denylist
        if not any(noisy in pattern.pattern for noisy in _NOISY)
    )


def _tightened(pattern: re.Pattern[str]) -> re.Pattern[str]:
    """A pattern of theirs, with what it lacks.

    Groups are no secrets but parts of them, except for the key behind ``aws_…``. Tokens of
    capitals and digits only, of a fixed length, are not looked for inside of longer words:
    hashes in capitals hold them.
    """
    text = pattern.pattern
    if text.startswith("aws"):
        return pattern
    text = re.sub(r"(?<!\\)\((?!\?)", "(?:", text)
    if re.search(r"\[(?:0-9A-Z|a-z0-9)\]\{\d+\}$", text):
        text = rf"{_START}(?:{text})(?![A-Za-z0-9])"
    return re.compile(text, pattern.flags)


def _without_surroundings(match: re.Match[str]) -> tuple[int, int]:
    """The span without quotes, blanks and `Name=` that a pattern takes along."""
    start, end = match.span()
    found = match[0]
    name = re.match(r"[\s\"']*(?:[A-Za-z]+[=:])?[\s\"'=:]*", found)
    start += name.end() if name is not None else 0
    return start, start + len(match.string[start:end].rstrip(" \t\n\"'"))


def _is_secret(value: str, named: str, strong: bool) -> bool:
    """Whether a literal that is called like a secret may be one."""
    value = value.strip()
    letters = re.sub(r"[\W_]", "", value).lower()
    # A template is filled in elsewhere; a word that says what should stand there is no secret.
    if len(value) < 3 or value[0] in "{<$%" or not letters or letters in _WORDS:
        return False
    if strong:
        is_folder = "pwd" in named.lower() and value[0] in "/.~"
        return not is_folder
    return (
        re.search(r"\s", value) is None
        and re.search(r"\.[a-z]{1,5}$", value) is None
        and any(
            len(part) >= 8 and re.search(r"\d", part) and re.search(r"[A-Za-z]", part)
            for part in _PART.findall(value)
        )
    )


def _private_keys(text: str) -> Iterator[tuple[int, int]]:
    done = 0
    for match in _PEM.finditer(text):
        start, body = match.span()
        if start < done:
            continue
        end = text.find(_PEM_END, body, body + _LONGEST_PEM)
        if end >= 0 and end - body >= 40:
            # Up to the dashes behind END … KEY.
            close = text.find("-----", end + len(_PEM_END), end + 80)
            done = close + 5 if close >= 0 else end + len(_PEM_END)
        else:
            # Cut off: whatever of it is there.
            rest = _PEM_BODY.match(text, body, body + _LONGEST_PEM)
            if rest is None:
                continue
            done = rest.end()
        yield start, done
