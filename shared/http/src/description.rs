//! The request and the response that a route names. With the feature `describe` they have JSON Schemas.

use std::marker::PhantomData;

#[cfg(feature = "describe")]
pub use described::Description;

/// A query string without parameters other than the caller's `tenantId`.
#[derive(Debug)]
pub struct NoParameters;

/// The body of a response that contains one `T` in each line.
#[derive(Debug)]
pub struct Lines<T>(PhantomData<T>);

#[cfg(feature = "describe")]
mod described {
    use std::borrow::Cow;

    use hb_domain::describe::{Recorder, Request, RequestSchema};
    use hb_domain::ndjson;
    use schemars::generate::SchemaSettings;
    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

    use super::{Lines, NoParameters};

    /// The request and the response of a route.
    #[derive(Clone, Copy, Debug)]
    pub struct Description {
        query: fn(&Recorder),
        body: fn(&Recorder),
        response: fn(&mut SchemaGenerator) -> Schema,
    }

    impl Description {
        /// The description of these types.
        pub const fn of<Query: Request, Body: Request, Response: JsonSchema>() -> Self {
            Self {
                query: Query::record,
                body: Body::record,
                response: |generator| generator.subschema_for::<Response>(),
            }
        }

        /// The fields of the query and of the body.
        pub fn request(&self) -> RequestSchema {
            let recorder = Recorder::default();
            (self.query)(&recorder);
            (self.body)(&recorder);
            recorder.request()
        }

        /// The schema of the response's `data`, or of the whole response where it has no envelope.
        pub fn response(&self) -> Schema {
            let settings = SchemaSettings::draft2020_12().for_serialize();
            let settings = settings.with(|settings| settings.inline_subschemas = true);
            (self.response)(&mut settings.into_generator())
        }
    }

    impl Request for NoParameters {
        fn record(recorder: &Recorder) {
            let _ = recorder.query();
        }
    }

    impl<T: JsonSchema> JsonSchema for Lines<T> {
        fn inline_schema() -> bool {
            true
        }

        fn schema_name() -> Cow<'static, str> {
            format!("{}Lines", T::schema_name()).into()
        }

        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            json_schema!({
                "type": "string",
                "contentMediaType": ndjson::MEDIA_TYPE,
                "contentSchema": generator.subschema_for::<T>(),
            })
        }
    }
}
