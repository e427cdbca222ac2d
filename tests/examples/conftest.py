import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"

# As `runrack run FILE` and `python FILE` do: what lies beside the file can be imported.
sys.path.insert(0, str(EXAMPLES / "flight_delays"))
