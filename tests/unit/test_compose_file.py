"""compose.yaml in each of its forms: limits, rights, secrets, and settings that exist."""

import json
import os
import re
import shutil
import subprocess

import orjson
import pytest
import yaml
from deployment_kit import COMPOSE, FORMS, OF_SERVERS, ROLES, ROOT, SETTINGS, composed

from tollbook_services.engine_url import parse_engine_url

REPLICAS = {"single": 0, "cluster": 1, "sentinel": 2}
"""All that a primary has: any of them may be the next."""
ONCE = ("cluster-form",)
"""Services that end when their work is done, so that nobody asks whether they are well."""


@pytest.fixture(scope="module", params=FORMS)
def form(request):
    document = composed(request.param, "observability")
    return request.param, document["services"]


def test_every_container_is_limited_closed_and_watched(form):
    _, services = form
    for name, service in services.items():
        assert int(service["mem_limit"]) > 0, name
        assert float(service["cpus"]) > 0, name
        assert service["pids_limit"] > 0, name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not service.get("privileged"), name
        if name in ONCE:
            assert service["healthcheck"] == {"disable": True}
        elif name not in {"intake", "projector", "sealer"}:
            assert service["healthcheck"]["test"], name
        assert service["restart"] == ("on-failure:3" if name in ONCE else "always"), name


def test_the_image_of_the_workers_says_how_they_are():
    assert 'CMD ["tollbook", "health"]' in (ROOT / "services" / "Dockerfile").read_text()


def test_only_the_loopback_device_is_published(form):
    _, services = form
    for name, service in services.items():
        for port in service.get("ports", []):
            assert port["host_ip"] == "127.0.0.1", name


def test_passwords_are_files_and_in_no_variable_or_argument(form):
    _, services = form
    for name, service in services.items():
        for variable in service.get("environment") or {}:
            secret = re.search("PASSWORD|TOKEN|KEY", variable)
            assert not secret or variable.endswith(("_FILE", "_NAME", "_AWAIT_TOKEN")), name
        assert service["secrets"], name
        assert "requirepass" not in json.dumps([service["command"], service["entrypoint"]])


def test_every_variable_of_the_workers_is_a_setting(form):
    _, services = form
    for name, service in services.items():
        ours = {one for one in service.get("environment") or {} if one.startswith("TOLLBOOK_")}
        assert ours <= (SETTINGS if name in ROLES else OF_SERVERS), name


def test_the_workers_are_told_of_servers_that_are_there(form):
    name, services = form
    url = parse_engine_url(services["intake"]["environment"]["TOLLBOOK_REDIS"])
    replicas = int(services["intake"]["environment"]["TOLLBOOK_REPLICAS"])
    addresses = {
        network["ipv4_address"]
        for service in services.values()
        for network in service["networks"].values()
        if network
    }
    assert (url.kind, replicas) == (name, REPLICAS[name])
    if name == "single":
        assert url.nodes == ("redis://server:6379",)
    else:
        assert {node.split("//")[1].split(":")[0] for node in url.nodes} <= addresses
        assert services["server"]["scale"] == 0
    # And on the network that these are on
    networks = {one for role in ROLES for one in services[role]["networks"]}
    assert networks == {"default" if name == "single" else "servers"}


def test_all_workers_have_one_image_and_wait_for_the_servers_of_their_form(form):
    _, services = form
    assert {services[role]["image"] for role in ROLES} == {"tollbook:dev"}
    for role in ROLES:
        assert services[role]["depends_on"].keys() & services.keys() - {"server"} == {
            name for name in services if re.fullmatch(r"cluster-form|sentinel-\d", name)
        }


@pytest.mark.parametrize("script", sorted(COMPOSE.glob("*.sh")), ids=lambda path: path.name)
def test_the_scripts_are_shell(script):
    done = subprocess.run(["sh", "-n", str(script)], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_prometheus_asks_the_http_server_and_knows_the_alerts():
    services = composed("single", "observability")["services"]
    asked = yaml.safe_load((COMPOSE / "prometheus.yaml").read_text())
    (job,) = asked["scrape_configs"]
    port = services["api"]["environment"]["TOLLBOOK_API_PORT"]
    assert job["static_configs"] == [{"targets": [f"api:{port}"]}]
    files = {one["target"] for one in services["prometheus"]["configs"]}
    assert set(asked["rule_files"]) < files
    assert job["authorization"]["credentials_file"] == "/run/secrets/metrics_token"
    assert {one["source"] for one in services["prometheus"]["secrets"]} == {"metrics_token"}


def test_grafana_is_given_the_dashboard_and_where_prometheus_is():
    services = composed("single", "observability")["services"]
    source = yaml.safe_load((COMPOSE / "grafana-datasource.yaml").read_text())["datasources"]
    provider = yaml.safe_load((COMPOSE / "grafana-dashboards.yaml").read_text())["providers"]
    dashboard = orjson.loads((ROOT / "docs" / "grafana" / "tollbook.json").read_bytes())
    files = {one["target"] for one in services["grafana"]["configs"]}
    assert [one["url"] for one in source] == ["http://prometheus:9090"]
    assert any(one.startswith(provider[0]["options"]["path"] + "/") for one in files)
    # The dashboard asks for a source of this type by a variable, and has nothing of another
    (variable,) = dashboard["templating"]["list"]
    assert variable["query"] == source[0]["type"]
    used = {panel["datasource"]["uid"] for panel in dashboard["panels"]}
    assert used == {f"${{{variable['name']}}}"}


@pytest.mark.parametrize("what", ["config", "rules"])
def test_promtool_takes_the_configuration_and_the_rules(what, tmp_path):
    if shutil.which("promtool") is None and "CI" not in os.environ:
        pytest.skip("promtool is not here: apt-get install prometheus")
    rules = ROOT / "docs" / "grafana" / "alerts.yaml"
    text = (COMPOSE / "prometheus.yaml").read_text()
    secret = tmp_path / "token"
    secret.write_text("x")
    text = text.replace("/etc/prometheus/alerts.yaml", str(rules))
    config = tmp_path / "prometheus.yaml"
    config.write_text(text.replace("/run/secrets/metrics_token", str(secret)))
    file = config if what == "config" else rules
    done = subprocess.run(
        ["promtool", "check", what, str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout
