//! The annotation of a written line.

use super::object::members;
use crate::{ANNOTATION, Annotation};

/// What a line carries under the key `tamis`; none where the line is no JSON object, lacks the key, has it twice, or
/// its value has another form.
pub fn annotation_of(line: &[u8]) -> Option<Annotation> {
    let found = members(std::str::from_utf8(line).ok()?, &[ANNOTATION]);
    let value = found.values.first().copied().flatten();
    let value = value.filter(|_| found.fault.is_none() && !found.repeated)?;
    serde_json::from_str(value.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_whole_annotation_is_one() {
        let one = r#""tamis":{"record_id":"r","source":"s","risks":[],"advisory":["A1a"],"pii":[]}"#;
        let found = annotation_of(format!("{{\"text\":\"t\",{one}}}").as_bytes()).unwrap();
        assert_eq!((found.record_id.as_str(), found.advisory), ("r", vec!["A1a".to_string()]));
        for line in [
            format!("{{{one},{one}}}"),
            format!("{{{one}"),
            r#"{"tamis":{"record_id":"r"}}"#.into(),
            "{}".into(),
            "\u{fffd}".into(),
        ] {
            assert_eq!(annotation_of(line.as_bytes()), None, "{line}");
        }
    }
}
