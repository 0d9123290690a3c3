"""A verify in an environment that was made from the record."""

from __future__ import annotations

import sys
from pathlib import Path

BARE = Path(sys.prefix) / "bare"
NAME = "EXPLORATION-where-am-i.ipynb"


def test_steps_run_in_what_the_record_gives(folder):
    folder.file("nbtrail.toml", f'[[pipeline.steps]]\npath = "{NAME}"\nenvironment = "{BARE}"\n')
    folder.notebook(
        NAME,
        "import ipykernel, sys\nsome_score = float(sys.version_info[1])\n"
        "open('prefix.txt', 'w').write(sys.prefix) and None\nprint(ipykernel.__version__)",
    )
    ran = folder.run()
    assert ran.summary.status == "ok", ran
    folder.file("nbtrail.toml", '[verify.files]\n"prefix.txt" = "ignore"\n')
    detail = folder.verify(fresh_environment=True)
    assert detail.summary.verdict == "identical", detail.summary.message
    facts = folder.certificate(detail)
    assert facts["environment"]["rebuilt"] is True
    assert facts["repeat_with"].endswith(" --fresh-env")
    (made,) = (folder.project.state_dir / "environments").iterdir()
    assert (made / "bin" / "python").exists()
    # The kernel was that of the new environment, and no package came from elsewhere.
    recorded = facts["environment"]
    assert recorded["packages"]["ipykernel"]
    with folder.store.read() as connection:
        from nbtrail.ledger.queries import environment

        payload = environment(connection, recorded["actual"])
    assert payload["python"]["prefix"] == str(made)
    again = folder.verify(fresh_environment=True)
    assert again.summary.verdict == "identical"


def test_what_cannot_be_made_ends_the_verify_and_says_why(folder, monkeypatch):
    from nbtrail.ledger import executions

    folder.notebook(NAME, "some_score = 1.0")
    ran = folder.run()
    with folder.store.write() as connection:
        gone = executions.put_environment(
            connection, {"python": {"version": "3.11.1"}, "packages": {"numpy": "1.0"}}
        )
        from sqlalchemy import update

        from nbtrail.ledger import tables as t

        connection.execute(update(t.run_steps).values(environment_id=gone))
    detail = folder.verify(against=ran.summary.run, fresh_environment=True)
    assert (detail.summary.status, detail.summary.verdict) == ("failed", None)
    assert "has no ipykernel that can be installed again" in detail.summary.message
