//! Plain values, as their text. Without these a cell that ends in a number is compiled twice: the kernel tries to show
//! it, finds no way, and falls back on `Debug`.

use std::fmt::Debug;

use super::{Show, View};

/// Characters of a list that are shown.
const LONGEST: usize = 2000;

macro_rules! show_debug {
    ($($type:ty),*) => {$(
        impl Show for $type {
            fn to_view(&self) -> View {
                View::Text(format!("{self:?}"))
            }
        }
    )*};
}

show_debug!(bool, char, f32, f64, i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);
show_debug!(str, String, std::time::Duration, std::path::PathBuf);
show_debug!(crate::Activation, crate::Inertia, crate::Reduction, crate::LossKind, crate::Loss, crate::Term);
show_debug!(crate::ParameterRange, crate::Route);

/// A list as text, cut where it is long.
fn list<T: Debug>(values: &[T]) -> View {
    let mut text = format!("{values:?}");
    if let Some((cut, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(cut);
        text.push_str(&format!(" … ({} elements)", values.len()));
    }
    View::Text(text)
}

impl<T: Debug> Show for [T] {
    fn to_view(&self) -> View {
        list(self)
    }
}

impl<T: Debug, const N: usize> Show for [T; N] {
    fn to_view(&self) -> View {
        list(self)
    }
}

impl<T: Debug> Show for Vec<T> {
    fn to_view(&self) -> View {
        list(self)
    }
}

impl<T: Debug> Show for Option<T> {
    fn to_view(&self) -> View {
        View::Text(format!("{self:?}"))
    }
}

impl<A: Debug, B: Debug> Show for (A, B) {
    fn to_view(&self) -> View {
        View::Text(format!("{self:?}"))
    }
}

impl<A: Debug, B: Debug, C: Debug> Show for (A, B, C) {
    fn to_view(&self) -> View {
        View::Text(format!("{self:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(vec![1, 2].to_view(), View::Text("[1, 2]".to_string()));
        let View::Text(text) = vec![0.5; 100_000].to_view() else { panic!("expected text") };
        assert!(text.ends_with("… (100000 elements)"), "{text}");
        assert!(text.chars().count() < LONGEST + 40);
    }
}
