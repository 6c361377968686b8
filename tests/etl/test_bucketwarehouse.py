"""Releases in a bucket: a job submitted to Spark publishes there, and a data directory gets the same release."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from commands import BIN, Run
from documents import hash_files, run_pipeline
from seaweed import S3Server
from spark import ENVIRONMENT, NEEDS_JAVA

from etl.bucketwarehouse import BucketWarehouse
from etl.datadir import DataDir
from etl.errors import SourceError, UsageError
from etl.pull import pull_release
from etl.release import Release, open_release
from etl.sources.options import S3Options
from etl.synthetic import synthesize

# spark-submit looks for Python and for Spark as a shell does
_SPARK = ENVIRONMENT | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lake") / "bucket"
    synthesize(folder, bins=300, seed=5, dirty=0.05)
    return folder


@pytest.fixture(scope="module")
def release(bucket: Path) -> Release:
    """What DuckDB makes of it."""
    return run_pipeline(bucket, bucket.parent / "data")


@pytest.fixture
def account(s3_server: S3Server, lake: str, monkeypatch: pytest.MonkeyPatch) -> S3Options:
    assert lake
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret_key)
    return S3Options(endpoint_url=s3_server.endpoint_url)


@pytest.fixture
def warehouse(account: S3Options, release: Release, request: pytest.FixtureRequest) -> BucketWarehouse:
    """A bucket with all files of the release, and nothing that says so."""
    warehouse = BucketWarehouse(f"s3://lake/{abs(hash(request.node.nodeid))}/warehouse", account)
    store = warehouse.open_store(release.id)
    for path in release.path.rglob("*.parquet"):
        store.put(path, str(path.relative_to(release.path)))
    return warehouse


def publish(warehouse: BucketWarehouse, release: Release) -> None:
    warehouse.publish({name: value for name, value in release.manifest.items() if name not in ("catalog", "seal")})


@NEEDS_JAVA
def test_a_job_submitted_to_spark_publishes_in_a_bucket_what_others_pull(
    bucket: Path, release: Release, account: S3Options, run: Run, tmp_path: Path
) -> None:
    """Raw layer and warehouse are in the bucket: no disk is shared. The endpoint is that of all three."""
    endpoint = account.endpoint_url or ""
    raw = {"ABID_RAW": "s3a://lake/submitted/raw", "ABID_RAW_ENDPOINT_URL": endpoint}
    place = ["--warehouse", "s3a://lake/submitted/warehouse", "--warehouse-endpoint-url", endpoint]
    assert run("abid-etl", "fetch", bucket, **raw).returncode == 0
    job = run("abid-etl", "spark-job").stdout.strip()
    submit = [str(BIN / "spark-submit"), "--master", "local[2]", job, *place]
    done = subprocess.run(
        submit, env=os.environ | _SPARK | raw, cwd=tmp_path, stdout=subprocess.PIPE, text=True, check=False
    )
    said = done.stdout  # spark-submit lets all that a job says go there
    assert (done.returncode, f"release {release.id} is current in s3://lake/submitted/w" in said) == (0, True), said
    pulled = run("abid-etl", "pull", "s3a://lake/submitted/warehouse", "--endpoint-url", endpoint)
    assert (pulled.returncode, f"release {release.id} published" in pulled.stderr) == (0, True), pulled.stderr
    found = open_release(DataDir(tmp_path / "data"))
    assert (found.id, hash_files(found)) == (release.id, hash_files(release))
    assert found.manifest["receipt"] == release.manifest["receipt"]
    assert run("abid-etl", "verify").returncode == 0
    assert run("abid-report", "summary").returncode == 0
    again = run("abid-etl", "pull", "s3a://lake/submitted/warehouse", "--endpoint-url", endpoint)
    assert f"release {release.id} is current already" in again.stderr


def test_files_without_a_manifest_are_no_release(warehouse: BucketWarehouse, release: Release, tmp_path: Path) -> None:
    assert not warehouse.is_whole(release.id)
    with pytest.raises(UsageError, match=r"there is no release in s3://lake/.*: make one with `abid-etl build"):
        pull_release(warehouse, DataDir(tmp_path))


def test_a_release_is_published_by_its_manifest(warehouse: BucketWarehouse, release: Release, tmp_path: Path) -> None:
    publish(warehouse, release)
    assert warehouse.is_whole(release.id)
    assert hash_files(pull_release(warehouse, DataDir(tmp_path))) == hash_files(release)


def test_a_release_that_lacks_a_file_is_not_whole(
    warehouse: BucketWarehouse, release: Release, s3_server: S3Server
) -> None:
    publish(warehouse, release)
    prefix = warehouse.uri.removeprefix("s3://lake/")
    s3_server.client.delete_object(Bucket="lake", Key=f"{prefix}/releases/{release.id}/rejects/part-0.parquet")
    assert not warehouse.is_whole(release.id)


def test_a_file_that_was_changed_in_the_bucket_is_named_and_nothing_published(
    warehouse: BucketWarehouse, release: Release, tmp_path: Path
) -> None:
    publish(warehouse, release)
    changed = tmp_path / "changed"
    changed.write_bytes(b"PAR1")
    warehouse.open_store(release.id).put(changed, "rejects/part-0.parquet")
    with pytest.raises(SourceError, match=rf"rejects/part-0\.parquet of release {release.id} in s3://\S+ isn't what"):
        pull_release(warehouse, DataDir(tmp_path / "data"))
    assert list((tmp_path / "data/warehouse/releases").iterdir()) == []


@pytest.mark.parametrize("text", [b"", b"[]", b'{"tables": {}'])
def test_a_damaged_manifest_in_the_bucket_is_named(
    text: bytes, warehouse: BucketWarehouse, release: Release, tmp_path: Path
) -> None:
    publish(warehouse, release)
    warehouse.bucket.put(f"releases/{release.id}/manifest.json", text)
    with pytest.raises(UsageError, match=rf"releases/{release.id}/manifest\.json in s3://\S+ can't be read"):
        pull_release(warehouse, DataDir(tmp_path))
    assert not warehouse.is_whole(release.id)  # so that a build makes it again


@pytest.mark.parametrize("path", ["../../../../.profile", "/etc/profile", ""])
def test_a_manifest_can_not_name_files_outside_of_its_release(
    path: str, warehouse: BucketWarehouse, release: Release, tmp_path: Path
) -> None:
    files = [release.manifest["tables"]["rejects"]["files"][0] | {"path": path}]
    tables = release.manifest["tables"] | {"rejects": release.manifest["tables"]["rejects"] | {"files": files}}
    publish(warehouse, replace(release, manifest=release.manifest | {"tables": tables}))
    with pytest.raises(UsageError, match="is no path within a release"):
        pull_release(warehouse, DataDir(tmp_path))


@pytest.mark.parametrize("current", [b"../elsewhere", b"\xff", b""])
def test_what_is_no_release_is_not_pulled(
    current: bytes, warehouse: BucketWarehouse, release: Release, tmp_path: Path
) -> None:
    publish(warehouse, release)
    warehouse.bucket.put("current", current)
    with pytest.raises(UsageError, match=r"current in s3://\S+ is '.*', which is no release"):
        pull_release(warehouse, DataDir(tmp_path))


def test_options_of_spark_are_refused_without_it(run: Run) -> None:
    for option in (["--master", "local[2]"], ["--warehouse", "s3://lake/warehouse"]):
        done = run("abid-etl", "build", *option)
        assert done.returncode == 2
        assert done.stderr.startswith(f"error: {option[0]} is for --engine spark only")
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("place", ["/lake/warehouse", "s3://no-such-bucket"])
def test_a_warehouse_that_can_not_be_used_is_named_before_any_work(
    place: str, account: S3Options, bucket: Path, release: Release, run: Run
) -> None:
    assert release
    options = [
        "--warehouse",
        place,
        "--warehouse-endpoint-url",
        account.endpoint_url,
        "--data-dir",
        bucket.parent / "data",
    ]
    done = run("abid-etl", "build", "--engine", "spark", *options, PATH="", JAVA_HOME="")
    assert done.returncode in (2, 3)
    assert place.removeprefix("s3://") in done.stderr
    assert "Java" not in done.stderr  # it was not even looked for


@NEEDS_JAVA
def test_a_master_that_does_not_exist_is_an_error_of_the_user(bucket: Path, release: Release, run: Run) -> None:
    assert release
    done = run("abid-etl", "build", "--engine", "spark", "--master", "nonsense", "--data-dir", bucket.parent / "data")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert "error: Spark can't be started with --master nonsense" in done.stderr


def test_without_java_the_error_says_what_to_install(run: Run, bucket: Path, release: Release) -> None:
    assert release
    done = run("abid-etl", "build", "--engine", "spark", "--data-dir", bucket.parent / "data", PATH="", JAVA_HOME="")
    assert done.returncode == 2
    assert "apt-get install openjdk-17-jre-headless" in done.stderr
