"""The wheel: all that the commands need is in it, and nothing else."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from commands import PIP

ROOT = Path(__file__).resolve().parents[2]
SHOW_SQL = "from etl.sqlfiles import SQL_ROOT; print(SQL_ROOT)"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = ["wheel", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run([*PIP, *build], check=True)
    [path] = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("installed")
    subprocess.run([*PIP, "install", "--no-deps", "--no-index", "--target", str(target), str(wheel)], check=True)
    return target


def run_elsewhere(installed: Path, folder: Path, *command: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(installed)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def find_sql(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*.sql")}


def test_the_wheel_holds_the_packages_and_the_sql_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"cli", "etl", "sql"}
    endings = {Path(name).suffix for name in names if ".dist-info/" not in name}
    assert endings <= {".css", ".js", ".json", ".py", ".sql", ".txt", ".typed"}
    sources = [path for package in ("cli", "etl") for path in (ROOT / package).rglob("*.py")]
    expected = {path.relative_to(ROOT).as_posix() for path in (*sources, *(ROOT / "sql").rglob("*.sql"))}
    assert {name for name in names if Path(name).suffix in {".py", ".sql"}} == expected


def test_the_lines_that_connect_other_programs_are_in_the_wheel(wheel: Path) -> None:
    templates = (ROOT / "etl" / "connect" / "templates").iterdir()
    expected = {path.relative_to(ROOT).as_posix() for path in templates}
    assert {
        name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".txt") and "-info/" not in name
    } == expected


def test_the_published_figures_are_in_the_wheel(wheel: Path) -> None:
    assert "etl/published.json" in zipfile.ZipFile(wheel).namelist()


def test_the_scripts_and_styles_of_a_site_are_in_the_wheel(wheel: Path) -> None:
    assert {"cli/site/site.css", "cli/site/site.js", "cli/site/bin.js"} <= set(zipfile.ZipFile(wheel).namelist())


def test_the_sql_has_no_python_beside_it(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert [name for name in names if name.startswith("sql/") and not name.endswith(".sql")] == []


MODULE = ["-c", "from cli.report import main; main()"]


@pytest.mark.parametrize("command", [["bin/abid-report"], MODULE], ids=["script", "module"])
def test_the_installed_command_lists_the_reports(command: list[str], installed: Path, tmp_path: Path) -> None:
    script = command if command is MODULE else [str(installed / command[0])]
    answer = run_elsewhere(installed, tmp_path, sys.executable, *script, "list")
    reports = {path.stem for path in (ROOT / "sql" / "reports").glob("*.sql")}
    assert {line.split()[0] for line in answer.splitlines()} == reports


def test_the_installed_sql_is_that_of_the_wheel(installed: Path, tmp_path: Path) -> None:
    root = Path(run_elsewhere(installed, tmp_path, sys.executable, "-c", SHOW_SQL).strip())
    assert root == installed / "sql"
    assert find_sql(root) == find_sql(ROOT / "sql")


def test_the_installed_commands_load_and_report(installed: Path, tmp_path: Path) -> None:
    python = sys.executable
    etl, report = (str(installed / "bin" / name) for name in ("abid-etl", "abid-report"))
    run_elsewhere(installed, tmp_path, python, etl, "synthesize", "bucket", "--bins", "50")
    run_elsewhere(installed, tmp_path, python, etl, "run", "bucket", "--data-dir", "data", "--quiet")
    query = ["sql", "select count(*) from bins", "--data-dir", "data", "--format", "csv"]
    assert run_elsewhere(installed, tmp_path, python, report, *query).split() == ["count_star()", "50"]
