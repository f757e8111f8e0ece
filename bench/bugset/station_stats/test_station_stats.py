from weather import Reading, Summary, report, summarize


def readings(station, *values):
    return [Reading(station, hour, value) for hour, value in enumerate(values)]


def test_summer_day():
    assert summarize("A", readings("A", 14.0, 22.0, 27.0)) == Summary("A", 14.0, 27.0, 21.0, 0)


def test_single_reading():
    assert summarize("A", readings("A", 3.5)) == Summary("A", 3.5, 3.5, 3.5, 0)


def test_mixed_signs():
    assert summarize("A", readings("A", -4.0, 2.0)) == Summary("A", -4.0, 2.0, -1.0, 0)


def test_gaps_are_counted():
    assert summarize("A", readings("A", None, 5.0, None)).gaps == 2


def test_other_stations_do_not_count():
    assert summarize("A", readings("A", 5.0) + readings("B", 40.0)).high == 5.0


def test_no_data():
    assert summarize("A", readings("A", None)) is None


def test_report():
    text = report(readings("Oslo", -8.0, -2.0) + readings("Rome", 9.0, 15.0) + readings("Bern", None))
    assert text == "Oslo: -8.0 to -2.0, mean -5.0\nRome: 9.0 to 15.0, mean 12.0\nBern: no data"
