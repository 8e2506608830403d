"""ECR: the repositories and images that the workloads run."""

from __future__ import annotations

from typing import Any

from backends.sim.aws.call import Call, operation
from backends.sim.aws.errors import AwsError
from backends.sim.aws.pages import limit, page
from backends.sim.ecs.definitions import image_digest, next_image

ERROR = "InvalidParameterException"

OLDER = 5
"""Releases before the one in use that a repository still has."""

_DAY = 86400.0
_MEDIA = "application/vnd.oci.image.manifest.v1+json"


def _repositories(call: Call) -> dict[str, set[str]]:
    """Return the images of the caller's repositories, by the repository's name.

    A repository is in the region that its images' names say. What a failing release names
    was never pushed.
    """
    registry = f"{call.account.account_id}.dkr.ecr.{call.region}.amazonaws.com/"
    images = {w.image for c in call.world.blueprint.clusters for w in c.workloads}
    found: dict[str, set[str]] = {}
    for image in images:
        if image.startswith(registry):
            name = image.removeprefix(registry).rpartition(":")[0]
            known = found.setdefault(name, set())
            known.update(next_image(image, steps=-i) for i in range(OLDER + 1))
    for image in call.world.ecs.definitions.images(call.account.account_id):
        name = image.removeprefix(registry).rpartition(":")[0]
        if name in found:
            found[name].add(image)
    return found


def _repository(call: Call) -> tuple[str, list[str]]:
    """Return the name and the images, newest first, of the repository that is named."""
    name = call.text("repositoryName")
    images = _repositories(call).get(name)
    if images is None:
        raise _missing(call, name)
    return name, sorted(images, key=_release, reverse=True)


def _missing(call: Call, name: str) -> AwsError:
    account = call.account.account_id
    return AwsError(
        "RepositoryNotFoundException",
        f"The repository with name '{name}' does not exist in the registry with id '{account}'",
    )


def _release(image: str) -> list[int]:
    return [int(part) for part in image.rpartition(":")[2].split(".") if part.isdigit()]


@operation("ecr", "DescribeRepositories")
def describe_repositories(call: Call) -> dict[str, Any]:
    """Answer the caller's repositories, all or those that are named."""
    known = _repositories(call)
    names = call.texts("repositoryNames")
    for name in names:
        if name not in known:
            raise _missing(call, name)
    size = limit(call, "maxResults", 100, 1000, ERROR)
    taken, token = page(call, names or known, str, size)
    account = call.account.account_id
    bodies = [
        {
            "repositoryArn": call.arn(f"repository/{name}"),
            "registryId": account,
            "repositoryName": name,
            "repositoryUri": f"{account}.dkr.ecr.{call.region}.amazonaws.com/{name}",
            "createdAt": call.world.opened - 500 * _DAY,
            "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": True},
            "encryptionConfiguration": {"encryptionType": "AES256"},
        }
        for name in taken
    ]
    return {"repositories": bodies, **({"nextToken": token} if token else {})}


@operation("ecr", "ListImages")
def list_images(call: Call) -> dict[str, Any]:
    """Answer the digests and tags of a repository's images."""
    _, images = _repository(call)
    if _status(call) == "UNTAGGED":
        images = []
    size = limit(call, "maxResults", 100, 1000, ERROR)
    taken, token = page(call, images, str, size)
    ids = [{"imageDigest": image_digest(i), "imageTag": i.rpartition(":")[2]} for i in taken]
    return {"imageIds": ids, **({"nextToken": token} if token else {})}


def _status(call: Call) -> str:
    wanted = (call.params.get("filter") or {}).get("tagStatus", "ANY")
    if wanted not in ("ANY", "TAGGED", "UNTAGGED"):
        raise AwsError(ERROR, f"Invalid tagStatus: {wanted}")
    return str(wanted)


@operation("ecr", "DescribeImages")
def describe_images(call: Call) -> dict[str, Any]:
    """Answer a repository's images, all or those that are named by tag or digest."""
    name, images = _repository(call)
    wanted = call.params.get("imageIds") or []
    if wanted:
        images = [_named(call, name, images, i) for i in wanted]
    elif _status(call) == "UNTAGGED":
        images = []
    size = limit(call, "maxResults", 100, 1000, ERROR)
    taken, token = page(call, images, str, size)
    bodies = [_render_image(call, name, image) for image in taken]
    return {"imageDetails": bodies, **({"nextToken": token} if token else {})}


def _named(call: Call, name: str, images: list[str], wanted: dict[str, str]) -> str:
    tag, digest = wanted.get("imageTag"), wanted.get("imageDigest")
    for image in images:
        if tag == image.rpartition(":")[2] or digest == image_digest(image):
            return image
    what = f"{{imageDigest:'{digest or 'null'}', imageTag:'{tag or 'null'}'}}"
    raise AwsError(
        "ImageNotFoundException",
        f"The image with imageId {what} does not exist within the repository with name '{name}' "
        f"in the registry with id '{call.account.account_id}'",
    )


def _render_image(call: Call, name: str, image: str) -> dict[str, Any]:
    release = _release(image)[1]
    pushed = call.world.opened - 90 * _DAY + release * _DAY
    digest = image_digest(image)
    return {
        "registryId": call.account.account_id,
        "repositoryName": name,
        "imageDigest": digest,
        "imageTags": [image.rpartition(":")[2]],
        "imageSizeInBytes": 80_000_000 + int(digest[7:13], 16),
        "imagePushedAt": min(pushed, call.now - 60),
        "imageScanStatus": {"status": "COMPLETE"},
        "imageManifestMediaType": _MEDIA,
        "artifactMediaType": "application/vnd.oci.image.config.v1+json",
        "imageStatus": "ACTIVE",
    }
