from filenames import arranged, by_extension, shortened


def test_plain_names():
    assert arranged(["pear", "Apple", "fig"]) == ["Apple", "fig", "pear"]


def test_numbers_are_counted():
    assert arranged(["img10", "img2", "img1"]) == ["img1", "img2", "img10"]


def test_different_prefixes():
    assert arranged(["b1", "a2", "a10"]) == ["a2", "a10", "b1"]


def test_numbers_with_an_extension():
    assert arranged(["p10.png", "p9.png"]) == ["p9.png", "p10.png"]


def test_second_number():
    assert arranged(["s1e10.mkv", "s1e9.mkv", "s2e1.mkv"]) == ["s1e9.mkv", "s1e10.mkv", "s2e1.mkv"]


def test_text_after_the_number():
    assert arranged(["track2b", "track2a", "track1c"]) == ["track1c", "track2a", "track2b"]


def test_nothing():
    assert arranged([]) == []


def test_by_extension():
    assert by_extension(["b.TXT", "a.txt", "c.png", "README"]) == {
        ".txt": ["a.txt", "b.TXT"],
        ".png": ["c.png"],
        "": ["README"],
    }


def test_shortened():
    assert shortened("a-very-long-name.txt", 12) == "a-very-….txt"
    assert shortened("short.txt", 12) == "short.txt"
