"""What is known of a command before it runs: which files it names, and whether those are all."""

from __future__ import annotations

import glob
import itertools
import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

#: They read no data, though some print names. Libraries call many of them.
_HARMLESS = frozenset(
    """[ : arch basename cd clear date df dir dirname du echo env export expr false fc-cache
    fc-list fc-match file free getconf getent groups hash hostname hostnamectl id ifconfig ip
    kill kpsewhich ldconfig ldd locale ls lsb_release lscpu lsmem lspci lsof nproc nvidia-smi
    nvcc ping pgrep pkill popd printenv printf ps pushd pwd readlink realpath rocm-smi seq set
    shopt sleep stat stty sw_vers sysctl system_profiler test tput tree true tty type ulimit
    uname unset uptime users w wait whereis which who whoami xcode-select yes""".split()
)
#: They read the files that they name, and write no others.
_NAMED = frozenset(
    """awk b2sum base64 cat cksum cmp column comm cp cut dd diff egrep fgrep fold gawk grep head
    hexdump install join jq less mawk md5sum more nl od paste rev sed sha1sum sha256sum sha512sum
    sort strings sum tac tail tr uniq wc xxd zcat zgrep""".split()
)
#: They make, remove or move what they name.
_MAKERS = frozenset(
    "chmod chown ln mkdir mktemp mv rm rmdir shred tee touch truncate unlink".split()
)
#: They read the files that they name, and write others.
_PACKERS = frozenset(
    """7z 7za 7zr bunzip2 bzip2 gunzip gzip split tar unxz unzip unzstd xz zip zstd""".split()
)
#: They read what they name, and write where packages live.
_INSTALLERS = frozenset(
    "apt apt-get brew conda mamba micromamba npm pip pip3 poetry uv yarn".split()
)
_COMPILERS = frozenset("c++ cc clang clang++ g++ gcc gfortran ld nm objdump".split())
_GIT = frozenset(
    """blame branch config describe diff log ls-files ls-tree merge-base remote rev-list
    rev-parse shortlog show status tag var version""".split()
)
_SHELLS = frozenset("ash bash dash ksh sh zsh".split())
_KEYWORDS = frozenset("! do done elif else esac fi function if in then time until while {".split())
_PREFIXES = frozenset("builtin command env exec nice nohup stdbuf sudo time timeout".split())
_PYTHON = re.compile(r"(?:python|pypy|ipython)[\d.]*(?:\.exe)?$")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
_PATTERN = re.compile(r"[*?\[]")
_OPERATORS = "();<>|&\n"
_WORDS = 500
_MATCHES = 1_000


class Verdict:
    """What commands do, as far as that can be told.

    Attributes
    ----------
    files
        Paths that they name, with `report.collect`'s mode ``C`` or ``W``.
    unknown
        Whether they may read more than that.
    writes
        Whether they may write more than that.
    worker
        Whether it is a worker of a pool, which can have a probe of its own.
    background
        Whether something may go on when it has ended.
    """

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self.unknown = False
        self.writes = False
        self.worker = False
        self.background = False

    def cannot_be_known(self) -> None:
        """The command may do anything."""
        self.unknown = self.writes = True


def judge(
    argv: Sequence[str], cwd: str, env: Mapping[str, str], typed: str | None = None
) -> Verdict:
    """What a command line does; ``typed`` is what a shell without a script is given to read."""
    verdict = Verdict()
    _Judge(verdict, cwd, env).command(list(argv), typed)
    return verdict


def judge_script(script: str, cwd: str, env: Mapping[str, str]) -> Verdict:
    """What a script of a shell does."""
    verdict = Verdict()
    _Judge(verdict, cwd, env).script(script)
    return verdict


class _Judge:
    def __init__(self, verdict: Verdict, cwd: str, env: Mapping[str, str]) -> None:
        self._verdict = verdict
        self._folders = [cwd]
        self._env = env
        self._variables: dict[str, list[str]] = {}
        self._left = _WORDS

    def command(self, words: list[str], typed: str | None = None) -> None:
        while words and (words[0] in _KEYWORDS or _ASSIGNMENT.match(words[0])):
            self._assign(words.pop(0))
        if not words:
            return
        name, rest = os.path.basename(words[0]), words[1:]
        if name in _PREFIXES and rest:
            while rest and (rest[0][:1] in "-0123456789" or _ASSIGNMENT.match(rest[0])):
                rest.pop(0)
            self.command(rest, typed)
        elif name in ("for", "select", "case"):
            self._loop(name, rest)
        elif name in _SHELLS:
            self._shell(rest, typed)
        elif _PYTHON.match(name):
            self._python(rest)
        elif name == "cd":
            self._folders += [p for word in rest for p in self._resolved(word)][:5]
        elif name == "git":
            self._git(rest)
        elif name == "find":
            if any(word in ("-exec", "-execdir", "-delete", "-ok") for word in rest):
                self._verdict.cannot_be_known()
        elif name in _COMPILERS:
            self._name(rest, "C")
            if any(os.path.exists(path) for path in self._verdict.files):
                self._verdict.cannot_be_known()
        elif name in _MAKERS:
            self._name(rest, "W")
        elif name not in _HARMLESS:
            self._name(rest, "C")
            self._verdict.writes = self._verdict.writes or name in _PACKERS
            if name not in _NAMED and name not in _PACKERS and name not in _INSTALLERS:
                self._verdict.cannot_be_known()

    def script(self, text: str) -> None:
        try:
            for words in self._commands(text):
                self.command(words)
        except ValueError:  # quotes that do not match
            self._verdict.cannot_be_known()
            self._name(re.split(r"[\s'\";|&<>()]+", text), "C")

    def _commands(self, text: str) -> Iterator[list[str]]:
        text = _COMMENT.sub("", text.replace("\\\n", " "))
        lexer = shlex.shlex(text, posix=True, punctuation_chars=_OPERATORS)
        lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t\r", True, ""
        words: list[str] = []
        target = ""
        comment = False
        for token in lexer:
            operator = bool(token) and all(sign in _OPERATORS for sign in token)
            if comment and not (operator and "\n" in token):
                continue
            comment = not operator and token.startswith("#")
            if comment:
                continue
            if not operator:
                if target:
                    self._redirect(token, target)
                    target = ""
                else:
                    words.append(token)
                continue
            if ">" in token or "<" in token:
                if "<<" in token or "(" in token:
                    self._verdict.cannot_be_known()
                target = "to a handle" if token.endswith("&") else "W" if ">" in token else "C"
                if words and words[-1].isdigit():
                    words.pop()
                continue
            self._verdict.background = self._verdict.background or token.strip() == "&"
            yield words
            words = []
        yield words

    def _redirect(self, word: str, target: str) -> None:
        if target in ("W", "C"):
            self._name([word], target)

    def _assign(self, word: str) -> None:
        found = _ASSIGNMENT.match(word)
        if found is not None:
            self._variables[found[1]] = self._substituted(found[2])

    def _loop(self, kind: str, words: list[str]) -> None:
        if kind == "for" and len(words) > 1 and words[1] == "in":
            values = [path for word in words[2:] for path in self._matching(word)]
            self._variables[words[0]] = values[:_MATCHES]
        else:
            self._verdict.unknown = True

    def _shell(self, words: list[str], typed: str | None) -> None:
        while words and words[0][:1] in "-+" and words[0] != "-":
            option = words.pop(0)
            if option[:2] != "--" and "c" in option and words:
                self.script(words[0])
                return
            if option in ("-o", "+o", "-O") and words:
                words.pop(0)
        if words and words[0] != "-":
            self._verdict.cannot_be_known()
            self._name(words, "C")
        elif typed is None:
            self._verdict.cannot_be_known()
        else:
            self.script(typed)

    def _python(self, words: list[str]) -> None:
        while words and words[0][:1] == "-" and words[0] not in ("-c", "-m", "-"):
            option = words.pop(0)
            if option in ("-V", "-VV", "--version", "-h", "--help"):
                return
            if option in ("-W", "-X") and words:
                words.pop(0)
        what, text = [*words, "", ""][:2]
        if what == "-c" and ("resource_tracker" in text or "semaphore_tracker" in text):
            return
        if what == "-c" and "multiprocessing.forkserver" in text:
            return
        if (what == "-c" and "spawn_main" in text) or (what == "-m" and ".popen_loky" in text):
            self._verdict.worker = True
            return
        self._name(words, "C")
        if not (what == "-m" and text in ("pip", "venv", "ensurepip", "site", "sysconfig")):
            self._verdict.cannot_be_known()

    def _git(self, words: list[str]) -> None:
        while words and words[0][:1] == "-":
            if words.pop(0) in ("-C", "-c") and words:
                words.pop(0)
        if words and words[0] not in _GIT:
            self._verdict.cannot_be_known()

    def _name(self, words: Sequence[str], mode: str) -> None:
        """Note the files that words of a command line may be."""
        for word in words:
            if self._left <= 0:
                self._verdict.cannot_be_known()
                return
            self._left -= 1
            if word[:1] == "-" or _ASSIGNMENT.match(word):
                word = word.partition("=")[2]
            for path in self._matching(word):
                for full in self._resolved(path):
                    if os.path.isdir(full) and mode == "C":
                        for member in _members(full):
                            self._verdict.files.setdefault(member, mode)
                    else:
                        self._verdict.files.setdefault(full, mode)

    def _matching(self, word: str) -> list[str]:
        """What a word stands for when variables and patterns are filled in."""
        found: list[str] = []
        for text in self._substituted(word):
            if text.startswith("~"):
                text = os.path.expanduser(text)
            if "{" in text and "," in text:
                self._verdict.unknown = True
            if _PATTERN.search(text):
                for folder in self._folders:
                    matches = glob.iglob(os.path.join(glob.escape(folder), text), recursive=True)
                    found += sorted(itertools.islice(matches, _MATCHES))
            elif text and len(text) < 4096 and "\0" not in text and "\n" not in text:
                found.append(text)
        return found

    def _substituted(self, word: str) -> list[str]:
        if "`" in word or "$(" in word or word == "$":
            self._verdict.unknown = True
            return []
        texts = [word]
        for _ in range(5):
            variable = _VARIABLE.search(texts[0]) if texts else None
            if variable is None:
                break
            name = variable[1] or variable[2]
            values = self._variables.get(name)
            if values is None:
                values = [self._env[name]] if name in self._env else []
            if not values:
                self._verdict.unknown = True
            whole = variable.group()
            texts = [t.replace(whole, v) for t in texts for v in values][:_MATCHES]
        return texts

    def _resolved(self, path: str) -> list[str]:
        if os.path.isabs(path):
            return [os.path.normpath(path)]
        found = [os.path.normpath(os.path.join(folder, path)) for folder in self._folders]
        there = [name for name in found if os.path.lexists(name)]
        return there or found


def _members(folder: str) -> Iterator[str]:
    walk = (
        os.path.join(parent, name) for parent, _folders, names in os.walk(folder) for name in names
    )
    return itertools.islice(walk, _MATCHES)
