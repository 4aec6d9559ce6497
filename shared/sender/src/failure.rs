//! What prevents a complete response, in words for the endpoint's owner: without addresses, and without what only we know.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::time::Duration;

use rustls::CertificateError;

/// What prevents a complete response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the URL is invalid")]
    InvalidUrl,
    #[error("the event could not be signed")]
    Unsigned,
    #[error("the host resolves to a private or reserved address, to which nothing is sent")]
    RefusedAddress,
    #[error("the host's name could not be resolved")]
    UnknownName,
    #[error("no connection within {} s", within.as_secs_f32())]
    Unconnected { within: Duration },
    #[error("no complete response within {} s", within.as_secs_f32())]
    Incomplete { within: Duration },
    #[error("the connection was refused")]
    ConnectionRefused,
    #[error("the host could not be reached")]
    Unreachable,
    #[error("the certificate has expired or is not valid yet")]
    CertificateExpired,
    #[error("the certificate is not for this host")]
    CertificateName,
    #[error("the certificate is not from an authority that is trusted")]
    CertificateUntrusted,
    #[error("the certificate is invalid")]
    CertificateInvalid,
    #[error("TLS could not be established")]
    Tls,
    #[error("the connection was closed before the response was complete")]
    Closed,
    #[error("the headers of the response are too large")]
    TooLarge,
    #[error("the response is not HTTP")]
    NotHttp,
    #[error("the connection failed")]
    Other,
}

impl Failure {
    /// The failure that is behind an error of the client. Its own texts name internals.
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Self {
        let mut next = Some(error);
        let mut found = Self::Other;
        while let Some(error) = next {
            if let Some(known) = Self::known(error) {
                found = known;
            }
            next = error.source();
        }
        found
    }

    /// The failure of this error, without its causes.
    fn known(error: &(dyn Error + 'static)) -> Option<Self> {
        if let Some(failure) = error.downcast_ref::<Self>() {
            return Some(*failure);
        }
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return Some(Self::of_tls(error));
        }
        if let Some(error) = error.downcast_ref::<io::Error>() {
            // The source of such an error is that of the error inside.
            return error
                .get_ref()
                .and_then(|inside| Self::known(inside))
                .or_else(|| Self::of_io(error.kind()));
        }
        let error = error.downcast_ref::<hyper::Error>()?;
        if error.is_parse_too_large() {
            Some(Self::TooLarge)
        } else if error.is_parse() {
            Some(Self::NotHttp)
        } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
            Some(Self::Closed)
        } else {
            None
        }
    }

    fn of_tls(error: &rustls::Error) -> Self {
        let rustls::Error::InvalidCertificate(certificate) = error else { return Self::Tls };
        match certificate {
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Self::CertificateExpired,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::CertificateName
            }
            CertificateError::UnknownIssuer => Self::CertificateUntrusted,
            _ => Self::CertificateInvalid,
        }
    }

    fn of_io(kind: ErrorKind) -> Option<Self> {
        match kind {
            ErrorKind::ConnectionRefused => Some(Self::ConnectionRefused),
            ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof => Some(Self::Closed),
            ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::AddrNotAvailable
            | ErrorKind::TimedOut => Some(Self::Unreachable),
            _ => None,
        }
    }
}
