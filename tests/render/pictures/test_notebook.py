"""What a notebook shows of a Spec and a Report."""

from __future__ import annotations

import netspec

RIGHT = "netspec: 1\nname: small\ninput: [4]\nlayers: [Linear: 3]\n"
WRONG = 'netspec: 1\nname: "<b>&"\ninput: [4]\nlayers: [{Linear: {in_features: 5, out_features: 3}}, "<i>"]\n'


def test_a_spec_is_its_picture_with_totals() -> None:
    html = netspec.loads(RIGHT)._repr_html_()
    assert html.count("<svg ") == 1
    assert "<b>&lt;text&gt;</b>: ok; input 4 → 3; 15 parameters" in html


def test_a_report_is_its_findings() -> None:
    html = netspec.check(netspec.loads(RIGHT))._repr_html_()
    assert "<pre>" not in html
    assert "15 parameters" in html
    wrong = netspec.check(netspec.loads(WRONG))._repr_html_()
    assert "wrong" in wrong
    assert "error[NS401]: Linear expects 5 features, gets 4" in wrong
    assert "<i>" not in wrong
    assert "&lt;i&gt;" in wrong


def test_a_wrong_spec_is_drawn_with_its_findings() -> None:
    html = netspec.loads(WRONG)._repr_html_()
    assert "<svg " in html
    assert "error[NS401]" in html.partition("</svg>")[2]
    assert "<i>" not in html
    assert '<tspan class="title">&lt;b&gt;&amp;</tspan>' in html
