//! The policy and the detectors of a pipeline, made of what its file says.

pub(crate) mod models;

use std::sync::Arc;

use tamis_classify::TokensDetector;
use tamis_detect::{Also, Detector, KeywordDetector, KeywordLibrary, PiiDetector, PiiOptions, structured_kinds};
use tamis_rules::{PiiAction, PiiKind, PiiSet, Policy, PolicySpec, Taxonomy};
use tamis_shard::fingerprint::Asset;

use crate::config::{AlsoSpec, KeywordsSpec, PiiSpec, PipelineSpec};
use crate::{PipelineError, assets};
use models::Model;

/// Detectors with what they are made of.
type Detectors = (Vec<Box<dyn Detector>>, Vec<Asset>);

/// What decides in a pipeline, beside its input and output.
pub(crate) struct DecisionParts {
    pub policy: Policy,
    pub detectors: Vec<Box<dyn Detector>>,
    /// What the detectors are made of.
    pub assets: Vec<Asset>,
    /// Those of the detectors that run on a device of their own.
    pub devices: Vec<Arc<TokensDetector>>,
}

/// The policy and the detectors of a pipeline, which [`RunPlan`] and `explain` share.
///
/// # Errors
/// As [`RunPlan::resolve`].
pub(crate) fn decision_parts(spec: &PipelineSpec) -> Result<DecisionParts, PipelineError> {
    let taxonomy = assets::taxonomy(spec.policy.taxonomy.as_deref().unwrap_or("builtin:gbt45654"))?;
    let pii = spec.detect.pii.as_ref().map(pii_options).transpose()?;
    let library = library(&spec.detect.keywords, &taxonomy)?;
    let models = models::load(&spec.detect.model, &taxonomy)?;
    let written = models::complete(&spec.policy, &models, library.as_ref())?;
    let policy = Policy::resolve(&written, Arc::clone(&taxonomy))?;
    refuse_idle_rules(&spec.policy, &policy, pii.map_or(PiiSet::EMPTY, |options| options.kinds))?;
    let devices = models.iter().filter_map(|model| model.device.clone()).collect();
    let (detectors, assets) = detectors(library, pii, models)?;
    Ok(DecisionParts { policy, detectors, assets, devices })
}

/// A rule that drops or redacts what nothing looks for would promise what the run does not do.
fn refuse_idle_rules(spec: &PolicySpec, policy: &Policy, looked_for: PiiSet) -> Result<(), PipelineError> {
    let acts = |kind: PiiKind| policy.pii_rule(kind).action != PiiAction::Flag;
    // Of `default` and `sensitive` some kind is enough; one that is named is meant.
    let idle = if looked_for.is_empty() {
        PiiKind::ALL.into_iter().find(|kind| acts(*kind))
    } else {
        let named = spec.pii.keys().filter_map(|name| PiiKind::parse(name));
        named.into_iter().find(|kind| acts(*kind) && !looked_for.contains(*kind))
    };
    let Some(kind) = idle else { return Ok(()) };
    let (name, action) = (kind.name(), policy.pii_rule(kind).action.name());
    let way_out = if !structured_kinds().contains(kind) && !looked_for.is_empty() {
        "it has no structure that could be looked for; take the rule out".to_string()
    } else if looked_for.is_empty() {
        "add [detect.pii]".to_string()
    } else {
        format!("add {name:?} to detect.pii.kinds")
    };
    Err(PipelineError::Usage(format!(
        "policy.pii: {name} has the action {action}, but nothing looks for it; {way_out}"
    )))
}

/// The libraries of a pipeline, stacked; none where it asks for none.
fn library(keywords: &KeywordsSpec, taxonomy: &Taxonomy) -> Result<Option<KeywordLibrary>, PipelineError> {
    if keywords.libraries.is_empty() {
        return Ok(None);
    }
    let load = |reference: &String| assets::keyword_library(reference, taxonomy);
    let libraries = keywords.libraries.iter().map(load).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(KeywordLibrary::stack(libraries, &keywords.remove)?))
}

fn detectors(
    library: Option<KeywordLibrary>,
    pii: Option<PiiOptions>,
    models: Vec<Model>,
) -> Result<Detectors, PipelineError> {
    let (mut detectors, mut assets): Detectors = (Vec::new(), Vec::new());
    if let Some(library) = library {
        let name = format!("{} {}", library.name(), library.version());
        let detector = KeywordDetector::new(library)?;
        assets.push(Asset { detector: detector.name().into(), name, digest: detector.digest() });
        detectors.push(Box::new(detector));
    }
    if let Some(options) = pii {
        let detector = PiiDetector::new(options);
        let name = format!("{} kinds", detector.options().kinds.len());
        assets.push(Asset { detector: detector.name().into(), name, digest: detector.digest() });
        detectors.push(Box::new(detector));
    }
    for model in models {
        let manifest = &model.manifest;
        let name = format!("{} {}", manifest.name, manifest.version);
        assets.push(Asset { detector: "model".into(), name, digest: model.detector.digest() });
        detectors.push(model.detector);
    }
    if detectors.is_empty() {
        let message =
            "no detector is configured; add [detect.keywords] with a library, [[detect.model]], or [detect.pii]"
                .to_string();
        return Err(PipelineError::Usage(message));
    }
    Ok((detectors, assets))
}

fn pii_options(spec: &PiiSpec) -> Result<PiiOptions, PipelineError> {
    let known = structured_kinds();
    let kind = |name: &String| {
        let kind = PiiKind::parse(name).filter(|kind| known.contains(*kind));
        kind.ok_or_else(|| {
            let names: Vec<&str> = known.names().collect();
            let message =
                format!("detect.pii.kinds: no kind {name:?} can be looked for; there are {}", names.join(", "));
            PipelineError::Usage(message)
        })
    };
    let kinds = match &spec.kinds {
        Some(names) => names.iter().map(kind).collect::<Result<PiiSet, _>>()?,
        None => known,
    };
    let also = |asked| spec.also.contains(&asked);
    let also = Also {
        private: also(AlsoSpec::Private),
        documentation: also(AlsoSpec::Documentation),
        service: also(AlsoSpec::Service),
    };
    Ok(PiiOptions { kinds, also })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn refused(text: &str) -> Option<String> {
        let spec = PipelineSpec::parse(text, "p.toml", Path::new(""), &[]).unwrap();
        decision_parts(&spec).err().map(|error| error.to_string())
    }

    #[test]
    fn rules_that_would_do_nothing_are_refused_with_the_way_out() {
        for (text, expected) in [
            ("[policy]\npii.default.action = \"redact\"\n", "add [detect.pii]"),
            (
                "[policy]\npii.email.action = \"drop\"\n",
                "email has the action drop, but nothing looks for it; add [detect.pii]",
            ),
            (
                "[detect.pii]\nkinds = [\"email\"]\n[policy]\npii.phone.action = \"drop\"\n",
                "add \"phone\" to detect.pii.kinds",
            ),
            ("[detect.pii]\n[policy]\npii.name.action = \"redact\"\n", "no structure"),
            ("[detect.pii]\nkinds = [\"name\"]\n", "no kind \"name\" can be looked for; there are email"),
        ] {
            let message = refused(text).expect(text);
            assert!(message.contains(expected), "{text}: {message}");
        }
        assert_eq!(refused("[detect.pii]\nkinds = [\"email\"]\n[policy]\npii.default.action = \"redact\"\n"), None);
        assert_eq!(refused("[policy]\npii.email.action = \"flag\"\n"), None);
    }

    #[test]
    fn detectors_are_named_with_what_they_are_made_of() {
        let spec = PipelineSpec::parse("[detect.pii]\n", "p.toml", Path::new(""), &[]).unwrap();
        let DecisionParts { detectors, assets, .. } = decision_parts(&spec).unwrap();
        assert_eq!(detectors.iter().map(|it| it.name()).collect::<Vec<_>>(), ["keywords", "pii"]);
        assert_eq!((assets[1].detector.as_str(), assets[1].name.as_str()), ("pii", "19 kinds"));
    }
}
