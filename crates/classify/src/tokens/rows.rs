//! Which rows a model is asked about.

use tamis_detect::{Batch, Evidence};

/// Context of the key that samples are drawn with.
const SAMPLE_CONTEXT: &str = "tamis 2026 classify sample/1";

/// Which rows a model is asked about. It is a function of the texts and of earlier models' scores.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RowMode {
    /// Every row.
    #[default]
    All,
    /// A share of the rows, drawn by a keyed hash of their texts, so that equal texts are drawn together.
    Sample {
        /// Rows of a thousand, 1 to 1000.
        per_mille: u16,
        /// Key of the draw.
        seed: u64,
    },
    /// Rows of which an earlier model has some score in a band, both ends inside. It stands before this one in the
    /// pipeline, and keeps scores from 0.01 on only.
    Uncertain {
        /// Name of the earlier model.
        model: String,
        /// Lowest score in thousandths, from 10 on.
        low_milli: u16,
        /// Highest score in thousandths, to 1000.
        high_milli: u16,
    },
}

impl RowMode {
    /// What is wrong with it.
    pub(super) fn check(&self) -> Result<(), String> {
        match self {
            Self::Sample { per_mille, .. } if !(1..=1000).contains(per_mille) => {
                Err(format!("mode.sample.per_mille is {per_mille}, expected 1 to 1000"))
            }
            Self::Uncertain { low_milli: low, high_milli: high, .. } if *low < 10 || low > high || *high > 1000 => {
                let share = |milli: u16| f32::from(milli) / 1000.0;
                Err(format!("mode.uncertain is {} to {}, expected a band within 0.01 to 1", share(*low), share(*high)))
            }
            _ => Ok(()),
        }
    }

    /// Adds to `hasher` all that can change which rows are chosen.
    pub(super) fn fingerprint(&self, hasher: &mut blake3::Hasher) {
        match self {
            Self::All => hasher.update(b"all"),
            Self::Sample { per_mille, seed } => {
                hasher.update(b"sample").update(&per_mille.to_le_bytes()).update(&seed.to_le_bytes())
            }
            Self::Uncertain { model, low_milli, high_milli } => {
                hasher.update(b"uncertain").update(&low_milli.to_le_bytes()).update(&high_milli.to_le_bytes());
                hasher.update(model.as_bytes())
            }
        };
    }

    /// Per row whether it is chosen; `said` is what earlier detectors said of the batch.
    pub(super) fn choose(&self, batch: &Batch<'_>, said: &Evidence) -> Vec<bool> {
        match self {
            Self::All => vec![true; batch.rows()],
            Self::Sample { per_mille, seed } => {
                let key = blake3::derive_key(SAMPLE_CONTEXT, &seed.to_le_bytes());
                let draw = |row| u128::from(hash(&key, batch, row)) * 1000 < u128::from(*per_mille) << 64;
                (0..batch.rows()).map(draw).collect()
            }
            Self::Uncertain { model, low_milli, high_milli } => {
                let mut chosen = vec![false; batch.rows()];
                let band = low_milli..=high_milli;
                for score in &said.scores {
                    if *score.model == **model && band.contains(&&score.score.score_milli) {
                        chosen[score.row as usize] = true;
                    }
                }
                chosen
            }
        }
    }
}

/// Of all text fields of a row, a missing one told from an empty one.
fn hash(key: &[u8; 32], batch: &Batch<'_>, row: usize) -> u64 {
    let mut hasher = blake3::Hasher::new_keyed(key);
    for field in batch.fields() {
        let text = field.texts()[row];
        hasher.update(&text.map_or(u64::MAX, |text| text.len() as u64).to_le_bytes());
        hasher.update(text.unwrap_or_default().as_bytes());
    }
    let (first, _) =
        hasher.finalize().as_bytes().split_first_chunk::<8>().map_or(([0; 8], ()), |(first, _)| (*first, ()));
    u64::from_le_bytes(first)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tamis_detect::RowScore;
    use tamis_rules::{ModelScore, RiskId, Taxonomy};

    use super::*;

    fn texts(count: usize) -> Vec<String> {
        (0..count).map(|at| format!("text {at}")).collect()
    }

    fn batch(texts: &[String]) -> Batch<'_> {
        let mut batch = Batch::new(texts.len());
        batch.push_field("text", texts.iter().map(|text| Some(text.as_str())).collect());
        batch
    }

    #[test]
    fn a_sample_has_its_share_and_is_the_same_wherever_a_text_stands() {
        let texts = texts(10_000);
        let mode = RowMode::Sample { per_mille: 100, seed: 1 };
        let chosen = mode.choose(&batch(&texts), &Evidence::default());
        let count = chosen.iter().filter(|it| **it).count();
        assert!((900..1100).contains(&count), "{count}");
        for cut in [1, 7, 5000] {
            let rest = mode.choose(&batch(&texts[cut..]), &Evidence::default());
            assert_eq!(rest, chosen[cut..]);
        }
        let other = RowMode::Sample { per_mille: 100, seed: 2 }.choose(&batch(&texts), &Evidence::default());
        assert_ne!(other, chosen);
        assert!(
            RowMode::Sample { per_mille: 1000, seed: 1 }
                .choose(&batch(&texts), &Evidence::default())
                .iter()
                .all(|it| *it)
        );
    }

    #[test]
    fn the_band_has_both_its_ends_and_knows_the_model() {
        let risk: RiskId = Taxonomy::builtin("gbt45654").unwrap().risk_id("A1h").unwrap();
        let score = |row, model: &str, score_milli| RowScore {
            row,
            model: Arc::from(model),
            score: ModelScore { risk, score_milli, enforce: true },
        };
        let said = Evidence {
            scores: vec![
                score(0, "first", 99),
                score(1, "first", 100),
                score(2, "first", 20),
                score(2, "first", 900),
                score(3, "first", 901),
                score(4, "other", 500),
            ],
            ..Evidence::default()
        };
        let mode = RowMode::Uncertain { model: "first".into(), low_milli: 100, high_milli: 900 };
        let texts = texts(6);
        assert_eq!(mode.choose(&batch(&texts), &said), [false, true, true, false, false, false]);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let band = |low_milli, high_milli| RowMode::Uncertain { model: "m".into(), low_milli, high_milli };
        for (mode, fits) in [
            (RowMode::All, true),
            (RowMode::Sample { per_mille: 0, seed: 0 }, false),
            (RowMode::Sample { per_mille: 1001, seed: 0 }, false),
            (band(100, 900), true),
            (band(0, 900), false),
            (band(900, 100), false),
            (band(100, 1001), false),
        ] {
            assert_eq!(mode.check().is_ok(), fits, "{mode:?}");
        }
    }
}
