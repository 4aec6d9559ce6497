//! The conditions of a request on the version of a resource (RFC 9110, section 13).

/// The versions that a condition names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Versions {
    /// Every version: `*`.
    Any,
    /// These versions.
    Listed(Vec<String>),
}

/// The conditions of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preconditions {
    /// The resource must have one of these versions.
    pub if_match: Option<Versions>,
    /// The resource must have none of these versions.
    pub if_none_match: Option<Versions>,
}

impl Versions {
    /// Whether `current` is one of them. A resource that does not exist has no version.
    fn contain(&self, current: Option<&str>) -> bool {
        match (self, current) {
            (Self::Any, current) => current.is_some(),
            (Self::Listed(versions), Some(current)) => versions.iter().any(|version| version == current),
            (Self::Listed(_), None) => false,
        }
    }
}

impl Preconditions {
    /// Whether they are met by a resource of the version `current`; `None` when there is no such resource.
    pub fn are_met(&self, current: Option<&str>) -> bool {
        self.if_match.as_ref().is_none_or(|versions| versions.contain(current))
            && !self.if_none_match.as_ref().is_some_and(|versions| versions.contain(current))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_met_by_what_it_names() {
        let listed = |version: &str| Some(Versions::Listed(vec![version.to_owned()]));
        for (if_match, if_none_match, met) in [
            (None, None, [true, true, true]),
            (Some(Versions::Any), None, [true, true, false]),
            (listed("a"), None, [true, false, false]),
            (None, Some(Versions::Any), [false, false, true]),
            (None, listed("a"), [false, true, true]),
            (listed("a"), listed("a"), [false, false, false]),
        ] {
            let conditions = Preconditions { if_match, if_none_match };
            let found = [Some("a"), Some("b"), None].map(|current| conditions.are_met(current));
            assert_eq!(found, met, "{conditions:?}");
        }
    }
}
