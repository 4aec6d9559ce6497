//! Validates JSON without building a value.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

/// The type of the value in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Whether it is an object.
    pub is_object: bool,
}

impl Shape {
    /// The shape of the value in `text`. `None` when any part of the text is not JSON.
    pub fn of(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not as `IgnoredAny`: for that, serde_json skips strings and numbers that it would refuse to parse.
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

const OTHER: Shape = Shape { is_object: false };

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(OTHER)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
        Ok(OTHER)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
        Ok(OTHER)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
        Ok(OTHER)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
        Ok(OTHER)
    }

    fn visit_str<E>(self, _: &str) -> Result<Shape, E> {
        Ok(OTHER)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Shape, A::Error> {
        while items.next_element::<Shape>()?.is_some() {}
        Ok(OTHER)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Shape, A::Error> {
        while entries.next_entry::<Shape, Shape>()?.is_some() {}
        Ok(Shape { is_object: true })
    }
}
