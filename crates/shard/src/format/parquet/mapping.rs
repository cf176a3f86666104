//! Which leaf of a Parquet schema plays which role.

use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};

use crate::columns::{ColumnMap, Role};
use crate::error::BadShardKind;
use crate::{ShardError, nearest_names};

/// A leaf that holds one value a record (not one inside a list or map), by name or dotted path.
pub(super) fn find_leaf(schema: &SchemaDescriptor, name: &str) -> Option<usize> {
    schema.columns().iter().position(|leaf| leaf.max_rep_level() == 0 && leaf.path().string() == name)
}

/// The leaves of some text columns, in order.
pub(super) fn text_leaves(schema: &SchemaDescriptor, names: &[String]) -> Result<Vec<usize>, ShardError> {
    names.iter().map(|name| text_leaf(schema, name)).collect()
}

fn text_leaf(schema: &SchemaDescriptor, name: &str) -> Result<usize, ShardError> {
    let roots = schema.root_schema().get_fields();
    let Some(leaf) = find_leaf(schema, name) else {
        let known = roots.iter().any(|field| field.name() == name);
        let detail = if known {
            format!("column {name:?} is not text but a list, map or struct; map one of its leaves with dots")
        } else {
            format!(
                "column {name:?} not found; columns are {}",
                nearest_names(name, roots.iter().map(|field| field.name()))
            )
        };
        return Err(ShardError::bad(BadShardKind::Schema, detail));
    };
    let column = schema.column(leaf);
    if is_text(&column) {
        return Ok(leaf);
    }
    let detail = format!("column {name:?} is not text but {}", type_name(&column));
    Err(ShardError::bad(BadShardKind::Schema, detail))
}

/// Leaves of the other roles that the shard has; an absent column is null for every record.
pub(super) fn head_leaves(schema: &SchemaDescriptor, columns: &ColumnMap) -> Vec<(Role, usize)> {
    let wanted = columns.wanted().into_iter().filter(|(role, _)| !matches!(role, Role::Text(_)));
    wanted.filter_map(|(role, name)| find_leaf(schema, name).map(|leaf| (role, leaf))).collect()
}

/// Strings, and bytes that nothing says to be something else.
pub(super) fn is_text(column: &ColumnDescriptor) -> bool {
    let logical =
        matches!(column.logical_type_ref(), None | Some(LogicalType::String | LogicalType::Json | LogicalType::Enum));
    let converted = matches!(
        column.converted_type(),
        ConvertedType::NONE | ConvertedType::UTF8 | ConvertedType::JSON | ConvertedType::ENUM
    );
    column.physical_type() == Physical::BYTE_ARRAY && logical && converted
}

/// True for integers that are to be read as unsigned.
pub(super) fn is_unsigned(column: &ColumnDescriptor) -> bool {
    matches!(
        column.converted_type(),
        ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64
    )
}

/// True for plain integers, signed or unsigned (not dates, times, decimals).
pub(super) fn is_integer(column: &ColumnDescriptor) -> bool {
    let plain = matches!(
        column.converted_type(),
        ConvertedType::NONE
            | ConvertedType::INT_8
            | ConvertedType::INT_16
            | ConvertedType::INT_32
            | ConvertedType::INT_64
    );
    let integer = matches!(column.physical_type(), Physical::INT32 | Physical::INT64);
    integer
        && (plain || is_unsigned(column))
        && matches!(column.logical_type_ref(), None | Some(LogicalType::Integer(_)))
}

fn type_name(column: &ColumnDescriptor) -> String {
    match column.logical_type_ref() {
        Some(logical) => format!("{logical:?}").to_lowercase(),
        None => column.physical_type().to_string().to_lowercase(),
    }
}
