"""Whether conditions mean in CEL what they mean here: thousands of made-up ones in both.

    pip install common-expression-language
    python tests/bench/same_as_cel.py [EXAMPLES]

The judge, a CEL written in Rust, is no dependency of ours: this is run when the language changes.
"""

import importlib
import sys
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from servicekit import expressions

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "servicekit"))


def main(examples):
    cel = importlib.import_module("cel")
    made = importlib.import_module("test_expressions")
    counts = Counter()

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(term=made.conditions, known=made.facts)
    def judge(term, known):
        seed = known["seed"]
        context = cel.Context()
        for name, value in known.items():
            context.add_variable(name, value)
        context.add_function("near", lambda *given: made.called(seed, "near", given))
        context.add_function("tags", lambda *given: list(made.called(seed, "tags", given)))
        ours = expressions.compiled(term)(made.Answers(known))
        try:
            theirs = cel.evaluate(str(term), context)
        except TypeError:  # it does not order NaN, which CEL's specification does
            counts["not judged"] += 1
            return
        assert bool(theirs) is bool(ours), (str(term), known)
        counts["same"] += 1

    judge()
    sys.stdout.write(", ".join(f"{count} {what}" for what, count in counts.items()) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else 5000))
