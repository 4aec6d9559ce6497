//! What a request of a route does, in the words of documents and clients.

use http::{Method, StatusCode};

/// An operation of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its id in the OpenAPI document, which is the path of the client's method: `memories.create`.
    pub id: &'static str,
    /// What it does, in the imperative: "Create a memory".
    pub summary: &'static str,
    /// The statuses of its successful responses.
    pub successes: &'static [StatusCode],
    /// Whether its successful responses have an `ETag`.
    pub is_versioned: bool,
    /// Whether its requests may have `If-Match`.
    pub is_conditional: bool,
    /// Whether `data` and `metadata` are around the response.
    pub is_enveloped: bool,
    /// Whether the next page is in the header `Link`.
    pub is_paged_by_link: bool,
}

impl Operation {
    /// An operation whose successful responses have the status 200.
    pub const fn new(id: &'static str, summary: &'static str) -> Self {
        Self {
            id,
            summary,
            successes: &[StatusCode::OK],
            is_versioned: false,
            is_conditional: false,
            is_enveloped: true,
            is_paged_by_link: false,
        }
    }

    /// It creates a resource: 201.
    #[must_use]
    pub const fn created(mut self) -> Self {
        self.successes = &[StatusCode::CREATED];
        self
    }

    /// It creates a resource, or finds the one that is there: 201 or 200.
    #[must_use]
    pub const fn created_or_found(mut self) -> Self {
        self.successes = &[StatusCode::CREATED, StatusCode::OK];
        self
    }

    /// Its response names the version of the resource in `ETag`.
    #[must_use]
    pub const fn versioned(mut self) -> Self {
        self.is_versioned = true;
        self
    }

    /// It may depend on the version of the resource, by `If-Match`.
    #[must_use]
    pub const fn conditional(mut self) -> Self {
        self.is_conditional = true;
        self
    }

    /// Whether its response, which names a version, is read with `method`: then requests may depend on the version.
    pub fn is_versioned_read(&self, method: &Method) -> bool {
        self.is_versioned && *method == Method::GET
    }

    /// Its response is a document of a format that is defined elsewhere.
    #[must_use]
    pub const fn bare(mut self) -> Self {
        self.is_enveloped = false;
        self
    }

    /// Its response is a page of lines; the address of the next page is in the header `Link`.
    #[must_use]
    pub const fn lines(mut self) -> Self {
        self.is_paged_by_link = true;
        self.bare()
    }
}
