"""The golden applications: migrated, compared as text, and run before and after."""
