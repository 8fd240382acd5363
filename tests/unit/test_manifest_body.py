"""What a body must be before its content is looked at: size, content type, JSON, YAML."""

import json
import math
from typing import Any

import pytest

from chalicelib import limits
from chalicelib.errors import BodyTooLarge, InvalidManifest, MalformedBody, UnsupportedMediaType
from chalicelib.manifest import parse
from chalicelib.manifest.body import read

JSON = "application/json"
YAML = "application/yaml"
QUOTE_IT = "text belongs: put it in quotes as you mean it"

SHOP: dict[str, Any] = {
    "application": "shop",
    "network": {"vpc": "vpc-1", "subnets": ["private"]},
    "services": {"api": {"image": "api:1"}},
}


class TestBody:
    """What a body must be before its content is looked at."""

    @pytest.mark.parametrize("content_type", [JSON, "Application/JSON; charset=utf-8", " application/json "])
    def test_json(self, content_type: str) -> None:
        """JSON is told by its media type, whatever its case and parameters."""
        assert "shop" == parse(json.dumps(SHOP).encode(), content_type).application

    @pytest.mark.parametrize("content_type", [YAML, "application/x-yaml", "text/yaml;charset=utf-8"])
    def test_yaml(self, content_type: str) -> None:
        """YAML has three media types; a manifest in YAML is the same manifest."""
        assert parse(json.dumps(SHOP).encode(), JSON) == parse(json.dumps(SHOP, indent=1).encode(), content_type)

    @pytest.mark.parametrize(
        ("content_type", "detail"),
        [
            (None, "The request has no content type."),
            ("", "The request has no content type."),
            (" ; charset=utf-8", "The request has no content type."),
            ("Text/plain; charset=utf-8", 'The content type is "text/plain".'),
            ("application/jsonx", 'The content type is "application/jsonx".'),
            ("multipart/form-data", 'The content type is "multipart/form-data".'),
            ("x" * 101, f'The content type is "{"x" * 100}".'),
        ],
    )
    def test_other_types(self, content_type: str | None, detail: str) -> None:
        """Any other content type, or none, is refused with a hint, and quoted in short."""
        with pytest.raises(UnsupportedMediaType) as refused:
            parse(b"{}", content_type)

        assert detail == refused.value.detail
        assert "Send Content-Type: application/json or application/yaml." == refused.value.hint

    def test_size(self) -> None:
        """A body has at most 262,144 bytes."""
        body = json.dumps(SHOP).encode()

        assert "shop" == parse(body.ljust(262_144), JSON).application
        with pytest.raises(BodyTooLarge, match="262145 bytes"):
            parse(body.ljust(262_145), JSON)

    def test_byte_order_mark(self) -> None:
        """A byte order mark, which some editors write, does no harm."""
        assert "shop" == parse(b"\xef\xbb\xbf" + json.dumps(SHOP).encode(), JSON).application

    @pytest.mark.parametrize(
        ("body", "content_type", "phrase"),
        [
            (
                b'{"a":\n "\xff"}',
                JSON,
                "The text cannot be read at line 2, column 3: this is not UTF-8; save the file as",
            ),
            (b'{"a":\n\n\n "\xff"}', JSON, "line 4, column 3: this is not UTF-8"),
            (b"a: \xff", YAML, "line 1, column 4: this is not UTF-8"),
            ('a: 1\nb: "Zo\ufffd"'.encode(), YAML, "line 2, column 7: this is not UTF-8"),
            ('{"a": "Zo\ufffd"}'.encode(), JSON, "line 1, column 10: this is not UTF-8"),
            (b"", JSON, "The JSON cannot be read at line 1, column 1: Expecting value"),
            (
                json.dumps({"x" * 101: 1})[:-1].encode() + b', "' + b"x" * 101 + b'": 2}',
                JSON,
                f'key "{"x" * 100}" twice',
            ),
            (b'{"b": 1, "a": 2, "a": 3}', JSON, 'the key "a" twice'),
            (b"{\n 'a': 1}", JSON, "line 2, column 2"),
            (b"[1]", JSON, "The JSON cannot be read at line 1, column 1: this is not an object; a manifest is one"),
            (b"[1]", YAML, "The YAML cannot be read at line 1, column 1: this is not an object; a manifest is one"),
            (b'{"a": 1,\n "b": {"c": 1, "c": 1}}', JSON, 'line 2, column 7: .*key "c" twice'),
            (b'{"a": "\\ud800"}', JSON, r"The JSON holds half a surrogate pair in '\\ud800'\."),
            (b'{"a": "' + b"x" * 99 + b'\\ud800y"}', JSON, r"x\\ud800'\.$"),
            (b'{"a": "' + b"x" * 100 + b'\\ud800"}', JSON, r"x'\.$"),
            (b'{"\\ud800": 1}', JSON, "surrogate"),
            (b"[" * 200_000, JSON, "nested too deeply"),
            (b'{"a":' * 50_000, JSON, "nested too deeply"),
            (b'{"a":' * 150 + b"1" + b"}" * 150, JSON, "nested too deeply"),
            (json.dumps({"a": [1] * 10_000}).encode(), JSON, "more than 10000"),
            (b"", YAML, "empty"),
            (b"just text", YAML, "not an object"),
            (b"a: 1\nb: [", YAML, "line 3, column 1"),
            (b"a: 1\nb:\n  c: 1\n  c: 2", YAML, 'line 4, column 3: the key "c" is written twice'),
            (b"a: 1\n---\nb: 1", YAML, "line 2, column 1"),
            (b"a: \x07", YAML, "line 1, column 4: control characters"),
            (b"[" * 200_000, YAML, "line 1, column 101: more than 100 levels"),
            (b"- " * 100_000, YAML, "more than 100 levels"),
            (b"? [a]\n: 1", YAML, "line 1, column 3: a key is a list"),
            (b"a: !!python/object:os.system x", YAML, "line 1, column 4: the tag"),
            (b"a: !!int many", YAML, "line 1, column 4: this is not of the type int"),
            (b"a: !!binary aGk=", YAML, "the tag"),
            (b"a: &a [*a]", YAML, "an alias contains itself"),
            (b"a: *b", YAML, "line 1, column 4"),
        ],
    )
    def test_what_cannot_be_read(self, body: bytes, content_type: str, phrase: str) -> None:
        """A body that is not what its type says is refused with the place and the reason."""
        with pytest.raises(MalformedBody, match=phrase):
            parse(body, content_type)

    @pytest.mark.parametrize("content_type", [JSON, YAML])
    def test_digits(self, content_type: str) -> None:
        """A number of 40 digits is read; one that has more is more than any rule allows."""
        for digits, expected in ((40, int("9" * 40)), (41, math.inf)):
            assert {"a": expected} == read(b'{"a": ' + b"9" * digits + b"}", content_type).written

    @pytest.mark.parametrize("content_type", [JSON, YAML])
    def test_bounds(self, content_type: str) -> None:
        """Of keys and values, and of levels, as many are taken as are allowed in JSON and in YAML, and not one more."""
        values = limits.BODY_VALUES - 3  # beside the object, its key and the list
        levels = limits.BODY_LEVELS - 1

        for body, more in (
            (json.dumps({"a": [1] * values}), json.dumps({"a": [1] * (values + 1)})),
            ('{"a":' + "[" * levels + "]" * levels + "}", '{"a":' + "[" * (levels + 1) + "]" * (levels + 1) + "}"),
            ('{"a":' * levels + "1" + "}" * levels, '{"a":' * (levels + 1) + "1" + "}" * (levels + 1)),
        ):
            assert json.loads(body) == read(body.encode(), content_type).written
            with pytest.raises(MalformedBody, match=rf"{limits.BODY_VALUES} keys and values|{limits.BODY_LEVELS} lev"):
                read(more.encode(), content_type)

    def test_characters_once_aliases_are_written_out(self) -> None:
        """Keys and texts together have as many characters as a body has bytes, once aliases are written out."""
        half = "x" * (limits.BODY_BYTES // 2 - 1)

        assert {"a": half, "b": half} == read(f"a: &a {half}\nb: *a".encode(), YAML).written
        with pytest.raises(MalformedBody, match=f"{limits.BODY_BYTES} characters"):
            read(f"a: &a {half}\nbc: *a".encode(), YAML)

    @pytest.mark.parametrize(
        "body",
        [
            "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 60)),
            "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 60)),
            "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 200)),
            "a0: &a0 " + "x" * 200_000 + "\n" + "".join(f"b{n}: *a0\n" for n in range(3000)),
        ],
        ids=["lists", "merges", "depth", "text"],
    )
    def test_alias_bombs(self, body: str) -> None:
        """Aliases that multiply are refused before they are written out."""
        with pytest.raises(MalformedBody, match=r"aliases (are )?written out"):
            parse(body.encode(), YAML)


class TestYaml:
    """YAML's surprises are met kindly."""

    def test_aliases(self) -> None:
        """An alias and a merge mean what they say; what a mapping says itself wins."""
        body = """
            application: shop
            network: {vpc: v, subnets: &subnets [a, b]}
            services:
              one: &one {image: "x:1", cpu: 512, memory: 1024, network: {subnets: *subnets}}
              two: {<<: *one, memory: 2048}
        """
        two = parse(body.encode(), YAML).services["two"]

        assert (512, 2048, ("a", "b")) == (two.cpu, two.memory, two.network and two.network.subnets)

    def test_dates_are_text(self) -> None:
        """A plain date is the text that it looks like."""
        body = (
            "application: shop\nnetwork: {vpc: v, subnets: [a]}\ntags: {Since: 2026-11-20}\nservices: {a: {image: x}}"
        )

        assert {"Since": "2026-11-20"} == parse(body.encode(), YAML).tags

    def test_what_is_not_text(self) -> None:
        """Keys and values that YAML does not read as text are told to be quoted, each in its place."""
        environment = "{A: 0.5, B: no, 8: x, yes: y, C: 0x" + "f" * 5000 + "}"
        body = (
            "application: on\nnetwork: {vpc: v, subnets: [a]}\n"
            f"services: {{api: {{image: x, environment: {environment}}}}}"
        )
        with pytest.raises(InvalidManifest) as refused:
            parse(body.encode(), YAML)

        place = "/services/api/environment/"
        assert ["/application", *(place + key for key in ("A", "B", "8", "yes", "C"))] == [
            fault.pointer for fault in refused.value.faults
        ]
        assert all("in quotes" in fault.detail for fault in refused.value.faults)

    @pytest.mark.parametrize(
        ("field", "text", "told"),
        [
            ("port", "0443", "YAML reads 0443 as 291: "),
            ("port", "0x1bb", "YAML reads 0x1bb as 443: "),
            ("port", "0b11", "YAML reads 0b11 as 3: "),
            ("port", "4_43", "YAML reads 4_43 as 443: "),
            ("port", "7:23", "YAML reads 7:23 as 443: "),
            ("port", "7:23.0", "YAML reads 7:23.0 as 443.0: "),
            ("memory", "0512", "YAML reads 0512 as 330: "),
            ("environment", "{A: 22:22:22}", "YAML reads 22:22:22 as 80542: "),
            ("environment", "{A: 01234}", "YAML reads 01234 as 668: "),
            (
                "environment",
                "{A: 1.10}",
                '1.10 is a number where text belongs: put it in quotes as you mean it, "1.10"',
            ),
            ("environment", "{A: +1}", f'+1 is a number where {QUOTE_IT}, "+1"'),
            ("environment", "{A: Yes}", f'Yes is a boolean where {QUOTE_IT}, "Yes"'),
            ("port", "yes", "yes is a boolean where a whole number belongs: "),
            ("port", ".inf", ".inf is a number where a whole number belongs: "),
            ("cpu", "0.50", "0.50 is a number where a whole number belongs: "),
            ("command", "[1.10]", f'1.10 is a number where {QUOTE_IT}, "1.10"'),
            ("command", "1.10", "1.10 is a number where a list belongs: write [1.10]"),
            ("launch_type", "0o17", '"0o17" is not allowed here: write '),
        ],
    )
    def test_a_fault_quotes_what_was_written(self, field: str, text: str, told: str) -> None:
        """A value is quoted as it is spelled, once, and a number that YAML reads otherwise than people is a fault."""
        body = f"application: a\nnetwork: {{vpc: v, subnets: [a]}}\nservices: {{api: {{image: x, {field}: {text}}}}}"
        with pytest.raises(InvalidManifest) as refused:
            parse(body.encode(), YAML)

        [fault] = refused.value.faults
        assert fault.detail.startswith(told)
        assert fault.pointer.startswith(f"/services/api/{field}")

    @pytest.mark.parametrize("text", ["443", "+443"])
    def test_plain_digits(self, text: str) -> None:
        """A number in plain digits is that number."""
        body = f"application: a\nnetwork: {{vpc: v, subnets: [a]}}\nservices: {{api: {{image: x, port: {text}}}}}"

        assert 443 == parse(body.encode(), YAML).services["api"].port

    def test_what_aliases_repeat(self) -> None:
        """Keys of the top that begin with x- may hold anything; elsewhere no key may begin so."""
        body = """
            x-base: &base {image: "x:1", cpu: 512, memory: 1024}
            x-other: [0443, yes]
            application: shop
            network: {vpc: v, subnets: [a]}
            services: {one: *base, two: {<<: *base, memory: 2048}}
        """
        manifest = parse(body.encode(), YAML)

        assert [(512, 1024), (512, 2048)] == [(each.cpu, each.memory) for each in manifest.services.values()]
        with pytest.raises(InvalidManifest, match="one fault"):
            parse(body.replace("one: *base", "one: {image: x, x-a: 1}").encode(), YAML)

    def test_a_document_inside(self) -> None:
        """The object of a key is a document of its own: with what is in it, what is wrong there, how it is spelled."""
        inside = read(b"{manifest: {port: 0443, 7: yes}, other: {port: 0443, 8: no}}", YAML).inside("manifest")

        assert {"port": 291, "7": True} == inside.written
        assert {("port",): "0443", ("7",): "yes"} == inside.texts
        assert [("port",), ("7",)] == [each.path for each in inside.findings]
        assert inside.findings[0].detail.startswith("YAML reads 0443 as 291")
