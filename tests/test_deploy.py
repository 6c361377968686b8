"""The files of deploy/: they keep to the schema of who reads them, and the very commands that stand in them are run.

Each worker gets the variables that its scheduler sets. What all of them fetch together has to give the release that one
fetch gives. The image alone isn't made here, but what goes into it is installed.
"""

import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import botocore.session
import kubernetes_validate
import pytest
import yaml
from botocore.validate import ParamValidator
from commands import BIN, PIP
from documents import run_pipeline
from reading import open_s3
from seaweed import S3Server

from etl.build import build_release
from etl.datadir import DataDir
from etl.fetch import fetch_documents
from etl.raw import LISTINGS, RawFolder
from etl.rawbucket import RawBucket
from etl.sources.options import S3Options
from etl.synthetic import synthesize
from etl.warehouse import Warehouse

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
PUBLIC_BUCKET = "aft-vbi-pds"
BINS = 60
OLDEST_KUBERNETES = "1.29"  # as kubernetes-job.yaml says

Environment = dict[str, str]


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deploy") / "bucket"
    synthesize(folder, bins=BINS, seed=3)
    return folder


@pytest.fixture(scope="module")
def cloud(s3_server: S3Server, bucket: Path) -> Environment:
    """The account of a server that holds the public bucket under its own name, and a lake for raw layers."""
    s3_server.create_bucket(PUBLIC_BUCKET, public=True)
    s3_server.upload(PUBLIC_BUCKET, bucket)
    s3_server.create_bucket("deploy-lake")
    return {
        "AWS_ENDPOINT_URL": s3_server.endpoint_url,
        "AWS_ACCESS_KEY_ID": s3_server.access_key,
        "AWS_SECRET_ACCESS_KEY": s3_server.secret_key,
    }


@pytest.fixture(scope="module")
def alone(cloud: Environment, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The release that one fetch of the public bucket gives."""
    data = DataDir(tmp_path_factory.mktemp("alone"))
    fetch_documents(open_s3(cloud["AWS_ENDPOINT_URL"], f"s3://{PUBLIC_BUCKET}"), data)
    return build_release(data).id


def read_yaml(name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((DEPLOY / name).read_text())
    return document


def read_variables(listed: list[Environment]) -> Environment:
    return {variable["name"]: variable["value"] for variable in listed}


def expand(word: str, variables: Mapping[str, str]) -> str:
    """What Kubernetes does with a word of command and args before any shell sees it: $(NAME) is its own syntax."""
    return re.sub(r"\$\$|\$\((.*?)\)", lambda m: "$" if m[0] == "$$" else variables.get(m[1], m[0]), word)


def spell_pod(name: str, **given: str) -> tuple[list[str], Environment]:
    """Command and variables of a pod. `given` are what Kubernetes sets, and what is elsewhere here than there."""
    [container] = read_yaml(name)["spec"]["template"]["spec"]["containers"]
    variables = read_variables(container["env"]) | given
    words = [*container["command"], *container.get("args", [])]
    return [expand(word, variables) for word in words], variables


def spell_task(**given: str) -> tuple[list[str], Environment]:
    """The same of a task on AWS Batch, which leaves words as they are."""
    container = read_yaml("aws-batch-job.yaml")["containerProperties"]
    return container["command"], read_variables(container["environment"]) | given


def start(command: Iterable[str | Path], variables: Environment) -> "subprocess.CompletedProcess[str]":
    given = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"} | variables
    return subprocess.run(list(command), env=given, capture_output=True, text=True, check=False)


def start_all(spell: Callable[[int], tuple[list[str], Environment]], indexes: Iterable[int]) -> None:
    """As a scheduler does: several at a time."""
    with ThreadPoolExecutor(4) as pool:
        for done in pool.map(lambda index: start(*spell(index)), indexes):
            assert (done.returncode, [line[0] for line in done.stderr.splitlines() if line[0] != "{"]) == (0, []), done


def name_workers(names: Iterable[str]) -> list[str]:
    """Which shares were fetched, as the listings say that each worker leaves."""
    return sorted(name.split("-")[-2] for name in names)


def expect_workers(count: int) -> list[str]:
    return [f"{number}of{count}" for number in range(1, count + 1)]


def open_lake(cloud: Environment, raw: str, monkeypatch: pytest.MonkeyPatch) -> RawBucket:
    for name, value in cloud.items():
        monkeypatch.setenv(name, value)
    return RawBucket(raw, S3Options())


@pytest.mark.parametrize("version", [OLDEST_KUBERNETES, kubernetes_validate.latest_version()])
@pytest.mark.parametrize("name", ["kubernetes-job.yaml", "kubernetes-build.yaml"])
def test_kubernetes_knows_every_field(name: str, version: str) -> None:
    kubernetes_validate.validate(read_yaml(name), version, strict=True)


@pytest.mark.parametrize(
    ("name", "operation"), [("aws-batch-job.yaml", "RegisterJobDefinition"), ("aws-batch-submit.yaml", "SubmitJob")]
)
def test_aws_batch_knows_every_field(name: str, operation: str) -> None:
    shape = botocore.session.get_session().get_service_model("batch").operation_model(operation).input_shape
    assert shape is not None
    assert ParamValidator().validate(read_yaml(name), shape).generate_report() == ""


def test_the_pods_fetch_what_one_worker_would_and_the_job_after_them_builds_it(
    cloud: Environment, alone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = read_yaml("kubernetes-job.yaml")["spec"]
    lake = cloud | {"ABID_RAW": "s3://deploy-lake/pods"}

    def spell(index: int) -> tuple[list[str], Environment]:
        given = {"JOB_COMPLETION_INDEX": str(index), "ABID_DATA_DIR": str(tmp_path / str(index))}
        return spell_pod("kubernetes-job.yaml", **lake, **given)

    start_all(spell, range(job["completions"]))
    raw = open_lake(cloud, lake["ABID_RAW"], monkeypatch)
    assert name_workers(raw.list_files(LISTINGS)) == expect_workers(job["completions"])
    start_all(lambda _: spell_pod("kubernetes-build.yaml", **lake, ABID_DATA_DIR=str(tmp_path / "built")), [0])
    assert Warehouse.open(tmp_path / "built").release.id == alone


def test_the_tasks_of_aws_batch_fetch_what_one_worker_would(
    cloud: Environment, alone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 2  # the least that AWS takes; the command learns it from there
    lake = cloud | {"ABID_RAW": "s3://deploy-lake/tasks"}

    def spell(index: int) -> tuple[list[str], Environment]:
        given = {"AWS_BATCH_JOB_ARRAY_INDEX": str(index), "AWS_BATCH_JOB_ARRAY_SIZE": str(size)}
        return spell_task(**lake, **given, ABID_DATA_DIR=str(tmp_path / str(index)))

    start_all(spell, range(size))
    raw = open_lake(cloud, lake["ABID_RAW"], monkeypatch)
    assert name_workers(raw.list_files(LISTINGS)) == expect_workers(size)
    assert build_release(DataDir(tmp_path / "built"), raw=raw).id == alone


def test_the_tasks_of_slurm_fetch_what_one_worker_would_and_the_documented_job_builds_it(
    bucket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    script = DEPLOY / "slurm.sh"
    [(first, last)] = re.findall(r"^#SBATCH --array=(\d+)-(\d+)$", script.read_text(), re.MULTILINE)
    assert (int(first), int(last) > 1) == (1, True)

    def spell(number: int, **more: str) -> tuple[list[str], Environment]:
        given = {"SLURM_ARRAY_TASK_ID": str(number), "SLURM_ARRAY_TASK_COUNT": "2", "ABID_SOURCE": str(bucket)}
        return ["bash", str(script)], given | more

    start_all(spell, (1, 2))
    again = start(*spell(2, SLURM_ARRAY_TASK_COUNT="1", ABID_SHARDS="2"))
    assert (again.returncode, "fetched nothing new" in again.stderr) == (0, True)
    listings = [name for worker in Path("workers").iterdir() for name in RawFolder(worker / "raw").list_files(LISTINGS)]
    assert name_workers(listings) == expect_workers(2)
    [after] = re.findall(r"--wrap '(.+)'\n", (ROOT / "docs" / "fetching.md").read_text())
    start_all(lambda _: (["sh", "-c", after], {"ABID_LOG_FORMAT": "json"}), [0])
    assert Warehouse.open(Path("data")).release.id == run_pipeline(bucket, tmp_path / "alone").id


def test_abid_etl_takes_the_place_of_the_shell_so_that_signals_reach_it(tmp_path: Path) -> None:
    probe = tmp_path / "abid-etl"
    probe.write_text('#!/bin/sh\necho $$ "$@"\n')
    probe.chmod(0o755)
    pod = spell_pod("kubernetes-job.yaml", JOB_COMPLETION_INDEX="7")
    task = spell_task(AWS_BATCH_JOB_ARRAY_INDEX="7", AWS_BATCH_JOB_ARRAY_SIZE="8")
    slurm = ["bash", str(DEPLOY / "slurm.sh")], {"SLURM_ARRAY_TASK_ID": "8", "SLURM_ARRAY_TASK_COUNT": "8"}
    for command, variables in (pod, task, slurm):
        given = os.environ | variables | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
        with subprocess.Popen(command, env=given, stdout=subprocess.PIPE, text=True) as process:
            said = process.communicate()[0]
        assert said.startswith(f"{process.pid} fetch s3://{PUBLIC_BUCKET} --shard 8/8")


def test_what_the_image_copies_can_be_installed_and_is_all_of_the_package(tmp_path: Path) -> None:
    copies = re.findall(r"^COPY (.+) (\S+)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    for names, target in copies:
        for name in names.split():
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, tmp_path / target)
    build = ["wheel", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", str(tmp_path), str(tmp_path)]
    subprocess.run([*PIP, *build], check=True)
    [wheel] = tmp_path.glob("*.whl")
    sources = [path for package in ("cli", "etl", "sql") for path in (ROOT / package).rglob("*.*")]
    expected = {path.relative_to(ROOT).as_posix() for path in sources if path.suffix != ".pyc"}
    assert expected <= set(zipfile.ZipFile(wheel).namelist())
