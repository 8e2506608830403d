"""A real autoscaler at work on figures of the fake kubelet, while Topdeck looks on."""

from __future__ import annotations

from typing import Any

import pytest

from backends.model import Health, Scale
from tests.e2e.plane.api import Api
from tests.e2e.plane.eyes import looking
from tests.e2e.plane.plane import Plane
from tests.e2e.plane.shown import Shown
from tests.e2e.running import Apps

pytestmark = pytest.mark.usefixtures("kubelet")

HPA = "horizontalpodautoscalers"


def autoscaler(minimum: int, maximum: int, percent: int) -> dict[str, Any]:
    """Return an autoscaler of ``web`` by its CPU that does not hesitate."""
    target = {"type": "Utilization", "averageUtilization": percent}
    at_once = {"stabilizationWindowSeconds": 0}
    return {
        "metadata": {"name": "web"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "minReplicas": minimum,
            "maxReplicas": maximum,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
            "behavior": {"scaleUp": at_once, "scaleDown": at_once},
        },
    }


async def test_an_autoscaler_scales_up_and_down_in_sight(
    plane: Plane, api: Api, namespace: str, shown: Shown
) -> None:
    apps = Apps(api, namespace)
    # Of 100m that each asks for: twice as much as it is to have.
    await apps.make("deployments", "web", 2, cpu="100m")
    await apps.ready("deployments", "web", 2)
    await api.post(
        f"/apis/autoscaling/v2/namespaces/{namespace}/{HPA}", autoscaler(1, 5, percent=50)
    )
    async with looking(plane.kubeconfig) as eyes:
        view = await eyes.on("deployments", namespace)
        ref = eyes.ref("deployments", namespace, "web")
        await view.until(
            lambda v: (
                ref in v.shelf.rows
                and (v.shelf.rows[ref].desired, v.shelf.rows[ref].ready) == (5, 5)
            ),
            "five pods",
        )
        info = await eyes.backend.scale_info(view.shelf.rows[ref])
        assert (info.desired, info.running, info.problem) == (5, 5, None)
        assert info.autoscaler is not None
        assert info.autoscaler.name == "HorizontalPodAutoscaler web"
        assert (info.autoscaler.minimum, info.autoscaler.maximum) == (1, 5)
        assert info.autoscaler.note == "cpu at 50%"
        shown("an autoscaler scales up, in sight and in the scale dialog's words", 5)

        for pod in await apps.of("web"):
            await apps.annotate(pod["metadata"]["name"], cpu="5m")
        await view.until(lambda v: v.shelf.rows[ref].desired == 1, "one pod")
        await view.until(lambda v: v.shelf.rows[ref].ready == 1)
        assert view.shelf.rows[ref].health is Health.OK
        shown("and down again", 1)

        # Scaled to none by hand it rests, and says so.
        await eyes.backend.perform(Scale(ref, 1, 0))
        await api.until(
            f"/apis/autoscaling/v2/namespaces/{namespace}/{HPA}/web",
            lambda found: any(
                c["reason"] == "ScalingDisabled" for c in found["status"].get("conditions", ())
            ),
        )
        info = await eyes.backend.scale_info(view.shelf.rows[ref])
        assert info.autoscaler is not None
        assert info.autoscaler.note == "suspended while scaled to zero, cpu at 50%"
        shown("an autoscaler that rests while there are none", 0)


async def test_an_autoscaler_without_figures_is_said_to_do_nothing(
    plane: Plane, api: Api, namespace: str, shown: Shown
) -> None:
    apps = Apps(api, namespace)
    await apps.make("deployments", "web", 1, start_seconds="600")  # nothing runs, so no figures
    path = f"/apis/autoscaling/v2/namespaces/{namespace}/{HPA}"
    await api.post(path, autoscaler(1, 5, percent=50))
    await api.until(
        f"{path}/web",
        lambda found: any(
            c["type"] == "ScalingActive" and c["status"] == "False"
            for c in found.get("status", {}).get("conditions", ())
        ),
    )
    async with looking(plane.kubeconfig) as eyes:
        view = await eyes.on("deployments", namespace)
        ref = eyes.ref("deployments", namespace, "web")
        await view.until(lambda v: ref in v.shelf.rows)
        info = await eyes.backend.scale_info(view.shelf.rows[ref])
        assert info.autoscaler is not None
        assert info.autoscaler.note == (
            "does nothing at the moment: FailedGetResourceMetric, cpu at 50%"
        )
    shown("an autoscaler without figures", 1)
