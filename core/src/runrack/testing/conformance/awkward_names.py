"""Names that a careless store would lose, merge, or let out of its folder."""

AWKWARD_NAMES = (
    *("a", "A", "a.out", "a.complete", ".a", " ", "a ", "o.out", "step[0]"),
    *("", ".", "..", "../a", "..\\a", "/a", "a/", "a/b", "%2e%2e", "%252e%252e%252fa"),
    *("-rf", "~", "~root", "$HOME", "`id`", "a:b", "a*?", "con", "NUL.txt"),
    *("a\0b", "a\nb", "a\x1b[2Jb", "\ufeffa", "\u202egnp.a", "\ud800"),
    *("\u00e9", "e\u0301", "\N{ROCKET}" * 70, "x" * 200, "x" * 300, "x" * 299 + "y"),
)
"""All different; any of them may be a run id, a step key, or a part of a log key."""

AWKWARD_TAGS = {"añ日🚀": "x" * 500, "a b": "", "quoted": "\"';--\n\t$HOME `id`"}
"""Tags that are lost where they go through a command line, a label or a column of their own."""
