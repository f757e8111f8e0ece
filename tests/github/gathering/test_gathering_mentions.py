"""What a text points to: threads of its own repository, and files on GitHub's own hosts, never in code or hidden."""

from __future__ import annotations

import time

import pytest

from bot.github.gathering.mentions import attachment_addresses, fetch_address, file_name, linked_threads

WEB = "https://github.com"


def linked(text: str) -> tuple[int, ...]:
    return linked_threads(text, "acme/shop", WEB, 12)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Like #3, see also #4.", (3, 4)),
        ("Like #3. Fixes #4 and closes: #5", (4, 5, 3)),
        ("acme/shop#6 but not other/shop#7 or x/acme/shop#8", (6,)),
        ("https://github.com/acme/shop/issues/3#issuecomment-9 and https://github.com/Acme/Shop/pull/4", (3, 4)),
        ("GH-9", (9,)),
        ("itself: #12", ()),
        ("`#3`\n```\n#4\n```", ()),
        ("colour #123abc, &#39; and a#b, v#1.2, #0", ()),
        ("#3 #3 fixes #3", (3,)),
    ],
)
def test_threads_that_are_named(text: str, numbers: tuple[int, ...]) -> None:
    assert linked(text) == numbers


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/user-attachments/assets/0a1b",
        "https://github.com/user-attachments/files/123/ci.log",
        "https://github.com/acme/shop/files/123/ci.log",
        "https://user-images.githubusercontent.com/1/2-x.png",
        "https://private-user-images.githubusercontent.com/1/2-x.png?jwt=a.b.c",
        "https://raw.githubusercontent.com/acme/shop/main/log.txt",
        "https://gist.githubusercontent.com/ada/0a/raw/x.log",
    ],
)
def test_files_on_hosts_of_github(address: str) -> None:
    assert attachment_addresses(f"see [it]({address}), now", WEB) == (address,)


@pytest.mark.parametrize(
    "address",
    [
        "http://user-images.githubusercontent.com/1/2-x.png",
        "https://user-images.githubusercontent.com:8443/x.png",
        "https://user-images.githubusercontent.com.evil.example/x.png",
        "https://user-images.githubusercontent.com@evil.example/x.png",
        "https://me:pw@user-images.githubusercontent.com/x.png",
        "https://github.com/acme/shop/blob/main/cart.py",
        "https://github.com/login/oauth/authorize",
        "https://evil.example/user-attachments/assets/1",
        "https://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "https://[::1/x",
        "https://github.com:99999/user-attachments/assets/1",
    ],
)
def test_no_other_host_or_page_is_ever_asked(address: str) -> None:
    assert fetch_address(address, WEB) == ""
    assert attachment_addresses(address, WEB) == ()


def test_a_gist_is_fetched_raw() -> None:
    assert attachment_addresses("https://gist.github.com/ada/" + "0a" * 16, WEB) == (
        f"https://gist.github.com/ada/{'0a' * 16}/raw",
    )


def test_files_in_code_are_not_fetched() -> None:
    assert attachment_addresses("`https://github.com/user-attachments/assets/1`", WEB) == ()


def test_an_enterprise_host_serves_its_own_files() -> None:
    address = "http://git.acme.example:8080/acme/shop/files/7/ci.log"
    assert attachment_addresses(address, "http://git.acme.example:8080") == (address,)
    assert attachment_addresses(address, WEB) == ()


def test_the_name_of_a_file_is_the_end_of_its_address() -> None:
    assert file_name("https://github.com/user-attachments/files/123/my%20ci.log?x=1") == "my ci.log"
    assert file_name("https://github.com/") == "attachment"


@pytest.mark.parametrize("unit", ["#1", "fixes ", "https://", "GH-", "acme/", "acme/shop#", "https://github.com/acme/"])
def test_no_text_makes_it_slow(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    began = time.process_time()
    linked(text)
    attachment_addresses(text, WEB)
    assert time.process_time() - began < 5.0
