//! State-dict names: `net.10.weight` is the weight of the layer `net.10`, whose number is 10.

/// Weight or bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Weight,
    Bias,
}

/// The name of one array, taken apart.
#[derive(Debug, Clone)]
pub(super) struct Name {
    /// As it stands in the state dict.
    pub(super) full: String,
    /// The layer's name with `#` for every number.
    pub(super) pattern: String,
    /// The numbers in the layer's name: layers follow each other by them.
    pub(super) numbers: Vec<u64>,
    pub(super) kind: Kind,
}

impl Name {
    /// Takes apart the name of an array; one that is no weight or bias comes back.
    pub(super) fn parse(full: &str) -> Result<Name, String> {
        let refused = || full.chars().take(120).collect::<String>();
        let (layer, last) = full.rsplit_once('.').unwrap_or(("", full));
        let kind = match last {
            "weight" => Kind::Weight,
            "bias" => Kind::Bias,
            _ => return Err(refused()),
        };
        let (mut pattern, mut numbers) = (String::new(), Vec::new());
        let mut rest = layer;
        while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
            let digits = &rest[start..];
            let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            pattern.push_str(&rest[..start]);
            pattern.push('#');
            numbers.push(digits[..end].parse().map_err(|_| refused())?);
            rest = &digits[end..];
        }
        pattern.push_str(rest);
        Ok(Name { full: full.to_string(), pattern, numbers, kind })
    }

    /// The layer's name: `net.10` of `net.10.weight`, nothing of `weight`.
    pub(super) fn layer(&self) -> &str {
        self.full.rsplit_once('.').map_or("", |(layer, _)| layer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_out_of_names() {
        for (full, pattern, numbers) in [
            ("0.weight", "#", vec![0]),
            ("net.10.bias", "net.#", vec![10]),
            ("fc1.weight", "fc#", vec![1]),
            ("block2.fc11.weight", "block#.fc#", vec![2, 11]),
            ("weight", "", vec![]),
        ] {
            let name = Name::parse(full).unwrap();
            assert_eq!((name.pattern.as_str(), name.numbers), (pattern, numbers), "{full}");
        }
        for full in ["0.weight.npy", "0.gamma", "99999999999999999999.weight", ""] {
            assert_eq!(Name::parse(full).unwrap_err(), full);
        }
    }
}
