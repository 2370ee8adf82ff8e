"""`jumok` with one more kind of data, which is one package and one line: run_tally.py PACKAGES ARGUMENTS"""

import json
import sys

sys.path.insert(0, sys.argv[1])
from jumok.kinds.packages import KINDS

KINDS["tally"] = "tally"

if sys.argv[2] == "look":
    from jumok.inspection.inspect import inspect_input
    from jumok.predictor import load

    print(json.dumps(inspect_input(load(sys.argv[3]), sys.argv[4]).to_json()))
else:
    from jumok.cli.main import main

    main(sys.argv[2:])
