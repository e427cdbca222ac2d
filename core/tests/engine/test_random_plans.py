"""Random jobs: what comes of every step is what a model of a few lines says."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.definitions.output import DynamicOut, DynamicOutput, In, Out, Output
from runrack.definitions.retry_policy import RetryPolicy

ENDS = ("STEP_SUCCESS", "STEP_FAILURE", "STEP_SKIPPED")


@dataclass(frozen=True)
class Spec:
    """One op: what it does, and which earlier ones it needs.

    Attributes:
        kind: ok; fails; silent: does not give its output; flaky: fails at first and is tried again; fans: gives items,
            to which an op is mapped whose results another one collects.
        needs: Indexes of earlier ops.
        items: What the mapped op does with each item: ok, fails or silent.
    """

    kind: str
    needs: tuple[int, ...]
    items: tuple[str, ...] = ()


@st.composite
def specs(draw):
    made = []
    for index in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from(["ok", "ok", "ok", "fails", "silent", "flaky", "fans"]))
        needs = draw(st.sets(st.integers(0, index - 1), max_size=3)) if index else set()
        items = draw(st.lists(st.sampled_from(["ok", "ok", "fails", "silent"]), max_size=3))
        made.append(Spec(kind, tuple(sorted(needs)), tuple(items) if kind == "fans" else ()))
    return made


def behave(kind, value, retry_number):
    """Yield the value, or do what else an op of this kind does."""
    if kind == "fails" or (kind == "flaky" and not retry_number):
        raise ValueError(kind)
    if kind != "silent":
        yield Output(value)


def define_op(name, kind):
    @op(
        name=name,
        ins={"values": In(list)},
        out=Out(is_required=False),
        retry_policy=RetryPolicy(1) if kind == "flaky" else None,
    )
    def plain(context, values):
        yield from behave(kind, [name, *values], context.retry_number)

    return plain


def define_fan(name, spec):
    @op(name=name, ins={"values": In(list)}, out=DynamicOut())
    def source(values):
        for number, kind in enumerate(spec.items):
            yield DynamicOutput((kind, values), f"k{number}")

    @op(name=f"{name}_each", out=Out(is_required=False))
    def each(context, item):
        yield from behave(item[0], [context.mapping_key, *item[1]], 0)

    @op(name=f"{name}_all")
    def collect(found):
        return found

    return lambda values: collect(source(values).map(each).collect())


def define_job(found):
    def body():
        outputs = []
        for index, spec in enumerate(found):
            name = f"op{index}"
            made = define_fan(name, spec) if spec.kind == "fans" else define_op(name, spec.kind)
            outputs.append(made([outputs[needed] for needed in spec.needs] or []))

    return job(name="random_job")(body)


class Model:
    """What comes of each step: its end, and the value of its output if it gives one."""

    def __init__(self, found) -> None:
        self.ends = {}
        self.values = {}
        for index, spec in enumerate(found):
            self.step(f"op{index}", index, spec, found)

    def step(self, name, index, spec, found):
        needed = [self.values.get(number) for number in spec.needs]
        if None in needed:
            self.ends[name] = "STEP_SKIPPED"
            if spec.kind == "fans":
                self.ends[f"{name}_each[?]"] = self.ends[f"{name}_all"] = "STEP_SKIPPED"
        elif spec.kind == "fans":
            self.fan(name, index, spec, needed)
        else:
            self.ends[name] = "STEP_FAILURE" if spec.kind == "fails" else "STEP_SUCCESS"
            if spec.kind in {"ok", "flaky"}:
                self.values[index] = [name, *needed]

    def fan(self, name, index, spec, needed):
        self.ends[name] = "STEP_SUCCESS"
        for number, kind in enumerate(spec.items):
            self.ends[f"{name}_each[k{number}]"] = "STEP_FAILURE" if kind == "fails" else "STEP_SUCCESS"
        self.ends[f"{name}_all"] = "STEP_SKIPPED" if "fails" in spec.items else "STEP_SUCCESS"
        if "fails" not in spec.items:
            self.values[index] = [
                [f"k{number}", *needed] for number, kind in enumerate(spec.items) if kind == "ok"
            ]


@settings(max_examples=60, deadline=None)
@given(specs())
def test_every_step_ends_as_the_model_says(found):
    """Steps end, and values are, as they would if each op were looked at by itself."""
    result = define_job(found).execute_in_process(raise_on_error=False)
    model = Model(found)
    ends = [(event.step_key, event.event_type) for event in result.events if event.event_type in ENDS]
    assert sorted(ends) == sorted(model.ends.items())
    assert result.success == ("STEP_FAILURE" not in model.ends.values())
    for index, value in model.values.items():
        name = f"op{index}_all" if found[index].kind == "fans" else f"op{index}"
        assert result.output_for_node(name) == value
