"""The command `fsaasr`: each verb parses, calls the library, saves."""

from fsaasr.cli.main import COMMANDS, main

__all__ = ["COMMANDS", "main"]
