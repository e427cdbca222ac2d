"""Floor 2: what a plugin implements. One file for each interface; its docstrings are the contract."""
