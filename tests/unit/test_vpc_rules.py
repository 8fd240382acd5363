"""What a VPC decides without a kernel: rules of security groups, addresses, and who a machine says it is."""

from pathlib import Path

import pytest

from localcloud.faults import AwsFault
from localcloud.network.addresses import Addresses
from localcloud.network.badges import Badges
from localcloud.network.host_files import dns_only, host_files, host_name
from localcloud.network.security_groups import Permission, ruleset


def accepted(permission: Permission, **members: set[str]) -> list[str]:
    """Return the rules that a permission makes, beside those that every machine has."""
    rules = [line.strip() for line in ruleset([permission], members).splitlines() if line.endswith(" accept")]
    return [rule for rule in rules if rule not in ("iif lo accept", "ct state established,related accept")]


class TestRuleset:
    """Security groups as nftables rules."""

    def test_nobody_is_let_in_by_default(self) -> None:
        """Without a permission only localhost and answers to the machine's own connections pass."""
        assert (
            ruleset([], {})
            == """\
table inet security_groups { }
delete table inet security_groups
table inet security_groups {
  chain ingress {
    type filter hook input priority 0; policy drop;
    iif lo accept
    ct state established,related accept
  }
}
"""
        )

    @pytest.mark.parametrize(
        ("permission", "rule"),
        [
            (Permission("tcp", 80, 443, "10.0.0.0/16"), "ip saddr { 10.0.0.0/16 } tcp dport 80-443 accept"),
            (Permission("udp", 53, 53, "0.0.0.0/0"), "ip saddr { 0.0.0.0/0 } udp dport 53-53 accept"),
            (Permission("-1", cidr="10.0.0.0/16"), "ip saddr { 10.0.0.0/16 } accept"),
            (Permission("icmp", -1, -1, "10.0.0.0/16"), "ip saddr { 10.0.0.0/16 } meta l4proto icmp accept"),
            (Permission("tcp", 80, 80, group="web"), "ip saddr { 10.0.0.4, 10.0.0.5 } tcp dport 80-80 accept"),
        ],
    )
    def test_a_permission_is_one_rule(self, permission: Permission, rule: str) -> None:
        """A permission lets in its CIDR block, or the present members of its group, at its ports or at all."""
        assert [rule] == accepted(permission, web={"10.0.0.5", "10.0.0.4"})

    def test_an_empty_group_lets_nobody_in(self) -> None:
        """A group without members makes no rule."""
        assert [] == accepted(Permission("tcp", 80, 80, group="web"), api={"10.0.0.4"})

    def test_a_group_with_a_badge_is_known_by_it(self) -> None:
        """Who shows a group's bit is let in, beside those of its members that are known by their addresses."""
        rules = ruleset([Permission("tcp", 80, 80, group="web")], {"web": ["10.0.0.4"]}, {"web": "00:00:00:01:00:00"})
        assert "ether saddr & 00:00:00:01:00:00 == 00:00:00:01:00:00 tcp dport 80-80 accept" in rules
        assert "ip saddr { 10.0.0.4 } tcp dport 80-80 accept" in rules

    def test_the_order_of_permissions_makes_no_difference(self) -> None:
        """The same permissions in another order are the same rules, which need not be loaded again."""
        one, other = Permission("tcp", 80, 80, "10.0.0.0/16"), Permission("tcp", 81, 81, "10.0.0.0/16")

        assert ruleset([one, other], {}) == ruleset([other, one, other], {})


class TestBadges:
    """MAC addresses that tell of security groups."""

    def test_a_mac_tells_the_groups_and_is_nobody_elses(self) -> None:
        """Each group has a bit, in each member's; the rest is the IP address's own."""
        badges = Badges()
        found = [badges.mac("10.0.1.4", ["web"]), badges.mac("10.0.1.5", ["api", "web"]), badges.mac("10.0.1.6", [])]

        assert ["02:00:00:01:01:04", "02:00:00:03:01:05", "02:00:00:00:01:06"] == found
        assert {"web": "00:00:00:01:00:00", "api": "00:00:00:02:00:00"} == badges.masks

    def test_there_are_24_bits(self) -> None:
        """Groups after the 24th have none: their members are known by their addresses."""
        badges = Badges()
        mac = badges.mac("10.0.1.4", [f"group-{number}" for number in range(25)])

        assert "02:ff:ff:ff:01:04" == mac
        assert [f"group-{number}" for number in range(24)] == list(badges.masks)


class TestAddresses:
    """Who gets which address."""

    def test_aws_keeps_five_of_each_subnet(self) -> None:
        """The first four addresses and the last are nobody's; when the others are in use there is none."""
        addresses = Addresses()

        assert ["10.0.1.4", "10.0.1.5", "10.0.1.6"] == [addresses.take("10.0.1.0/29") for _ in range(3)]
        with pytest.raises(AwsFault, match=r"10\.0\.1\.0/29"):
            addresses.take("10.0.1.0/29")

    def test_one_given_back_comes_again_late(self) -> None:
        """An address is given out again only after all others were."""
        addresses = Addresses()
        first = addresses.take("10.0.1.0/29")
        addresses.give_back(first)

        assert ["10.0.1.5", "10.0.1.6", first] == [addresses.take("10.0.1.0/29") for _ in range(3)]


class TestHostFiles:
    """The files by which a machine knows itself and its resolver."""

    def test_a_machine_knows_its_name_and_its_resolver(self) -> None:
        """Its name is Fargate's and stands for its address; names are asked of the VPC's resolver."""
        files = host_files("10.0.128.4", "10.0.0.2", "")

        assert "ip-10-0-128-4.ec2.internal" == host_name("10.0.128.4")
        assert "127.0.0.1 localhost\n10.0.128.4 ip-10-0-128-4.ec2.internal\n" == files[Path("/etc/hosts")]
        assert "nameserver 10.0.0.2\n" == files[Path("/etc/resolv.conf")]

    def test_names_are_asked_of_dns_alone(self) -> None:
        """Whatever answers names for the machine that we are on is left out; the other lines stay."""
        ours = "passwd: files\nhosts: files mdns4_minimal [NOTFOUND=return] resolve dns\n"

        assert "hosts: files dns\npasswd: files\n" == dns_only(ours)
