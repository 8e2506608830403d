"""The table of what is known to be wrong with moto names tests that there are."""

from __future__ import annotations

import ast
from pathlib import Path

from aws_known import MOTO_KNOWN_WRONG

HERE = Path(__file__).parent


def test_every_name_is_that_of_a_test_of_both_servers() -> None:
    tests = {
        node.name
        for path in HERE.glob("test_*_contract.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.AsyncFunctionDef)
        and {"site", "where"} & {argument.arg for argument in node.args.args}
    }
    assert MOTO_KNOWN_WRONG.keys() <= tests
