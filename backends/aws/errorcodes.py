"""The error codes of AWS's services, by what they mean to an operator.

From the services' API references and botocore's models; each service spells them its own way.
"""

from __future__ import annotations

DENIED = frozenset({
    "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedException",
    "NotAuthorized", "AuthorizationError", "OptInRequired", "403", "ForbiddenException",
})  # fmt: skip
"""The caller may not do this."""

EXPIRED = frozenset({
    "ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired",
    "UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId",
    "MissingAuthenticationToken", "MissingAuthenticationTokenException", "AuthFailure",
    "IncompleteSignature", "IncompleteSignatureException", "NotSignedUp", "401",
})  # fmt: skip
"""The credentials are over, revoked or of nobody: renewing them helps."""

SIGNATURE = frozenset(
    {"SignatureDoesNotMatch", "InvalidSignatureException", "RequestTimeTooSkewed"}
)
"""The signature is wrong: a wrong secret, or a clock that is."""

THROTTLED = frozenset({
    "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled",
    "RequestThrottledException", "TooManyRequestsException", "RequestLimitExceeded",
    "BandwidthLimitExceeded", "PriorRequestNotComplete", "SlowDown", "EC2ThrottledException",
    "ProvisionedThroughputExceededException", "429",
})  # fmt: skip
"""Too many calls; the same ones botocore retries by, and those of single services."""

NOT_FOUND = frozenset({
    "ClusterNotFoundException", "ServiceNotFoundException", "TaskSetNotFoundException",
    "ResourceNotFoundException", "ResourceNotFound", "NotFoundException", "NamespaceNotFound",
    "ServiceNotFound", "InstanceNotFound", "NamespaceNotFoundException", "TargetNotFoundException",
    "RepositoryNotFoundException", "ImageNotFoundException", "ObjectNotFoundException",
    "ServiceDeploymentNotFoundException", "TargetGroupNotFound", "QueueDoesNotExist",
    "AWS.SimpleQueueService.NonExistentQueue",
})  # fmt: skip
"""What the call was about is not there."""

CONFLICT = frozenset({
    "ServiceNotActiveException", "ConflictException", "ResourceInUseException", "ResourceInUse",
    "UpdateInProgressException", "OperationAbortedException", "ConcurrentUpdateException",
    "BlockedException",
})  # fmt: skip
"""It is there, but in a state that forbids the call."""
