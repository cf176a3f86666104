//! L2-regularised squared hinge loss by dual coordinate descent (Hsieh et al. 2008, algorithm 1).

use crate::rows::Rows;

/// One row with its label.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// Row of the matrix.
    pub row: u32,
    /// Whether it is a positive.
    pub positive: bool,
    /// Its cost, above 0.
    pub cost: f32,
}

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub struct Stop {
    /// Largest violation of the optimality conditions that is let be.
    pub tolerance: f32,
    /// Rounds at most.
    pub rounds: u32,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Solution {
    /// Weight per bucket, the scale of the features multiplied in.
    pub weights: Vec<f32>,
    pub bias: f32,
    /// Rounds that it took.
    pub rounds: u32,
    /// Largest violation in the last of them.
    pub violation: f32,
}

/// Minimises `½ Σ w² + Σ cost · max(0, 1 − y (w·(scale ∘ x) + bias))²` over `w` and `bias` (regularised like a weight).
///
/// The order of the examples is drawn from a fixed seed, so the same input gives the same bytes.
pub fn solve(rows: &Rows, examples: &[Example], scale: &[f32], stop: Stop) -> Solution {
    let mut weights = vec![0f32; scale.len()];
    let mut bias = 0f32;
    let mut alphas = vec![0f32; examples.len()];
    let slack: Vec<f32> = examples.iter().map(|it| 0.5 / it.cost).collect();
    let norms: Vec<f32> =
        examples.iter().zip(&slack).map(|(it, slack)| squared_norm(rows, it.row, scale) + slack).collect();
    let mut order: Vec<u32> = (0..examples.len() as u32).collect();
    let mut random = Random(0x7461_6d69_7300_0001);
    let (mut round, mut violation) = (0, f32::INFINITY);
    while round < stop.rounds && violation > stop.tolerance {
        random.shuffle(&mut order);
        violation = 0.0;
        for &at in &order {
            let at = at as usize;
            let (ids, values) = rows.row(examples[at].row as usize);
            let sign = if examples[at].positive { 1.0 } else { -1.0 };
            let mut margin = bias;
            for (&id, &value) in ids.iter().zip(values) {
                margin += weights[id as usize] * value * scale[id as usize];
            }
            let gradient = sign * margin - 1.0 + slack[at] * alphas[at];
            let projected = if alphas[at] == 0.0 { gradient.min(0.0) } else { gradient };
            violation = violation.max(projected.abs());
            let next = (alphas[at] - gradient / norms[at]).max(0.0);
            let step = (next - alphas[at]) * sign;
            alphas[at] = next;
            if step == 0.0 {
                continue;
            }
            for (&id, &value) in ids.iter().zip(values) {
                weights[id as usize] += step * value * scale[id as usize];
            }
            bias += step;
        }
        round += 1;
    }
    weights.iter_mut().zip(scale).for_each(|(weight, scale)| *weight *= scale);
    Solution { weights, bias, rounds: round, violation }
}

fn squared_norm(rows: &Rows, row: u32, scale: &[f32]) -> f32 {
    let (ids, values) = rows.row(row as usize);
    // The bias is a feature of value 1.
    1.0 + ids.iter().zip(values).map(|(&id, &value)| (value * scale[id as usize]).powi(2)).sum::<f32>()
}

/// A linear congruential generator (Knuth's MMIX constants): the order of training must never depend on a library.
pub struct Random(pub u64);

impl Random {
    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % end
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toy() -> (Rows, Vec<Example>) {
        let mut rows = Rows::default();
        let mut examples = Vec::new();
        let mut random = Random(3);
        for row in 0..400u32 {
            let positive = row % 3 == 0;
            let mut ids: Vec<u32> = (0..12).map(|_| random.below(40) as u32 + if positive { 20 } else { 0 }).collect();
            rows.push(&mut ids);
            examples.push(Example { row, positive, cost: if positive { 2.0 } else { 0.5 } });
        }
        (rows, examples)
    }

    /// Gradient of the objective at the solution: zero at its minimum.
    #[test]
    fn the_solution_is_the_minimum() {
        let (rows, examples) = toy();
        let scale = vec![1.0; 60];
        let found = solve(&rows, &examples, &scale, Stop { tolerance: 1e-4, rounds: 5000 });
        assert!(found.violation <= 1e-4, "{}", found.violation);
        let mut gradient: Vec<f64> = found.weights.iter().map(|&weight| f64::from(weight)).collect();
        for example in &examples {
            let (ids, values) = rows.row(example.row as usize);
            let sign = if example.positive { 1.0 } else { -1.0 };
            let dot: f32 = ids.iter().zip(values).map(|(&id, &value)| found.weights[id as usize] * value).sum();
            let short = f64::from((1.0 - sign * (dot + found.bias)).max(0.0));
            for (&id, &value) in ids.iter().zip(values) {
                gradient[id as usize] -= 2.0 * f64::from(example.cost) * short * f64::from(sign * value);
            }
        }
        assert!(gradient.iter().all(|it| it.abs() < 2e-2), "{gradient:?}");
    }

    #[test]
    fn the_same_input_gives_the_same_bytes() {
        let (rows, examples) = toy();
        let scale: Vec<f32> = (0..60u8).map(|at| 0.5 + f32::from(at) / 60.0).collect();
        let stop = Stop { tolerance: 0.01, rounds: 100 };
        let [a, b] = [solve(&rows, &examples, &scale, stop), solve(&rows, &examples, &scale, stop)];
        assert_eq!((a.weights, a.bias), (b.weights, b.bias));
    }
}
