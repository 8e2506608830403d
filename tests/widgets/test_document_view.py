"""The document view: written off the loop, drawn line by line, searched, copied."""

import asyncio
import json

import yaml
from log_support import until
from textual import on
from textual.app import App, ComposeResult

from backends.model import Description, Ref, Scope
from widgets.document_view import DocumentView
from widgets.themes import THEMES

REF = Ref(Scope("k8s", "dev", "", "", "dev", "shop"), "k8s/pods", "web")


def description(document: object, name: str = "web") -> Description:
    return Description(Ref(REF.scope, REF.kind, name), (), document, 1.0)


class DocumentApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.view = DocumentView()
        self.changes = 0

    def compose(self) -> ComposeResult:
        yield self.view

    def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name
        self.view.focus()

    @on(DocumentView.Changed)
    def count(self) -> None:
        self.changes += 1

    async def shown(self) -> list[str]:
        await until(lambda: not self.view.writing, "the document to be written")
        for _ in range(2):  # a line wider than all before is measured after it was drawn
            done = asyncio.Event()
            self.view.call_after_refresh(done.set)
            async with asyncio.timeout(10):
                await done.wait()
        width = self.view.scrollable_size.width
        strips = self.screen._compositor.render_strips()
        return [strip.crop(0, width).text.rstrip() for strip in strips]


async def test_yaml_and_json() -> None:
    document = {"kind": "Pod", "spec": {"replicas": 2}}
    app = DocumentApp()
    app.view.show_description(description(document))
    async with app.run_test(size=(40, 8)) as pilot:
        assert (await app.shown())[:4] == ["kind: Pod", "spec:", "  replicas: 2", ""]
        assert yaml.safe_load(app.view.text) == document
        await pilot.press("J")
        assert (await app.shown())[:3] == ["{", '  "kind": "Pod",', '  "spec": {']
        assert json.loads(app.view.text) == document


async def test_a_newer_document_of_the_same_resource_does_not_scroll() -> None:
    document = {f"key-{n:03}": n for n in range(100)}
    app = DocumentApp()
    async with app.run_test(size=(40, 8)) as pilot:
        app.view.show_description(description(document))
        await app.shown()
        await pilot.press("pagedown", "j")
        assert (await app.shown())[0] == "key-008: 8"
        app.view.show_description(description({**document, "key-008": "new"}))
        await until(lambda: app.changes >= 2, "the newer document")
        assert (await app.shown())[0] == "key-008: new"
        app.view.show_description(description(document, name="other"))
        assert (await app.shown())[0] == "key-000: 0"


async def test_find_goes_round() -> None:
    document = {f"key-{n:03}": "needle" if n % 40 == 30 else "hay" for n in range(100)}
    app = DocumentApp()
    async with app.run_test(size=(40, 8)) as pilot:
        app.view.show_description(description(document))
        await app.shown()
        assert app.view.find("NEEDLE") == 0
        assert app.view.find("needle") == 2
        assert "key-030: needle" in await app.shown()
        assert app.view.found == (1, 2)
        await pilot.press("n")
        assert "key-070: needle" in await app.shown()
        await pilot.press("n")
        assert "key-030: needle" in await app.shown()
        await pilot.press("N")
        assert "key-070: needle" in await app.shown()
        assert app.view.found == (2, 2)
        marked = [
            segment.text
            for strip in app.screen._compositor.render_strips()
            for segment in strip
            if segment.style and segment.style.underline
        ]
        assert marked == ["needle"]
        assert app.view.find("") == 0
        assert app.view.found == (0, 0)


async def test_hostile_text_is_harmless() -> None:
    evil = "\x1b]52;c;aGk=\x07\x1b[2J[/x][@click=app.quit]\u202e\x9b31m\u00ad"
    app = DocumentApp()
    async with app.run_test(size=(90, 8)) as pilot:
        app.view.show_description(description({evil: evil, "list": [evil]}))
        for _ in range(2):
            shown = await app.shown()
            assert any("[/x][@click=app.quit]" in row for row in shown)
            for strip in app.screen._compositor.render_strips():
                assert strip.text.isprintable()
            await pilot.press("J")


async def test_wide_lines_scroll_sideways() -> None:
    app = DocumentApp()
    async with app.run_test(size=(40, 8)) as pilot:
        app.view.show_description(description({"k": "".join(chr(97 + i % 26) for i in range(90))}))
        await app.shown()
        await pilot.press("right")
        step = app.view.scrollable_size.width // 2
        line = "k: " + "".join(chr(97 + i % 26) for i in range(90))
        assert (await app.shown())[0] == line[step : step + app.view.scrollable_size.width]


async def test_what_can_not_be_written_says_so() -> None:
    app = DocumentApp()
    async with app.run_test(size=(80, 8)):
        app.view.show_description(description({"x": object()}))
        assert (await app.shown())[0].startswith("can't be written as YAML: ")
        assert app.view.text == ""
        app.view.show_message("not described yet")
        assert (await app.shown())[0] == "not described yet"


async def test_a_large_document_is_written_while_keys_are_answered() -> None:
    document = {"items": [{"name": f"item-{n}", "value": "x" * 60} for n in range(10_000)]}
    app = DocumentApp()
    async with app.run_test(size=(80, 8)) as pilot:
        app.view.show_description(description(document))
        assert app.view.text == ""  # it did not wait for it
        shown = await app.shown()
        assert shown[0] == "items:"
        await pilot.press("G")
        assert (await app.shown())[-2].strip() == "- name: item-9999"
        assert app.view.find("item-5000") == 1
        assert "- name: item-5000" in await app.shown()
