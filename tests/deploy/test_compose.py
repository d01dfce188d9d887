"""`docker-compose.yml`: hardened, pinned, without a password, and saying what the app reads."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pymongo.uri_parser import parse_uri
from sqlalchemy.engine import make_url

from app.settings import Settings

SERVICES: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[2] / "docker-compose.yml").read_text()
)["services"]
ONE_SHOT = {"migrate", "mongodb-init"}
STORES = {"postgres", "mongodb", "mongodb-init", "redis", "cache"}

every_service = pytest.mark.parametrize("name", SERVICES)


@pytest.mark.covers("C20")
def test_services_are_the_api_its_stores_and_their_jobs() -> None:
    assert set(SERVICES) == STORES | {"migrate", "api"}


@every_service
def test_service_has_no_capability_no_new_privilege_and_a_read_only_root(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert not {"privileged", "cap_add", "network_mode", "pid", "devices"} & service.keys()


@every_service
def test_service_is_not_root(name: str) -> None:
    if name in STORES:
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", SERVICES[name]["user"])
    else:  # the Dockerfile's USER holds
        assert "user" not in SERVICES[name]


@every_service
def test_image_names_a_patch_release_and_its_base(name: str) -> None:
    image = SERVICES[name]["image"]
    if name in STORES:
        assert re.fullmatch(r"[a-z/]+:\d+\.\d+(\.\d+)?-(trixie|noble)", image), image
    else:
        assert image == "isthmus:${ISTHMUS_VERSION:-local}"


@pytest.mark.covers("B28")
def test_images_are_past_the_fixes_that_they_are_pinned_for() -> None:
    at_least = {"postgres": (18, 6), "mongodb": (8, 0, 24), "redis": (9, 1, 1), "cache": (9, 1, 1)}
    for name, least in at_least.items():
        version = SERVICES[name]["image"].partition(":")[2].partition("-")[0]
        assert tuple(int(part) for part in version.split(".")) >= least, name
    assert SERVICES["mongodb"]["image"] == SERVICES["mongodb-init"]["image"]


@every_service
def test_service_is_watched_or_runs_once(name: str) -> None:
    service = SERVICES[name]
    if name in ONE_SHOT:
        assert service["healthcheck"] == {"disable": True}
        assert service["restart"] == "no"
    else:
        assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
        assert {"interval", "timeout", "retries", "start_period"} <= service["healthcheck"].keys()
        assert service["restart"] == "unless-stopped"
        assert "stop_grace_period" in service


@every_service
def test_logs_cannot_fill_the_disk(name: str) -> None:
    assert {"max-size", "max-file"} <= SERVICES[name]["logging"]["options"].keys()


def test_only_the_api_has_a_port_and_on_loopback() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"api"}
    assert SERVICES["api"]["ports"] == ["127.0.0.1:${API_PORT:-8000}:8000"]


def test_stores_are_on_a_network_without_a_way_out(compose: dict[str, Any]) -> None:
    assert compose["networks"]["stores"] == {"internal": True}
    for name in STORES | {"migrate"}:
        assert SERVICES[name]["networks"] == ["stores"], name


@every_service
def test_no_secret_is_written_down(name: str) -> None:
    for variable, value in SERVICES[name].get("environment", {}).items():
        if re.search(r"PASSWORD|KEY|AUTH$", variable):
            assert value is None or re.fullmatch(r"\$\{\w+(:\?[^}]+)?\}", value), variable
        elif value is not None and variable.endswith("_URL"):
            assert re.search(r"://\w*:\$\{\w+:\?[^}]+\}@", value), variable


def test_every_secret_stops_the_start_where_it_is_missing(variables: dict[str, bool]) -> None:
    secrets = {name for name in variables if re.search(r"PASSWORD|KEYFILE", name)}
    assert {name for name, required in variables.items() if required} == secrets
    assert len(secrets) == 8


def test_order_of_start_is_stores_then_migration_then_api() -> None:
    api = {name: wait["condition"] for name, wait in SERVICES["api"]["depends_on"].items()}
    assert api == {
        "migrate": "service_completed_successfully",
        "postgres": "service_healthy",
        "mongodb": "service_healthy",
        "redis": "service_healthy",
        "cache": "service_healthy",
    }
    migrate = {name: wait["condition"] for name, wait in SERVICES["migrate"]["depends_on"].items()}
    assert migrate["mongodb-init"] == "service_completed_successfully"
    assert migrate["postgres"] == "service_healthy"
    assert SERVICES["migrate"]["command"] == ["migrate", "up"]
    assert SERVICES["api"]["command"] == ["serve"]


@every_service
def test_mounts_exist_and_volumes_are_declared(
    name: str, compose: dict[str, Any], root: Path
) -> None:
    for mount in SERVICES[name].get("volumes", []):
        source, _, options = mount.partition(":")
        if source.startswith("./"):
            assert (root / source).is_file()
            assert options.endswith(":ro")
        else:
            assert source in compose["volumes"]


def test_environment_is_what_the_settings_read() -> None:
    environment = set(SERVICES["api"]["environment"])
    read = {
        str(field.validation_alias or name).upper() for name, field in Settings.model_fields.items()
    }
    assert environment <= read
    assert SERVICES["migrate"]["environment"] == SERVICES["api"]["environment"]


@pytest.mark.covers("C20", "D18")
def test_store_urls_name_the_services_and_their_databases() -> None:
    plain = {
        name: re.sub(r"\$\{\w+:\?[^}]+\}", "secret", value)
        for name, value in SERVICES["api"]["environment"].items()
        if name.endswith("_URL") and value is not None
    }
    main, auth = make_url(plain["DATABASE_URL"]), make_url(plain["AUTH_DATABASE_URL"])
    assert (main.host, main.database, main.username) == ("postgres", "isthmus", "isthmus")
    assert (auth.host, auth.database, auth.username) == ("postgres", *["isthmus_auth"] * 2)
    mongo = parse_uri(plain["MONGO_URL"])
    assert (mongo["nodelist"], mongo["database"]) == ([("mongodb", 27017)], "isthmus")
    options = {name.lower(): value for name, value in mongo["options"].items()}
    assert (options["replicaset"], options["w"]) == ("rs0", "majority")
    assert options["retrywrites"] is True
    # PyMongo keeps them in seconds.
    assert (options["connecttimeoutms"], options["sockettimeoutms"]) == (30, 30)
    assert plain["REDIS_URL"].endswith("@redis:6379/0")
    assert plain["CACHE_REDIS_URL"].endswith("@cache:6379/0")
