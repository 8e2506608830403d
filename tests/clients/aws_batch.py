"""Runs many commands of the AWS CLI in one process, on its own interpreter.

Reads a JSON list of {"args": [...], "env": {...}} and writes one of {"code", "out", "err"}:
starting the CLI anew for each would take longer than all else in these tests.
"""

import contextlib
import io
import json
import os
import sys


def run(args, env):
    from awscli.clidriver import create_clidriver

    before = dict(os.environ)
    os.environ.update(env)
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = create_clidriver().main(args)
            except SystemExit as error:
                code = error.code
    finally:
        os.environ.clear()
        os.environ.update(before)
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


if __name__ == "__main__":
    answers = [run(wish["args"], wish["env"]) for wish in json.load(sys.stdin)]
    json.dump(answers, sys.stdout)
