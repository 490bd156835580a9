"""The manifests of Kubernetes: valid by its schemas, closed, and at one with each other."""

import re

import kubernetes_validate
import pytest
from deployment_kit import (
    COMPOSE,
    KUBERNETES,
    OF_SERVERS,
    ROLES,
    SETTINGS,
    composed,
    container_of,
    kustomization,
    manifests,
    named,
    of_kind,
    pod_of,
    workloads,
)

VERSIONS = ("1.32", "1.37")
"""The oldest that is looked at, and the newest that the validator knows."""
PORT = re.compile(r"redis://[^:]+:(\d+)$")


def name_of(document):
    return f"{document['kind']} {document['metadata']['name']}"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("document", manifests(), ids=name_of)
def test_each_document_is_valid(document, version):
    used = kubernetes_validate.validate(document, version, strict=True)
    assert used == version


def test_a_fault_would_be_found():
    fault = named("Deployment", "tollbook-api")
    fault["spec"]["replicaz"] = 3
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(fault, VERSIONS[-1], strict=True)


def test_every_file_is_named_by_the_kustomization_and_no_document_names_a_namespace():
    files = {file.name for file in KUBERNETES.glob("*.yaml")} - {"kustomization.yaml"}
    assert set(kustomization()["resources"]) == files
    assert not any("namespace" in one["metadata"] for one in manifests())
    assert len({name_of(one) for one in manifests()}) == len(manifests())


def test_each_role_has_its_workload_with_the_image_of_compose():
    services = composed("single")["services"]
    assert {one["metadata"]["name"] for one in workloads()} == {
        f"tollbook-{role}" for role in ("server", *ROLES)
    }
    for workload in workloads():
        container = container_of(workload)
        assert container["image"] == services[container["name"]]["image"]
        if container["name"] in ROLES:
            assert container["args"] == services[container["name"]]["command"]
    assert [one["name"] for one in kustomization()["images"]] == ["tollbook"]


@pytest.mark.parametrize("workload", workloads(), ids=name_of)
def test_each_pod_keeps_the_restricted_profile_and_has_limits(workload):
    pod, container = pod_of(workload), container_of(workload)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False
    # Kubernetes would set TOLLBOOK_API_PORT to tcp://address:port for the Service tollbook-api
    assert pod["enableServiceLinks"] is False
    assert set(container["resources"]) == {"requests", "limits"}
    assert all(set(one) == {"cpu", "memory"} for one in container["resources"].values())
    kinds = {next(iter(set(one) - {"name"})) for one in pod["volumes"]}
    assert kinds <= {"configMap", "secret", "emptyDir", "persistentVolumeClaim"}


@pytest.mark.parametrize("workload", workloads(), ids=name_of)
def test_each_pod_has_the_volumes_that_it_mounts(workload):
    pod, container = pod_of(workload), container_of(workload)
    claims = workload["spec"].get("volumeClaimTemplates", [])
    volumes = {one["name"] for one in pod["volumes"]} | {one["metadata"]["name"] for one in claims}
    assert {one["name"] for one in container["volumeMounts"]} == volumes
    for volume in pod["volumes"]:
        if claim := volume.get("persistentVolumeClaim"):
            assert named("PersistentVolumeClaim", claim["claimName"])
        if config := volume.get("configMap"):
            assert named("ConfigMap", config["name"])


@pytest.mark.parametrize("workload", workloads(), ids=name_of)
def test_each_variable_is_a_setting_and_each_secret_is_a_member_of_the_one_secret(workload):
    pod, container = pod_of(workload), container_of(workload)
    variables = {one["name"] for one in container.get("env", [])}
    for source in container.get("envFrom", []):
        variables |= set(named("ConfigMap", source["configMapRef"]["name"])["data"])
    role = container["name"]
    assert variables <= (OF_SERVERS if role == "server" else SETTINGS)
    references = [
        one["valueFrom"]["secretKeyRef"] for one in container.get("env", []) if "valueFrom" in one
    ]
    assert {one["name"] for one in references} <= {"tollbook"}
    assert {one["key"] for one in references} == ({"signing_key"} if role == "sealer" else set())
    (secret,) = (one["secret"] for one in pod["volumes"] if "secret" in one)
    assert secret["secretName"] == "tollbook"
    assert [one["key"] for one in secret["items"]] == ["redis_password"]


def test_no_manifest_has_a_secret():
    assert not of_kind("Secret")


@pytest.mark.parametrize("workload", workloads(), ids=name_of)
def test_each_selector_finds_the_pods_of_its_workload_and_of_no_other(workload):
    labels = workload["spec"]["template"]["metadata"]["labels"]
    assert workload["spec"]["selector"]["matchLabels"] == labels
    found = [one for one in workloads() if one["spec"]["selector"]["matchLabels"] == labels]
    assert found == [workload]


def test_each_service_budget_and_policy_selects_pods_that_there_are():
    pods = [one["spec"]["template"]["metadata"]["labels"] for one in workloads()]
    asked = [one["spec"]["selector"] for one in of_kind("Service")]
    asked += [one["spec"]["selector"]["matchLabels"] for one in of_kind("PodDisruptionBudget")]
    for policy in of_kind("NetworkPolicy"):
        asked.append(policy["spec"]["podSelector"]["matchLabels"])
        for rule in policy["spec"].get("ingress", []) + policy["spec"].get("egress", []):
            peers = rule.get("from", []) + rule.get("to", [])
            asked += [peer["podSelector"]["matchLabels"] for peer in peers]
    for selector in asked:
        assert any(selector.items() <= labels.items() for labels in pods), selector


def test_a_budget_never_forbids_that_a_node_is_emptied():
    for budget in of_kind("PodDisruptionBudget"):
        (workload,) = (
            one for one in workloads() if one["spec"]["selector"] == budget["spec"]["selector"]
        )
        assert workload["spec"]["replicas"] > 1
        assert budget["spec"]["maxUnavailable"] == 1


def test_ports_are_those_that_somebody_listens_on():
    settings = named("ConfigMap", "tollbook")["data"]
    server = container_of(named("StatefulSet", "tollbook-server"))
    api = container_of(named("Deployment", "tollbook-api"))
    (redis,), (http,) = server["ports"], api["ports"]
    assert PORT.search(settings["TOLLBOOK_REDIS"])[1] == str(redis["containerPort"]) == "6379"
    variables = {one["name"]: one["value"] for one in api["env"]}
    assert variables["TOLLBOOK_API_PORT"] == str(http["containerPort"])
    for service, port in (("tollbook-server", redis), ("tollbook-api", http)):
        (offered,) = named("Service", service)["spec"]["ports"]
        assert offered["targetPort"] == port["name"]
    assert (
        f"//{named('Service', 'tollbook-server')['metadata']['name']}:"
        in (settings["TOLLBOOK_REDIS"])
    )
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert api[probe]["httpGet"]["port"] == http["name"]
    allowed = named("NetworkPolicy", "tollbook-workers")["spec"]["egress"]
    assert [rule["ports"][0]["port"] for rule in allowed] == [redis["containerPort"]]


def test_probes_ask_what_the_documentation_says():
    api = container_of(named("Deployment", "tollbook-api"))
    assert api["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert api["readinessProbe"]["httpGet"]["path"] == "/readyz"
    for role in ("intake", "projector", "sealer"):
        worker = container_of(named("Deployment", f"tollbook-{role}"))
        assert worker["readinessProbe"]["exec"]["command"] == ["tollbook", "health"]
        # It is about the whole ledger: a worker is not to be ended because another hangs
        assert "livenessProbe" not in worker


def test_the_scripts_of_the_server_are_those_of_compose():
    scripts = named("ConfigMap", "tollbook-server-scripts")["data"]
    assert scripts == {name: (COMPOSE / name).read_text() for name in ("server.sh", "ping.sh")}
