"""The simulated world as a child process: started before anything heavy is imported, so that it
boots while the screen does, and ended with us however we end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Any

import msgspec

from backends.base import AwsSource, KubeSource, Sources
from tui.config import ConfigError

if TYPE_CHECKING:
    from backends.sim.blueprint import ScaleName

READY_WITHIN = 30.0
"""Seconds that the simulator may take to listen; the huge world needs about 3."""


class DemoWorld:
    """A running simulator. It ends when its standard input closes: with us, even if killed."""

    def __init__(self, seed: int, scale: ScaleName) -> None:
        self._scale: ScaleName = scale
        arguments = ["--port", "0", "--seed", str(seed), "--scale", scale, "--die-with-parent"]
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - a pipe nobody reads would block it
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "backends.sim", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
        )

    async def sources(self) -> Sources:
        """Wait until it listens, and return what points the real backends at it.

        Raises `ConfigError` if it ended or is not ready in time.
        """
        try:
            async with asyncio.timeout(READY_WITHIN):
                line = await asyncio.to_thread(self._first_line)
        except TimeoutError as error:
            self.stop()
            raise ConfigError(
                f"The simulator was not ready within {READY_WITHIN:.0f} s. Try again, or run "
                "`topdeck simulate` to see what it says."
            ) from error
        info: dict[str, Any] = msgspec.json.decode(line)
        from backends.sim.blueprint import places

        accounts, regions, contexts = places(self._scale)
        return Sources(
            aws=tuple(
                AwsSource(
                    profile=account.profile,
                    regions=regions,
                    endpoint_url=info["aws_endpoint"],
                    config_file=info["aws_config_file"],
                    credentials_file=info["aws_shared_credentials_file"],
                )
                for account in accounts
            ),
            kube=(KubeSource(info["kubeconfig"], contexts),) if contexts else (),
            budget_share=1.0,
        )

    def _first_line(self) -> bytes:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            said = self._errors.read().decode(errors="replace").strip()
            last = said.splitlines()[-1] if said else "it said nothing"
            raise ConfigError(f"The simulator ended before it listened: {last}")
        return line

    def stop(self) -> None:
        """End it, and wait until it has gone."""
        process = self._process
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=2)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for stream in (process.stdin, process.stdout, self._errors):
            if stream is not None:
                stream.close()
