from cli.lines import by_netting_set

LINE = {"portfolio_id": "file", "measure": "margin", "device": "cpu"}


def test_several_netting_sets_are_a_line_each_with_what_they_share():
    sets = [{"portfolio_id": name, "initial_margin": margin} for name, margin in (("A", 1.0), ("B", 2.0))]
    result = {"currency": "USD", "initial_margin": 3.0, "netting_sets": sets}
    assert list(by_netting_set({**LINE, "result": result})) == [
        {**LINE, "portfolio_id": "A", "result": {"currency": "USD", "portfolio_id": "A", "initial_margin": 1.0}},
        {**LINE, "portfolio_id": "B", "result": {"currency": "USD", "portfolio_id": "B", "initial_margin": 2.0}},
    ]


def test_any_other_line_stays_as_it_is():
    for line in ({**LINE, "result": {"initial_margin": 1.0}}, {**LINE, "error": {"detail": "no"}}):
        assert list(by_netting_set(line)) == [line]
