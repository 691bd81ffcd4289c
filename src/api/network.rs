//! Who is at the other end, and which name this server was called by (security.md, REQ-NET-2).
//!
//! What a header says about an address is believed of a proxy the operator named, and of nobody else.

use super::problem::Problem;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{HttpRequest, ResponseError as _, web};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// What stands between a client and this server.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// The networks of the proxies in front of it; none when clients come by themselves.
    pub trusted_proxies: Vec<IpNet>,
    /// The names it answers to besides `localhost` and plain addresses; with none it answers to any.
    pub allowed_hosts: Vec<String>,
    /// Whether clients reach it over TLS that ends in this process.
    pub tls: bool,
}

impl Network {
    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(&address))
    }

    /// The client's address: that of the socket, or, behind a trusted proxy, the last address of `X-Forwarded-For`
    /// that no trusted proxy has. What is no address ends the walk: the proxy that passed it on is answerable for it.
    pub fn client<'h>(&self, peer: IpAddr, forwarded: impl DoubleEndedIterator<Item = &'h str>) -> IpAddr {
        let mut client = peer.to_canonical();
        let mut hops = forwarded.flat_map(|line| line.split(',')).rev();
        while self.trusts(client)
            && let Some(hop) = hops.next().and_then(address)
        {
            client = hop;
        }
        client
    }

    /// Whether this server goes by that name. A page of another name that resolves here (DNS rebinding) does not
    /// reach it; plain addresses and `localhost` cannot be rebound.
    fn goes_by(&self, host: &str) -> bool {
        if self.allowed_hosts.is_empty() || address(host).is_some() {
            return true;
        }
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        name.eq_ignore_ascii_case("localhost") || self.allowed_hosts.iter().any(|own| own.eq_ignore_ascii_case(name))
    }
}

/// An address with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let parsed = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    parsed.map(|address: IpAddr| address.to_canonical())
}

/// The client's address, as the trail and the limits name it.
pub(super) fn client_of(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    let forwarded = request.headers().get_all("x-forwarded-for").filter_map(|line| line.to_str().ok());
    let forwarded: Vec<&str> = forwarded.collect();
    let network = request.app_data::<web::Data<Network>>();
    Some(network.map_or(peer, |network| network.client(peer, forwarded.into_iter())))
}

/// Whether the client's own connection is encrypted: to this process, or to a trusted proxy that says so.
pub(super) fn is_encrypted(request: &ServiceRequest) -> bool {
    let Some(network) = request.app_data::<web::Data<Network>>() else { return false };
    let by_proxy = request.peer_addr().is_some_and(|peer| network.trusts(peer.ip().to_canonical()));
    let said = request.headers().get("x-forwarded-proto").is_some_and(|proto| proto.as_bytes() == b"https");
    network.tls || (by_proxy && said)
}

/// The /32 or /64 the request comes from.
pub(super) fn of(request: &HttpRequest) -> String {
    match client_of(request).map(|address| address.to_canonical()) {
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        None => "unknown".to_owned(),
    }
}

/// Lets a request through that calls this server by its name.
///
/// # Errors
/// When the service behind it fails without a response.
pub async fn by_name(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let header = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = request.uri().authority().map(actix_web::http::uri::Authority::as_str).or(header);
    let known =
        request.app_data::<web::Data<Network>>().is_none_or(|network| network.goes_by(host.unwrap_or_default()));
    if known {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let problem =
        Problem::malformed("", "this server does not answer to the name in Host; see CHAIRSIDE_ALLOWED_HOSTS");
    Ok(request.into_response(problem.error_response()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn behind(proxies: &[&str]) -> Network {
        Network { trusted_proxies: proxies.iter().map(|text| text.parse().unwrap()).collect(), ..Network::default() }
    }

    #[test]
    fn what_a_stranger_says_of_its_own_address_is_not_believed() {
        for forged in ["6.6.6.6", "10.0.0.1", "::1", "6.6.6.6, 10.0.0.1", "", "unknown"] {
            assert_eq!(behind(&[]).client(ip("203.0.113.9"), [forged].into_iter()), ip("203.0.113.9"), "{forged}");
            assert_eq!(
                behind(&["10.0.0.0/8"]).client(ip("203.0.113.9"), [forged].into_iter()),
                ip("203.0.113.9"),
                "{forged}"
            );
        }
    }

    #[test]
    fn behind_proxies_the_client_is_the_last_address_none_of_them_has() {
        let network = behind(&["10.0.0.0/8", "fd00::/8"]);
        for (lines, client) in [
            (vec!["203.0.113.9"], "203.0.113.9"),
            (vec!["6.6.6.6, 203.0.113.9"], "203.0.113.9"),
            (vec!["6.6.6.6, 203.0.113.9, 10.0.0.7"], "203.0.113.9"),
            (vec!["6.6.6.6", "203.0.113.9 , 10.0.0.7"], "203.0.113.9"),
            (vec!["2001:db8::5, fd00::7"], "2001:db8::5"),
            (vec!["[2001:db8::5]:443"], "2001:db8::5"),
            (vec!["203.0.113.9:5000"], "203.0.113.9"),
            (vec!["::ffff:203.0.113.9"], "203.0.113.9"),
            (vec!["10.0.0.7"], "10.0.0.7"),
            (vec!["203.0.113.9, garbage"], "10.0.0.2"),
            (vec![], "10.0.0.2"),
        ] {
            assert_eq!(network.client(ip("10.0.0.2"), lines.clone().into_iter()), ip(client), "{lines:?}");
            assert_eq!(network.client(ip("::ffff:10.0.0.2"), lines.clone().into_iter()), ip(client), "{lines:?}");
        }
    }

    #[test]
    fn a_server_with_names_answers_to_them_to_localhost_and_to_addresses() {
        let named = Network { allowed_hosts: vec!["clinic.example".into()], ..Network::default() };
        for own in
            ["clinic.example", "Clinic.Example:8443", "localhost:8080", "127.0.0.1:8080", "[::1]:8080", "10.1.2.3"]
        {
            assert!(named.goes_by(own), "{own}");
        }
        for other in ["", "evil.example", "clinic.example.evil.example", "xclinic.example", "evil.example:8443"] {
            assert!(!named.goes_by(other), "{other}");
        }
        assert!(Network::default().goes_by("anything.example"));
    }
}
