"""Errors: what each exception of the SDK means to an operator, and that no secret gets through."""

from __future__ import annotations

import re

import aiohttp
import pytest
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError
from hypothesis import given
from hypothesis import strategies as st

from backends.aws.errors import CallContext, transient, translate
from backends.aws.redact import redact
from backends.aws.session import MfaRequired
from backends.base import (
    BackendError,
    Conflict,
    Denied,
    Expired,
    Invalid,
    NotFound,
    Throttled,
    Unreachable,
)
from backends.model import Renewal

CONTEXT = CallContext(
    action="ecs:UpdateService",
    endpoint="https://ecs.us-east-1.amazonaws.com",
    profile="acme",
    renewal=Renewal("profile acme", "run `aws sso login --profile acme`"),
    timeout=10.0,
)
NOT_AUTHORIZED = (
    "User: arn:aws:sts::111122223333:assumed-role/dev/x is not authorized to perform: "
    "ecs:UpdateService on resource: arn:aws:ecs:us-east-1:111122223333:service/shop/web because "
    "no identity-based policy allows the ecs:UpdateService action"
)


def answer(code: str, message: str = "", status: int = 400) -> boto.ClientError:
    return boto.ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status},
        },
        "UpdateService",
    )


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AccessDeniedException", Denied),
        ("AccessDenied", Denied),
        ("UnauthorizedOperation", Denied),
        ("ExpiredTokenException", Expired),
        ("UnrecognizedClientException", Expired),
        ("InvalidClientTokenId", Expired),
        ("ThrottlingException", Throttled),
        ("RequestLimitExceeded", Throttled),
        ("TooManyRequestsException", Throttled),
        ("ClusterNotFoundException", NotFound),
        ("ServiceNotFoundException", NotFound),
        ("ResourceNotFoundException", NotFound),
        ("NamespaceNotFound", NotFound),
        ("ServiceNotActiveException", Conflict),
        ("ConflictException", Conflict),
        ("InvalidParameterException", Invalid),
        ("ClientException", Invalid),
        ("SomethingNewException", Invalid),
    ],
)
def test_what_aws_answers(code: str, kind: type[BackendError]) -> None:
    error = translate(answer(code, "what it said"), CONTEXT)
    assert type(error) is kind
    assert error.problem.action == "ecs:UpdateService"
    assert "what it said" in error.problem.message
    assert error.problem.remedy


@pytest.mark.parametrize(
    ("error", "kind", "word"),
    [
        (boto.NoCredentialsError(), Expired, "aws sso login --profile acme"),
        (
            boto.CredentialRetrievalError(provider="sso", error_msg="it is over"),
            Expired,
            "aws sso login",
        ),
        (boto.SSOTokenLoadError(error_msg="no token"), Expired, "aws sso login"),
        (boto.UnauthorizedSSOTokenError(), Expired, "aws sso login"),
        (boto.TokenRetrievalError(provider="sso", error_msg="x"), Expired, "aws sso login"),
        (MfaRequired("Enter MFA code"), Expired, "aws sts get-session-token"),
        (boto.RefreshWithMFAUnsupportedError(), Expired, "aws sts get-session-token"),
        (
            boto.EndpointConnectionError(endpoint_url="http://x", error="refused"),
            Unreachable,
            "VPN",
        ),
        (boto.ReadTimeoutError(endpoint_url="http://x", error=""), Unreachable, "request_timeout"),
        (boto.ConnectTimeoutError(endpoint_url="http://x", error=""), Unreachable, "network"),
        (TimeoutError(), Unreachable, "request_timeout"),
        (
            boto.SSLError(endpoint_url="https://x", error="self signed"),
            Unreachable,
            "AWS_CA_BUNDLE",
        ),
        (boto.ProxyConnectionError(proxy_url="http://p"), Unreachable, "HTTPS_PROXY"),
        (ResponseParserError("the body is not JSON"), Unreachable, "captive portal"),
        (aiohttp.ClientPayloadError("cut"), Unreachable, "network"),
        (boto.InvalidConfigError(error_msg="source_profile is gone"), Invalid, "profile acme"),
        (boto.ParamValidationError(report="desiredCount"), Invalid, "correct"),
        (boto.MissingDependencyException(msg="crt"), Invalid, "botocore[crt]"),
        (ZeroDivisionError("a bug"), BackendError, "report"),
    ],
)
def test_what_happens_without_an_answer(
    error: Exception, kind: type[BackendError], word: str
) -> None:
    translated = translate(error, CONTEXT)
    assert type(translated) is kind
    assert word in translated.problem.remedy


def test_denied_names_the_action_and_the_resource_to_allow() -> None:
    error = translate(answer("AccessDeniedException", NOT_AUTHORIZED), CONTEXT)
    assert error.problem.remedy == (
        "allow ecs:UpdateService on arn:aws:ecs:us-east-1:111122223333:service/shop/web "
        "for profile acme"
    )


def test_denied_without_details_names_the_action_that_was_tried() -> None:
    error = translate(answer("AccessDeniedException", "no"), CONTEXT)
    assert error.problem.remedy.startswith("allow ecs:UpdateService on *")


def test_a_wrong_clock_is_told_from_wrong_credentials() -> None:
    said = "Signature expired: 20261122T000000Z is now earlier than 20261122T010000Z"
    error = translate(answer("InvalidSignatureException", said, 403), CONTEXT)
    assert isinstance(error, Expired)
    assert "clock" in error.problem.remedy


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_that_is_broken_is_unreachable_and_named(status: int) -> None:
    error = translate(answer(str(status), "<html>oops</html>", status), CONTEXT)
    assert isinstance(error, Unreachable)
    assert CONTEXT.endpoint in error.problem.message
    assert transient(answer(str(status), "", status))


def test_only_what_may_pass_is_tried_again() -> None:
    assert transient(boto.ConnectionClosedError(endpoint_url="http://x", request=None))
    assert not transient(answer("AccessDeniedException"))
    assert not transient(boto.EndpointConnectionError(endpoint_url="http://x", error=""))
    assert not transient(TimeoutError())


def test_an_error_that_is_translated_stays_as_it_is() -> None:
    error = NotFound("ecs:DescribeServices", "gone", "refresh")
    assert translate(error, CONTEXT) is error


KEYS = st.from_regex(r"\A(?:AKIA|ASIA)[A-Z0-9]{16}\Z")
TOKENS = st.from_regex(r"\A(?:IQoJ|FwoG)[A-Za-z0-9/+=]{40,80}\Z")
PROSE = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x1b"), max_size=40)


@given(KEYS, TOKENS, PROSE, PROSE)
def test_no_key_and_no_token_gets_through(key: str, token: str, before: str, after: str) -> None:
    for said in (
        f"{before} {key} {after}",
        f"{before} {token} {after}",
        f"{before}\nx-amz-security-token:{token}\n{after}",
        f"{before} Authorization: AWS4-HMAC-SHA256 Credential={key}/x/ecs, Signature=ab",
        f"{before} https://host/?X-Amz-Credential={key}&X-Amz-Security-Token={token}&x=1 {after}",
        f"{before} aws_session_token = {token}",
    ):
        for text in (redact(said), str(translate(answer("X", said), CONTEXT))):
            assert key not in text
            assert token not in text


@given(st.text(max_size=600))
def test_a_message_is_one_clean_line_of_bounded_length(said: str) -> None:
    text = redact(said)
    assert len(text) <= 401
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e]", text)


def test_a_password_in_an_endpoint_is_not_shown() -> None:
    assert redact("http://user:secret@proxy:8080/x") == "http://[redacted]proxy:8080/x"
