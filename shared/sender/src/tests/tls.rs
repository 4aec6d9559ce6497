//! The certificate has to be for the name of the URL, from an authority that is trusted.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use hb_domain::webhook::UrlPolicy;

use super::receiver::{Answer, ok, serve};
use super::{AMPLE, assert_failed, resolving_to, send};
use crate::Sender;
use crate::connections::Connections;

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Issuer {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority")
}

/// The port of a receiver with a certificate for `name`, of this authority or self-signed.
async fn receiver(authority: Option<&Issuer>, name: &str, is_expired: bool) -> u16 {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
    if is_expired {
        (params.not_before, params.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
    }
    let certificate = match authority {
        Some(authority) => params.signed_by(&key, authority),
        None => params.self_signed(&key),
    };
    let chain: Vec<CertificateDer<'static>> = vec![certificate.expect("a certificate").der().clone()];
    let config = ServerConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .expect("a configuration");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    serve(stream, |_| Answer::Keep(ok("over TLS")), |_| {}).await;
                }
            });
        }
    });
    port
}

/// A sender that trusts this authority only.
fn trusting(authority: &Issuer) -> Sender {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).expect("a root");
    let tls = ClientConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connections = Connections::new(UrlPolicy::Local, AMPLE, resolving_to("127.0.0.1")).trusting(tls);
    Sender { policy: UrlPolicy::Local, limits: AMPLE, connections: Arc::new(connections) }
}

#[tokio::test]
async fn tls_is_for_the_name_of_the_url() {
    let authority = authority("trusted");
    let sender = trusting(&authority);
    let port = receiver(Some(&authority), "receiver.localhost", false).await;
    let outcome = send(&sender, &format!("https://receiver.localhost:{port}/")).await;
    assert!(outcome.is_acknowledged(), "{outcome:?}");
    assert_eq!(outcome.response, "over TLS");
    for host in ["other.localhost", "127.0.0.1", "a.receiver.localhost"] {
        let outcome = send(&sender, &format!("https://{host}:{port}/")).await;
        assert_failed(&outcome, "the certificate is not for this host");
    }
}

#[tokio::test]
async fn certificates_that_are_not_trusted_are_refused() {
    let (trusted, other) = (authority("trusted"), authority("other"));
    let sender = trusting(&trusted);
    let (expired, untrusted) = (
        "the certificate has expired or is not valid yet",
        "the certificate is not from an authority that is trusted",
    );
    for (port, failure) in [
        (receiver(Some(&other), "receiver.localhost", false).await, untrusted),
        (receiver(None, "receiver.localhost", false).await, untrusted),
        (receiver(Some(&trusted), "receiver.localhost", true).await, expired),
    ] {
        let outcome = send(&sender, &format!("https://receiver.localhost:{port}/")).await;
        assert_failed(&outcome, failure);
    }
    // The authorities of the machine do not know the one of this test.
    let port = receiver(Some(&trusted), "receiver.localhost", false).await;
    let outcome = send(&super::sender(), &format!("https://receiver.localhost:{port}/")).await;
    assert_failed(&outcome, untrusted);
}

#[tokio::test]
async fn a_receiver_without_tls_is_not_sent_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let outcome = send(&super::sender(), &format!("https://receiver.localhost:{port}/")).await;
    assert_failed(&outcome, "TLS could not be established");
}
