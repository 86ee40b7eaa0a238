"""The files of a deployment agree with the project; no Docker is needed to see that."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from pytest_django.fixtures import Settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def test_the_image_holds_every_package() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    image = (ROOT / "Dockerfile").read_text()
    copied = set(re.findall(r"^COPY (\w+) \1$", image, flags=re.MULTILINE))
    assert copied == packages


def test_the_image_does_not_run_as_root() -> None:
    stages = (ROOT / "Dockerfile").read_text().split("FROM ")
    assert all("USER holdfast" in stage for stage in stages if "CMD [" in stage)


def test_every_process_of_a_deployment_is_there(compose: dict[str, Any]) -> None:
    wanted = {"postgres", "redis", "migrate", "api", "live", "worker", "beat", "test", "front"}
    assert set(compose["services"]) == wanted


def test_nothing_takes_traffic_before_the_migrations_are_through(compose: dict[str, Any]) -> None:
    for name in ("api", "live", "worker", "beat"):
        waits = compose["services"][name]["depends_on"]
        assert waits["migrate"]["condition"] == "service_completed_successfully", name


def test_secrets_have_no_default(compose: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("SECRET_KEY", "JWT_SECRET", "POSTGRES_PASSWORD"):
        assert set(re.findall(rf"\$\{{{name}(..)", text)) == {":?"}, name


def test_only_the_front_is_reached_from_outside(compose: dict[str, Any]) -> None:
    open_ones = [name for name, service in compose["services"].items() if "ports" in service]
    assert open_ones == ["front"]


def test_tests_do_not_empty_the_cache_of_the_deployment(compose: dict[str, Any]) -> None:
    used = compose["services"]["api"]["environment"]
    tests = compose["services"]["test"]["environment"]
    urls = [used["REDIS_URL"], used["BROKER_URL"], tests["REDIS_URL"], tests["BROKER_URL"]]
    assert len(set(urls)) == 4


def test_gunicorn_is_told_what_the_compose_file_relies_on() -> None:
    said = runpy.run_path(str(ROOT / "deploy" / "gunicorn.conf.py"))
    assert said["wsgi_app"] == "config.wsgi:application"
    assert said["worker_class"] == "gthread"
    assert said["accesslog"] is None


@pytest.mark.django_db
def test_preparing_a_prepared_database_does_nothing(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.DEMO = False
    call_command("prepare")
    assert capsys.readouterr().out == ""
