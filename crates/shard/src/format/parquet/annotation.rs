//! The added struct column `tamis`, written leaf by leaf with its levels.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields, Schema};
use parquet::basic::{ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::data_type::ByteArray;
use parquet::errors::Result as ParquetResult;
use parquet::schema::types::{Type, TypePtr};
use tamis_rules::{Outcome, Taxonomy};

use crate::{ANNOTATION, RowPlan};

/// The scalar leaves, then the list leaves, in schema order.
pub(super) const SCALARS: [&str; 2] = ["record_id", "source"];
pub(super) const LISTS: [&str; 3] = ["risks", "advisory", "pii"];

/// Number of leaves of the column.
pub(super) const LEAVES: usize = SCALARS.len() + LISTS.len();

/// Values and levels of one leaf for some rows.
#[derive(Default)]
pub(super) struct LeafData {
    pub values: Vec<ByteArray>,
    pub definitions: Option<Vec<i16>>,
    pub repetitions: Option<Vec<i16>>,
}

/// The column's Parquet type: a required group of required strings and lists of strings.
pub(super) fn parquet_type() -> ParquetResult<TypePtr> {
    let mut fields = Vec::with_capacity(LEAVES);
    for name in SCALARS {
        fields.push(string(name)?);
    }
    for name in LISTS {
        let repeated = Type::group_type_builder("list")
            .with_repetition(Repetition::REPEATED)
            .with_fields(vec![string("element")?])
            .build()?;
        let list = Type::group_type_builder(name)
            .with_repetition(Repetition::REQUIRED)
            .with_logical_type(Some(LogicalType::List))
            .with_converted_type(ConvertedType::LIST)
            .with_fields(vec![Arc::new(repeated)])
            .build()?;
        fields.push(Arc::new(list));
    }
    let group =
        Type::group_type_builder(ANNOTATION).with_repetition(Repetition::REQUIRED).with_fields(fields).build()?;
    Ok(Arc::new(group))
}

fn string(name: &str) -> ParquetResult<TypePtr> {
    let leaf = Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
        .with_repetition(Repetition::REQUIRED)
        .with_logical_type(Some(LogicalType::String))
        .with_converted_type(ConvertedType::UTF8);
    Ok(Arc::new(leaf.build()?))
}

/// The same column as an Arrow field, for the schema that Arrow writers keep in the file's metadata.
pub(super) fn arrow_field() -> Field {
    let element = Arc::new(Field::new("element", DataType::Utf8, false));
    let scalars = SCALARS.map(|name| Field::new(name, DataType::Utf8, false));
    let lists = LISTS.map(|name| Field::new(name, DataType::List(Arc::clone(&element)), false));
    let fields: Fields = scalars.into_iter().chain(lists).collect();
    Field::new(ANNOTATION, DataType::Struct(fields), false)
}

/// An Arrow schema with the column replaced or added at the end.
pub(super) fn arrow_schema_with_annotation(schema: &Schema) -> Schema {
    let kept = schema.fields().iter().filter(|field| field.name() != ANNOTATION).cloned();
    let fields: Fields = kept.chain([Arc::new(arrow_field())]).collect();
    Schema::new_with_metadata(fields, schema.metadata().clone())
}

/// Values and levels of leaf `leaf` (0-based within the column) for the rows of `plans` that have this outcome.
pub(super) fn leaf_data(leaf: usize, plans: &[RowPlan], outcome: Outcome, taxonomy: &Taxonomy) -> LeafData {
    let kept = plans.iter().filter(|plan| plan.outcome == outcome);
    match leaf {
        0 => scalars(kept.map(|plan| ByteArray::from(plan.record_id.hex().to_vec()))),
        1 => scalars(kept.map(|plan| ByteArray::from(plan.source.as_bytes().to_vec()))),
        2 => lists(kept.map(|plan| taxonomy.codes(plan.risks))),
        3 => lists(kept.map(|plan| taxonomy.codes(plan.advisory))),
        _ => lists(kept.map(|plan| plan.pii.iter().map(|kind| kind.name()))),
    }
}

fn scalars(values: impl Iterator<Item = ByteArray>) -> LeafData {
    LeafData { values: values.collect(), ..LeafData::default() }
}

/// A list leaf: definition level 1 for a value and 0 for an empty list; repetition level 0 for a row's first entry.
fn lists<'a, L: Iterator<Item = &'a str>>(rows: impl Iterator<Item = L>) -> LeafData {
    let (mut values, mut definitions, mut repetitions) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        let before = values.len();
        for value in row {
            repetitions.push(i16::from(values.len() > before));
            definitions.push(1);
            values.push(ByteArray::from(value));
        }
        if values.len() == before {
            repetitions.push(0);
            definitions.push(0);
        }
    }
    LeafData { values, definitions: Some(definitions), repetitions: Some(repetitions) }
}
