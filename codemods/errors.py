"""What may go wrong through no fault of looplift: always one clear sentence, and exit code 2."""

from __future__ import annotations


class UserError(Exception):
    """Something that the user can mend. The message is one sentence, without a final newline."""
