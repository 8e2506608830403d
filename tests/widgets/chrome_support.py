"""Apps and resources that the tests of the chrome share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from textual.app import App, ComposeResult
from textual.screen import ModalScreen, Screen
from textual.widget import Widget

from backends.model import Health, Ref, Resource, Scope

NASTY = (
    "[/foo]",
    "[@click=app.quit]web[/]",
    "サービス東京本番",
    "n" * 255,
    "名" * 255,
    "[bold]x",
    "a\\[b]",
)
"""Names that have broken screens: markup, wide characters, and the longest there are."""

Answer = TypeVar("Answer")


def ecs_ref(name: str = "web", cluster: str = "shop-prod") -> Ref:
    scope = Scope("ecs", "acme-prod", "111122223333", "us-east-1", cluster)
    return Ref(scope, "ecs/services", name)


def k8s_ref(name: str = "web", namespace: str = "shop") -> Ref:
    scope = Scope("k8s", "kind-dev", "", "", "dev", namespace)
    return Ref(scope, "k8s/deployments", name)


def service(ref: Ref, desired: int | None = 2, ready: int | None = 2) -> Resource:
    return Resource(
        ref=ref,
        health=Health.OK,
        status="ACTIVE",
        cells=(ref.name,),
        ready=ready,
        desired=desired,
        pending=0,
    )


class AskApp(App[None]):
    """Shows one modal screen and keeps what it answered."""

    def __init__(self, make: Callable[[], ModalScreen[Any]]) -> None:
        super().__init__()
        self.make = make
        self.answers: list[Any] = []

    def on_mount(self) -> None:
        self.push_screen(self.make(), self.answers.append)


class HostApp(App[None]):
    """Shows widgets one below the other, and keeps the messages it is asked to keep."""

    def __init__(self, *widgets: Widget) -> None:
        super().__init__()
        self.widgets = widgets
        self.messages: list[Any] = []

    def compose(self) -> ComposeResult:
        yield from self.widgets


def screen_text(app: App[Any]) -> str:
    """Return what is on the screen as lines of text."""
    return "\n".join(
        "".join(segment.text for segment in strip)
        for strip in app.screen._compositor.render_strips()
    )


def assert_inside(screen: Screen[Any], *selectors: str) -> None:
    """Assert that every part named is shown in whole within the screen."""
    whole = screen.region
    for selector in selectors:
        for widget in screen.query(selector):
            seen, _clip = screen.find_widget(widget)[:2]
            assert widget.region.area > 0, f"{widget} has no room"
            assert whole.contains_region(seen), f"{widget} at {seen} leaves {whole}"
            box = widget.parent
            while isinstance(box, Widget):
                assert box.region.contains_region(seen), f"{widget} at {seen} leaves {box}"
                box = box.parent if box.parent is not screen else None
