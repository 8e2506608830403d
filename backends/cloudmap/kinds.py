"""The kinds of Cloud Map."""

from __future__ import annotations

from backends.model import Column, Format, Kind

NAMESPACES = Kind(
    id="cloudmap/namespaces",
    title="Namespaces",
    singular="Cloud Map namespace",
    columns=(
        Column("name", "Namespace"),
        Column("type", "Type"),
        Column("services", "Services", Format.NUMBER),
        Column("description", "Description", width=30),
        Column("id", "Id", wide=True),
        Column("age", "Age", Format.AGE, wide=True),
    ),
    child="cloudmap/services",
    aliases=("cloudmap-namespaces", "cloudmap", "cm"),
    narrows="namespace",
    empty="No Cloud Map namespaces in this account and region.",
)
"""Namespaces: HTTP, private DNS and public DNS."""

SERVICES = Kind(
    id="cloudmap/services",
    title="Cloud Map services",
    singular="Cloud Map service",
    columns=(
        Column("name", "Service"),
        Column("status", "Health", Format.STATUS),
        Column("healthy", "Healthy", Format.RATIO),
        Column("instances", "Instances", Format.NUMBER),
        Column("records", "DNS records"),
        Column("check", "Health check"),
        Column("behind", "ECS service"),
        Column("description", "Description", width=30),
        Column("id", "Id", wide=True),
        Column("age", "Age", Format.AGE, wide=True),
    ),
    child="cloudmap/instances",
    aliases=("cloudmap-services", "cmsvc"),
    empty="This namespace has no services.",
)
"""Services, with what their names resolve to and who says whether they are healthy."""

INSTANCES = Kind(
    id="cloudmap/instances",
    title="Instances",
    singular="Cloud Map instance",
    columns=(
        Column("name", "Instance"),
        Column("status", "Health", Format.STATUS),
        Column("address", "Address"),
        Column("port", "Port", Format.NUMBER),
        Column("zone", "Zone"),
        Column("behind", "Behind it"),
        Column("service", "Service", wide=True),
        Column("ipv6", "IPv6", wide=True),
        Column("attributes", "Attributes", width=40, wide=True),
    ),
    aliases=("cloudmap-instances", "instances", "inst"),
    empty="Nothing is registered with this service.",
)
"""Instances, with the task or the pod behind each."""

KINDS = {kind.id: kind for kind in (NAMESPACES, SERVICES, INSTANCES)}
"""All of them by id, in the order in which they should be listed."""
