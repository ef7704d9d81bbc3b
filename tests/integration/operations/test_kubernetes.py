"""Tests of `deploy/kubernetes/`: kustomize renders the manifests, they are valid, and every part is confined."""

from __future__ import annotations

import re
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.core.settings import GROUPS, list_variables
from pipelines.operations.serve import PORTS
from pipelines.web.health import LIVE, READY
from pipelines.web.settings import Site
from tests.support.nginx import find_nginx
from tests.support.paths import ROOT

pytestmark = pytest.mark.workers
BASE = ROOT / "deploy" / "kubernetes"
VERSIONS = ("1.30", "1.33")
"""An older and a newer version of Kubernetes."""
OVERLAY = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [base]
images:
  - name: rti
    newName: images.example/rti
    newTag: "1.2"
replicas:
  - name: rti-step-worker
    count: 3
patches:
  - target: {kind: PersistentVolumeClaim, name: rti-home}
    patch: |-
      - {op: add, path: /spec/storageClassName, value: shared}
"""


def render_manifests(folder: Path) -> list[dict[str, Any]]:
    """Return the manifests that kustomize renders from a folder."""
    command = [shutil.which("kustomize") or "kustomize", "build", str(folder)]
    rendered = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (rendered.returncode, rendered.stderr) == (0, "")
    return [document for document in yaml.safe_load_all(rendered.stdout) if document]


@pytest.fixture(scope="module")
def manifests() -> list[dict[str, Any]]:
    return render_manifests(BASE)


def list_faults(manifest: dict[str, Any], version: str) -> list[str]:
    """Return what the schemas of a version of Kubernetes refuse, unknown fields too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import kubernetes_validate

    try:
        kubernetes_validate.validate(manifest, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return [f"{'.'.join(map(str, error.path))}: {error.message}"]
    return []


def list_pods(manifests: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name and the pod of each workload."""
    for manifest in manifests:
        name, spec = manifest["metadata"]["name"], manifest.get("spec", {})
        if manifest["kind"] == "Deployment":
            yield name, spec["template"]
        elif manifest["kind"] == "CronJob":
            yield name, spec["jobTemplate"]["spec"]["template"]


@pytest.mark.parametrize("version", VERSIONS)
def test_manifests_are_valid(manifests: list[dict[str, Any]], version: str) -> None:
    kinds = {manifest["kind"] for manifest in manifests}
    assert kinds == {
        "ConfigMap", "CronJob", "Deployment", "Ingress", "NetworkPolicy", "PersistentVolumeClaim", "Service",
    }  # fmt: skip
    assert {m["metadata"]["name"]: faults for m in manifests if (faults := list_faults(m, version))} == {}


@pytest.mark.parametrize(
    ("path", "value"), [(("spec", "replica"), 2), (("spec", "replicas"), "two"), (("spec", "selector"), None)]
)
def test_planted_faults_are_found(manifests: list[dict[str, Any]], path: tuple[str, ...], value: object) -> None:
    manifest = deepcopy(next(m for m in manifests if m["metadata"]["name"] == "rti-step-worker"))
    manifest[path[0]][path[1]] = value
    if value is None:
        del manifest[path[0]][path[1]]
    assert list_faults(manifest, VERSIONS[-1]) != []


def test_every_container_is_confined(manifests: list[dict[str, Any]]) -> None:
    pods = dict(list_pods(manifests))
    assert set(pods) == {"rti-public", "rti-services", "rti-step-worker", "rti-backup", "rti-doctor"}
    for pod in pods.values():
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in [*spec["containers"], *spec.get("initContainers", ())]:
            security = container["securityContext"]
            assert (security["readOnlyRootFilesystem"], security["allowPrivilegeEscalation"]) == (True, False)
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]


def test_pods_wait_for_a_home_that_is_made_where_the_documents_say(manifests: list[dict[str, Any]]) -> None:
    """Kubernetes makes a folder for a `subPath` that is missing, and a container that ends takes no `kubectl exec`."""
    pods = dict(list_pods(manifests))
    for name in ("rti-public", "rti-services", "rti-step-worker"):
        (first,) = pods[name]["spec"]["initContainers"]
        assert "until [ -f /srv/rti/home/home.json ]" in first["command"][-1], name
        (mount,) = [mount for mount in first["volumeMounts"] if mount["mountPath"] == "/srv/rti/home"]
        assert "subPath" not in mount and mount.get("readOnly", False) is (name == "rti-public")
    text = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
    match = re.search(r"kubectl -n rti exec deploy/([\w-]+) -c ([\w-]+) -- rti init", text)
    assert match is not None
    assert match[2] in [container["name"] for container in pods[match[1]]["spec"]["initContainers"]]


def test_job_of_the_backup_can_make_its_repository(manifests: list[dict[str, Any]]) -> None:
    """Require its arguments in the documents: a job like the nightly one makes it, and writes a key into the home."""
    (container,) = dict(list_pods(manifests))["rti-backup"]["spec"]["containers"]
    assert container["args"] == ["backup", "run"]
    assert not any(mount.get("readOnly") for mount in container["volumeMounts"])
    assert "--from=cronjob/rti-backup" in (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")


def test_public_pod_sees_releases_only_and_has_no_secret(manifests: list[dict[str, Any]]) -> None:
    pods = dict(list_pods(manifests))
    containers = {container["name"]: container for container in pods["rti-public"]["spec"]["containers"]}
    home = [mount for mount in containers["public"]["volumeMounts"] if mount["name"] == "home"]
    assert {(mount["subPath"], mount["readOnly"]) for mount in home} == {("home.json", True), ("public", True)}
    assert all("secretRef" not in source for source in containers["public"]["envFrom"])
    groups = {name: pod["spec"]["securityContext"]["runAsGroup"] for name, pod in pods.items()}
    assert {name for name, group in groups.items() if group == groups["rti-public"]} == {"rti-public"}


def test_parts_have_users_of_their_own(manifests: list[dict[str, Any]]) -> None:
    users = {
        container["name"]: container["securityContext"].get("runAsUser", pod["spec"]["securityContext"]["runAsUser"])
        for _, pod in list_pods(manifests)
        for container in pod["spec"]["containers"]
        if container["image"].startswith("rti")
    }
    work = users["daemon"]
    assert {name for name, user in users.items() if user == work} == {"daemon", "dagster-ui", "step-worker", "doctor"}
    assert len({work, users["office"], users["backup"], users["public"]}) == 4


def test_only_one_pod_uses_sqlite_files_of_the_services(manifests: list[dict[str, Any]]) -> None:
    pods = dict(list_pods(manifests))
    deployments = {m["metadata"]["name"]: m["spec"] for m in manifests if m["kind"] == "Deployment"}
    assert deployments["rti-services"]["replicas"] == 1
    assert deployments["rti-services"]["strategy"] == {"type": "Recreate"}
    arguments = {name: [c.get("args") for c in pod["spec"]["containers"]] for name, pod in pods.items()}
    assert ["step-worker", "--with-services"] in arguments["rti-services"]
    assert arguments["rti-step-worker"] == [["step-worker"]]
    for name in ("rti-backup", "rti-doctor"):
        (term,) = pods[name]["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        labels = term["labelSelector"]["matchLabels"].items()
        assert labels <= pods["rti-services"]["metadata"]["labels"].items()


def test_probes_ask_addresses_that_answer_them(manifests: list[dict[str, Any]]) -> None:
    """Without a header the kubelet names the address of the pod as `Host`, and services refuse foreign names."""
    (settings,) = [m["data"] for m in manifests if m["metadata"]["name"].startswith("rti-settings")]
    probes = [
        (f"{name} {container['name']} {kind}", probe)
        for name, pod in list_pods(manifests)
        for container in pod["spec"]["containers"]
        for kind, probe in container.items()
        if kind in ("readinessProbe", "livenessProbe", "startupProbe")
    ]
    requests = [(name, probe["httpGet"]) for name, probe in probes if "httpGet" in probe]
    assert len(requests) == 2 and len(probes) > 5
    for name, request in requests:
        headers = {header["name"]: header["value"] for header in request.get("httpHeaders", ())}
        for address in (settings["RTI_PUBLIC_URL"], settings["RTI_PORTAL_URL"]):
            assert Site(address=address).is_host_allowed(headers.get("Host", "10.1.2.3:8080")), name
        assert request["path"] == READY, name
    for name, probe in probes:
        if "exec" in probe:
            address = re.search(r"http://127[^']*", " ".join(probe["exec"]["command"]))
            assert address is not None and address[0].endswith((LIVE, READY)), name


def test_workers_may_complete_their_step(manifests: list[dict[str, Any]]) -> None:
    for name, pod in list_pods(manifests):
        if name in ("rti-services", "rti-step-worker"):
            assert pod["spec"]["terminationGracePeriodSeconds"] >= 1800


@pytest.mark.parametrize(("name", "port"), [("public", PORTS["public"]), ("office", PORTS["office"])])
def test_proxies_are_accepted_by_nginx_and_lead_to_their_part(name: str, port: int, tmp_path: Path) -> None:
    program = find_nginx()
    if program is None:
        pytest.skip("nginx is not on this machine")
    text = (BASE / "proxy" / f"{name}.conf").read_text(encoding="utf-8")
    assert f"proxy_pass http://127.0.0.1:{port};" in text
    file = tmp_path / "nginx.conf"
    file.write_text(text.replace("/var/cache/nginx", str(tmp_path)), encoding="utf-8")
    checked = subprocess.run([program, "-t", "-c", str(file)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("part", ["public", "office"])
def test_ingress_lets_through_what_the_proxy_of_the_part_takes(manifests: list[dict[str, Any]], part: str) -> None:
    """Require the limits of the proxy: the controller of nginx refuses bodies above 1 MB, and a return has up to 50."""
    (ingress,) = [m for m in manifests if m["kind"] == "Ingress" and m["metadata"]["name"] == f"rti-{part}"]
    (rule,) = ingress["spec"]["rules"]
    assert rule["http"]["paths"][0]["backend"]["service"]["name"] == f"rti-{part}"
    assert [rule["host"]] == ingress["spec"]["tls"][0]["hosts"]
    prefix = "nginx.ingress.kubernetes.io/"
    limits = {name.removeprefix(prefix): value for name, value in ingress["metadata"]["annotations"].items()}
    text = (BASE / "proxy" / f"{part}.conf").read_text(encoding="utf-8")
    assert f"client_max_body_size {limits['proxy-body-size']};" in text
    assert f"proxy_read_timeout {limits['proxy-read-timeout']}s;" in text
    assert ("proxy_request_buffering off;" in text) is (limits.get("proxy-request-buffering") == "off")
    example = (ROOT / "deploy" / "nginx" / "rti.conf").read_text(encoding="utf-8")
    assert f"limit_conn rti_connections {limits['limit-connections']};" in example


def test_settings_exist(manifests: list[dict[str, Any]]) -> None:
    declared = {name for group in GROUPS for name in list_variables(group)}
    (settings,) = [m["data"] for m in manifests if m["metadata"]["name"].startswith("rti-settings")]
    names = set(settings)
    for _, pod in list_pods(manifests):
        for container in pod["spec"]["containers"]:
            names |= {variable["name"] for variable in container.get("env", ())}
    assert "RTI_HOME" in names
    assert names <= declared


def test_overlay_sets_image_storage_and_workers(tmp_path: Path) -> None:
    shutil.copytree(BASE, tmp_path / "base")
    (tmp_path / "kustomization.yml").write_text(OVERLAY, encoding="utf-8")
    manifests = render_manifests(tmp_path)
    by_name = {(m["kind"], m["metadata"]["name"]): m for m in manifests}
    assert by_name["Deployment", "rti-step-worker"]["spec"]["replicas"] == 3
    assert by_name["PersistentVolumeClaim", "rti-home"]["spec"]["storageClassName"] == "shared"
    images = {c["image"] for _, pod in list_pods(manifests) for c in pod["spec"]["containers"] if "args" in c}
    assert images == {"images.example/rti:1.2"}
