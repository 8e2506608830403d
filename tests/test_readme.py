"""The permissions and settings that the README gives are those that the code needs."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import botocore.session
import yaml

from backends.eks.kinds import SPECS
from backends.model import Verb
from tui.config import load
from tui.keymap import check_keys

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")

CALLED = {
    "ecs": ("ecs", "application-autoscaling", "elbv2", "sqs"),
    "eks": ("eks",),
    "cloudmap": ("servicediscovery",),
    "logs": ("logs",),
    "aws": ("sts",),
}
"""The AWS services that each package of `backends` calls, by their botocore names."""

IAM = {"sqs:DeleteMessageBatch": "sqs:DeleteMessage"}
"""What IAM calls operations that it knows by another name (Service Authorization Reference)."""

FREE = {"sts:GetCallerIdentity"}
"""Actions that AWS allows to everybody (STS API reference)."""


def block(language: str) -> str:
    """Return the README's one block of a language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return found


def nodes(package: str) -> Iterator[tuple[Path, ast.AST]]:
    for path in sorted((ROOT / "backends" / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield path, node


def aws_actions() -> set[str]:
    """Return every API operation that is named by a string of the code that calls AWS."""
    session = botocore.session.Session()
    found = set()
    for package, services in CALLED.items():
        models = [session.get_service_model(service) for service in services]
        names = {name: model.signing_name for model in models for name in model.operation_names}
        for path, node in nodes(package):
            if path.name == "limits.py":  # AWS's own table of rates, of more than is called
                continue
            if isinstance(node, ast.Constant) and node.value in names:
                found.add(f"{names[node.value]}:{node.value}")
    return found


def test_the_iam_policy_allows_what_is_called_and_nothing_else():
    (statement,) = json.loads(block("json"))["Statement"]
    operate = set(re.findall(r"add `(\w+:\w+)`", README))
    assert operate == {"ecs:UpdateService", "ecs:StopServiceDeployment"}
    queue = set(re.findall(r"`(sqs:\w+)`", README))
    needed = {IAM.get(action, action) for action in aws_actions() - FREE}
    assert set(statement["Action"]) | operate | queue == needed
    assert not set(statement["Action"]) & (operate | queue)
    assert queue == {action for action in needed if action.startswith("sqs:")}


def test_every_package_that_calls_aws_is_looked_through():
    calling = {
        path.relative_to(ROOT / "backends").parts[0]
        for path, node in nodes("")
        if isinstance(node, ast.ImportFrom) and node.module == "backends.aws.access"
    }
    assert calling <= CALLED.keys()


def kube_requests() -> set[tuple[str, str, str]]:
    """Return the API group, resource and verb of every request that the code names."""
    found = set()
    for _, node in nodes("eks"):
        if not isinstance(node, ast.Call):
            continue
        called = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
        values = [arg.value if isinstance(arg, ast.Constant) else None for arg in node.args]
        if called == "act":
            found |= on_kinds(str(values[0]), str(values[3]) if len(values) > 3 else "")
        elif called == "Act" and values[1] in BY_NAME:
            found.add((BY_NAME[values[1]], str(values[1]), str(values[0])))
        elif called == "Act" and None not in values[:2]:
            assert values[1] == "/version"  # which every user may read
    return found


BY_NAME = {"horizontalpodautoscalers": "autoscaling", "controllerrevisions": "apps"}
"""The API groups of what is asked for by name, and not as a kind of ours."""


def on_kinds(verb: str, sub: str) -> set[tuple[str, str, str]]:
    """Return the requests that one place in the code makes, on all kinds that it can be for."""
    if verb == "read":  # what an answer is called that broke off while it was read
        return set()
    specs = list(SPECS.values())
    if sub == "log":
        specs = [SPECS["k8s/pods"]]
    elif sub == "scale":
        specs = [spec for spec in specs if Verb.SCALE in spec.kind.verbs]
    elif verb == "patch":
        specs = [spec for spec in specs if Verb.RESTART in spec.kind.verbs]
    tail = f"/{sub}" if sub else ""
    return {(group(spec.api), spec.plural + tail, verb) for spec in specs}


def group(api: str) -> str:
    return "" if api == "/api/v1" else api.split("/")[2]


def granted(role: dict) -> set[tuple[str, str, str]]:
    return {
        (api, resource, verb)
        for rule in role["rules"]
        for api in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_the_cluster_roles_allow_what_is_requested_and_no_other_resource():
    view, operate = (granted(role) for role in yaml.safe_load_all(block("yaml")))
    requests = kube_requests()
    changes = {request for request in requests if request[2] not in ("get", "list", "watch")}
    assert changes == operate
    assert requests - changes <= view
    assert {request[:2] for request in view} == {request[:2] for request in requests - changes}


def test_the_example_of_a_configuration_is_one(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(block("toml"), encoding="utf-8")
    config = load(path)
    assert config.aws.profiles == ("prod", "staging")
    check_keys(config.keys)
