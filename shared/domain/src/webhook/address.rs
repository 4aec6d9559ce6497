//! Which IP addresses a webhook may be delivered to: those of the public internet.
//!
//! The tables are those of IANA, with the networks that are not globally reachable or that carry an IPv4 address inside an
//! IPv6 address, through which a translator or a tunnel reaches any IPv4 address:
//! <https://www.iana.org/assignments/iana-ipv4-special-registry>,
//! <https://www.iana.org/assignments/iana-ipv6-special-registry>.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks of IPv4 that are not public: the first address, the number of bits and the document.
const IPV4: &[([u8; 4], u32, &str)] = &[
    ([0, 0, 0, 0], 8, "RFC 791: this network, and the unspecified address"),
    ([10, 0, 0, 0], 8, "RFC 1918: private"),
    ([100, 64, 0, 0], 10, "RFC 6598: carrier-grade NAT"),
    ([127, 0, 0, 0], 8, "RFC 1122: loopback"),
    ([168, 63, 129, 16], 32, "Azure: metadata of virtual machines"),
    ([169, 254, 0, 0], 16, "RFC 3927: link-local, and the metadata of clouds"),
    ([172, 16, 0, 0], 12, "RFC 1918: private"),
    ([192, 0, 0, 0], 24, "RFC 6890: protocol assignments"),
    ([192, 0, 2, 0], 24, "RFC 5737: documentation"),
    ([192, 31, 196, 0], 24, "RFC 7535: AS112"),
    ([192, 52, 193, 0], 24, "RFC 7450: AMT"),
    ([192, 88, 99, 0], 24, "RFC 7526: relays of 6to4"),
    ([192, 168, 0, 0], 16, "RFC 1918: private"),
    ([192, 175, 48, 0], 24, "RFC 7534: AS112"),
    ([198, 18, 0, 0], 15, "RFC 2544: benchmarks"),
    ([198, 51, 100, 0], 24, "RFC 5737: documentation"),
    ([203, 0, 113, 0], 24, "RFC 5737: documentation"),
    ([224, 0, 0, 0], 4, "RFC 5771: multicast"),
    ([240, 0, 0, 0], 4, "RFC 1112: reserved, and RFC 919: broadcast"),
];

/// The addresses of IPv6 that are assigned to the public internet (RFC 4291). Outside of them are the unspecified address,
/// loopback, IPv4-mapped and IPv4-compatible addresses, NAT64 (RFC 6052, RFC 8215), discard-only (RFC 6666), segment routing
/// (RFC 9602), unique local (RFC 4193), link-local, site-local (RFC 3879) and multicast addresses.
const GLOBAL_UNICAST: ([u16; 8], u32) = ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// Networks within [`GLOBAL_UNICAST`] that are not public.
const IPV6: &[([u16; 8], u32, &str)] = &[
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, "RFC 2928: protocol assignments, among them Teredo (RFC 4380)"),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, "RFC 3849: documentation"),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, "RFC 3056: 6to4"),
    ([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48, "RFC 7534: AS112"),
    ([0x3ffe, 0, 0, 0, 0, 0, 0, 0], 16, "RFC 3701: 6bone"),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, "RFC 9637: documentation"),
];

/// Whether `address` is one of the public internet.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !IPV4.iter().any(|(first, bits, _)| is_in_v4(address, *first, *bits)),
        IpAddr::V6(address) => {
            let (first, bits) = GLOBAL_UNICAST;
            is_in_v6(address, first, bits)
                && !IPV6.iter().any(|(first, bits, _)| is_in_v6(address, *first, *bits))
                && !is_isatap(address)
        }
    }
}

fn is_in_v4(address: Ipv4Addr, first: [u8; 4], bits: u32) -> bool {
    (address.to_bits() ^ Ipv4Addr::from(first).to_bits()).leading_zeros() >= bits
}

fn is_in_v6(address: Ipv6Addr, first: [u16; 8], bits: u32) -> bool {
    (address.to_bits() ^ Ipv6Addr::from(first).to_bits()).leading_zeros() >= bits
}

/// Whether the second half of the address carries an IPv4 address to tunnel to (RFC 5214).
fn is_isatap(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    matches!(segments[4], 0 | 0x0200) && segments[5] == 0x5efe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn public(text: &str) -> bool {
        is_public(text.parse().expect(text))
    }

    #[test]
    fn the_edges_of_every_network_are_where_the_registries_have_them() {
        for (first, last) in [
            ("0.0.0.0", "0.255.255.255"),
            ("10.0.0.0", "10.255.255.255"),
            ("100.64.0.0", "100.127.255.255"),
            ("127.0.0.0", "127.255.255.255"),
            ("168.63.129.16", "168.63.129.16"),
            ("169.254.0.0", "169.254.255.255"),
            ("172.16.0.0", "172.31.255.255"),
            ("192.0.0.0", "192.0.0.255"),
            ("192.0.2.0", "192.0.2.255"),
            ("192.31.196.0", "192.31.196.255"),
            ("192.52.193.0", "192.52.193.255"),
            ("192.88.99.0", "192.88.99.255"),
            ("192.168.0.0", "192.168.255.255"),
            ("192.175.48.0", "192.175.48.255"),
            ("198.18.0.0", "198.19.255.255"),
            ("198.51.100.0", "198.51.100.255"),
            ("203.0.113.0", "203.0.113.255"),
        ] {
            let [first, last] = [first, last].map(|text| text.parse::<Ipv4Addr>().expect(text).to_bits());
            for inside in [first, last, first + (last - first) / 2] {
                assert!(!is_public(Ipv4Addr::from_bits(inside).into()), "{}", Ipv4Addr::from_bits(inside));
            }
            let outside = [first.checked_sub(1), Some(last + 1)].into_iter().flatten();
            for outside in outside.map(Ipv4Addr::from_bits) {
                assert!(is_public(outside.into()), "{outside}");
            }
        }
        assert!(public("223.255.255.255") && !public("224.0.0.0") && !public("255.255.255.255"));
        for text in [
            "::",
            "::1",
            "::ffff:8.8.8.8",
            "::8.8.8.8",
            "::ffff:0:8.8.8.8",
            "64:ff9b::808:808",
            "64:ff9b:1::808:808",
            "100::1",
            "1fff:ffff::",
            "2001::1",
            "2001:1ff:ffff::",
            "2001:db8::1",
            "2002:808:808::1",
            "2620:4f:8000::1",
            "3ffe::1",
            "3fff:fff::1",
            "4000::",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2606:4700::5efe:a00:1",
            "2606:4700::200:5efe:a00:1",
        ] {
            assert!(!public(text), "{text}");
        }
        for text in
            ["1.1.1.1", "8.8.8.8", "2001:200::1", "2001:4860:4860::8888", "2606:4700::1111", "3fff:1000::1"]
        {
            assert!(public(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_the_standard_library_calls_special_is_refused(bits: u32) {
            let address = Ipv4Addr::from_bits(bits);
            let is_special = address.is_private() || address.is_loopback() || address.is_link_local()
                || address.is_broadcast() || address.is_documentation() || address.is_multicast()
                || address.is_unspecified();
            prop_assert!(!is_special || !is_public(address.into()), "{}", address);
        }

        #[test]
        fn an_address_of_every_network_is_refused(index: prop::sample::Index, v4: u32, v6: u128) {
            let (first, bits, name) = IPV4[index.index(IPV4.len())];
            let host = v4 & u32::MAX.checked_shr(bits).unwrap_or(0);
            prop_assert!(!is_public(Ipv4Addr::from_bits(Ipv4Addr::from(first).to_bits() | host).into()), "{}", name);
            let (first, bits, name) = IPV6[index.index(IPV6.len())];
            let host = v6 & u128::MAX.checked_shr(bits).unwrap_or(0);
            prop_assert!(!is_public(Ipv6Addr::from_bits(Ipv6Addr::from(first).to_bits() | host).into()), "{}", name);
        }

        /// Whichever IPv4 address is inside.
        #[test]
        fn an_address_that_carries_another_one_is_refused(bits: u32, port: u16) {
            let inner = Ipv4Addr::from_bits(bits);
            let (high, low) = ((bits >> 16) as u16, bits as u16);
            for address in [
                inner.to_ipv6_mapped(),
                inner.to_ipv6_compatible(),
                Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, port),
                Ipv6Addr::new(0x2001, 0, high, low, 0, port, !high, !low),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x64, 0xff9b, 1, port, 0, 0, high, low),
                Ipv6Addr::new(0x2606, 0x4700, port, 0, 0, 0x5efe, high, low),
            ] {
                prop_assert!(!is_public(address.into()), "{}", address);
            }
        }
    }
}
