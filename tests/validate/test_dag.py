"""Who is before whom in a DAG, against a deliberately dumb search; and large DAGs."""

from hypothesis import given
from hypothesis import strategies as st

from toolkit.validate.dag import Ancestry
from toolkit.validate.spec import Call, Node

NAMES = "abcdefgh"


def tasks_of(dependencies):
    return tuple(
        Node(name, Call(name, (), {"name": name, "dependencies": sorted(before)}))
        for name, before in dependencies.items()
    )


def dumb_ancestors(name, dependencies):
    found = set()
    while True:
        more = set(dependencies[name]).union(*(dependencies[each] for each in found)) - found
        if not more:
            return found
        found |= more


@st.composite
def acyclic(draw):
    order = draw(st.permutations(NAMES))
    subsets = {
        name: draw(st.sets(st.sampled_from(order[:number]))) if number else set()
        for number, name in enumerate(order)
    }
    written = draw(st.permutations(NAMES))
    return {name: subsets[name] for name in written}


@given(acyclic())
def test_a_task_is_before_another_exactly_where_a_dumb_search_says_so(dependencies):
    ancestry = Ancestry(tasks_of(dependencies))

    for task in NAMES:
        expected = dumb_ancestors(task, dependencies)
        assert {name for name in NAMES if ancestry.is_before(name, task)} == expected


@given(st.dictionaries(st.sampled_from(NAMES), st.sets(st.sampled_from(NAMES + "x")), min_size=1))
def test_cycles_and_unknown_tasks_end_the_search(dependencies):
    ancestry = Ancestry(tasks_of(dependencies))

    for name in dependencies:
        ancestry.is_before(name, next(iter(dependencies)))


def test_a_chain_longer_than_the_recursion_limit_is_checked(findings_of):
    count = 3000
    tasks = "\n".join(
        f"- {{name: t{number}, template: leaf, dependencies: [t{number - 1}],"
        f' when: "{{{{tasks.t0.status}}}} == Succeeded"}}'
        for number in range(1, count)
    )
    text = f"""\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {{generateName: x-}}
spec:
  entrypoint: main
  templates:
  - name: leaf
    suspend: {{}}
  - name: main
    dag:
      tasks:
      - {{name: t0, template: leaf}}
{"".join(f"      {line}" + chr(10) for line in tasks.splitlines())}
"""

    assert findings_of(text) == ()


def test_a_cycle_in_a_long_chain_is_found(findings_of):
    count = 2000
    tasks = "".join(
        f"      - {{name: t{number}, template: leaf, dependencies: [t{(number + 1) % count}]}}\n"
        for number in range(count)
    )
    text = f"""\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {{generateName: x-}}
spec:
  entrypoint: main
  templates:
  - name: leaf
    suspend: {{}}
  - name: main
    dag:
      tasks:
{tasks}"""

    [finding] = findings_of(text)

    assert finding.rule == "dependency-cycle"
    assert finding.message.endswith(": t0 → t1 → t2 → t3 → t4 → t5 → t6 → t7 → … → t0")
