//! A conditional write of one item, which is sent alone or as a part of a [transaction](crate::transaction).

use std::collections::HashMap;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update};
use hb_domain::{Error, Result};

use crate::Store;
use crate::item::Attributes;
use crate::tables::Table;

/// Sets table, condition and placeholders of a builder, and has it return the item that it found when the condition does not
/// hold. The builders of the SDK share no trait.
macro_rules! conditional {
    ($builder:expr, $write:expr, $store:expr) => {
        $builder
            .table_name($store.table($write.table))
            .set_condition_expression((!$write.condition.is_empty()).then(|| $write.condition.clone()))
            .set_expression_attribute_names($write.names.clone())
            .set_expression_attribute_values($write.values.clone())
            .return_values_on_condition_check_failure(
                aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure::AllOld,
            )
    };
}
pub(crate) use conditional;

/// A conditional write of one item.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) table: Table,
    pub(crate) action: Action,
    pub(crate) condition: String,
    pub(crate) names: Option<HashMap<String, String>>,
    pub(crate) values: Option<Attributes>,
    /// An attribute and a value that only this write sets.
    pub(crate) identity: Option<(&'static str, AttributeValue)>,
    /// Whether a write that is sent alone is sent again when its response was lost.
    pub(crate) is_resent: bool,
    /// Whether a write that is sent alone returns the item that it replaced or deleted.
    pub(crate) returns_old: bool,
}

/// What a write does.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Puts this item.
    Put(Attributes),
    /// Updates the item of this key by an update expression.
    Update(Attributes, String),
    /// Deletes the item of this key.
    Delete(Attributes),
    /// Checks the condition on the item of this key.
    Check(Attributes),
}

impl Write {
    /// Puts `item`.
    pub(crate) fn put(table: Table, item: Attributes) -> Self {
        Self::new(table, Action::Put(item))
    }

    /// Updates the item of `key`.
    pub(crate) fn update(table: Table, key: Attributes, expression: impl Into<String>) -> Self {
        Self::new(table, Action::Update(key, expression.into()))
    }

    /// Deletes the item of `key`.
    pub(crate) fn delete(table: Table, key: Attributes) -> Self {
        Self::new(table, Action::Delete(key))
    }

    /// Changes nothing, but fails a transaction when the condition on the item of `key` does not hold.
    pub(crate) fn check(table: Table, key: Attributes) -> Self {
        Self::new(table, Action::Check(key))
    }

    const fn new(table: Table, action: Action) -> Self {
        let condition = String::new();
        Self {
            table,
            action,
            condition,
            names: None,
            values: None,
            identity: None,
            is_resent: true,
            returns_old: false,
        }
    }

    /// The condition expression. Without one the write is unconditional.
    #[must_use]
    pub(crate) fn condition(self, condition: impl Into<String>) -> Self {
        Self { condition: condition.into(), ..self }
    }

    /// The attribute that a placeholder of the expressions stands for.
    #[must_use]
    pub(crate) fn name(mut self, placeholder: &str, name: impl Into<String>) -> Self {
        self.names.get_or_insert_default().insert(placeholder.into(), name.into());
        self
    }

    /// The value that a placeholder of the expressions stands for.
    #[must_use]
    pub(crate) fn value(mut self, placeholder: impl Into<String>, value: AttributeValue) -> Self {
        self.values.get_or_insert_default().insert(placeholder.into(), value);
        self
    }

    /// An attribute and a value that only this write sets: an item that has it shows that the write was carried out.
    #[must_use]
    pub(crate) fn identified_by(self, name: &'static str, value: AttributeValue) -> Self {
        Self { identity: Some((name, value)), ..self }
    }

    /// When the write is sent alone, the SDK makes one attempt.
    #[must_use]
    pub(crate) fn sent_once(self) -> Self {
        Self { is_resent: false, ..self }
    }

    /// When the write is sent alone, it returns the item that it replaced or deleted.
    #[must_use]
    pub(crate) fn returning_old(self) -> Self {
        Self { returns_old: true, ..self }
    }

    /// Whether `found` is what this write has left.
    pub(crate) fn has_left(&self, found: &Attributes) -> bool {
        self.identity.as_ref().is_some_and(|(name, value)| found.get(*name) == Some(value))
    }

    /// The key of the item.
    pub(crate) fn key(&self) -> Attributes {
        let definition = self.table.definition();
        match &self.action {
            Action::Update(key, _) | Action::Delete(key) | Action::Check(key) => key.clone(),
            Action::Put(item) => [Some(definition.partition_key.attribute()), definition.sort_key]
                .into_iter()
                .flatten()
                .filter_map(|name| Some((name.to_owned(), item.get(name)?.clone())))
                .collect(),
        }
    }

    /// The write as a part of a transaction.
    pub(crate) fn to_part(&self, store: &Store) -> Result<TransactWriteItem> {
        let part = TransactWriteItem::builder();
        Ok(match self.action.clone() {
            Action::Put(item) => {
                let put = Put::builder().set_item(Some(item));
                part.put(built(conditional!(put, self, store).build())?)
            }
            Action::Update(key, expression) => {
                let update = Update::builder().set_key(Some(key)).update_expression(expression);
                part.update(built(conditional!(update, self, store).build())?)
            }
            Action::Delete(key) => {
                let delete = Delete::builder().set_key(Some(key));
                part.delete(built(conditional!(delete, self, store).build())?)
            }
            Action::Check(key) => {
                let check = ConditionCheck::builder().set_key(Some(key));
                part.condition_check(built(conditional!(check, self, store).build())?)
            }
        }
        .build())
    }
}

/// A part that lacks something is a bug.
fn built<T>(part: std::result::Result<T, BuildError>) -> Result<T> {
    part.map_err(|error| Error::Internal(format!("transaction could not be built: {error}")))
}
