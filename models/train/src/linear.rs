//! Training of a linear model: masked losses, one head after the other.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tamis_classify::{BUCKETS, LinearModel};

use crate::labelled::{Corpus, Quality, Split};
use crate::recipe::Solver;
use crate::rows::Rows;
use crate::solver::{Example, Solution, Stop, solve};

/// The weights of every head, before they are cut to 8 bits.
pub struct Heads {
    pub solutions: Vec<Solution>,
}

/// Trains all heads on the training texts for which `used` holds, on all cores; the number of cores changes nothing.
pub fn train(corpus: &Corpus, rows: &Rows, solver: &Solver, used: &(dyn Fn(usize) -> bool + Sync)) -> Heads {
    let heads = corpus.codes.len();
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Option<Solution>>> = Mutex::new((0..heads).map(|_| None).collect());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let head = next.fetch_add(1, Ordering::Relaxed);
                    if head >= heads {
                        return;
                    }
                    let solution = train_head(corpus, rows, solver, head, used);
                    if let Ok(mut done) = done.lock() {
                        done[head] = Some(solution);
                    }
                }
            });
        }
    });
    let solutions = done.into_inner().unwrap_or_default().into_iter().flatten().collect();
    Heads { solutions }
}

fn train_head(
    corpus: &Corpus,
    rows: &Rows,
    solver: &Solver,
    head: usize,
    used: &(dyn Fn(usize) -> bool + Sync),
) -> Solution {
    let examples = examples(corpus, solver, head, used);
    if !examples.iter().any(|it| it.positive) {
        return Solution { weights: vec![0.0; BUCKETS], bias: 0.0, rounds: 0, violation: 0.0 };
    }
    let scale = scale(rows, &examples, solver.ratio);
    solve(rows, &examples, &scale, Stop { tolerance: solver.tolerance, rounds: solver.rounds })
}

/// The texts whose label settles the risk (the others are masked), with their costs.
fn examples(corpus: &Corpus, solver: &Solver, head: usize, used: &(dyn Fn(usize) -> bool + Sync)) -> Vec<Example> {
    let bit = 1u64 << head;
    let mut benign = vec![0u32; corpus.datasets.len()];
    let of_training = |at: usize| corpus.texts[at].split == Split::Train && used(at);
    let known = (0..corpus.texts.len()).filter(|&at| corpus.texts[at].known & bit != 0 && of_training(at));
    let known: Vec<usize> = known.collect();
    for &at in &known {
        benign[corpus.texts[at].dataset] += u32::from(corpus.texts[at].is_benign(corpus.all));
    }
    let examples = known.iter().map(|&at| {
        let text = &corpus.texts[at];
        let mut cost = if text.quality == Quality::Weak { solver.weak_cost } else { 1.0 };
        if text.embedded.is_some() {
            cost *= solver.embedded_cost;
        }
        if text.is_benign(corpus.all) {
            let texts = benign[text.dataset] as f32;
            cost *= solver.benign_cost * (MEDIUM_SOURCE / texts).powf(solver.source_balance);
        }
        Example { row: at as u32, positive: text.positive & bit != 0, cost }
    });
    let mut examples: Vec<Example> = examples.collect();
    let whole = |it: &&Example| corpus.texts[it.row as usize].embedded.is_none();
    let sum = |positive: bool| {
        examples.iter().filter(whole).filter(|it| it.positive == positive).map(|it| it.cost).sum::<f32>()
    };
    let weight = (sum(false) / sum(true)).max(1.0).sqrt().min(solver.most_positive_cost);
    for example in &mut examples {
        example.cost *= solver.cost * if example.positive { weight } else { 1.0 };
    }
    examples
}

/// A benign source of so many texts weighs what its texts weigh.
const MEDIUM_SOURCE: f32 = 1500.0;

/// Features that say something of the risk by themselves are made larger, so that the solver leans on them: the mean,
/// weighted by `ratio`, of 1 and the logarithm of the ratio between the shares of positives and negatives.
fn scale(rows: &Rows, examples: &[Example], ratio: f32) -> Vec<f32> {
    let (mut positive, mut negative) = (vec![1f32; BUCKETS], vec![1f32; BUCKETS]);
    for example in examples {
        let counts = if example.positive { &mut positive } else { &mut negative };
        rows.row(example.row as usize).0.iter().for_each(|&id| counts[id as usize] += 1.0);
    }
    let (all_positive, all_negative) = (sum(&positive), sum(&negative));
    let of = |(positive, negative): (&f32, &f32)| {
        let ratio_of_shares = f64::from(*positive) / all_positive / (f64::from(*negative) / all_negative);
        1.0 - ratio + ratio * (ratio_of_shares.ln().abs() as f32)
    };
    positive.iter().zip(&negative).map(of).collect()
}

fn sum(values: &[f32]) -> f64 {
    values.iter().map(|&value| f64::from(value)).sum()
}

impl Heads {
    /// Cuts the weights to 8 bits, a scale per head. Row 0, which is padding, is zeros.
    pub fn quantize(&self) -> LinearModel {
        let heads = self.solutions.len();
        let mut table = vec![0i8; BUCKETS * heads];
        let mut scales = Vec::with_capacity(heads);
        for (head, solution) in self.solutions.iter().enumerate() {
            let highest = solution.weights.iter().fold(0f32, |highest, weight| highest.max(weight.abs()));
            let scale = if highest > 0.0 { highest / 127.0 } else { 1.0 };
            for (id, weight) in solution.weights.iter().enumerate().skip(1) {
                table[id * heads + head] = (weight / scale).round() as i8;
            }
            scales.push(scale);
        }
        LinearModel::new(&table, scales, self.solutions.iter().map(|it| it.bias).collect())
    }
}
