//! Exact (Clopper–Pearson) limits of a rate, from the binomial tails.
//!
//! A tail is the regularised incomplete beta function. Its continued fraction is evaluated by Lentz's method and its
//! leading factor in Loader's form, which does not lose digits to differences of large logarithms; Newton's method on
//! the tail's logarithm inverts it, held in by bisection.

use std::f64::consts::{LN_2, PI};

/// The two-sided exact interval of a rate of which `x` were found among `n`.
///
/// `confidence` is above 0 and below 1, such as 0.95; outside of that, and for `n` = 0, nothing is known of the rate
/// and the interval is (0, 1). An `x` above `n` is taken as `n`. Right to 1e-12 for `n` up to 1e9.
#[must_use]
pub fn clopper_pearson(x: u64, n: u64, confidence: f64) -> (f64, f64) {
    let tail = (1.0 - confidence) / 2.0;
    (lower_limit(x, n, tail), upper_limit(x, n, tail))
}

/// The one-sided exact upper limit: the largest rate at which `x` or fewer of `n` are not improbable.
///
/// Arguments as in [`clopper_pearson`].
#[must_use]
pub fn clopper_pearson_upper(x: u64, n: u64, confidence: f64) -> f64 {
    upper_limit(x, n, 1.0 - confidence)
}

/// The one-sided exact lower limit: the smallest rate at which `x` or more of `n` are not improbable.
///
/// Arguments as in [`clopper_pearson`].
#[must_use]
pub fn clopper_pearson_lower(x: u64, n: u64, confidence: f64) -> f64 {
    lower_limit(x, n, 1.0 - confidence)
}

fn is_probability(tail: f64) -> bool {
    tail > 0.0 && tail < 1.0
}

fn upper_limit(x: u64, n: u64, tail: f64) -> f64 {
    if x >= n || !is_probability(tail) {
        return 1.0;
    }
    if x == 0 {
        return -(tail.ln() / n as f64).exp_m1();
    }
    // A limit near 1 has no digits to spare; its distance from 1 has.
    if x > n / 2 {
        return 1.0 - lower_limit(n - x, n, tail);
    }
    let (x, n) = (x as f64, n as f64);
    let start = pratt_upper(x, n, normal_quantile(tail));
    // The tail "x or fewer" is a beta tail in 1 - p.
    solve(start, tail, Slope::Falling, |p| beta_tail(n - x, x + 1.0, 1.0 - p, p))
}

fn lower_limit(x: u64, n: u64, tail: f64) -> f64 {
    if x == 0 || n == 0 || !is_probability(tail) {
        return 0.0;
    }
    if x > n / 2 {
        return 1.0 - upper_limit(n.saturating_sub(x), n, tail);
    }
    let (x, n) = (x as f64, n as f64);
    let start = 1.0 - pratt_upper(n - x, n, normal_quantile(tail));
    solve(start, tail, Slope::Rising, |p| beta_tail(x, n - x + 1.0, p, 1.0 - p))
}

#[derive(Clone, Copy, PartialEq)]
enum Slope {
    Rising,
    Falling,
}

/// The p at which a tail has the given probability. `tail_at` gives probability and density.
fn solve(start: f64, tail: f64, slope: Slope, tail_at: impl Fn(f64) -> (f64, f64)) -> f64 {
    const MOST_STEPS: usize = 100;
    // Newton's method squares what is left of the error, so the step after this one would not be seen.
    const CLOSE: f64 = 1e-10;
    let (mut low, mut high) = (0.0, 1.0);
    let mut p = if start > 0.0 && start < 1.0 { start } else { 0.5 };
    for _ in 0..MOST_STEPS {
        let (probability, density) = tail_at(p);
        let excess = (probability / tail).ln();
        if (excess > 0.0) == (slope == Slope::Rising) {
            high = p;
        } else {
            low = p;
        }
        let step = excess * probability / density;
        let newton = if slope == Slope::Rising { p - step } else { p + step };
        if step.abs() <= CLOSE * p.min(1.0 - p) {
            return newton;
        }
        // Far from the root the tail may underflow, and a step be no number.
        p = if newton > low && newton < high { newton } else { f64::midpoint(low, high) };
    }
    p
}

/// The regularised incomplete beta function at `p` = 1 - `q`, and its derivative in `p`. `q` is given too, as it keeps
/// its digits where `p` is near 1.
fn beta_tail(a: f64, b: f64, p: f64, q: f64) -> (f64, f64) {
    // p^a q^b / B(a, b), by way of the binomial probability of a among a + b.
    let factor = a * b / (a + b) * binomial_probability(a, b, p, q);
    let tail = if p * (a + b) < a {
        factor / continued_fraction(a, b, p, q)
    } else {
        1.0 - factor / continued_fraction(b, a, q, p)
    };
    (tail, factor / (p * q))
}

/// Lentz's evaluation of the incomplete beta function's continued fraction, in the form of Didonato and Morris: it
/// converges fast for `p` below the mean, and nothing cancels in it where `p` is near 1.
fn continued_fraction(a: f64, b: f64, p: f64, q: f64) -> f64 {
    const MOST_TERMS: u32 = 1_000_000;
    const CLOSE: f64 = 1e-15;
    let slack = a * q - b * p + 1.0;
    let mut fraction = a * slack / (a + 1.0);
    let (mut c, mut d) = (fraction, 0.0);
    for m in (1..=MOST_TERMS).map(f64::from) {
        let middle = a + 2.0 * m;
        let shared = m * (b - m) * p / (middle - 1.0);
        let over = (a + m - 1.0) * (a + b + m - 1.0) * p / (middle - 1.0) * shared;
        let under = m + shared + (a + m) * (slack + m * (1.0 + q)) / (middle + 1.0);
        d = 1.0 / (under + over * d);
        c = under + over / c;
        fraction *= c * d;
        if (c * d - 1.0).abs() < CLOSE {
            break;
        }
    }
    fraction
}

/// Probability of `a` successes and `b` failures, both at least 1, in Loader's saddle-point form.
fn binomial_probability(a: f64, b: f64, p: f64, q: f64) -> f64 {
    let n = a + b;
    let stirling = stirling_error(n) - stirling_error(a) - stirling_error(b);
    let deviance = deviance(a, n * p) + deviance(b, n * q);
    (stirling - deviance).exp() * (n / (2.0 * PI * a * b)).sqrt()
}

/// ln n! less Stirling's formula, for whole n of 1 or more.
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        let factorial: f64 = (2..=n as u32).map(f64::from).product();
        return factorial.ln() - (n + 0.5) * n.ln() + n - 0.5 * (LN_2 + PI.ln());
    }
    const SERIES: [f64; 5] = [1.0 / 12.0, 1.0 / 360.0, 1.0 / 1260.0, 1.0 / 1680.0, 1.0 / 1188.0];
    let square = n * n;
    let [s0, s1, s2, s3, s4] = SERIES;
    (s0 - (s1 - (s2 - (s3 - s4 / square) / square) / square) / square) / n
}

/// x ln(x / m) + m - x without cancellation where x is near m.
fn deviance(x: f64, m: f64) -> f64 {
    if (x - m).abs() >= 0.1 * (x + m) {
        return x * (x / m).ln() + m - x;
    }
    let v = (x - m) / (x + m);
    let mut sum = (x - m) * v;
    let mut power = 2.0 * x * v;
    // |v| < 0.1, so each term is below a hundredth of the one before.
    for odd in (3..).step_by(2).map(f64::from) {
        power *= v * v;
        let next = sum + power / odd;
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// Pratt's approximation of the upper limit, as a start; z is the normal quantile of the tail, positive above the rate.
fn pratt_upper(x: f64, n: f64, z: f64) -> f64 {
    let (found, rest) = (x + 1.0, n - x);
    let root = (9.0 * found * rest * (9.0 * n + 5.0 - z * z) + n + 1.0).max(0.0).sqrt();
    let above = 81.0 * found * rest - 9.0 * n - 8.0 - 3.0 * z * root;
    let below = 81.0 * found * found - 9.0 * found * (2.0 + z * z) + 1.0;
    1.0 / (1.0 + (found / rest).powi(2) * (above / below).powi(3))
}

/// z with this probability above it, to about 0.0005: it only serves to find a start.
fn normal_quantile(tail: f64) -> f64 {
    if tail > 0.5 {
        return -normal_quantile(1.0 - tail);
    }
    let t = (-2.0 * tail.ln()).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    t - above / below
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// x, n, confidence, low, high: scipy's `beta.ppf`, which is what `proportion_ci("exact")` solves for, and by
    /// mpmath where its series converges.
    const TWO_SIDED: [(u64, u64, f64, f64, f64); 27] = [
        (160, 4000, 0.95, 0.034140482752080745, 0.046542925199606844),
        (139, 4000, 0.95, 0.029291455636209707, 0.04090100419147921),
        (0, 1, 0.95, 0.0, 0.975),
        (1, 1, 0.95, 0.025, 1.0),
        (0, 3, 0.95, 0.0, 0.7075982261787134),
        (1, 2, 0.95, 0.01257911709342505, 0.9874208829065749),
        (2, 3, 0.8, 0.19580010565909173, 0.9654893846056297),
        (3, 7, 0.99, 0.055299349980566265, 0.882296248331048),
        (0, 10, 0.95, 0.0, 0.30849710781876083),
        (10, 10, 0.95, 0.6915028921812392, 1.0),
        (1, 20, 0.9, 0.00256137877653028, 0.21610616420684736),
        (5, 100, 0.95, 0.016431879182052158, 0.11283491110546277),
        (50, 100, 0.999, 0.33558193719052315, 0.6644180628094768),
        (97, 100, 0.95, 0.91482394702572, 0.9937700284616936),
        (50, 1000, 0.95, 0.03733539760466177, 0.06539048791549365),
        (63, 1000, 0.95, 0.048746927556580555, 0.07988804187335452),
        (3, 100_000, 0.5, 1.7273017730810088e-5, 5.1093735953920087e-5),
        (10, 200_000, 0.95, 2.397719552003241e-5, 9.194985144442981e-5),
        (12_345, 678_901, 0.95, 0.01786728510851839, 0.018504435669253236),
        (1, 1_000_000, 0.95, 2.5317807663794178e-8, 5.571630655172244e-6),
        (500_000, 10_000_000, 0.95, 0.04986499909115612, 0.05013526152430795),
        (49_999_999, 1_000_000_000, 0.95, 0.04998649168305373, 0.0500135089219523),
        (500_000_000, 1_000_000_000, 0.95, 0.4999690097484223, 0.5000309902515777),
        (0, 1_000_000_000, 0.95, 0.0, 3.6888794473100207e-9),
        (1, 1_000_000_000, 0.95, 2.531780798396938e-11, 5.571643378203115e-9),
        (999_999_999, 1_000_000_000, 0.95, 0.9999999944283566, 0.9999999999746821),
        (1_000_000_000, 1_000_000_000, 0.95, 0.9999999963111206, 1.0),
    ];

    #[test]
    fn two_sided_limits_agree_with_scipy() {
        for (x, n, confidence, low, high) in TWO_SIDED {
            let (our_low, our_high) = clopper_pearson(x, n, confidence);
            assert!((our_low - low).abs() < 1e-12, "low of {x}/{n}: {our_low} for {low}");
            assert!((our_high - high).abs() < 1e-12, "high of {x}/{n}: {our_high} for {high}");
        }
    }

    #[test]
    fn one_sided_limits_agree_with_scipy() {
        for (x, n, low, high) in [
            (139, 4000, 0.030115693047160063, 0.039897681190526134),
            (140, 4000, 0.030349065161151507, 0.040163977203982765),
            (38, 1000, 0.028583022335806486, 0.04951287025592598),
            (39, 1000, 0.02945585195742849, 0.050634006794887956),
            (63, 1000, 0.05083279923373241, 0.07712516027646095),
            (62, 1000, 0.04992904948382041, 0.07603407387212639),
            (0, 50, 0.0, 0.05815507911697225),
        ] {
            assert!((clopper_pearson_lower(x, n, 0.95) - low).abs() < 1e-12, "low of {x}/{n}");
            assert!((clopper_pearson_upper(x, n, 0.95) - high).abs() < 1e-12, "high of {x}/{n}");
        }
    }

    #[test]
    fn small_limits_keep_their_digits() {
        let (low, high) = clopper_pearson(1, 1_000_000_000, 0.95);
        assert!((low / 2.531780798396938e-11 - 1.0).abs() < 1e-10, "{low}");
        assert!((high / 5.571643378203115e-9 - 1.0).abs() < 1e-10, "{high}");
    }

    #[test]
    fn arguments_out_of_range_give_the_widest_interval() {
        assert_eq!(clopper_pearson(0, 0, 0.95), (0.0, 1.0));
        assert_eq!(clopper_pearson(7, 0, 0.95), (0.0, 1.0));
        assert_eq!(clopper_pearson(12, 10, 0.95), clopper_pearson(10, 10, 0.95));
        for confidence in [1.0, 2.0, f64::NAN] {
            assert_eq!(clopper_pearson(3, 10, confidence), (0.0, 1.0), "{confidence}");
        }
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_rate_and_moves_with_it(n in 1u64..20_000, share in 0u64..10_000, confidence in 0.5f64..0.9999) {
            let x = (n - 1) * share / 10_000;
            let (low, high) = clopper_pearson(x, n, confidence);
            let (next_low, next_high) = clopper_pearson(x + 1, n, confidence);
            let rate = x as f64 / n as f64;
            prop_assert!(0.0 <= low && low <= rate && rate <= high && high <= 1.0);
            prop_assert!(low < next_low && high < next_high);
            // More confidence is wider; one side alone is narrower.
            let (wider_low, wider_high) = clopper_pearson(x, n, (1.0 + confidence) / 2.0);
            prop_assert!(wider_low <= low && high <= wider_high);
            prop_assert!(clopper_pearson_upper(x, n, confidence) <= high);
            // The same share of more records is known better.
            let (_, surer) = clopper_pearson(2 * x, 2 * n, confidence);
            prop_assert!(surer < high);
        }

        #[test]
        fn the_interval_mirrors(n in 1u64..1_000_000, share in 0u64..=10_000) {
            let x = n * share / 10_000;
            let (low, high) = clopper_pearson(x, n, 0.95);
            let (mirror_low, mirror_high) = clopper_pearson(n - x, n, 0.95);
            prop_assert!((low - (1.0 - mirror_high)).abs() < 1e-12);
            prop_assert!((high - (1.0 - mirror_low)).abs() < 1e-12);
        }
    }
}
