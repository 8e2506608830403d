"""What a new desired count means, in words; pure, so that every sentence can be tested."""

from __future__ import annotations

import msgspec

from backends.model import Autoscaler, Ref
from widgets.fit import plural

ECS_MOST = 5_000
"""Tasks that one ECS service may have (AWS service quotas, "Tasks per service")."""

KUBERNETES_MOST = 150_000
"""Pods that one Kubernetes cluster is made for ("Considerations for large clusters")."""


class Unit(msgspec.Struct, frozen=True):
    """What a workload is scaled in."""

    noun: str
    """Singular: ``task`` or ``pod``."""
    most: int
    """The largest count that makes sense."""
    limit: str
    """Where `most` comes from, as the end of a sentence."""


def unit_of(ref: Ref) -> Unit:
    """Return what the workload at `ref` is counted in."""
    if ref.kind.startswith("ecs/"):
        return Unit("task", ECS_MOST, "a service has on ECS")
    if ref.kind.startswith("k8s/"):
        return Unit("pod", KUBERNETES_MOST, "a Kubernetes cluster is made for")
    return Unit("replica", KUBERNETES_MOST, "can be asked for")


def parse_count(text: str, unit: Unit) -> int | str:
    """Return the count that was typed, or a sentence on what is wrong with it."""
    text = text.strip()
    if not text:
        return f"Type how many {unit.noun}s there should be."
    sign, digits = (text[0], text[1:]) if text[0] in "+-" else ("", text)
    if not (digits.isascii() and digits.isdigit()):
        return "That is not a whole number."
    if len(digits.lstrip("0")) > len(str(unit.most)) or int(digits) > unit.most:
        if sign != "-":
            return f"At most {unit.most:,}: more {unit.noun}s than {unit.limit}."
        return "A count can't be negative."
    if sign == "-" and int(digits):
        return "A count can't be negative."
    return int(digits)


def change_line(current: int | None, desired: int, unit: Unit) -> str:
    """Return what going from one count to another does: ``2 -> 5: 3 tasks will start``."""
    if current is None:
        return f"? -> {desired:,}: the current count is not known"
    arrow = f"{current:,} -> {desired:,}"
    if desired == current:
        return f"{arrow}: nothing to change"
    if desired > current:
        return f"{arrow}: {plural(desired - current, unit.noun)} will start"
    if desired:
        return f"{arrow}: {plural(current - desired, unit.noun)} will be stopped"
    all_of = "the only" if current == 1 else f"all {current:,}"
    noun = unit.noun if current == 1 else f"{unit.noun}s"
    return f"{arrow}: {all_of} {noun} will be stopped; nothing will serve"


def autoscaler_line(scaler: Autoscaler, desired: int | None, ref: Ref) -> str:
    """Return what an autoscaler will do about a new count, in a sentence.

    Kubernetes leaves a workload alone at zero replicas and otherwise corrects at once
    ("Horizontal Pod Autoscaling", implicit maintenance-mode deactivation). Application Auto
    Scaling corrects when it next scales ("Automatically scale your Amazon ECS service").
    """
    low, high = scaler.minimum, scaler.maximum
    keeps = f"It keeps the count within {low:,}–{high:,}"
    if desired is None:
        return f"{keeps}."
    kubernetes = ref.kind.startswith("k8s/")
    if kubernetes and desired == 0 and low > 0:
        return "At 0 it stops scaling, until somebody sets a count above 0."
    if desired > high:
        when = "" if kubernetes else " the next time it scales in"
        return f"{keeps}: {desired:,} will be brought back to {high:,}{when}."
    if desired < low:
        when = "" if kubernetes else " the next time it scales out"
        return f"{keeps}: {desired:,} will be brought up to {low:,}{when}."
    return f"{keeps}: it may move {desired:,} again as the load asks."
