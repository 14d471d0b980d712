"""What Argo's own examples promise in their text, and what ours must therefore show at the end.

``PROMISES``: example → (what → pattern). *What* is ``log NODE`` (the log of the pods of that
display name, in order of start; ``log`` alone: of all pods), ``result NODE``, ``parameter
NODE.NAME``, ``artifact NODE.NAME`` (its content; without a NODE the root's), ``phases`` (each
node's display name and phase where it is not Succeeded), ``outputs`` (the workflow's own),
``label NAME``, ``owned`` (the objects that the workflow owns), ``pod annotation NAME``. A pattern
must match all of the text.
"""

from __future__ import annotations

_HELLO = {"log": "hello world"}
_DIAMOND = {f"log {name}": name for name in "ABCD"}
_INNER_DIAMOND = _DIAMOND.copy() | {f"log inner-{name}": f"inner-{name}" for name in "ABCD"}
del _INNER_DIAMOND["log C"]  # it is the inner diamond
_STEPS = {
    "log hello1": "hello1",
    "log hello2b": "hello2b",
    "log inner-hello1": "inner-hello1",
    "log inner-hello2a": "inner-hello2a",
    "log inner-hello2b": "inner-hello2b",
}
_LEFT_OUT = "(heads|tails) Skipped"
_AGGREGATED = {
    "log print-nums": r'\["1","2","3","4"\]',
    "log print-evenness": r'\["odd","even","odd","even"\]',
    "result divide-by-2(1:evenness:even,num:2)": "1",
    "result divide-by-2(3:evenness:even,num:4)": "2",
    "log print(0:1)": "1",
    "log print(1:2)": "2",
    "phases": r"divide-by-2\(0:evenness:odd,num:1\) Skipped\n"
    r"divide-by-2\(2:evenness:odd,num:3\) Skipped",
}

PROMISES: dict[str, dict[str, str]] = {
    "archive-location": _HELLO,
    "arguments-parameters-from-configmap": {"log": "hello from the map"},
    "arguments-parameters": _HELLO,
    "artifact-gc-workflow": {"log": ""},
    "artifact-passing-subpath": {
        "log list-artifact": r"(.*\n)?hello_world\.txt(\n.*)?",
        "log consume-artifact": "hello world",
    },
    "artifact-passing": {"log consume-artifact": "hello world"},
    "artifact-path-placeholders": {"parameter .actual-lines-count": "3"},
    "artifact-repository-ref": _HELLO,
    "coinflip-recursive": {"log heads": "it was heads"},
    "coinflip": {"log": "(heads\nit was heads|tails\nit was tails)", "phases": _LEFT_OUT},
    "conditional-artifacts": {"artifact .result": "it was (heads|tails)", "phases": _LEFT_OUT},
    "conditional-parameters": {"parameter .stepresult": "heads|tails", "phases": _LEFT_OUT},
    "conditionals-complex": {"log heads-regex|tails-regex": "it was (heads|tails)"},
    "conditionals": {
        "log print-hello-govaluate": r"(?s).*\bhello\b.*",
        "log print-hello-expr": r"(?s).*\bhello\b.*",
        "log print-hello-expr-json": r"(?s).*\bhello\b.*",
        "phases": "",
    },
    "dag-conditional-artifacts": {"artifact .result": "it was (heads|tails)", "phases": _LEFT_OUT},
    "dag-conditional-parameters": {"parameter .stepresult": "heads|tails", "phases": _LEFT_OUT},
    "dag-custom-metrics": {
        "log TEST-ONE(0:command:ONE-A,tag:TEST-ONE-A)": "console output-->TEST-ONE-A",
        "log TEST-TWO(1:command:TWO-B,tag:TEST-TWO-B)": "console output-->TEST-TWO-B",
    },
    "dag-diamond-steps": {"log echo(0:1)": "A1\n(B1\nC1|C1\nB1)\nD1"},
    "dag-diamond": _DIAMOND,
    "dag-enhanced-depends": {"phases": "C Failed\nshould-not-execute Omitted"},
    "dag-inline-workflow": {"log a": "hello argo"},
    "dag-multiroot": _DIAMOND,
    "dag-targets": {"log A": "A", "log C": "C", "log E": "E", "log": "A\nC\nE"},
    "default-pdb-support": {},
    "dns-config": _HELLO,
    "exit-code-output-variable": {
        "log echo-container": "Exit code was: 123",
        "phases": "failing-container Failed",
    },
    "exit-handler-step-level": {
        "log hello1.onExit": "step cleanup",
        "log hello2a.onExit": "step cleanup",
        "log hello2b.onExit": "step cleanup",
    },
    "exit-handler-with-artifacts": {"log step-1.onExit": "Welcome"},
    "exit-handler-with-param": {"log step-1.onExit": "hello world"},
    "expression-destructure-json-complex": {
        "log": r'\[43\]\[43\]\[\{"age":43,"name":"Baris"\}\]\["Baris","Mo","Jai"\]'
    },
    "expression-destructure-json": {"log": "123"},
    "expression-reusing-verbose-snippets": {
        "log": r".* temperature was 35\.8 with a minimum of 15 and a maximum of 57\."
    },
    "expression-tag-template-workflow": {"parameter task-0(0:3).output": r"hello 30 @ \d{4}\n?"},
    "gc-ttl": {},
    "global-outputs": {
        "log consume-global-param": "hello world\nhello world",
        "log consume-global-art": "hello world\n?hello world",
        "outputs": r".*my-global-param.*hello world.*my-global-art.*",
    },
    "global-parameters-from-configmap-referenced-as-local-variable": {"log": "hello from the map"},
    "global-parameters-from-configmap": {"log": "hello from the map"},
    "global-parameters": _HELLO,
    "hello-world": _HELLO,
    "init-container": {"log": "bye"},
    "input-artifact-raw": {"log": "this is\nthe raw file\ncontents"},
    "key-only-artifact": {"log consume": "hello"},
    "label-value-from-workflow": {"label foo": "bar"},
    "loops": {
        "log print-message-loop(0:hello world)": "hello world",
        "log print-message-loop(1:goodbye world)": "goodbye world",
    },
    "map-reduce": {"artifact reduce.total": r'\{"total": 20\}'},
    "memoize-simple": {"parameter .hello": "world"},
    "output-parameter": {"log consume-parameter": "hello world"},
    "parameter-aggregation-dag": _AGGREGATED,
    "parameter-aggregation-script": {
        "result odd-or-even(2:3)": r'\{"num": 3, "evenness": "odd"\}',
        "log divide-by-2(3:evenness:even,num:4)": r"\+ echo 2\n2",
    },
    "parameter-aggregation": _AGGREGATED,
    "pod-metadata-wf-field": {"log": "hello1"},
    "pod-metadata": {"log": "hello1"},
    "pod-resources-template-override": {},
    "pod-resources": _HELLO,
    "pod-spec-from-previous-step": {
        "parameter parse-resources.resources": r'\{"memory": "10Gi", "cpu": "2000m"\}',
        "log setup-resources": r"\{memory: 10Gi, cpu: 2000m\}",
    },
    "pod-spec-patch-wf-tmpl": _HELLO,
    "pod-spec-patch": _HELLO,
    "pod-spec-yaml-patch": _HELLO,
    "retry-container": {},
    "retry-script": {},
    "scripts-bash": {"log print": r"result was: \d+"},
    "scripts-python": {"log print": r"result was: \d+"},
    "status-reference": {
        "log failed": "the flakey container failed",
        "phases": "flakey-container Failed\nsucceeded Skipped",
    },
    "steps-inline-workflow": {"log a": "hello argo"},
    "steps": {"log hello1": "hello1", "log hello2a": "hello2a", "log hello2b": "hello2b"},
    "synchronization-mutex-wf-level": {},
    "title-and-description-with-markdown": _HELLO,
    "volumes-emptydir": {"log": "Volume mounted and found"},
    "volumes-existing": {"log print": "Volume access log:\naccessed at: .*"},
    "volumes-pvc": {"log print": r"getting message from volume\n(?s:.*)\nhello world"},
    "withsequence-nested-result": {"result hello-a": r"\d+"},
    "cluster-workflow-template/cluster-wftmpl-dag": _INNER_DIAMOND,
    "cluster-workflow-template/mixed-cluster-namespaced-wftmpl-steps": _STEPS,
    "cluster-workflow-template/workflow-template-ref-with-entrypoint-arg-passing": _HELLO,
    "cluster-workflow-template/workflow-template-ref": _HELLO,
    "workflow-template/dag": _INNER_DIAMOND,
    "workflow-template/hello-world": {"log call-print-message": "hello world"},
    "workflow-template/steps": _STEPS,
    "workflow-template/workflow-archive-logs": _HELLO,
    "workflow-template/workflow-template-ref-with-entrypoint-arg-passing": _HELLO,
    "workflow-template/workflow-template-ref": _HELLO,
    "skipped-output-defaults/consumer-input-default": {
        "log consumer": r"consumer got: \[fallback-from-input\]",
        "phases": "producer Skipped",
    },
    "skipped-output-defaults/expression-fallback": {"parameter .result": "expr-fallback"},
    "skipped-output-defaults/producer-output-default": {
        "log consumer": r"consumer got: \[hello-from-producer\]"
    },
    "container-set-template/graph-workflow": {"phases": ""},
    "container-set-template/outputs-result-workflow": {"parameter b.x": "hi"},
    "container-set-template/parallel-workflow": {},
    "container-set-template/sequence-workflow": {},
    "container-set-template/workspace-workflow": {
        "parameter .out": "hi",
        "artifact .out": "hi",
    },
    # The four that Argo runs as resource templates.
    "k8s-owner-reference": {"owned": "Workflow owned-eg-"},
    "k8s-patch-json-pod": {"pod annotation foo": "bar"},
    "k8s-patch-merge-pod": {"pod annotation foo": "bar"},
    "k8s-patch-pod": {"pod annotation foo": "bar"},
}

NEEDS: dict[str, str] = {
    "artifact-passing-explicit-plugin": "an artifact plugin of this name",
    "daemon-nginx": "nginx",
    "daemon-step": "InfluxDB",
    "http-hello-world": "the network",
    "life-cycle-hooks-tmpl-level": "the network",
    "life-cycle-hooks-wf-level": "the network",
    "scripts-javascript": "node",
    "sidecar-nginx": "nginx",
    "sidecar": "InfluxDB",
    "variables-showcase": "nc",
}
"""What the host (or the world) must have for the rest; without it they end with a reason."""
