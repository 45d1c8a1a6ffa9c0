"""What waits, what becomes async, what stays sync and why."""
