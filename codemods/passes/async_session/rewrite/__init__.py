"""The edits that follow from a colour: functions, calls, annotations."""
