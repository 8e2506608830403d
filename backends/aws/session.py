"""botocore sessions as Topdeck wants them: quick, quiet, and pointed where a source says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

import orjson
from aiobotocore.parsers import AioJSONParser, AioResponseParserFactory
from aiobotocore.session import AioSession
from botocore.parsers import ResponseParserError
from botocore.session import Session as BotocoreSession
from botocore.utils import JSONFileCache, parse_timestamp

from backends.aws.loader import shared_loader
from backends.aws.turns import Turns
from backends.base import AwsSource

LARGE = 32_000
"""Bytes from which an answer waits for its turn to be parsed: some 0.2 ms of work."""

CLI_CACHE = Path("~/.aws/cli/cache")
"""Where the AWS CLI keeps the credentials of the roles that it assumed, MFA codes included."""


class MfaRequired(Exception):  # noqa: N818 - it reads as what it says
    """A role wants an MFA code, and there is no terminal to ask for it on."""


class Session(AioSession):  # type: ignore[misc]
    """A session whose clients all go to one endpoint, where the source names one."""

    def __init__(self, source: AwsSource) -> None:
        super().__init__(profile=source.profile or None)
        self._source = source
        _configure(self, source)

    def create_client(self, *args: Any, **kwargs: Any) -> Any:
        """Create a client; those that fetch credentials (STS, SSO) come through here too."""
        if self._source.endpoint_url and not kwargs.get("endpoint_url"):
            kwargs["endpoint_url"] = self._source.endpoint_url
        return super().create_client(*args, **kwargs)


def _configure(session: BotocoreSession, source: AwsSource) -> None:
    """Have a session read what `source` names, and models by the quick loader."""
    session.session_var_map["region"] = (
        "region", ["AWS_REGION", "AWS_DEFAULT_REGION"], None, None,
    )  # fmt: skip
    for name in ("config_file", "credentials_file"):
        if value := getattr(source, name):
            session.set_config_variable(name, value)
    session._components.lazy_register_component(  # noqa: SLF001 - a wrong profile is told later
        "data_loader", lambda: shared_loader(session.get_config_variable("data_path"))
    )


def signing_session(source: AwsSource) -> BotocoreSession:
    """Return a session whose clients sign with keys that are given to them, and send nothing.

    They go by the profile's settings alone: `AwsSource.endpoint_url` does not count. Making
    one of its clients takes some milliseconds, so do it in a thread.
    """
    session = BotocoreSession(profile=source.profile or None)
    _configure(session, source)
    return session


def client_session(source: AwsSource, turns: Turns) -> Session:
    """Return a session to make clients with; their answers are plain values, quickly parsed."""
    session = Session(source)
    session.register_component("response_parser_factory", _ParserFactory(turns))
    return session


def credential_session(source: AwsSource, region: str) -> Session:
    """Return a session to load credentials with: no metadata service, no prompt.

    Its answers are parsed as botocore does, whose own code reads them.
    `region` is where STS is asked when the profile names no region of its own.
    """
    session = Session(source)
    if not session.get_config_variable("region"):
        session.set_config_variable("region", region)
    resolver = session.get_component("credential_provider")
    if not source.imds:
        resolver.remove("iam-role")
    assume_role = resolver.get_provider("assume-role")
    assume_role.cache = _ReadOnlyCache()
    assume_role._prompter = _no_prompt  # noqa: SLF001 - botocore has no other way in
    return session


def epoch(value: Any) -> float:
    """Return any form in which AWS writes a timestamp as seconds since the epoch."""
    if isinstance(value, int | float):
        return float(value)
    return float(parse_timestamp(value).timestamp())


class _JSONParser(AioJSONParser):  # type: ignore[misc]
    """Takes the body as it is: no walk along the model's shapes, timestamps stay floats."""

    def __init__(self, turns: Turns) -> None:
        super().__init__()
        self._turns = turns

    async def parse(self, response: dict[str, Any], shape: Any) -> Any:
        """Parse an answer when its turn has come."""
        body = response["body"]
        if isinstance(body, bytes) and len(body) >= LARGE:
            await self._turns.wait()
        return await super().parse(response, shape)

    def _handle_json_body(self, raw_body: bytes, shape: Any) -> dict[str, Any]:
        if not raw_body:
            return {}
        try:
            body = _loaded(raw_body)
        except ValueError as error:
            raise ResponseParserError(f"the body is not JSON: {error}") from None
        if not isinstance(body, dict):
            raise ResponseParserError("the body is not a JSON object")
        return body


def _loaded(body: bytes) -> Any:
    """Return what JSON says; raises ValueError where it is none.

    Half a surrogate pair and bytes that are no UTF-8 are refused by the quick decoder. They become
    U+FFFD: one line of a log must not cost the whole page.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        try:
            loose = json.dumps(json.loads(body.decode("utf-8", "replace")), ensure_ascii=False)
            return orjson.loads(loose.encode("utf-8", "surrogatepass").decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            raise error from None


class _ParserFactory(AioResponseParserFactory):  # type: ignore[misc]
    """Gives the quick parser to the JSON protocol, and float timestamps to the others."""

    def __init__(self, turns: Turns) -> None:
        super().__init__()
        self._turns = turns
        self.set_parser_defaults(timestamp_parser=epoch)

    def create_parser(self, protocol_name: str) -> Any:
        if protocol_name == "json":
            return _JSONParser(self._turns)
        return super().create_parser(protocol_name)


class _ReadOnlyCache(dict[str, Any]):
    """The AWS CLI's cache of assumed roles, read but never written: ours stays in memory."""

    def __init__(self) -> None:
        super().__init__()
        self._cli = JSONFileCache(str(CLI_CACHE.expanduser()))

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or key in self._cli

    def __missing__(self, key: str) -> Any:
        return self._cli[key]


def _no_prompt(prompt: str) -> NoReturn:
    raise MfaRequired(prompt)
