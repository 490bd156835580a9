"""What compose.yaml and the manifests of Kubernetes say, as documents."""

import json
import os
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import yaml

from tollbook_services.api.options import ApiOptions
from tollbook_services.operations.limits import Limits
from tollbook_services.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "services" / "compose"
KUBERNETES = ROOT / "services" / "kubernetes"
BINARY = Path(sysconfig.get_path("scripts")) / "docker-compose"
FORMS = ("single", "cluster", "sentinel")
ROLES = ("intake", "projector", "sealer", "api")

SETTINGS = {
    str(model.model_config["env_prefix"]) + name.upper()
    for model in (Settings, ApiOptions, Limits)
    for name in model.model_fields
}
"""Every variable that a process of tollbook reads."""

OF_SERVERS = {"TOLLBOOK_MAXMEMORY", "TOLLBOOK_DOWN_MS", "TOLLBOOK_BACKLOG"}
"""Those that services/compose/server.sh reads."""


def composed(form: str, *profiles: str) -> dict[str, Any]:
    """compose.yaml with everything filled in, for one form; nothing is started or asked."""
    clean = {k: v for k, v in os.environ.items() if "TOLLBOOK" not in k and "COMPOSE" not in k}
    chosen = [] if form == "single" else ["--env-file", str(COMPOSE / f"{form}.env")]
    # Not by --profile, which would be instead of the profile that the file names
    clean["COMPOSE_PROFILES"] = ",".join([*profiles, *([] if form == "single" else [form])])
    done = subprocess.run(
        [str(BINARY), "--project-directory", str(ROOT), *chosen, "config", "--format", "json"],
        env=clean,
        capture_output=True,
        check=True,
        timeout=60,
    )
    return json.loads(done.stdout)


def manifests() -> list[dict[str, Any]]:
    """Every document that the kustomization names, in its order."""
    names = kustomization()["resources"]
    texts = [(KUBERNETES / name).read_text() for name in names]
    return [document for text in texts for document in yaml.safe_load_all(text)]


def kustomization() -> dict[str, Any]:
    """The kustomization itself."""
    return yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())


def of_kind(*kinds: str) -> list[dict[str, Any]]:
    """The documents of some kinds."""
    return [one for one in manifests() if one["kind"] in kinds]


def named(kind: str, name: str) -> dict[str, Any]:
    """The one document of a kind and a name."""
    (found,) = (one for one in of_kind(kind) if one["metadata"]["name"] == name)
    return found


def workloads() -> list[dict[str, Any]]:
    """What makes pods."""
    return of_kind("StatefulSet", "Deployment")


def pod_of(workload: dict[str, Any]) -> dict[str, Any]:
    """The specification of the pods of a workload."""
    return workload["spec"]["template"]["spec"]


def container_of(workload: dict[str, Any]) -> dict[str, Any]:
    """The one container of a workload."""
    (container,) = pod_of(workload)["containers"]
    return container
