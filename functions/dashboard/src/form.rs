//! What pages with forms have in common: the errors beside the fields.

use hb_domain::Error;

use crate::page;

/// An error in the summary of a form: the element that it belongs to, and what is wrong.
pub(crate) struct FormError {
    pub(crate) field: &'static str,
    pub(crate) message: String,
}

/// The errors of a form.
#[derive(Default)]
pub(crate) struct FormErrors(pub(crate) Vec<FormError>);

impl FormErrors {
    /// The errors of a refused request. `fields` are the fields of the API, with the elements of the form that they
    /// come from and with their names there; what belongs to none of them belongs to `otherwise`.
    ///
    /// # Errors
    /// The error itself, where the same form could not succeed.
    pub(crate) fn of(
        error: Error,
        fields: &[(&str, &'static str, &str)],
        otherwise: &'static str,
    ) -> Result<Self, Error> {
        let of_field = |name: &str| fields.iter().find(|(field, ..)| *field == name);
        match error {
            Error::Validation(problems) => Ok(Self(
                problems
                    .into_iter()
                    .map(|problem| match of_field(&problem.field) {
                        Some((field, element, name)) => FormError {
                            field: element,
                            message: match problem.message.strip_prefix(field) {
                                Some(rest) => format!("{name}{rest}."),
                                None => sentence(&problem.message),
                            },
                        },
                        None => FormError { field: otherwise, message: sentence(&problem.message) },
                    })
                    .collect(),
            )),
            error @ (Error::Duplicate(_)
            | Error::QuotaExhausted(_)
            | Error::MissingScope(_)
            | Error::ExpiryExceedsCaller { .. }) => {
                Ok(Self(vec![FormError { field: otherwise, message: page::text(&error) }]))
            }
            Error::KeyReused => Ok(Self(vec![FormError {
                field: otherwise,
                message:
                    "This form was sent before with other values; send it again if that is what you want."
                        .into(),
            }])),
            other => Err(other),
        }
    }

    /// Replaces the message at an element, if there is one.
    pub(crate) fn reword(&mut self, field: &str, message: &str) {
        if let Some(error) = self.0.iter_mut().find(|error| error.field == field) {
            message.clone_into(&mut error.message);
        }
    }

    /// The message at an element; empty for none.
    pub(crate) fn at(&self, field: &str) -> String {
        self.0
            .iter()
            .find(|error| error.field == field)
            .map(|error| error.message.clone())
            .unwrap_or_default()
    }
}

/// A message of the API as a sentence: `name must be …` as `Name must be ….`
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
