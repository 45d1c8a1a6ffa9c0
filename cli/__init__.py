"""The command line of looplift: it parses arguments, calls the library and renders."""
