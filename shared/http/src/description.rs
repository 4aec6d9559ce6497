//! The operation, the request and the response that a route names. With the feature `describe` the last two have JSON
//! Schemas.

mod operation;

use std::marker::PhantomData;

#[cfg(feature = "describe")]
pub use described::Description;
pub use operation::Operation;

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
        body_name: fn() -> &'static str,
        response: fn(&mut SchemaGenerator) -> Schema,
    }

    impl Description {
        /// The description of these types.
        pub const fn of<Query: Request, Body: Request, Response: JsonSchema>() -> Self {
            Self {
                query: Query::record,
                body: Body::record,
                body_name: Body::name,
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
            self.response_in(&mut settings.into_generator())
        }

        /// The same, with the schemas of its parts where `generator` keeps them.
        pub(crate) fn response_in(&self, generator: &mut SchemaGenerator) -> Schema {
            (self.response)(generator)
        }

        /// The name of the body's schema.
        pub(crate) fn body_name(&self) -> &'static str {
            (self.body_name)()
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
