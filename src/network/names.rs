//! State-dict names: `net.10.weight` is the weight of the layer `net.#` with the number 10.

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
    /// Takes apart the name of an archive's member; one that is no weight or bias comes back.
    pub(super) fn parse(member: &str) -> Result<Name, String> {
        let refused = || member.chars().take(120).collect::<String>();
        let full = member.strip_suffix(".npy").ok_or_else(refused)?;
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_out_of_names() {
        for (member, pattern, numbers) in [
            ("0.weight.npy", "#", vec![0]),
            ("net.10.bias.npy", "net.#", vec![10]),
            ("fc1.weight.npy", "fc#", vec![1]),
            ("block2.fc11.weight.npy", "block#.fc#", vec![2, 11]),
            ("weight.npy", "", vec![]),
        ] {
            let name = Name::parse(member).unwrap();
            assert_eq!((name.pattern.as_str(), name.numbers), (pattern, numbers), "{member}");
        }
        for member in ["0.weight", "0.gamma.npy", "99999999999999999999.weight.npy", ""] {
            assert_eq!(Name::parse(member).unwrap_err(), member);
        }
    }
}
