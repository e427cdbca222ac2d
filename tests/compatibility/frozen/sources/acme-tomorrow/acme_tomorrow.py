"""A plugin of the future: whoever imports it is at fault, since its metadata says that the host is too old."""

raise RuntimeError("acme_tomorrow was imported")
