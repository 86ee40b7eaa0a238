"""The files of a deployment agree with the project; no Docker is needed to see that."""

import os
import re
import runpy
import subprocess
import sys
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
    wanted = {
        "postgres",
        "redis",
        "migrate",
        "api",
        "live",
        "worker",
        "deliveries",
        "beat",
        "test",
        "front",
    }
    assert set(compose["services"]) == wanted


def test_nothing_takes_traffic_before_the_migrations_are_through(compose: dict[str, Any]) -> None:
    for name in ("api", "live", "worker", "beat"):
        waits = compose["services"][name]["depends_on"]
        assert waits["migrate"]["condition"] == "service_completed_successfully", name


def test_secrets_have_no_default(compose: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("SECRET_KEY", "JWT_SECRET", "POSTGRES_PASSWORD"):
        assert set(re.findall(rf"\$\{{{name}(:.)", text)) == {":?"}, name


def test_every_value_of_the_example_reaches_the_product() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    example = (ROOT / "deploy" / "env.example").read_text()
    promised = set(re.findall(r"^# ([A-Z_]+)=", example, flags=re.MULTILINE))
    assert len(promised) > 10
    assert not {name for name in promised if f"${{{name}:" not in text}


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


@pytest.mark.parametrize("module", ["config.asgi", "config.wsgi", "config.celery"])
def test_a_server_that_begins_with_it_loads_a_module_alone(module: str) -> None:
    code = f"import {module}"
    # As uvicorn, gunicorn and celery do, to whom nobody has said which settings.
    told = {name: said for name, said in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=told, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def test_every_file_that_the_front_includes_is_mounted_beside_it(compose: dict[str, Any]) -> None:
    volumes = [volume.split(":") for volume in compose["services"]["front"]["volumes"]]
    assert all(access == "ro" for _, _, access in volumes)
    mounted = {there: here for here, there, _ in volumes}
    wanted = {"nginx.conf": "nginx.conf", "conf.d/default.conf": "front.conf"}
    wanted |= {path.name: path.name for path in (ROOT / "deploy").glob("*.inc")}
    assert mounted == {f"/etc/nginx/{there}": f"./deploy/{here}" for there, here in wanted.items()}


def test_the_front_includes_nothing_else() -> None:
    texts = [path.read_text() for path in (ROOT / "deploy").glob("*.inc")]
    texts += [(ROOT / "deploy" / name).read_text() for name in ("nginx.conf", "front.conf")]
    found = re.findall(r"^\s*include ([^;]+);", "\n".join(texts), flags=re.MULTILINE)
    files = {path.name for path in (ROOT / "deploy").glob("*.inc")}
    assert set(found) == files | {"conf.d/*.conf"}


def test_front_processes_and_image_agree_on_ports(compose: dict[str, Any]) -> None:
    front = (ROOT / "deploy" / "front.conf").read_text()
    services = compose["services"]
    listens = re.findall(r"^\s*listen (\d+);", front, flags=re.MULTILINE)
    assert [port.rpartition(":")[2] for port in services["front"]["ports"]] == listens
    upstreams = dict(re.findall(r"^\s*set \$\w+ (\w+):(\d+);", front, flags=re.MULTILINE))
    assert upstreams == {"api": "8000", "live": "8001"}
    # The image's own PORT, and what `live` is told instead.
    assert "PORT=8000" in (ROOT / "Dockerfile").read_text()
    assert "PORT" not in services["api"]["environment"]
    assert services["live"]["environment"]["PORT"] == 8001
    assert "--port 8001" in services["live"]["command"]


def test_front_and_processes_agree_on_boards_of_one_address(compose: dict[str, Any]) -> None:
    front = (ROOT / "deploy" / "front.conf").read_text()
    limit = compose["services"]["live"]["environment"]["SOCKETS_PER_ADDRESS"]
    assert re.findall(r"limit_conn guest_sockets (\d+);", front) == re.findall(r":-(\d+)", limit)


def test_every_place_that_passes_requests_on_says_who_asks() -> None:
    """Nginx forgets a server's headers in a place that has one of its own."""
    front = (ROOT / "deploy" / "front.conf").read_text()
    places = re.findall(r"^    location [^{]+{(.*?)^    }", front, flags=re.MULTILINE | re.DOTALL)
    passing = [place for place in places if "proxy_pass" in place]
    assert len(passing) == 2
    assert all("include proxy.inc;" in place for place in passing)
    assert "proxy_set_header" not in re.sub(r"location [^{]+{.*?}", "", front, flags=re.DOTALL)


@pytest.mark.django_db
def test_preparing_a_prepared_database_does_nothing(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.DEMO = False
    call_command("prepare")
    assert capsys.readouterr().out == ""
