from __future__ import annotations

from toolkit.report.exposition import Family, Sample, exposition, gauge


def test_families_are_written_as_prometheus_reads_them() -> None:
    histogram = Family(
        "took",
        "histogram",
        "How long",
        (
            Sample((("le", "1.0"),), 2, "_bucket"),
            Sample((("le", "+Inf"),), 3, "_bucket"),
            Sample((), 4.25, "_sum"),
            Sample((), 3, "_count"),
        ),
    )
    assert exposition([histogram, gauge("a", "First", {(): 1.0})]) == (
        "# HELP a First\n# TYPE a gauge\na 1\n"
        "# HELP took How long\n# TYPE took histogram\n"
        'took_bucket{le="1.0"} 2\ntook_bucket{le="+Inf"} 3\ntook_sum 4.25\ntook_count 3\n'
    )


def test_what_would_break_a_line_is_escaped() -> None:
    text = exposition([gauge("a", "two\nlines \\", {(("k", 'q"\\\n'),): 0.1})])
    assert text == '# HELP a two\\nlines \\\\\n# TYPE a gauge\na{k="q\\"\\\\\\n"} 0.1\n'


def test_families_of_one_name_are_one() -> None:
    text = exposition([gauge("a", "h", {(("x", "1"),): 1}), gauge("a", "h", {(("x", "2"),): 2})])
    assert text.count("# TYPE") == 1
    assert text.endswith('a{x="1"} 1\na{x="2"} 2\n')
