//! Where a request comes from: the other end of the connection, or, where that is a proxy of ours, whom the proxy names.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::http::header::{self, HeaderMap, HeaderName};
use actix_web::{HttpRequest, web};
use ipnet::IpNet;

use crate::server::app::App;

/// The proxies whose word counts; without any, no header does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies(Vec<IpNet>);

/// Reads an address or a network of a proxy.
///
/// # Errors
/// With a sentence that says what to type.
pub fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| {
            format!("'{text}' is not an address or network; write as 127.0.0.1 or 10.0.0.0/8")
        })
}

impl From<Vec<IpNet>> for Proxies {
    fn from(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }
}

impl Proxies {
    /// True when there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True for the address of one of them.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client behind a connection from `peer`: the last in the chain of proxies that is none of ours. Entries
    /// before it were written by unknown clients.
    ///
    /// A proxy writes one of two headers and may pass the other one on as a stranger wrote it. Where both are there and
    /// do not agree, neither is believed.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.has(peer) {
            return peer;
        }
        let behind = |name: HeaderName, read: fn(&str) -> Option<IpAddr>| {
            let hops: Vec<Option<IpAddr>> = headers
                .get_all(&name)
                .flat_map(|value| {
                    let list = value.to_str().unwrap_or("?");
                    list.split(',').map(read).collect::<Vec<_>>()
                })
                .collect();
            (!hops.is_empty()).then(|| self.last_stranger(peer, &hops))
        };
        let listed = behind(HeaderName::from_static("x-forwarded-for"), address);
        let described = behind(header::FORWARDED, forwarded_for);
        match (listed, described) {
            (Some(one), Some(other)) if one != other => peer,
            (one, other) => one.or(other).unwrap_or(peer),
        }
    }

    fn last_stranger(&self, peer: IpAddr, hops: &[Option<IpAddr>]) -> IpAddr {
        let mut last = peer;
        for hop in hops.iter().rev() {
            let Some(hop) = *hop else { break };
            last = hop;
            if !self.has(hop) {
                break;
            }
        }
        last
    }
}

/// `192.0.2.7`, `192.0.2.7:4711`, `2001:db8::1`, `[2001:db8::1]:4711`
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    bare.unwrap_or(text)
        .parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()))
        .ok()
        .map(|address| address.to_canonical())
}

/// `for=192.0.2.7;proto=https;by=…` (RFC 7239)
fn forwarded_for(element: &str) -> Option<IpAddr> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("for")
            .then(|| address(value))?
    })
}

/// Where a request comes from.
#[must_use]
pub fn of(request: &HttpRequest) -> IpAddr {
    let peer = request
        .peer_addr()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    request.app_data::<web::Data<App>>().map_or(peer, |app| {
        app.config.proxies.client(peer, request.headers())
    })
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn client(peer: &str, sent: &[(&'static str, &'static str)]) -> String {
        let ours = ["127.0.0.1", "10.0.0.0/8", "2001:db8:a::/48"];
        let proxies = Proxies(ours.map(|text| network(text).unwrap()).to_vec());
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_trusted_proxies_count_and_the_last_stranger() {
        const LIST: &str = "x-forwarded-for";
        for (peer, sent, expected) in [
            ("192.0.2.1", &[(LIST, "198.51.100.9")][..], "192.0.2.1"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("127.0.0.1", &[(LIST, "198.51.100.9")], "198.51.100.9"),
            (
                "127.0.0.1",
                &[(LIST, "203.0.113.5, 198.51.100.9")],
                "198.51.100.9",
            ),
            (
                "127.0.0.1",
                &[(LIST, "203.0.113.5, 198.51.100.9, 10.1.2.3")],
                "198.51.100.9",
            ),
            (
                "127.0.0.1",
                &[(LIST, "203.0.113.5"), (LIST, "198.51.100.9")],
                "198.51.100.9",
            ),
            ("127.0.0.1", &[(LIST, "10.9.9.9, 10.1.2.3")], "10.9.9.9"),
            (
                "127.0.0.1",
                &[(LIST, "203.0.113.5, nonsense, 10.1.2.3")],
                "10.1.2.3",
            ),
            ("127.0.0.1", &[(LIST, "nonsense")], "127.0.0.1"),
            ("127.0.0.1", &[(LIST, "")], "127.0.0.1"),
            ("127.0.0.1", &[(LIST, "198.51.100.9:4711")], "198.51.100.9"),
            (
                "::ffff:127.0.0.1",
                &[(LIST, "::ffff:198.51.100.9")],
                "198.51.100.9",
            ),
            ("2001:db8:a::1", &[(LIST, "2001:db8:b::9")], "2001:db8:b::9"),
        ] {
            assert_eq!(client(peer, sent), expected, "{peer} {sent:?}");
        }
    }

    #[test]
    fn forwarded_header_counts_unless_both_headers_differ() {
        const LIST: &str = "x-forwarded-for";
        for (sent, expected) in [
            (
                &[("forwarded", "for=198.51.100.9;proto=https")][..],
                "198.51.100.9",
            ),
            (
                &[(
                    "forwarded",
                    "for=203.0.113.5, proto=https;For=\"[2001:db8:b::9]:4711\"",
                )],
                "2001:db8:b::9",
            ),
            (
                &[("forwarded", "for=\"203.0.113.5, for=198.51.100.9")],
                "198.51.100.9",
            ),
            (&[("forwarded", "for=_hidden")], "127.0.0.1"),
            (
                &[("forwarded", "for=203.0.113.5"), (LIST, "198.51.100.9")],
                "127.0.0.1",
            ),
            (
                &[("forwarded", "for=198.51.100.9"), (LIST, "198.51.100.9")],
                "198.51.100.9",
            ),
        ] {
            assert_eq!(client("127.0.0.1", sent), expected, "{sent:?}");
        }
    }

    #[test]
    fn what_is_no_network_is_named() {
        assert_eq!(network(" 10.0.0.0/8 ").unwrap().to_string(), "10.0.0.0/8");
        assert_eq!(network("::1").unwrap().to_string(), "::1/128");
        assert!(
            network("proxy.example")
                .unwrap_err()
                .contains("'proxy.example' is not an address")
        );
    }
}
