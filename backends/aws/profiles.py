"""Which profiles and regions there are to look at, told from the configuration files alone."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from botocore.exceptions import BotoCoreError, ConfigParseError, ProfileNotFound

from backends.aws.redact import redact
from backends.aws.renewal import called, renewal_of
from backends.aws.session import Session, client_session
from backends.aws.turns import Turns
from backends.base import AwsSource, Invalid
from backends.text import clean

ACTION = "read the AWS configuration"
"""What is being tried when something is wrong with a profile or a region."""


class Profile:
    """One source, read: its name, its regions and how its credentials are renewed."""

    def __init__(self, source: AwsSource, turns: Turns) -> None:
        """Read the files that `source` names; raises `Invalid` with a remedy."""
        for path in (source.config_file, source.credentials_file):
            if path and not Path(path).expanduser().is_file():
                raise Invalid(ACTION, f"there is no file {clean(path)}", "correct its path")
        self.source = source
        try:
            self.session = client_session(source, turns)
            self.name = source.profile or _ambient(self.session)
            profiles = self.session.full_config["profiles"]
            self.session.get_scoped_config()  # raises where there is no such profile
            self.regions = source.regions or _own_region(self.session)
        except ProfileNotFound:
            raise _unknown_profile(source, self.session) from None
        except ConfigParseError as error:
            path = clean(str(error.kwargs.get("path", "")))
            raise Invalid(
                ACTION, f"{path} cannot be parsed: {redact(_cause(error))}", f"correct {path}"
            ) from None
        except (BotoCoreError, OSError, ValueError) as error:
            raise Invalid(ACTION, redact(str(error)), "correct the AWS configuration") from None
        if not self.regions:
            raise Invalid(
                ACTION,
                f"{called(self.name)} names no region",
                f"add --region, or `aws configure set region REGION{_flag(self.name)}`",
            )
        for region in self.regions:
            self.check_region(region)
        self.renewal = renewal_of(source, self.name, profiles)

    def __repr__(self) -> str:
        return f"Profile({self.name!r}, {self.regions!r})"

    def check_region(self, region: str) -> None:
        """Raise `Invalid`, with the nearest ones, for a region that botocore does not know."""
        known = known_regions(self.session)
        if region not in known:
            near = difflib.get_close_matches(region, known, 3, 0.5) or sorted(known)[:5]
            raise Invalid(
                ACTION,
                f"there is no region {clean(region)}",
                f"did you mean {' or '.join(near)}? (a newer one needs a newer botocore)",
            )


def known_regions(session: Session) -> frozenset[str]:
    """Return every region that the installed botocore knows, of every partition."""
    partitions = session.get_component("data_loader").load_data("partitions")["partitions"]
    return frozenset(
        region
        for partition in partitions
        for region in partition["regions"]
        if not region.endswith("-global")
    )


def _ambient(session: Session) -> str:
    """Return the profile that the environment names, unless it also holds keys, which win."""
    if os.environ.get("AWS_ACCESS_KEY_ID"):
        return ""
    return session.profile or ""


def _own_region(session: Session) -> tuple[str, ...]:
    region = session.get_config_variable("region")
    return (region,) if region else ()


def _unknown_profile(source: AwsSource, session: Session) -> Invalid:
    name = source.profile or session.profile or ""
    known = sorted(session.available_profiles)
    near = difflib.get_close_matches(name, known, 3, 0.4)
    names = near + [other for other in known if other not in near]
    listed = ", ".join(clean(other, 60) for other in names[:8]) + (", …" if len(names) > 8 else "")
    remedy = f"known profiles: {listed}" if known else "make one with `aws configure`"
    return Invalid(ACTION, f"there is no profile {clean(name)}", remedy)


def _cause(error: BotoCoreError) -> str:
    return str(error.kwargs.get("error") or "it is not an INI file")


def _flag(name: str) -> str:
    return f" --profile {clean(name)}" if name else ""
