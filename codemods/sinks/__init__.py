"""Where a migration goes: files on disk, commits and a pull request, the terminal, a report."""
