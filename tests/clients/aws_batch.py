"""Runs many commands of the AWS CLI in one process, on its own interpreter.

Reads lines of JSON, each a list of {"args": [...], "env": {...}}, and answers each with a line: a
list of {"code", "out", "err"}. Starting the CLI anew for every command would take longer than
all else in these tests.
"""

import contextlib
import io
import json
import os
import sys

from awscli.clidriver import create_clidriver  # importing it sets a variable that it needs later

KEPT = ("--profile", "--region")
DRIVERS = {}
"""A driver for each profile, region and environment, all of which it remembers: it reads the models
once, and credentials too."""


def driver(args, env):
    named = [args[args.index(word) + 1] if word in args else "" for word in KEPT]
    key = (*named, *sorted(env.items()))
    if key not in DRIVERS:
        made = create_clidriver()
        for first in list(DRIVERS.values())[:1]:  # what it read of the models serves all
            made.session.register_component(
                "data_loader", first.session.get_component("data_loader")
            )
        DRIVERS[key] = made
    return DRIVERS[key]


def run(args, env):
    before = dict(os.environ)
    os.environ.update(env)
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = driver(args, env).main(args)
            except SystemExit as error:
                code = error.code
    finally:
        os.environ.clear()
        os.environ.update(before)
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


if __name__ == "__main__":
    for line in sys.stdin:
        answers = [run(wish["args"], wish["env"]) for wish in json.loads(line)]
        print(json.dumps(answers), flush=True)
