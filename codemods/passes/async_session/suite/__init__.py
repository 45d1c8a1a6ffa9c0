"""The application's own tests: runner, fixtures, mocks."""
