import pytest
from org import Employee, OrgChart


@pytest.fixture
def chart():
    return OrgChart(
        [
            Employee("ada", None, 1_000_000),
            Employee("ben", "ada", 10_000),
            Employee("cleo", "ada", 5_000),
            Employee("dan", "ben", 500),
            Employee("eli", "dan"),
        ]
    )


def test_reports(chart):
    assert chart.reports("ada") == ["ben", "cleo"]


def test_unknown_manager():
    with pytest.raises(ValueError, match="reports to nobody"):
        OrgChart([Employee("x", "nobody")])


def test_chain(chart):
    assert chart.chain("eli") == ["dan", "ben", "ada"]
    assert chart.chain("ada") == []


def test_level(chart):
    assert chart.level("eli") == 3


def test_approver(chart):
    assert chart.approver("eli", 400) == "dan"
    assert chart.approver("eli", 50_000) == "ada"
    assert chart.approver("eli", 2_000_000) is None


def test_headcount(chart):
    assert chart.headcount("ada") == 4
    assert chart.headcount("eli") == 0


def test_outline(chart):
    assert chart.outline() == "ada\n  ben\n    dan\n      eli\n  cleo"
