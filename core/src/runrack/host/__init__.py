"""The plugin host: finds what is installed, loads what is used, calls the hooks."""
