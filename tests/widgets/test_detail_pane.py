"""The detail pane: summary first, description when it comes, problems when it does not."""

import asyncio

from textual.app import App, ComposeResult

from backends.clock import ManualClock
from backends.model import Description, Health, Problem, Ref, Resource, Scope, Section
from widgets.detail_pane import DetailPane
from widgets.themes import THEMES

SCOPE = Scope("ecs", "acme", "111122223333", "us-east-1", "shop")
NOW = 1_790_000_000.0


def ref(name: str = "web") -> Ref:
    return Ref(SCOPE, "ecs/services", name)


def resource(name: str = "web", reason: str = "") -> Resource:
    return Resource(
        ref=ref(name), health=Health.FAILING, status="DOWN", cells=(name,), reason=reason
    )


def description(name: str = "web", count: int = 50, at: float = NOW) -> Description:
    rows = tuple(f"event {number}" for number in range(count))
    return Description(ref(name), (Section("Events", lines=rows),), {}, at)


PROBLEM = Problem("denied", "ecs:DescribeServices", "not allowed", "allow it")


class DetailApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock(NOW)
        self.detail = DetailPane(clock=self.clock)

    def compose(self) -> ComposeResult:
        yield self.detail

    def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name
        self.detail.focus()

    async def shown(self) -> list[str]:
        done = asyncio.Event()
        self.detail.call_after_refresh(done.set)
        async with asyncio.timeout(10):
            await done.wait()
        width = self.detail.scrollable_size.width
        strips = self.screen._compositor.render_strips()
        return [strip.crop(0, width).text.rstrip() for strip in strips]


async def test_the_summary_comes_before_the_description() -> None:
    app = DetailApp()
    async with app.run_test(size=(80, 12)):
        app.detail.show_resource(resource(reason="no tasks"))
        assert (await app.shown())[:5] == [
            "✗ DOWN  web",
            "Reason   no tasks",
            "Address  ecs / acme / 111122223333 / us-east-1 / shop / services / web",
            "",
            "loading…",
        ]
        assert app.detail.awaiting
        app.detail.show_description(description())
        shown = await app.shown()
        assert shown[0] == "✗ DOWN  web  as of 0s ago"
        assert shown[4:6] == ["Events", "event 0"]
        assert "loading…" not in shown
        assert not app.detail.awaiting


async def test_the_head_stays_and_its_age_ticks() -> None:
    app = DetailApp()
    async with app.run_test(size=(80, 12)) as pilot:
        app.detail.show_resource(resource())
        app.detail.show_description(description())
        await app.shown()
        await pilot.press("G")
        shown = await app.shown()
        assert shown[0] == "✗ DOWN  web  as of 0s ago"
        assert shown[-1] == "event 49"
        app.clock.advance(75)
        app.detail.tick()
        assert (await app.shown())[0] == "✗ DOWN  web  as of 75s ago"


async def test_news_of_the_same_resource_does_not_scroll() -> None:
    app = DetailApp()
    async with app.run_test(size=(80, 12)) as pilot:
        app.detail.show_resource(resource())
        app.detail.show_description(description())
        await app.shown()
        await pilot.press("pagedown", "j")
        before = await app.shown()
        assert before[1] == "event 8"
        app.detail.show_resource(resource())
        app.detail.show_description(description(count=60))
        assert await app.shown() == before
        app.detail.show_resource(resource("api"))
        shown = await app.shown()
        assert shown[0] == "✗ DOWN  api"
        assert shown[3] == "loading…"


async def test_what_is_late_for_another_resource_is_ignored() -> None:
    app = DetailApp()
    async with app.run_test(size=(80, 12)):
        app.detail.show_resource(resource("api"))
        app.detail.show_description(description("web"))
        app.detail.show_problem(PROBLEM, ref("web"))
        assert app.detail.description is None
        assert app.detail.problem is None
        app.detail.show_description(description("api"))
        assert app.detail.description is not None


async def test_a_problem_is_shown_and_an_older_description_stays() -> None:
    app = DetailApp()
    async with app.run_test(size=(80, 20)):
        app.detail.show_resource(resource())
        app.detail.show_problem(PROBLEM)
        shown = await app.shown()
        assert shown[3:7] == [
            "✗ could not be described (denied)",
            "Tried      ecs:DescribeServices",
            "Came back  not allowed",
            "Do         allow it",
        ]
        app.detail.show_description(description())
        assert "✗ could not be described (denied)" not in await app.shown()
        app.detail.show_problem(PROBLEM)
        shown = await app.shown()
        assert shown.index("✗ could not be described (denied)") < shown.index("Events")


async def test_cleared_it_says_what_was_set() -> None:
    app = DetailApp()
    app.detail.set_empty("Choose a row")
    async with app.run_test(size=(80, 12)):
        assert (await app.shown())[0] == "Choose a row"
        app.detail.show_resource(resource())
        await app.shown()
        app.detail.clear()
        assert (await app.shown())[:2] == ["Choose a row", ""]
        app.detail.show_problem(PROBLEM)
        assert (await app.shown())[:2] == ["Choose a row", ""]


async def test_it_lays_out_anew_for_another_width() -> None:
    app = DetailApp()
    async with app.run_test(size=(80, 12)) as pilot:
        app.detail.show_resource(resource(reason="word " * 12))
        assert (await app.shown())[1].count("word") == 12
        await pilot.resize_terminal(40, 12)
        assert (await app.shown())[1].count("word") == 6


async def test_text_is_all_of_it() -> None:
    app = DetailApp()
    async with app.run_test(size=(80, 12)):
        app.detail.show_resource(resource())
        app.detail.show_description(description())
        await app.shown()
        lines = app.detail.text.splitlines()
        assert lines[0].startswith("✗ DOWN  web")
        assert lines[-1] == "event 49"


async def test_health_has_its_colour() -> None:
    app = DetailApp()
    async with app.run_test(size=(80, 12)):
        app.detail.show_resource(resource())
        await app.shown()
        segment = next(iter(app.screen._compositor.render_strips()[0]))
        assert segment.text == "✗ DOWN"
        assert segment.style is not None
        assert str(segment.style.color).startswith("Color('#f0787a'")
