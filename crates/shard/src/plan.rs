//! What the emit pass does with each row, and the annotation that a kept record carries.

use std::sync::Arc;

use tamis_rules::{Outcome, PiiSet, RiskSet, Taxonomy};

use crate::RecordId;
use crate::redact::{Span, spans_in};

/// Name of the column or key that kept records carry.
pub const ANNOTATION: &str = "tamis";

/// The fate of one row.
#[derive(Debug, Clone)]
pub struct RowPlan {
    /// Whether the record is written, and where to.
    pub outcome: Outcome,
    /// Identity of the record.
    pub record_id: RecordId,
    /// Name of its source.
    pub source: Arc<str>,
    /// Decided risks.
    pub risks: RiskSet,
    /// Risks seen and not enforced.
    pub advisory: RiskSet,
    /// Kinds of personal information found.
    pub pii: PiiSet,
    /// What is replaced in its texts, by field and start; none overlap. Empty unless it is kept.
    pub spans: Vec<Span>,
}

impl RowPlan {
    /// What is replaced in one text.
    pub fn spans_in(&self, field: usize) -> &[Span] {
        spans_in(&self.spans, field)
    }

    /// Appends the annotation as a JSON object: `record_id`, `source`, `risks`, `advisory`, `pii`.
    pub fn write_json(&self, taxonomy: &Taxonomy, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"record_id\":\"");
        out.extend_from_slice(&self.record_id.hex());
        out.extend_from_slice(b"\",\"source\":");
        // Writing a string to a vector cannot fail.
        let _ = serde_json::to_writer(&mut *out, &*self.source);
        write_list(b",\"risks\":", taxonomy.codes(self.risks), out);
        write_list(b",\"advisory\":", taxonomy.codes(self.advisory), out);
        write_list(b",\"pii\":", self.pii.iter().map(|kind| kind.name()), out);
        out.push(b'}');
    }
}

fn write_list<'a>(name: &[u8], values: impl Iterator<Item = &'a str>, out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    out.push(b'[');
    for (index, value) in values.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let _ = serde_json::to_writer(&mut *out, value);
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RecordIds;

    #[test]
    fn the_annotation_is_json_with_the_codes_in_order() {
        let taxonomy = Taxonomy::builtin("gbt45654").unwrap();
        let risks = taxonomy.select(&["A2e", "A1f"]).unwrap();
        let record_id = RecordIds::new("x", "").row(0);
        let plan = RowPlan {
            outcome: Outcome::Kept,
            record_id,
            source: "a\"b".into(),
            risks,
            advisory: RiskSet::default(),
            pii: PiiSet::default(),
            spans: Vec::new(),
        };
        let mut out = Vec::new();
        plan.write_json(&taxonomy, &mut out);
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let want = serde_json::json!({"record_id": record_id.to_string(), "source": "a\"b", "risks": ["A1f", "A2e"], "advisory": [], "pii": []});
        assert_eq!(value, want);
    }
}
