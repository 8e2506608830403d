"""What kubelets say of containers, in their own words."""

from __future__ import annotations

from backends.sim.kube_world.values import Doc

PRESENT = 'Container image "{}" already present on machine and can be accessed by the pod'
"""Said of an image before a container is created; takes the image."""

RESTARTING = "Back-off restarting failed container {} in pod {}"
"""Said of a container that keeps ending; takes its name and `where` it is."""


def where(pod: Doc) -> str:
    """Return a pod as back-off messages name it: ``name_namespace(uid)``."""
    return "{name}_{namespace}({uid})".format(**pod["metadata"])
