"""What counts as a reference in each kind of text, and what it becomes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtrail.policy.renaming.documents import Edit, compare, open_document
from nbtrail.policy.renaming.places import Places
from nbtrail.policy.renaming.references import edits_of

MOVES = {
    "ages.ipynb": "sub/years.ipynb",
    "ages.py": "sub/years.py",
    "lib/fares.ipynb": "lib/prices.ipynb",
    "lib/fares.py": "lib/prices.py",
    "old name.ipynb": "new name.ipynb",
    "old.ipynb": "2-new.ipynb",
    "old.py": "2-new.py",
}


def after(root: Path, path: str, text: str) -> tuple[str, list[str]]:
    """The text after the rename, and the warnings; notebooks are given by one code cell."""
    if path.endswith(".ipynb"):
        kind = "markdown" if path.startswith("md") else "code"
        cell = {"cell_type": kind, "id": "c", "metadata": {}, "source": text}
        data = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]})
    else:
        data = text
    document = open_document(path, data.encode())
    edits, warnings = edits_of(document, Places(root, MOVES))
    changed = open_document(path, document.edited(edits))
    compare(document, changed)
    return changed.pieces[0].text, warnings


@pytest.mark.parametrize(
    ("path", "before", "expected"),
    [
        # Magics and shell lines of a cell
        ("a.ipynb", "%run ages.ipynb", "%run sub/years.ipynb"),
        ("a.ipynb", "%run ages", "%run sub/years"),
        ("a.ipynb", "  %run -i ./ages.py 3", "  %run -i ./sub/years.py 3"),
        ("lib/a.ipynb", "%run fares.ipynb", "%run prices.ipynb"),
        ("lib/a.ipynb", "%run ../ages.ipynb", "%run ../sub/years.ipynb"),
        ("lib/a.ipynb", "%run lib/fares.ipynb", "%run lib/prices.ipynb"),
        ("a.ipynb", '%run "old name.ipynb"', '%run "new name.ipynb"'),
        ("a.ipynb", "!papermill ages.ipynb out/ages.ipynb -p x 1",
         "!papermill sub/years.ipynb out/ages.ipynb -p x 1"),
        ("a.ipynb", "out = !jupyter nbconvert --to=html 'ages.ipynb'",
         "out = !jupyter nbconvert --to=html 'sub/years.ipynb'"),
        ("a.ipynb", "%%bash\npapermill ages.ipynb x\n# ages.ipynb\n",
         "%%bash\npapermill sub/years.ipynb x\n# ages.ipynb\n"),
        ("a.ipynb", "!python -m lib.fares", "!python -m lib.prices"),
        # String literals
        ("a.ipynb", 'pm.execute_notebook("ages.ipynb", "out.ipynb")',
         'pm.execute_notebook("sub/years.ipynb", "out.ipynb")'),
        ("a.py", "open(r'ages.ipynb'), f'ages.py', b'ages.py'",
         "open(r'sub/years.ipynb'), f'sub/years.py', b'ages.py'"),
        ("a.py", 'subprocess.run("papermill ages.ipynb out.ipynb", shell=True)',
         'subprocess.run("papermill sub/years.ipynb out.ipynb", shell=True)'),
        ("a.py", "x = 'see ages.ipynb'  # 'ages.ipynb'", "x = 'see ages.ipynb'  # 'ages.ipynb'"),
        ("a.py", "'''\nages.ipynb\n'''", "'''\nages.ipynb\n'''"),
        ("a.py", "# it's\nf('ages.ipynb')", "# it's\nf('sub/years.ipynb')"),
        ("a.py", "'messages.ipynb', 'ages.ipynb.bak', 'x/ages.ipynb'",
         "'messages.ipynb', 'ages.ipynb.bak', 'x/ages.ipynb'"),
        ("a.py", "'https://example.org/ages.ipynb'", "'https://example.org/ages.ipynb'"),
        # Imports of a twin
        ("a.py", "from ages import f, g as h", "from sub.years import f, g as h"),
        ("a.py", "import ages", "import sub.years as ages"),
        ("a.py", "import os, ages as a, sys", "import os, sub.years as a, sys"),
        ("lib/a.py", "from . import fares, other", "from . import prices as fares, other"),
        ("lib/a.py", "from .fares import (\n  f,\n)", "from .prices import (\n  f,\n)"),
        ("a.py", "from lib import fares as fs", "from lib import prices as fs"),
        ("a.py", "import lib.fares\nlib.fares.run(lib.fares_x, 'lib.fares')",
         "import lib.prices\nlib.prices.run(lib.fares_x, 'lib.fares')"),
        ("a.py", "importlib.import_module('lib.fares')", "importlib.import_module('lib.prices')"),
        ("a.ipynb", "%matplotlib inline\nfrom ages import f",
         "%matplotlib inline\nfrom sub.years import f"),
        ("a.py", "import messages, ages_of\nfrom x import ages",
         "import messages, ages_of\nfrom x import ages"),
        ("a.py", "text = 'import ages'", "text = 'import ages'"),
        # Markdown
        ("md.ipynb", "[a](ages.ipynb#top 'title') ages.ipynb",
         "[a](sub/years.ipynb#top 'title') ages.ipynb"),
        ("README.md", "[a](old%20name.ipynb) [b](<old name.ipynb>)",
         "[a](new%20name.ipynb) [b](<new name.ipynb>)"),
        ("docs/x.md", "[a](../ages.ipynb) [b](ages.ipynb) [c](/ages.ipynb)",
         "[a](../sub/years.ipynb) [b](sub/years.ipynb) [c](/sub/years.ipynb)"),
        ("README.md", "[r]: ages.ipynb\n<a href='ages.ipynb?x=1'>",
         "[r]: sub/years.ipynb\n<a href='sub/years.ipynb?x=1'>"),
        ("README.md", "`ages.ipynb` `nbtrail run ages.ipynb` `x = ages.ipynb`",
         "`sub/years.ipynb` `nbtrail run sub/years.ipynb` `x = ages.ipynb`"),
        ("README.md", "```sh\npapermill ages.ipynb x  # ages.ipynb\n```\n",
         "```sh\npapermill sub/years.ipynb x  # ages.ipynb\n```\n"),
        ("README.md", "```python\nfrom ages import f\nopen('ages.py')\n```\n",
         "```python\nfrom ages import f\nopen('sub/years.py')\n```\n"),
        # Settings, scripts, make
        ("nbtrail.toml", 'a = "ages.ipynb"  # "ages.ipynb"\nb = [\'ages.ipynb\', "x*.ipynb"]\n',
         'a = "sub/years.ipynb"  # "ages.ipynb"\nb = [\'sub/years.ipynb\', "x*.ipynb"]\n'),
        ("nbtrail.toml", '"ages.ipynb" = "warn"\n', '"sub/years.ipynb" = "warn"\n'),
        ("run.sh", "for n in ages.ipynb 'old name.ipynb'; do papermill $n; done\nN=ages.ipynb",
         "for n in sub/years.ipynb 'new name.ipynb'; do papermill $n; done\nN=sub/years.ipynb"),
        ("run.sh", "papermill old\\ name.ipynb", "papermill 'new name.ipynb'"),
        ("Makefile", "out.html: ages.ipynb\n\tjupyter nbconvert ages.ipynb",
         "out.html: sub/years.ipynb\n\tjupyter nbconvert sub/years.ipynb"),
        # Line ends and other scripts stay
        ("run.sh", "papermill ages.ipynb\r\nx\r\n", "papermill sub/years.ipynb\r\nx\r\n"),
        ("a.py", "é = 'ages.ipynb'; ş = '🚢'", "é = 'sub/years.ipynb'; ş = '🚢'"),
    ],
)  # fmt: skip
def test_what_a_reference_becomes(tmp_path: Path, path: str, before: str, expected: str) -> None:
    assert after(tmp_path, path, before)[0] == expected


@pytest.mark.parametrize(
    ("path", "text", "warning"),
    [
        ("a.py", "import old", "a.py, line 1: 'old' cannot be changed to 2-new.py."),
        ("a.py", "x\nfrom old import f", "a.py, line 2: 'old' cannot be changed to 2-new.py."),
        ("a.ipynb", "os.path.join(d, 'fares.ipynb')",
         "a.ipynb, cell c, line 1 also names fares.ipynb in a way that is left as it is."),
        ("Makefile", "x: old\\ name.ipynb",
         "Makefile, line 1: 'old\\\\ name.ipynb' cannot be changed to new name.ipynb."),
    ],
)  # fmt: skip
def test_what_cannot_follow_is_named(tmp_path: Path, path: str, text: str, warning: str) -> None:
    said, warnings = after(tmp_path, path, text)
    assert said == text
    assert warning in warnings


def test_a_file_of_the_same_name_elsewhere_is_another(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "ages.ipynb").touch()
    (tmp_path / "lib" / "ages.py").touch()
    for text in ("%run ages.ipynb", "from ages import f", "f('ages.ipynb')", "%run ages"):
        assert after(tmp_path, "lib/a.ipynb", text) == (text, [])


@given(
    texts=st.lists(st.text(max_size=30).filter(lambda t: "\r" not in t), min_size=1, max_size=4),
    indent=st.sampled_from([None, 1, 4]),
    ascii_only=st.booleans(),
    as_lines=st.booleans(),
)
def test_nothing_but_the_edited_characters_changes(
    texts: list[str], indent: int | None, ascii_only: bool, as_lines: bool
) -> None:
    cells = [
        {"cell_type": "markdown", "id": f"c{n}", "metadata": {"source": "x"},
         "source": text.splitlines(True) if as_lines else text}
        for n, text in enumerate(texts)
    ]  # fmt: skip
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"cells": ["y"]}, "cells": cells}
    raw = json.dumps(notebook, indent=indent, ensure_ascii=ascii_only)
    try:
        data = raw.encode()
    except UnicodeEncodeError:
        return  # a lone surrogate cannot be in a file of UTF-8
    document = open_document("x.ipynb", data)
    assert [piece.text for piece in document.pieces] == texts
    assert document.edited([]) == data
    edits = [Edit(n, 0, 1, 'é"\\') for n, text in enumerate(texts) if text and text[0] != "\n"]
    edited = json.loads(document.edited(edits))
    for cell, text in zip(edited["cells"], texts, strict=True):
        wanted = 'é"\\' + text[1:] if text and text[0] != "\n" else text
        assert "".join(cell["source"]) == wanted
        cell["source"] = []
    for cell in notebook["cells"]:  # type: ignore[attr-defined]
        cell["source"] = []
    assert edited == notebook
