"""The errors that the AWS face answers with."""

from __future__ import annotations


class AwsError(Exception):
    """A refusal as AWS words it: the error code, the message, the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def unknown_key(protocol: str) -> AwsError:
    """Return what AWS says to an access key that it does not know, in the given protocol."""
    message = "The security token included in the request is invalid."
    if protocol == "query":
        return AwsError("InvalidClientTokenId", message, 403)
    return AwsError("UnrecognizedClientException", message, 403 if protocol == "rest-json" else 400)


def expired_key(protocol: str) -> AwsError:
    """Return what AWS says to temporary credentials that have run out, in the given protocol."""
    message = "The security token included in the request is expired"
    if protocol == "query":
        return AwsError("ExpiredToken", message, 403)
    return AwsError("ExpiredTokenException", message, 403 if protocol == "rest-json" else 400)


def unsigned(protocol: str) -> AwsError:
    """Return what AWS says to a request without a signature, in the given protocol."""
    if protocol == "query":
        return AwsError(
            "MissingAuthenticationToken", "Request is missing Authentication Token", 403
        )
    status = 403 if protocol == "rest-json" else 400
    return AwsError("MissingAuthenticationTokenException", "Missing Authentication Token", status)


def invalid(message: str) -> AwsError:
    """Return ECS's InvalidParameterException."""
    return AwsError("InvalidParameterException", message)
