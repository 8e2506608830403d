"""The version of Topdeck, read by the build and by ``topdeck --version``."""

__version__ = "0.1.0"
