//! Enums whose variants have names in requests, responses and tables.

/// Gives an enum that derives its names with `strum` the methods of a named enum, and serialises it as its name.
macro_rules! named {
    ($name:ident) => {
        impl $name {
            /// Every variant, in order of declaration.
            pub const ALL: [Self; <Self as strum::EnumCount>::COUNT] =
                match <Self as strum::VariantArray>::VARIANTS.first_chunk() {
                    Some(all) => *all,
                    None => panic!("there are as many variants as are counted"),
                };

            /// The name used in requests, responses and tables.
            pub fn as_str(self) -> &'static str {
                self.into()
            }

            /// The variant of that name, which must match exactly.
            pub fn parse(name: &str) -> Option<Self> {
                name.parse().ok()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        #[cfg(feature = "describe")]
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                crate::describe::schema::names::<Self>()
            }
        }
    };
}

pub(crate) use named;
