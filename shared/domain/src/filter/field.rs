//! The fields that a filter may compare, and the operators and operands that each takes.

use strum::{EnumString, IntoStaticStr, VariantNames};

use super::bounds::MAX_PATH;
use super::operator::Operator;

/// A field of a memory in a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// A field that every memory may have.
    Own(OwnField),
    /// A value in the metadata: the names of nested members, from the outermost on.
    Metadata(Vec<String>),
}

/// A field that every memory may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "camelCase")]
pub(super) enum OwnField {
    Type,
    Tags,
    Importance,
    UserId,
    AgentId,
    SessionId,
    Namespace,
    Key,
    CreatedAt,
    UpdatedAt,
    ExpiresAt,
}

/// The kind of values that a field has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A type of memories.
    Type,
    /// A list of texts.
    Texts,
    /// A list of texts that begins with others.
    Namespace,
    /// A number.
    Number,
    /// A text.
    Text,
    /// A time.
    Time,
    /// Any value.
    Any,
}

const METADATA: &str = "metadata";

impl Field {
    /// The field of this name.
    ///
    /// # Errors
    /// What is wrong with the name, as the end of a sentence.
    pub(super) fn parse(name: &str) -> Result<Self, String> {
        if name.contains('\0') {
            return Err("must not contain the NUL character".into());
        }
        if let Ok(own) = name.parse() {
            return Ok(Self::Own(own));
        }
        match name.strip_prefix(METADATA).map(|rest| rest.strip_prefix('.')) {
            Some(Some(path)) => members(path).map(Self::Metadata),
            Some(None) if name == METADATA => {
                Err("needs the names of nested members, such as metadata.colour or metadata.order.total"
                    .into())
            }
            _ => Err(format!(
                "is not a field of a filter: those are {}, metadata.…",
                OwnField::VARIANTS.join(", ")
            )),
        }
    }

    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::Own(OwnField::Type) => Kind::Type,
            Self::Own(OwnField::Tags) => Kind::Texts,
            Self::Own(OwnField::Namespace) => Kind::Namespace,
            Self::Own(OwnField::Importance) => Kind::Number,
            Self::Own(OwnField::UserId | OwnField::AgentId | OwnField::SessionId | OwnField::Key) => {
                Kind::Text
            }
            Self::Own(OwnField::CreatedAt | OwnField::UpdatedAt | OwnField::ExpiresAt) => Kind::Time,
            Self::Metadata(_) => Kind::Any,
        }
    }
}

impl Kind {
    /// The operators that values of this kind take.
    pub(super) const fn operators(self) -> &'static [Operator] {
        use Operator::{Contains, Eq, Exists, Gt, Gte, In, Lt, Lte, Ne, Nin, Prefix};
        match self {
            Self::Type => &[Eq, Ne, In, Nin, Exists],
            Self::Texts => &[Eq, Ne, Exists, Contains],
            Self::Namespace => &[Eq, Ne, In, Nin, Exists, Contains, Prefix],
            Self::Number | Self::Time => &[Eq, Ne, Gt, Gte, Lt, Lte, In, Nin, Exists],
            Self::Text | Self::Any => &[Eq, Ne, Gt, Gte, Lt, Lte, In, Nin, Exists, Contains, Prefix],
        }
    }
}

/// The members of a path: separated by points, each with `\` in front of characters that stand for themselves.
fn members(path: &str) -> Result<Vec<String>, String> {
    let mut members = vec![String::new()];
    let mut characters = path.chars();
    while let Some(character) = characters.next() {
        let own = match character {
            '.' => {
                members.push(String::new());
                continue;
            }
            '\\' => characters.next().ok_or(r"must not end with \, which stands in front of a character")?,
            other => other,
        };
        if let Some(member) = members.last_mut() {
            member.push(own);
        }
    }
    if members.len() > MAX_PATH {
        return Err(format!("must have at most {MAX_PATH} members"));
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_nested_members_whatever_characters_they_have() {
        for (name, path) in [
            ("metadata.a", &["a"][..]),
            ("metadata.a.b.0", &["a", "b", "0"]),
            (r"metadata.a\.b", &["a.b"]),
            (r"metadata.a\\.b", &[r"a\", "b"]),
            (r"metadata.\é\n", &["én"]),
            ("metadata.", &[""]),
            ("metadata..a.", &["", "a", ""]),
            ("metadata.metadata", &["metadata"]),
        ] {
            let path = path.iter().map(|&member| member.to_owned()).collect();
            assert_eq!(Field::parse(name), Ok(Field::Metadata(path)), "{name}");
        }
        let longest = format!("metadata{}", ".a".repeat(MAX_PATH));
        assert!(Field::parse(&longest).is_ok());
        for name in
            [longest + ".a", r"metadata.a\".into(), "metadata".into(), "metadataX.a".into(), String::new()]
        {
            assert!(Field::parse(&name).is_err(), "{name}");
        }
    }
}
