//! `tamis explain`.

use std::fmt::Write as _;
use std::io::Read as _;

use anstyle::{AnsiColor, Style};
use tamis_classify::MODEL_DETECTOR;
use tamis_detect::{Code, Finding, PiiForm, form};
use tamis_pipeline::{Explainer, Explanation};
use tamis_rules::{PiiSet, Taxonomy};

use super::{Failure, print, print_json};
use crate::arguments::ExplainArguments;

const MARK: Style = AnsiColor::Black.on_default().bg_color(Some(anstyle::Color::Ansi(AnsiColor::Yellow)));
const STRONG: Style = Style::new().bold();

/// Shows the findings of one text, and the verdict.
pub fn explain(arguments: &ExplainArguments) -> Result<u8, Failure> {
    let explainer = Explainer::new(&arguments.pipeline, &arguments.set)?;
    let text = read(&arguments.file)?;
    let explanation = explainer.explain(&text);
    if arguments.json {
        print_json(&json(&explanation, explainer.taxonomy()))?;
    } else {
        print(&marked(&text, &explanation, explainer.taxonomy()))?;
    }
    Ok(0)
}

fn read(file: &str) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = if file == "-" {
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| ())
    } else {
        std::fs::read(file).map(|content| bytes = content)
    };
    read.map_err(|error| Failure::usage(format!("{file}: {error}")))?;
    String::from_utf8(bytes)
        .map_err(|error| Failure::usage(format!("{file}: not UTF-8 from byte {} on", error.utf8_error().valid_up_to())))
}

fn marked(text: &str, explanation: &Explanation, taxonomy: &Taxonomy) -> String {
    let mut out = String::new();
    let mut at = 0;
    for (start, end) in spans(&explanation.evidence.findings) {
        let _ = write!(out, "{}{MARK}{}{MARK:#}", &text[at..start], &text[start..end]);
        at = end;
    }
    out.push_str(&text[at..]);
    if !text.ends_with('\n') {
        out.push('\n');
    }
    out.push('\n');
    let findings = &explanation.evidence.findings;
    let code_width = findings.iter().map(|finding| label(finding.code, taxonomy).len()).max().unwrap_or(0);
    let entry_width = findings.iter().map(|finding| finding.entry.len()).max().unwrap_or(0);
    for finding in findings {
        let (start, end) = (finding.start as usize, finding.end as usize);
        let _ = write!(
            out,
            "  {:<code_width$} {:<entry_width$} {start:>6}–{end:<6} {}",
            label(finding.code, taxonomy),
            finding.entry,
            excerpt(&text[start..end]),
        );
        let _ = match why(finding, taxonomy) {
            Why::Title(title) if finding.detector == MODEL_DETECTOR => {
                writeln!(out, "  ({title}; score {:.3})", finding.score)
            }
            Why::Title(title) => writeln!(out, "  ({title})"),
            Why::Form(form) => writeln!(out, "\n      {}\n      by {}", form.description, form.source),
        };
    }
    let verdict = &explanation.verdict;
    let reasons: Vec<String> = verdict.reasons.iter().map(|reason| reason.label(taxonomy)).collect();
    let why = if reasons.is_empty() { "no enforcing rule is met".to_string() } else { reasons.join(", ") };
    let _ = writeln!(out, "{STRONG}{}{STRONG:#}: {why}", verdict.outcome.name());
    let codes = |set| taxonomy.codes(set).collect::<Vec<_>>().join(" ");
    if !verdict.decision.risks.is_empty() {
        let _ = writeln!(out, "  risks     {}", codes(verdict.decision.risks));
    }
    let kinds = pii(explanation);
    if !kinds.is_empty() {
        let _ = writeln!(out, "  pii       {}", kinds.names().collect::<Vec<_>>().join(" "));
    }
    if !verdict.decision.advisory.is_empty() {
        let _ = writeln!(out, "  advisory  {} (seen, not enforced)", codes(verdict.decision.advisory));
    }
    out
}

/// The findings' places, joined where they overlap.
fn spans(findings: &[Finding]) -> Vec<(usize, usize)> {
    let mut spans: Vec<(usize, usize)> = Vec::new();
    for finding in findings {
        let (start, end) = (finding.start as usize, finding.end as usize);
        match spans.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => spans.push((start, end)),
        }
    }
    spans
}

/// Kinds of personal information found.
fn pii(explanation: &Explanation) -> PiiSet {
    explanation.evidence.pii.iter().map(|(_, kind)| *kind).collect()
}

fn excerpt(text: &str) -> String {
    let flat: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if flat.chars().count() <= 60 { flat } else { flat.chars().take(59).chain(['…']).collect() }
}

fn label(code: Code, taxonomy: &Taxonomy) -> String {
    match code {
        Code::Risk(risk) => taxonomy.code(risk).to_string(),
        Code::Pii(kind) => kind.name().to_string(),
    }
}

/// Why a place was found.
enum Why<'t> {
    /// An entry for the risk of this title.
    Title(&'t str),
    /// A written form of personal information.
    Form(&'static PiiForm),
}

fn why<'t>(finding: &Finding, taxonomy: &'t Taxonomy) -> Why<'t> {
    match finding.code {
        Code::Risk(risk) => Why::Title(taxonomy.risks().get(risk.index()).map_or("", |risk| &risk.title)),
        Code::Pii(_) => form(&finding.entry).map_or(Why::Title("personal information"), Why::Form),
    }
}

fn why_json(finding: &Finding, taxonomy: &Taxonomy) -> serde_json::Value {
    match why(finding, taxonomy) {
        Why::Title(title) => title.into(),
        Why::Form(form) => serde_json::json!({"form": form.description, "source": form.source}),
    }
}

fn json(explanation: &Explanation, taxonomy: &Taxonomy) -> serde_json::Value {
    let findings = explanation.evidence.findings.iter().map(|finding| {
        serde_json::json!({
            "detector": finding.detector, "code": label(finding.code, taxonomy), "entry": *finding.entry,
            "start": finding.start, "end": finding.end, "score": finding.score, "why": why_json(finding, taxonomy),
        })
    });
    let verdict = &explanation.verdict;
    serde_json::json!({
        "findings": findings.collect::<Vec<_>>(),
        "outcome": verdict.outcome.name(),
        "risks": taxonomy.codes(verdict.decision.risks).collect::<Vec<_>>(),
        "pii": pii(explanation).names().collect::<Vec<_>>(),
        "advisory": taxonomy.codes(verdict.decision.advisory).collect::<Vec<_>>(),
        "reasons": verdict.reasons.iter().map(|reason| reason.label(taxonomy)).collect::<Vec<_>>(),
    })
}
