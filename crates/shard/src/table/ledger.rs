//! `ledger/sources.parquet` and `ledger/sources.csv`: one row per source, sorted by its name's bytes.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{Float64Builder, StringBuilder, UInt64Builder};
use arrow_array::{Array, ArrayRef, Float64Array, StringArray, UInt64Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use tamis_rules::{Basis, Corrected, Ledger, LedgerEntry, SourceVerdict, Taxonomy};

use super::{Columns, TableWriter, artefact, column, open};
use crate::ShardError;
use crate::commit::{Staged, StagedFile};

const BEFORE_RISKS: [&str; 4] = ["source", "records", "examined", "unqualified"];
const RATES: [&str; 6] = ["rate", "low", "high", "corrected_rate", "corrected_low", "corrected_high"];
const AFTER_RISKS: [&str; 2] = ["verdict", "basis"];

/// Columns of the file: one count column per risk code stands between `unqualified` and `rate`.
pub fn ledger_schema(taxonomy: &Taxonomy) -> SchemaRef {
    let number = |name: &str| Field::new(name, DataType::UInt64, false);
    let mut fields = vec![Field::new("source", DataType::Utf8, false)];
    fields.extend(BEFORE_RISKS[1..].iter().map(|name| number(name)));
    fields.extend(taxonomy.risks().iter().map(|risk| number(&risk.code)));
    fields.extend(RATES.iter().map(|name| Field::new(*name, DataType::Float64, true)));
    fields.extend(AFTER_RISKS.iter().map(|name| Field::new(*name, DataType::Utf8, false)));
    Arc::new(Schema::new(fields))
}

/// Writes both files; they are not in place yet.
///
/// # Errors
/// [`ShardError::Io`] or [`ShardError::Encode`].
pub fn write_ledger(
    parquet: &Path,
    csv: &Path,
    ledger: &Ledger,
    taxonomy: &Taxonomy,
) -> Result<[Staged; 2], ShardError> {
    let columns = LedgerColumns::new(taxonomy.risks().len());
    let mut table = TableWriter::create(parquet, ledger_schema(taxonomy), columns)?;
    ledger.entries().iter().try_for_each(|entry| table.push(entry))?;
    Ok([table.stage()?, write_csv(csv, ledger, taxonomy)?])
}

fn write_csv(path: &Path, ledger: &Ledger, taxonomy: &Taxonomy) -> Result<Staged, ShardError> {
    let mut file = StagedFile::create(path)?;
    for line in ledger_csv(ledger, taxonomy) {
        file.write_all(line.as_bytes()).map_err(ShardError::io("write", path))?;
    }
    file.stage()
}

/// The lines of `ledger/sources.csv`, each with its line feed: the header, then one line per source. A source whose
/// name has a line feed takes more than one line of the file.
pub fn ledger_csv(ledger: &Ledger, taxonomy: &Taxonomy) -> impl Iterator<Item = String> {
    let codes = taxonomy.risks().iter().map(|risk| risk.code.as_str());
    let header: Vec<&str> = BEFORE_RISKS.into_iter().chain(codes).chain(RATES).chain(AFTER_RISKS).collect();
    [format!("{}\n", header.join(","))].into_iter().chain(ledger.entries().iter().map(csv_line))
}

fn csv_line(entry: &LedgerEntry) -> String {
    let counts = [entry.records, entry.examined, entry.unqualified];
    let numbers = counts.iter().chain(&entry.by_risk).map(u64::to_string);
    let rates = rates(entry).map(|rate| rate.map_or_else(String::new, |rate| rate.to_string()));
    let words = [entry.verdict.name().to_string(), entry.basis.name().to_string()];
    let cells: Vec<String> = [csv_text(&entry.source)].into_iter().chain(numbers).chain(rates).chain(words).collect();
    format!("{}\n", cells.join(","))
}

/// RFC 4180 quoting; a cell that a spreadsheet would take for a formula gets a leading apostrophe.
fn csv_text(text: &str) -> String {
    let guarded =
        if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_string() };
    if guarded.contains([',', '"', '\n', '\r']) { format!("\"{}\"", guarded.replace('"', "\"\"")) } else { guarded }
}

fn rates(entry: &LedgerEntry) -> [Option<f64>; 6] {
    let corrected = entry.corrected.as_ref();
    [
        entry.rate,
        entry.low,
        entry.high,
        corrected.map(|it| it.rate),
        corrected.map(|it| it.low),
        corrected.map(|it| it.high),
    ]
}

struct LedgerColumns {
    source: StringBuilder,
    counts: Vec<UInt64Builder>,
    rates: [Float64Builder; 6],
    verdict: StringBuilder,
    basis: StringBuilder,
}

impl LedgerColumns {
    fn new(risks: usize) -> Self {
        Self {
            source: StringBuilder::new(),
            counts: (0..3 + risks).map(|_| UInt64Builder::new()).collect(),
            rates: std::array::from_fn(|_| Float64Builder::new()),
            verdict: StringBuilder::new(),
            basis: StringBuilder::new(),
        }
    }
}

impl Columns for LedgerColumns {
    type Row = LedgerEntry;

    fn push(&mut self, entry: &LedgerEntry) {
        self.source.append_value(&entry.source);
        let counts = [entry.records, entry.examined, entry.unqualified];
        for (builder, count) in self.counts.iter_mut().zip(counts.iter().chain(&entry.by_risk)) {
            builder.append_value(*count);
        }
        for (builder, rate) in self.rates.iter_mut().zip(rates(entry)) {
            builder.append_option(rate);
        }
        self.verdict.append_value(entry.verdict.name());
        self.basis.append_value(entry.basis.name());
    }

    fn finish(&mut self) -> Vec<ArrayRef> {
        let mut columns: Vec<ArrayRef> = vec![Arc::new(self.source.finish())];
        columns.extend(self.counts.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef));
        columns.extend(self.rates.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef));
        columns.push(Arc::new(self.verdict.finish()));
        columns.push(Arc::new(self.basis.finish()));
        columns
    }
}

/// Reads the ledger back.
///
/// # Errors
/// [`ShardError::Io`], or [`ShardError::Artefact`] where the file is no ledger of this taxonomy.
pub fn read_ledger(path: &Path, taxonomy: &Taxonomy) -> Result<Vec<LedgerEntry>, ShardError> {
    let mut entries = Vec::new();
    for batch in open(path, &ledger_schema(taxonomy))? {
        let batch = batch.map_err(|error| artefact(path, error.to_string()))?;
        let numbers = |name: &str| column::<UInt64Array>(&batch, name, path);
        let source = column::<StringArray>(&batch, "source", path)?;
        let verdict = column::<StringArray>(&batch, "verdict", path)?;
        let basis = column::<StringArray>(&batch, "basis", path)?;
        let (records, examined, unqualified) = (numbers("records")?, numbers("examined")?, numbers("unqualified")?);
        let risks = taxonomy.risks().iter().map(|risk| numbers(&risk.code)).collect::<Result<Vec<_>, _>>()?;
        let rates =
            RATES.iter().map(|name| column::<Float64Array>(&batch, name, path)).collect::<Result<Vec<_>, _>>()?;
        for n in 0..batch.num_rows() {
            let rate = |index: usize| rates[index].is_valid(n).then(|| rates[index].value(n));
            let unknown = |what: &str, text: &str| artefact(path, format!("unknown {what} {text:?}"));
            entries.push(LedgerEntry {
                source: source.value(n).to_string(),
                records: records.value(n),
                examined: examined.value(n),
                unqualified: unqualified.value(n),
                by_risk: risks.iter().map(|column| column.value(n)).collect(),
                rate: rate(0),
                low: rate(1),
                high: rate(2),
                corrected: match (rate(3), rate(4), rate(5)) {
                    (Some(rate), Some(low), Some(high)) => Some(Corrected { rate, low, high }),
                    _ => None,
                },
                verdict: SourceVerdict::parse(verdict.value(n)).ok_or_else(|| unknown("verdict", verdict.value(n)))?,
                basis: Basis::parse(basis.value(n)).ok_or_else(|| unknown("basis", basis.value(n)))?,
            });
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_cells_are_quoted_and_no_formula_gets_through() {
        assert_eq!(csv_text("a,b\"c"), "\"a,b\"\"c\"");
        assert_eq!(csv_text("=1+1"), "'=1+1");
        assert_eq!(csv_text("news.example"), "news.example");
    }
}
