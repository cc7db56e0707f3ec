//! JSON schemas of replies, made from the types that are serialized: what a
//! reply has and what the document says of it cannot differ.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value};

/// The schema of a reply, by its type.
#[derive(Clone, Copy)]
pub struct ReplySchema(fn(&mut SchemaGenerator) -> Schema);

impl ReplySchema {
    /// The schema of a type.
    pub const fn from_type<T: JsonSchema>() -> Self {
        Self(SchemaGenerator::subschema_for::<T>)
    }
}

/// Schemas as they are asked for, and all that they refer to.
pub struct Schemas(SchemaGenerator);

impl Schemas {
    /// None yet.
    pub fn new() -> Self {
        let mut settings = SchemaSettings::draft2020_12().for_serialize();
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
        Self(settings.into_generator())
    }

    /// The schema of a reply: a reference, when its type has a name.
    pub fn add(&mut self, of: ReplySchema) -> Value {
        (of.0)(&mut self.0).to_value()
    }

    /// All that was referred to, by name.
    pub fn components(mut self) -> Map<String, Value> {
        self.0.take_definitions(true)
    }
}
