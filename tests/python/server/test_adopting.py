"""``GET`` and ``POST adopt`` on a real server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from nbtrail.notebooks.document import write_notebook

from .conftest import Api, notebook

TRAIN = (
    "import json",
    "numbers = json.load(open('numbers.json'))",
    "model = RandomForestClassifier()\nmodel.fit(numbers, y)",
    "print(accuracy_score(y, model.predict(numbers)))",
)


@pytest.fixture
def found(root: Path) -> Path:
    """The project with a notebook in it that has no good name."""
    write_notebook(root / "model_final_v2 (1).ipynb", notebook(*TRAIN))
    return root


async def test_proposals_are_told_and_nothing_is_changed(found: Path, api: Api) -> None:
    before = sorted(file.name for file in found.iterdir())
    status, told = await api("GET", "adopt")
    assert status == 200
    (one,) = told["proposals"]
    assert one == {
        "path": "model_final_v2 (1).ipynb",
        "new_path": "EXPERIMENTAL-model-random-forest-classifier-numbers.ipynb",
        "category": "EXPERIMENTAL",
        "why": one["why"],
        "confidence": one["confidence"],
        "description": "model-random-forest-classifier-numbers",
        "sequence": None,
        "near_copy_of": None,
        "similarity": None,
        "copy_why": None,
    }
    assert one["why"].startswith("fits RandomForestClassifier")
    assert 0.9 < one["confidence"] <= 1
    assert {left["path"]: left["why"] for left in told["left"]} == {
        "CLEANING-make-numbers.ipynb": "is named well already",
        "EXPERIMENTAL-use-numbers.ipynb": "is named well already",
    }
    assert [name for name in sorted(f.name for f in found.iterdir()) if name in before] == before


async def test_what_is_chosen_is_renamed(found: Path, api: Api) -> None:
    (one,) = (await api("GET", "adopt"))[1]["proposals"]
    status, done = await api("POST", "adopt", {"proposals": [one]})
    assert (status, done["renamed"]) == (
        200, [{"path": one["path"], "new_path": one["new_path"]}],
    )  # fmt: skip
    assert done["references"] == 0
    assert done["warnings"] == []
    assert (found / one["new_path"]).is_file()
    assert not (found / one["path"]).exists()
    assert (await api("GET", "adopt"))[1]["proposals"] == []
    status, _ = await api("POST", f"changes/{done['change']}/undo", {})
    assert status == 200
    assert (found / one["path"]).is_file()
    assert not (found / one["new_path"]).exists()


async def test_all_are_renamed_or_none(found: Path, api: Api) -> None:
    write_notebook(found / "Untitled.ipynb", notebook(*TRAIN, "n = 2"))
    chosen = [
        {"path": "Untitled.ipynb", "new_path": "DEPLOY-nightly.ipynb"},
        {"path": "model_final_v2 (1).ipynb", "new_path": "CLEANING-make-numbers.ipynb"},
    ]
    status, error = await api("POST", "adopt", {"proposals": chosen})
    assert status == 409
    assert "CLEANING-make-numbers.ipynb" in error["message"]
    assert (found / "Untitled.ipynb").is_file()
    assert not (found / "DEPLOY-nightly.ipynb").exists()


async def test_another_name_than_the_proposed_one_can_be_chosen(found: Path, api: Api) -> None:
    chosen = {"path": "model_final_v2 (1).ipynb", "new_path": "DEPLOY-nightly.ipynb"}
    status, done = await api("POST", "adopt", {"proposals": [chosen]})
    assert (status, done["renamed"]) == (200, [chosen])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"proposals": []}, 400),
        ({"proposals": "all"}, 400),
        ({"proposals": ["model.ipynb"]}, 400),
        ({"proposals": [{"path": "model_final_v2 (1).ipynb"}]}, 400),
        ({"proposals": [{"path": 1, "new_path": "DEPLOY-a.ipynb"}]}, 400),
        ({"chosen": []}, 400),
        ({"proposals": [{"path": "no.ipynb", "new_path": "DEPLOY-a.ipynb"}]}, 404),
        ({"proposals": [{"path": "../x.ipynb", "new_path": "DEPLOY-a.ipynb"}]}, 403),
        (
            {"proposals": [{"path": "model_final_v2 (1).ipynb", "new_path": "../DEPLOY-a.ipynb"}]},
            403,
        ),
        (
            {
                "proposals": [
                    {
                        "path": "model_final_v2 (1).ipynb",
                        "new_path": "CLEANING-make-numbers.ipynb",
                    }
                ]
            },
            409,
        ),
    ],
)
async def test_what_cannot_be_done_is_said_and_nothing_is_changed(
    found: Path, api: Api, body: Any, status: int
) -> None:
    answered, error = await api("POST", "adopt", body)
    assert answered == status
    assert error["message"]
    assert (found / "model_final_v2 (1).ipynb").is_file()


async def test_a_folder_that_is_no_project_is_looked_at_and_not_renamed(
    found: Path, api: Api
) -> None:
    (found / "aside").mkdir()
    write_notebook(found / "aside" / "Untitled.ipynb", notebook(*TRAIN))
    (found / "nbtrail.toml").unlink()
    status, told = await api("GET", "adopt", project="aside")
    assert status == 200
    chosen = [{"path": one["path"], "new_path": one["new_path"]} for one in told["proposals"]]
    status, error = await api("POST", "adopt", {"proposals": chosen}, project="aside")
    assert status == 400
    assert "nbtrail init" in error["message"]
    assert (found / "aside" / "Untitled.ipynb").is_file()


async def test_copies_can_be_sent_to_scratch(found: Path, api: Api) -> None:
    (found / "old").mkdir()
    write_notebook(found / "old" / "model.ipynb", notebook(*TRAIN, "", "last = 1", "more = 2"))
    write_notebook(found / "old" / "model-Copy1.ipynb", notebook(*TRAIN, "", "last = 1"))
    told = (await api("GET", "adopt", None, copies="scratch"))[1]
    moved = {one["path"]: one["new_path"] for one in told["proposals"]}
    assert moved["old/model-Copy1.ipynb"] == "scratch/model-Copy1.ipynb"
    assert (await api("GET", "adopt", None, copies="all"))[0] == 400


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_nobody_gets_in_without_a_token(
    found: Path, api: Api, http_server_client: Any, jp_base_url: str, method: str
) -> None:
    body = None if method == "GET" else "{}"
    with pytest.raises(HTTPClientError) as refused:
        await http_server_client.fetch(
            f"{jp_base_url}nbtrail/api/adopt", method=method, body=body
        )  # fmt: skip
    assert refused.value.code in (401, 403)
