"""`nbtrail.dataset`: which file a name stands for."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from nbtrail import kernel_api
from nbtrail.kernel_api import dataset
from nbtrail.notebooks.datasets import parse_dataset


@pytest.fixture(autouse=True)
def _no_frozen_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NBTRAIL_DATE", raising=False)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project that is the working directory."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "nbtrail.toml").write_text("")
    monkeypatch.chdir(root)
    return root


def make(root: Path, *names: str) -> None:
    for name in names:
        path = root / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


class TestWriting:
    def test_the_file_carries_todays_date_and_its_folder_is_made(self, project: Path) -> None:
        before = date.today()
        path = dataset("titanic.csv", "w")
        written = parse_dataset(path.name)
        assert written.family == "titanic.csv"
        assert written.date in {before.isoformat(), date.today().isoformat()}
        assert path.parent == project / "data"
        assert path.parent.is_dir()
        assert not path.exists()

    def test_the_frozen_date_is_taken(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NBTRAIL_DATE", "2026-11-20")
        assert dataset("titanic.csv", "w") == project / "data" / "2026-11-20_titanic.csv"

    def test_subfolders_stand_before_the_date(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NBTRAIL_DATE", "2026-11-20")
        path = dataset("raw/2nd-wave/titanic.csv", "w")
        assert path == project / "data/raw/2nd-wave/2026-11-20_titanic.csv"
        assert path.parent.is_dir()

    def test_what_was_written_is_what_is_read(self, project: Path) -> None:
        path = dataset("raw/titanic.csv", "w")
        path.write_text("x")
        assert dataset("raw/titanic.csv") == path

    def test_a_date_in_the_name_is_refused(self, project: Path) -> None:
        with pytest.raises(ValueError, match=r"Write dataset\('raw/titanic.csv', 'w'\)"):
            dataset("raw/2026-11-20_titanic.csv", "w")


class TestReading:
    def test_the_newest_version_is_chosen(self, project: Path) -> None:
        make(project, "2026-11-20_a.csv", "2026-02-01_a.csv", "2025-12-31_a.csv")
        assert dataset("a.csv").name == "2026-11-20_a.csv"

    def test_other_families_are_no_versions(self, project: Path) -> None:
        make(
            project, "2026-01-01_a.csv", "2026-11-20_a.csv.gz", "2026-11-20_aa.csv", "b/2027_a.csv"
        )
        make(project, "archive/2026-11-20_a.csv")
        assert dataset("a.csv") == project / "data" / "2026-01-01_a.csv"

    def test_versions_after_the_frozen_date_are_not_seen(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make(project, "2026-11-18_a.csv", "2026-11-19_a.csv", "2026-11-21_a.csv")
        monkeypatch.setenv("NBTRAIL_DATE", "2026-11-20")
        assert dataset("a.csv").name == "2026-11-19_a.csv"
        monkeypatch.setenv("NBTRAIL_DATE", "2026-11-21")
        assert dataset("a.csv").name == "2026-11-21_a.csv"

    def test_without_a_frozen_date_even_tomorrows_version_is_seen(self, project: Path) -> None:
        tomorrow = (date.today() + timedelta(days=1)).isoformat()
        make(project, "2026-01-01_a.csv", f"{tomorrow}_a.csv")
        assert dataset("a.csv").name == f"{tomorrow}_a.csv"

    def test_a_name_with_a_date_is_that_version(self, project: Path) -> None:
        make(project, "2026-11-20_a.csv", "2026-02-01_a.csv")
        assert dataset("2026-02-01_a.csv").name == "2026-02-01_a.csv"
        with pytest.raises(FileNotFoundError, match="versions of 2026-02-01, 2026-11-20"):
            dataset("2026-02-02_a.csv")

    def test_the_undated_file_is_the_last_resort(self, project: Path) -> None:
        make(project, "a.csv")
        assert dataset("a.csv").name == "a.csv"
        make(project, "2026-02-01_a.csv")
        assert dataset("a.csv").name == "2026-02-01_a.csv"

    def test_other_date_forms_are_versions_too(self, project: Path) -> None:
        make(project, "2026-02-01_a.csv", "20260301_a.csv")
        assert dataset("a.csv").name == "20260301_a.csv"
        make(project, "2026-03-01_a.csv")
        assert dataset("a.csv").name == "2026-03-01_a.csv"

    def test_reading_makes_no_folder(self, project: Path) -> None:
        with pytest.raises(FileNotFoundError):
            dataset("raw/a.csv")
        assert not (project / "data").exists()


class TestMissing:
    def test_the_message_says_where_and_what_to_do(self, project: Path) -> None:
        with pytest.raises(FileNotFoundError) as caught:
            dataset("titanic-train.csv")
        message = str(caught.value)
        assert str(project / "data") in message
        assert "dataset('titanic-train.csv', 'w')" in message
        assert "Did you mean" not in message

    def test_near_names_are_proposed_without_their_dates(self, project: Path) -> None:
        make(project, "2026-11-20_titanic-train.csv", "2026-11-20_prices.csv")
        with pytest.raises(FileNotFoundError, match=r"Did you mean 'titanic-train\.csv'\?"):
            dataset("titanic_train.csv")

    def test_a_version_of_the_future_is_named_as_the_reason(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make(project, "2026-11-20_a.csv")
        monkeypatch.setenv("NBTRAIL_DATE", "2026-11-19")
        with pytest.raises(FileNotFoundError, match=r"first version is of 2026-11-20.*2026-11-19"):
            dataset("a.csv")


class TestRoot:
    def test_the_nearest_project_above_is_the_root(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        inner = project / "inner"
        (inner / "notebooks" / "deep").mkdir(parents=True)
        monkeypatch.chdir(inner / "notebooks" / "deep")
        assert dataset("a.csv", "w").parent == project / "data"
        (inner / "nbtrail.toml").write_text("")
        assert dataset("a.csv", "w").parent == inner / "data"

    def test_without_a_project_the_working_directory_is_the_root(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "work").mkdir()
        monkeypatch.chdir(tmp_path / "work")
        assert dataset("a.csv", "w").parent == tmp_path / "work" / "data"

    def test_the_data_folder_is_a_setting(self, project: Path) -> None:
        (project / "nbtrail.toml").write_text('[datasets]\nfolder = "store/tables/"\n')
        assert dataset("a.csv", "w").parent == project / "store" / "tables"

    def test_without_a_toml_reader_the_default_folder_is_taken(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (project / "nbtrail.toml").write_text('[datasets]\nfolder = "store"\n')
        monkeypatch.setattr(kernel_api, "_toml_reader", lambda: None)
        assert dataset("a.csv", "w").parent == project / "data"

    @pytest.mark.parametrize(
        "text",
        [
            "[datasets\n",
            "datasets = 1\n",
            "[datasets]\nfolder = 3\n",
            '[datasets]\nfolder = ""\n',
            '[datasets]\nfolder = "/data"\n',
            '[datasets]\nfolder = "../data"\n',
            "[datasets]\nfolder = 'C:\\data'\n",
        ],
    )
    def test_a_bad_setting_is_named_with_its_file(self, project: Path, text: str) -> None:
        (project / "nbtrail.toml").write_text(text)
        with pytest.raises(ValueError, match=r"nbtrail\.toml"):
            dataset("a.csv", "w")
        assert [path.name for path in project.iterdir()] == ["nbtrail.toml"]


class TestBadRequests:
    @pytest.mark.parametrize(
        "name",
        [
            "",
            " ",
            "raw/",
            ".",
            "..",
            "../a.csv",
            "raw/../../a.csv",
            "./a.csv",
            "raw//a.csv",
            "/etc/passwd",
            "~/a.csv",
            "C:/a.csv",
            "raw\\a.csv",
            "a\0.csv",
            "a\n.csv",
        ],
    )
    @pytest.mark.parametrize("mode", ["r", "w"])
    def test_names_that_leave_the_data_folder_are_refused(
        self, project: Path, name: str, mode: str
    ) -> None:
        with pytest.raises(ValueError, match="dataset\\("):
            dataset(name, mode)  # type: ignore[arg-type]
        assert not (project / "data").exists()

    def test_the_data_folder_is_not_named_twice(self, project: Path) -> None:
        with pytest.raises(ValueError, match=r"Write dataset\('raw/a\.csv'\)"):
            dataset("data/raw/a.csv")

    def test_a_path_is_no_name(self, project: Path) -> None:
        with pytest.raises(TypeError, match=r"PosixPath|WindowsPath"):
            dataset(Path("a.csv"))  # type: ignore[arg-type]

    def test_the_mode_is_read_or_write(self, project: Path) -> None:
        with pytest.raises(ValueError, match="'a'"):
            dataset("a.csv", "a")  # type: ignore[arg-type]

    @pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "2026-02-30", "20-11-2026"])
    def test_a_frozen_date_that_is_none_is_refused(
        self, project: Path, monkeypatch: pytest.MonkeyPatch, text: str
    ) -> None:
        monkeypatch.setenv("NBTRAIL_DATE", text)
        with pytest.raises(ValueError, match="NBTRAIL_DATE"):
            dataset("a.csv", "w")

    def test_an_empty_frozen_date_is_none(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NBTRAIL_DATE", "")
        assert parse_dataset(dataset("a.csv", "w").name).date is not None
