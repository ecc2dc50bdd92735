//! A symmetric-logarithmic axis, which plotly does not have: values are placed, ticks are labelled.

/// Linear within `linear` of zero, logarithmic beyond; one unit of length a decade.
#[derive(Debug, Clone, Copy)]
pub(super) struct SymLog {
    linear: f64,
}

impl SymLog {
    /// `linear` must be positive.
    pub(super) fn new(linear: f64) -> Self {
        SymLog { linear }
    }

    /// `v / linear` where `|v| <= linear`, else `sign(v) (1 + log10(|v| / linear))`.
    pub(super) fn place(self, value: f64) -> f64 {
        let size = value.abs() / self.linear;
        if size <= 1.0 { value / self.linear } else { value.signum() * (1.0 + size.log10()) }
    }

    /// Places and labels of zero and of powers of ten between the smallest and the largest value.
    pub(super) fn ticks(self, low: f64, high: f64) -> (Vec<f64>, Vec<String>) {
        let first = self.linear.log10().ceil() as i32;
        let top = low.abs().max(high.abs()).max(self.linear).log10();
        let last = (top - 1e-9).ceil() as i32;
        // At most about seven labels on a side.
        let step = ((last - first) / 6 + 1).max(1);
        let powers: Vec<i32> = (0..).map(|k| last - k * step).take_while(|&k| k >= first).collect();
        let mut places = vec![0.0];
        let mut labels = vec!["0".to_string()];
        for power in powers {
            let value = 10_f64.powi(power);
            for (sign, shown) in [("−", low < -self.linear), ("", high > self.linear)] {
                let signed = if sign.is_empty() { value } else { -value };
                let within = signed >= 10.0 * low && signed <= 10.0 * high;
                if shown && within {
                    places.push(self.place(signed));
                    labels.push(format!("{sign}10<sup>{power}</sup>"));
                }
            }
        }
        (places, labels)
    }
}

#[cfg(test)]
mod tests {
    use super::SymLog;

    #[test]
    fn places_are_odd_increasing_and_continuous() {
        let axis = SymLog::new(1e-6);
        assert_eq!(axis.place(0.0), 0.0);
        assert_eq!(axis.place(1e-6), 1.0);
        assert!((axis.place(1e-3) - 4.0).abs() < 1e-12);
        assert_eq!(axis.place(-1e-3), -axis.place(1e-3));
        let below = axis.place(1e-6 * (1.0 - 1e-9));
        let above = axis.place(1e-6 * (1.0 + 1e-9));
        assert!(below < 1.0 && 1.0 < above && above - below < 1e-8);
    }

    #[test]
    fn ticks_stand_where_their_labels_say() {
        let axis = SymLog::new(1e-4);
        let (places, labels) = axis.ticks(-0.02, 30.0);
        let power = |label: &str| axis.place(10_f64.powi(label.parse().unwrap()));
        assert_eq!((places[0], labels[0].as_str()), (0.0, "0"));
        assert!(labels.len() > 4);
        for (place, label) in places.iter().zip(&labels).skip(1) {
            let digits =
                label.trim_start_matches('−').trim_start_matches("10<sup>").trim_end_matches("</sup>");
            let expected = if label.starts_with('−') { -power(digits) } else { power(digits) };
            assert!((place - expected).abs() < 1e-12, "{label} at {place}");
        }
        assert!(
            labels.iter().any(|l| l.starts_with('−')) && !labels.contains(&"−10<sup>1</sup>".to_string())
        );
    }

    #[test]
    fn one_sided_values_get_one_sided_ticks() {
        let (places, _) = SymLog::new(1e-12).ticks(0.0, 5.0);
        assert!(places.iter().all(|&p| p >= 0.0));
        assert!(places.len() <= 9);
    }
}
