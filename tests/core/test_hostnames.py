"""Tests of hosts: is this text one, and how would a browser write it?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.core.hostnames import (
    canonical_host,
    is_canonical_ipv6,
    is_ipv4,
    is_loopback,
    is_numeric_label,
)
from cors_policies.core.problems import PatternError
from tests.core.assertions import says_what_to_do
from tests.strategies import near_patterns


class TestNames:
    """A host becomes what a browser makes of it: UTS 46, non-transitional, CheckHyphens and STD3 off."""

    @pytest.mark.parametrize(
        ("text", "canonical"),
        [
            pytest.param("example.com", "example.com", id="ascii"),
            pytest.param("EXAMPLE.Com", "example.com", id="upper-case"),
            pytest.param("localhost", "localhost", id="single-label"),
            pytest.param("my_app.example.com", "my_app.example.com", id="underscore"),
            pytest.param("r3---sn.example.com", "r3---sn.example.com", id="hyphens-in-the-third-place"),
            pytest.param("-a-.example.com", "-a-.example.com", id="hyphens-at-the-ends"),
            pytest.param("1and1.com", "1and1.com", id="digits"),
            pytest.param("1.2.3.4.com", "1.2.3.4.com", id="numeric-labels-before-a-name"),
            pytest.param("fa\u00df.de", "xn--fa-hia.de", id="sharp-s-is-kept"),
            pytest.param("FA\u1e9e.de", "xn--fa-hia.de", id="capital-sharp-s"),
            pytest.param("b\u00fccher.example", "xn--bcher-kva.example", id="umlaut"),
            pytest.param("bu\u0308cher.example", "xn--bcher-kva.example", id="decomposed-umlaut"),
            pytest.param("XN--BCHER-KVA.example", "xn--bcher-kva.example", id="a-label-in-upper-case"),
            pytest.param("my_b\u00fccher.example", "xn--my_bcher-95a.example", id="umlaut-and-underscore"),
            pytest.param(
                "xn--my_bcher-95a.example", "xn--my_bcher-95a.example", id="a-label-with-underscore"
            ),
            pytest.param("\u0627\u0628.com", "xn--mgbc.com", id="arabic"),
            pytest.param("\u2615.example", "xn--53h.example", id="emoji"),
            pytest.param("\u2260.example", "xn--1ch.example", id="std3-rules-off"),
            pytest.param(
                "\u65e5\u672c\u8a9e\u3002\uff2a\uff30", "xn--wgv71a119e.jp", id="ideographic-full-stop"
            ),
            pytest.param("\u212a.com", "k.com", id="kelvin-sign"),
            pytest.param("\u017f.com", "s.com", id="long-s"),
            pytest.param("\ufb00.com", "ff.com", id="ligature"),
            pytest.param("\u0130.com", "xn--i-9bb.com", id="dotted-capital-i"),
            pytest.param("a\u00adb.com", "ab.com", id="soft-hyphen-is-ignored"),
            pytest.param("\u05d0\u05d1\u05d2.com", "xn--4dbcd.com", id="right-to-left"),
            pytest.param("\u0915\u094d\u200d\u0937.com", "xn--11b2ezcw70k.com", id="joiner-after-a-virama"),
            pytest.param("a" * 63 + ".com", "a" * 63 + ".com", id="label-of-63"),
            pytest.param(
                ".".join(["a" * 49] * 5) + ".abc", ".".join(["a" * 49] * 5) + ".abc", id="host-of-253"
            ),
        ],
    )
    def test_accepts(self, text: str, canonical: str) -> None:
        assert canonical_host(text) == canonical

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            pytest.param("", "no-host", id="empty"),
            pytest.param("\u00ad", "no-host", id="nothing-left-after-mapping"),
            pytest.param("example.com.", "empty-label", id="trailing-dot"),
            pytest.param("example.com\u3002", "empty-label", id="trailing-ideographic-full-stop"),
            pytest.param(".example.com", "empty-label", id="leading-dot"),
            pytest.param("example..com", "empty-label", id="two-dots"),
            pytest.param("a.\u00ad.com", "empty-label", id="label-of-ignored-characters"),
            pytest.param("exa mple.com", "host-character", id="space"),
            pytest.param("ex%61mple.com", "host-character", id="percent"),
            pytest.param("example.com:80", "host-character", id="colon"),
            pytest.param("a*b.com", "host-character", id="star"),
            pytest.param("\uff0a.com", "host-character", id="fullwidth-star"),
            pytest.param("a\uff0fb.com", "host-character", id="fullwidth-slash"),
            pytest.param("a@b.com", "host-character", id="at"),
            pytest.param("a\x00b.com", "host-character", id="nul"),
            pytest.param("a" * 64 + ".com", "label-too-long", id="label-of-64"),
            pytest.param("\u00fc" * 60 + ".com", "label-too-long", id="a-label-of-more-than-63"),
            pytest.param(".".join(["a" * 49] * 5) + ".abcd", "host-too-long", id="host-of-254"),
            pytest.param("xn--a.com", "invalid-idna", id="a-label-that-decodes-to-nothing-valid"),
            pytest.param("xn--.com", "invalid-idna", id="a-label-without-a-rest"),
            pytest.param("xn--abc-.com", "invalid-idna", id="a-label-of-ascii"),
            pytest.param("xn--bcher-2pa.com", "invalid-idna", id="a-label-of-an-upper-case-letter"),
            pytest.param("xn--b-so7g.com", "invalid-idna", id="a-label-of-private-use"),
            pytest.param("xn--99999999.com", "invalid-idna", id="a-label-that-overflows"),
            pytest.param("xn--xn---epa.com", "invalid-idna", id="a-label-in-an-a-label"),
            pytest.param("\u0301a.com", "invalid-idna", id="leading-combining-mark"),
            pytest.param("a\u200cb.com", "invalid-idna", id="non-joiner-between-latin-letters"),
            pytest.param("a\u200db.com", "invalid-idna", id="joiner-without-a-virama"),
            pytest.param("\U0001fadf\u200d.com", "invalid-idna", id="joiner-after-a-recent-character"),
            pytest.param("1.\u05d0\u05d1.com", "invalid-idna", id="digit-first-beside-right-to-left"),
            pytest.param("1.\u0627\u0628.com", "invalid-idna", id="digit-first-beside-arabic"),
            pytest.param("a\u0661.com", "invalid-idna", id="arabic-digit-beside-latin"),
            pytest.param("a\u05d0.com", "invalid-idna", id="mixed-directions-in-a-label"),
            pytest.param("a\u202eb.com", "invalid-idna", id="bidi-override"),
            pytest.param("a\ue000.com", "invalid-idna", id="private-use"),
            pytest.param("a\u0378.com", "invalid-idna", id="unassigned"),
            pytest.param("a\ud800.com", "invalid-idna", id="lone-surrogate"),
            pytest.param("\ufffd.com", "invalid-idna", id="replacement-character"),
        ],
    )
    def test_rejects(self, text: str, reason: str) -> None:
        with pytest.raises(PatternError) as caught:
            canonical_host(text)

        assert caught.value.reason == reason
        assert says_what_to_do(str(caught.value))


class TestAddresses:
    """Addresses are written as the URL standard serialises them, and no other number is a host."""

    @pytest.mark.parametrize(
        ("text", "canonical"),
        [
            pytest.param("127.0.0.1", "127.0.0.1", id="ipv4"),
            pytest.param("255.255.255.255", "255.255.255.255", id="ipv4-greatest"),
            pytest.param("\uff11\uff12\uff17.0.0.1", "127.0.0.1", id="ipv4-fullwidth"),
            pytest.param("[::1]", "[::1]", id="ipv6"),
            pytest.param("[0:0:0:0:0:0:0:1]", "[::1]", id="ipv6-written-out"),
            pytest.param("[2001:DB8::000A]", "[2001:db8::a]", id="ipv6-case-and-zeros"),
            pytest.param("[::FFFF:1.2.3.4]", "[::ffff:102:304]", id="ipv6-never-dotted"),
            pytest.param("[1:0:0:2:0:0:0:3]", "[1:0:0:2::3]", id="ipv6-longest-run-compressed"),
            pytest.param("[1:0:0:2:3:0:0:4]", "[1::2:3:0:0:4]", id="ipv6-first-of-equal-runs"),
            pytest.param("[1:2:3:4:5:6:7::]", "[1:2:3:4:5:6:7:0]", id="ipv6-single-zero-is-not-compressed"),
            pytest.param("[0:0:1::]", "[0:0:1::]", id="ipv6-run-at-the-end"),
            pytest.param("[::]", "[::]", id="ipv6-all-zeros"),
        ],
    )
    def test_accepts(self, text: str, canonical: str) -> None:
        assert canonical_host(text) == canonical

    @pytest.mark.parametrize(
        "text",
        [
            "127.1",
            "1",
            "0",
            "256.0.0.1",
            "1.2.3.4.5",
            "1.2.3",
            "01.2.3.4",
            "1.2.3.04",
            "0x7f.0.0.1",
            "0X7F000001",
            "0x",
            "example.0x",
            "example.1",
            "example.0xff",
            "2130706433",
            "1.2.3.256",
        ],
    )
    def test_rejects_numeric_hosts(self, text: str) -> None:
        with pytest.raises(PatternError) as caught:
            canonical_host(text)

        assert caught.value.reason == "numeric-host"
        assert says_what_to_do(str(caught.value))

    @pytest.mark.parametrize("text", ["0xg", "1a", "example.0xg", "example.1a", "example.x1"])
    def test_a_label_that_only_begins_with_a_number_is_a_name(self, text: str) -> None:
        assert canonical_host(text) == text

    @pytest.mark.parametrize(
        "text",
        [
            "[]",
            "[::1",
            "[::1]]",
            "[::1%25lo]",
            "[::1%lo]",
            "[fe80::1%1]",
            "[1::2::3]",
            "[1:2:3:4:5:6:7]",
            "[1:2:3:4:5:6:7:8:9]",
            "[12345::]",
            "[g::]",
            "[::1.2.3]",
            "[::1.2.3.04]",
            "[127.0.0.1]",
            "[ ::1]",
            "[\uff11::]",
        ],
    )
    def test_rejects_ipv6(self, text: str) -> None:
        with pytest.raises(PatternError) as caught:
            canonical_host(text)

        assert caught.value.reason == "invalid-ipv6"
        assert says_what_to_do(str(caught.value))


class TestQuestions:
    """Canonical hosts are told apart without being parsed again."""

    @pytest.mark.parametrize("label", ["0", "00", "123", "0x", "0xff", "0x0f"])
    def test_numeric_label(self, label: str) -> None:
        assert is_numeric_label(label)

    @pytest.mark.parametrize("label", ["", "a", "1a", "x1", "0xg", "-1", "1_0", "\u0661"])
    def test_no_numeric_label(self, label: str) -> None:
        assert not is_numeric_label(label)

    @pytest.mark.parametrize("host", ["0.0.0.9", "127.0.0.1", "1.20.199.255", "255.249.200.99"])
    def test_ipv4(self, host: str) -> None:
        assert is_ipv4(host)

    @pytest.mark.parametrize(
        "host",
        ["", "1.2.3", "1.2.3.4.", "1.2.3.4.5", "1.2.3.256", "1.2.3.04", "1.2.3.4\n", "a.b.c.d", "1..2.3"],
    )
    def test_no_ipv4(self, host: str) -> None:
        assert not is_ipv4(host)

    @pytest.mark.parametrize("host", ["[::1]", "[2001:db8::a]", "[::ffff:102:304]"])
    def test_canonical_ipv6(self, host: str) -> None:
        assert is_canonical_ipv6(host)

    @pytest.mark.parametrize("host", ["[::01]", "[0::1]", "[::FFFF:1]", "[::1.2.3.4]", "[::1", "[x]", ""])
    def test_no_canonical_ipv6(self, host: str) -> None:
        assert not is_canonical_ipv6(host)

    @pytest.mark.parametrize(
        "host", ["localhost", "a.localhost", "a.b.localhost", "127.0.0.1", "127.255.0.9", "[::1]"]
    )
    def test_loopback(self, host: str) -> None:
        assert is_loopback(host)

    @pytest.mark.parametrize(
        "host",
        [
            "localhost.com",
            "xlocalhost",
            "127.0.0.1.example.com",
            "127.example.com",
            "128.0.0.1",
            "[::2]",
            "[::]",
        ],
    )
    def test_no_loopback(self, host: str) -> None:
        assert not is_loopback(host)


class TestProperties:
    """What comes out goes in again, and nothing but the one error is raised."""

    @given(st.one_of(st.text(max_size=30), near_patterns()))
    def test_canonical_hosts_stay_as_they_are(self, text: str) -> None:
        try:
            canonical = canonical_host(text)
        except PatternError:
            return

        assert canonical_host(canonical) == canonical
        assert canonical.isascii()
        assert len(canonical) <= 253

    @given(st.integers(0, (1 << 128) - 1), st.integers(0, 128))
    def test_ipv6_is_written_as_it_is_read(self, number: int, shift: int) -> None:
        pieces = [f"{number >> shift >> place & 0xFFFF:x}" for place in range(112, -16, -16)]

        canonical = canonical_host(f"[{':'.join(pieces)}]")

        assert canonical_host(canonical) == canonical
        assert canonical_host(canonical.upper()) == canonical
        assert is_canonical_ipv6(canonical)
