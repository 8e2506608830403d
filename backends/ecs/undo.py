"""Going back to an earlier task definition of a service, or stopping a deployment under way.

A deployment that is under way is stopped by ECS itself (StopServiceDeployment with ROLLBACK);
otherwise the service is given the task definition that was deployed before (UpdateService).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from backends.aws.access import AwsAccess
from backends.base import BackendError, Conflict, Denied, Invalid, NotFound, sentence
from backends.differences import differences, variable
from backends.ecs.definitions import TaskDefinitions
from backends.ecs.health import primary
from backends.ecs.rollout import find_service
from backends.ecs.wire import Payload, count, items, part, strings, tail, text
from backends.model import Difference, Ref, Rollback, RollbackPlan, Scope

RUNNING = ("PENDING", "IN_PROGRESS")
"""Service deployments that can be stopped; ECS API reference, StopServiceDeployment."""

_FAILED = (
    "STOPPED", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS",
    "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED",
)  # fmt: skip
"""Service deployments that did not do what they were for; ECS API reference."""

DEPLOYMENTS = 20
"""Service deployments that are looked at: what one DescribeServiceDeployments takes."""

_REVISIONS = 20
"""Revisions that one DescribeServiceRevisions takes."""


class _Found(msgspec.Struct, frozen=True):
    """What to go back to, and how."""

    definition: str
    """Its ARN; empty where ECS itself decides."""
    deployment: str = ""
    """The service deployment to stop; empty: there is none, or it may not be stopped."""
    doubt: str = ""
    """How else it was found than by the service's own history."""


async def plan(access: AwsAccess, definitions: TaskDefinitions, ref: Ref) -> RollbackPlan:
    """Say what going back would do; raises `Invalid` where there is nothing to go back to."""
    action = f"roll back {ref.name}"
    service = await find_service(access, ref)
    controller = text(part(service, "deploymentController"), "type") or "ECS"
    if controller != "ECS":
        raise Invalid(
            action, f"its deployments are made by {controller}", "roll back where they are made"
        )
    current = current_definition(service)
    found = await _find(access, definitions, ref, service)
    operation = Rollback(
        ref, current, found.definition, text(service, "serviceArn"), found.deployment
    )
    effects = _effects(service, found)
    compared: tuple[Difference, ...] | None = None
    try:
        now, then = await asyncio.gather(
            _parts(definitions, ref.scope, current),
            _parts(definitions, ref.scope, found.definition),
        )
        compared = differences(now, then)
    except BackendError as error:
        effects = (*effects, f"What differs can't be read: {sentence(error.problem)}")
    return RollbackPlan(operation, tail(current), tail(found.definition), effects, compared)


def current_definition(service: Payload) -> str:
    """Return the ARN of the task definition that a service is to run."""
    return text(primary(service), "taskDefinition") or text(service, "taskDefinition")


async def check(access: AwsAccess, operation: Rollback) -> None:
    """Raise `Conflict` where a service is not as it was when the operator was asked."""
    service = await find_service(access, operation.ref)
    current = current_definition(service)
    action = f"roll back {operation.ref.name}"
    if current != operation.current:
        raise Conflict(
            action,
            f"it is at {tail(current)} by now, not {tail(operation.current)}",
            "look at what was deployed before trying again",
        )
    if operation.deployment and text(primary(service), "rolloutState") != "IN_PROGRESS":
        raise Conflict(
            action, "its deployment has ended meanwhile", "look at how before trying again"
        )


def _effects(service: Payload, found: _Found) -> tuple[str, ...]:
    said = []
    if found.deployment:
        said.append("The deployment under way is stopped, and ECS rolls it back.")
    number = count(service, "desiredCount")
    tasks = f"all {number} tasks run" if number != 1 else "its task runs"
    said.append(f"A rolling deployment replaces tasks until {tasks} {tail(found.definition)}.")
    return (*said, found.doubt) if found.doubt else tuple(said)


async def _find(
    access: AwsAccess, definitions: TaskDefinitions, ref: Ref, service: Payload
) -> _Found:
    current = current_definition(service)
    try:
        history = await _history(access, ref)
    except (Denied, Invalid) as error:
        doubt = f"Its history can't be read ({error.problem.message})."
        return await _by_number(definitions, ref, current, doubt)
    back = before(history, current)
    if not back:
        doubt = f"Its history holds nothing but {tail(current)}."
        return await _by_number(definitions, ref, current, doubt)
    running = next((one for one in history if one.status in RUNNING), None)
    under_way = text(primary(service), "rolloutState") == "IN_PROGRESS"
    # What ECS goes back to is what the deployment replaced; a mere restart replaced the same.
    stops = running is not None and under_way and back in running.sources
    return _Found(back, running.arn if stops and running is not None else "")


class Past(msgspec.Struct, frozen=True):
    """One deployment of a service's history."""

    arn: str
    status: str
    target: str
    """The ARN of the task definition that it brought."""
    sources: tuple[str, ...] = ()
    """Those of the task definitions that it replaced."""


def before(history: Sequence[Past], current: str) -> str:
    """Return the latest task definition that worked and is not the current one; empty: none.

    `history` is newest first. What a deployment replaced has worked, unless it was stopped or
    rolled back itself; what one brought has worked where it was successful.
    """
    bad = {one.target for one in history if one.status in _FAILED}
    bad -= {one.target for one in history if one.status == "SUCCESSFUL"}
    for one in history:
        worked = (one.target,) if one.status == "SUCCESSFUL" else ()
        for definition in (*worked, *one.sources):
            if definition not in ("", current, *bad):
                return str(definition)
    return ""


async def _history(access: AwsAccess, ref: Ref) -> Sequence[Past]:
    """Return a service's latest deployments, newest first."""
    listed = await access.call(
        ref.scope, "ecs", "ListServiceDeployments",
        cluster=ref.scope.cluster, service=ref.name, maxResults=DEPLOYMENTS,
    )  # fmt: skip
    arns = [text(one, "serviceDeploymentArn") for one in items(listed, "serviceDeployments")]
    if not arns:
        return ()
    answer = await access.call(
        ref.scope, "ecs", "DescribeServiceDeployments", serviceDeploymentArns=arns
    )
    found = {text(o, "serviceDeploymentArn"): o for o in items(answer, "serviceDeployments")}
    known = [found[arn] for arn in arns if arn in found]
    brought = await _definitions(access, ref.scope, known)
    return [
        Past(
            text(one, "serviceDeploymentArn"),
            text(one, "status"),
            brought.get(text(part(one, "targetServiceRevision"), "arn"), ""),
            tuple(
                brought.get(text(source, "arn"), "")
                for source in items(one, "sourceServiceRevisions")
            ),
        )
        for one in known
    ]


async def _definitions(
    access: AwsAccess, scope: Scope, deployments: Sequence[Payload]
) -> dict[str, str]:
    """Return the task definitions of all service revisions that some deployments name."""
    revisions = [
        text(revision, "arn")
        for one in deployments
        for revision in (part(one, "targetServiceRevision"), *items(one, "sourceServiceRevisions"))
    ]
    wanted = [arn for arn in dict.fromkeys(revisions) if arn]
    answers = await asyncio.gather(
        *(
            access.call(
                scope, "ecs", "DescribeServiceRevisions",
                serviceRevisionArns=wanted[start : start + _REVISIONS],
            )
            for start in range(0, len(wanted), _REVISIONS)
        )
    )  # fmt: skip
    return {
        text(revision, "serviceRevisionArn"): text(revision, "taskDefinition")
        for answer in answers
        for revision in items(answer, "serviceRevisions")
    }


async def _by_number(definitions: TaskDefinitions, ref: Ref, current: str, doubt: str) -> _Found:
    """Take the revision of the task definition that was registered before the current one."""
    family, _, revision = current.rpartition(":")
    if revision.isdecimal() and int(revision) > 1:
        earlier = f"{family}:{int(revision) - 1}"
        try:
            known = await definitions.get(ref.scope, earlier)
        except (Invalid, NotFound):
            known = {}
        if text(known, "status") == "ACTIVE":
            return _Found(
                earlier, doubt=f"{doubt} {tail(earlier)} is the revision registered before."
            )
    raise Invalid(
        f"roll back {ref.name}",
        f"{doubt} There is no revision registered before it",
        "deploy another one with `aws ecs update-service --task-definition`",
    )


async def _parts(definitions: TaskDefinitions, scope: Scope, arn: str) -> dict[str, str]:
    """Return what is compared of a task definition, by name."""
    definition = await definitions.get(scope, arn)
    found = {"task CPU": text(definition, "cpu"), "task memory": text(definition, "memory")}
    for container in items(definition, "containerDefinitions"):
        name = text(container, "name")
        found[f"{name} image"] = text(container, "image")
        for word in ("cpu", "memory", "memoryReservation"):
            found[f"{name} {word}"] = str(count(container, word) or "")
        found[f"{name} command"] = " ".join(strings(container, "command"))
        for one in items(container, "environment"):
            value = one.get("value")
            known = value if isinstance(value, str) else ""
            found[f"{name} variable {text(one, 'name')}"] = variable(text(one, "name"), known)
        for one in items(container, "secrets"):
            found[f"{name} variable {text(one, 'name')}"] = f"from {text(one, 'valueFrom')}"
    return found
